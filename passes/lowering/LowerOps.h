//===- LowerOps.h - The lowerings by kind of op -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to this folder.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_LOWERING_LOWEROPS_H
#define ATTN_PASSES_LOWERING_LOWEROPS_H

#include "passes/lowering/GenericBuilder.h"

namespace attn {

mlir::Value lower(GenericBuilder &builder, AttentionOp op);
mlir::Value lower(GenericBuilder &builder, BinaryOp op);
mlir::Value lower(GenericBuilder &builder, CastOp op);
mlir::Value lower(GenericBuilder &builder, LayerNormOp op);
mlir::Value lower(GenericBuilder &builder, MaskOp op);
mlir::Value lower(GenericBuilder &builder, MatmulOp op);
mlir::Value lower(GenericBuilder &builder, RangeOp op);
mlir::Value lower(GenericBuilder &builder, ReduceOp op);
mlir::Value lower(GenericBuilder &builder, RepeatOp op);
mlir::Value lower(GenericBuilder &builder, RmsNormOp op);
mlir::Value lower(GenericBuilder &builder, ScoreOp op);
mlir::Value lower(GenericBuilder &builder, SelectOp op);
mlir::Value lower(GenericBuilder &builder, SoftmaxOp op);
mlir::Value lower(GenericBuilder &builder, TransposeOp op);
mlir::Value lower(GenericBuilder &builder, UnaryOp op);

/// Slice i of the result is slice `i / (size / n)` of the `n` of the input.
mlir::Value repeatAlong(GenericBuilder &builder, mlir::Value input,
                        int64_t axis, mlir::OpFoldResult size);

/// Softmax of a tensor of sums; rows of only -inf give zeros.
mlir::Value softmaxAlong(GenericBuilder &builder, mlir::Value input,
                         int64_t axis);

/// A conversion of all elements, where one is needed.
mlir::Value castElements(GenericBuilder &builder, mlir::Value input,
                         mlir::Type element);

/// The indices b, h, q, k at the current position of a generic over the axes of
/// a tensor of `rank`.
llvm::SmallVector<mlir::Value> getRuleIndices(mlir::OpBuilder &builder,
                                              mlir::Location loc, int64_t rank);

/// The type in which a formula on `element` is computed: f32 for f16 and bf16,
/// so that the result is rounded once; otherwise `element` itself.
mlir::Type getComputeType(mlir::Type element);

} // namespace attn

#endif // ATTN_PASSES_LOWERING_LOWEROPS_H

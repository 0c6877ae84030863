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

/// One value for each result.
llvm::SmallVector<mlir::Value> lowerAttention(GenericBuilder &builder,
                                              AttentionOp op);
llvm::SmallVector<mlir::Value> lowerTopKeys(GenericBuilder &builder,
                                            TopKeysOp op);
llvm::SmallVector<mlir::Value> lowerLinearAttention(GenericBuilder &builder,
                                                    LinearAttentionOp op);

/// acc + lhs * rhs in the type of acc.
mlir::Value multiplyAdd(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value lhs, mlir::Value rhs, mlir::Value acc);

/// lhs[…, i, d] * rhs[…, d, j], or rhs[…, j, d] where `transposed`, summed over
/// d, in the sum type.
mlir::Value multiply(GenericBuilder &builder, mlir::Value lhs, mlir::Value rhs,
                     bool transposed);

/// Slice i of the result is slice `i / (size / n)` of the `n` of the input.
mlir::Value repeatAlong(GenericBuilder &builder, mlir::Value input,
                        int64_t axis, mlir::OpFoldResult size);

/// The sum along an axis, which stays with extent 1.
mlir::Value sumAlong(GenericBuilder &builder, mlir::Value input, int64_t axis);

/// What a softmax knows of its slices, with extent 1 along the axis: the
/// maxima, what is subtracted before the exponentials, and their sums.
struct SoftmaxRows {
  mlir::Value maxima, origins, sums;
};

/// Softmax of a tensor of sums; rows of only -inf give zeros. A `sink`, which
/// broadcasts, is one more element of each slice and has no weight in the
/// result. `rows` is filled if it is given.
mlir::Value softmaxAlong(GenericBuilder &builder, mlir::Value input,
                         int64_t axis, mlir::Value sink = {},
                         SoftmaxRows *rows = nullptr);

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

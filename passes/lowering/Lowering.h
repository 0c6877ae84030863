//===- Lowering.h - The meaning of each attn op, in linalg ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_LOWERING_LOWERING_H
#define ATTN_PASSES_LOWERING_LOWERING_H

#include "dialect/AttnOps.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"

namespace attn {

/// Emits `op`, any attn op on tensors but attn.yield and linear attention, as
/// linalg and tensor ops at the builder's place, and returns what replaces its
/// results.
llvm::SmallVector<mlir::Value> lowerOp(mlir::OpBuilder &builder,
                                       mlir::Operation *op);

/// The same for linear attention.
llvm::SmallVector<mlir::Value> lowerLinearAttention(mlir::OpBuilder &builder,
                                                    LinearAttentionOp op);

/// Gives attention on tensors each `outs` that it lacks.
void addInits(mlir::OpBuilder &builder, AttentionOp op);

/// `tensor.empty` of `type`, whose open extents are taken from `sizes`.
mlir::Value createEmpty(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::RankedTensorType type,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes);

} // namespace attn

#endif // ATTN_PASSES_LOWERING_LOWERING_H

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

/// Emits `op`, any attn op on tensors but attn.yield, as linalg and tensor ops
/// at the builder's place, and returns what replaces its results.
llvm::SmallVector<mlir::Value> lowerOp(mlir::OpBuilder &builder,
                                       mlir::Operation *op);

/// Gives attention on tensors each `outs` that it lacks.
void addInits(mlir::OpBuilder &builder, AttentionOp op);
void addInits(mlir::OpBuilder &builder, LinearAttentionOp op);
void addInits(mlir::OpBuilder &builder, TopKeysOp op);

} // namespace attn

#endif // ATTN_PASSES_LOWERING_LOWERING_H

//===- ElementAt.h - The element of a formula at an index -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_ELEMENTAT_H
#define ATTN_PASSES_UTILS_ELEMENTAT_H

#include "dialect/AttnOps.h"

#include "mlir/IR/Builders.h"

namespace attn {

/// Writes out one element of a tensor as scalar code: follows the written-out
/// ops back from the tensor to the `leaf`, whose element is given, and to
/// tensors that it reads with tensor.extract. Floats narrower than the
/// accumulation type are computed in that type.
class ElementEmitter {
public:
  /// `leaf` may be null. `axes` are the positions along the leaf's axes.
  ElementEmitter(mlir::OpBuilder &builder, mlir::Value leaf,
                 mlir::Value leafElement, llvm::ArrayRef<mlir::Value> axes)
      : builder(builder), leaf(leaf), leafElement(leafElement), axes(axes) {}

  /// The element of `value` (a tensor, or a scalar, which is its own element)
  /// at `indices`.
  mlir::Value emit(mlir::Value value, llvm::ArrayRef<mlir::Value> indices);

private:
  mlir::Value emitBroadcast(mlir::Value value,
                            llvm::ArrayRef<mlir::Value> indices);
  mlir::Value emitOp(mlir::Operation *op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value emitRule(mlir::Operation *op, mlir::Region &rule,
                       mlir::Value score, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value promote(mlir::Location loc, mlir::Value scalar);
  mlir::Value read(mlir::Value tensor, llvm::ArrayRef<mlir::Value> indices);

  mlir::OpBuilder &builder;
  mlir::Value leaf, leafElement;
  llvm::ArrayRef<mlir::Value> axes;
};

/// Whether an element of the op's result is a function of the elements at the
/// same (broadcast) place of its operands, or of indices alone.
bool isElementwise(mlir::Operation *op);

} // namespace attn

#endif // ATTN_PASSES_UTILS_ELEMENTAT_H

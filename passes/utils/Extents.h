//===- Extents.h - The extents of tensors as formulas -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_EXTENTS_H
#define ATTN_PASSES_UTILS_EXTENTS_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace mlir {
class OpBuilder;
class Operation;
} // namespace mlir

namespace attn {

/// Where the extent of an axis is decided: a constant, an index value (`size`),
/// or else axis `axis` of `tensor`.
struct ExtentSource {
  std::optional<int64_t> constant;
  mlir::Value size;
  mlir::Value tensor;
  int64_t axis = 0;
};

/// Follows the extent of an axis back through the ops of the dialect.
ExtentSource findExtent(mlir::Value tensor, int64_t axis);

/// The extent as an index value.
mlir::Value emitExtent(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value tensor, int64_t axis);

/// Ones in one column, with the other extents of `like`.
mlir::Value emitOnesColumn(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value like);

/// Makes every `tensor.dim` inside `root` ask where the extent is decided, so
/// that sizes do not keep computed tensors alive.
void resolveDims(mlir::Operation *root);

/// Extents as expressions over the dimensions of the program (`attn.shape` of
/// the function's arguments) and of what is not known about.
class Extents {
public:
  mlir::AffineExpr get(mlir::Value tensor, int64_t axis);

  /// Whether the extents are equal in every run.
  bool areEqual(mlir::Value lhs, int64_t lhsAxis, mlir::Value rhs,
                int64_t rhsAxis) {
    return get(lhs, lhsAxis) == get(rhs, rhsAxis);
  }

  /// Whether a scalar of any number type is the extent of an axis.
  bool isExtent(mlir::Value scalar, mlir::Value tensor, int64_t axis);

private:
  mlir::AffineExpr getSize(mlir::Value size, int depth);
  mlir::AffineExpr computeSize(mlir::Value size, int depth);
  mlir::AffineExpr getUnknown(mlir::Value value, int64_t axis);

  llvm::DenseMap<std::pair<mlir::Value, int64_t>, unsigned> unknowns;
  llvm::DenseMap<mlir::Value, mlir::AffineExpr> sizes;
};

} // namespace attn

#endif // ATTN_PASSES_UTILS_EXTENTS_H

//===- GenericBuilder.h - Short forms for linalg.generic --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_LOWERING_GENERICBUILDER_H
#define ATTN_PASSES_LOWERING_GENERICBUILDER_H

#include "dialect/AttnOps.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace attn {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;
using BodyFn = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                              mlir::ValueRange)>;

/// Builds linalg.generic over an iteration space that is named by its sizes.
class GenericBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  /// The extents of a tensor, static ones as attributes.
  Sizes sizesOf(mlir::Value tensor);
  mlir::Value empty(mlir::Type element,
                    llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// A tensor of `sizes` full of a scalar.
  mlir::Value filled(mlir::Value scalar,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::Value constant(mlir::Type element, double value);

  /// One value for each element of a tensor of `sizes`. An input that is a
  /// tensor is read as NumPy broadcasts it; a scalar is passed as it is.
  mlir::Value map(mlir::Type element, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                  mlir::ValueRange inputs, BodyFn body);

  /// A tensor of `sizes` whose elements are those that `map` picks.
  mlir::Value gather(mlir::Type element,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes,
                     mlir::Value input, mlir::AffineMap map);

  /// Folds `body(inputs…, accumulator)` over the axes that `outMap` leaves out,
  /// beginning with `init`. The maps are over the whole space, which the inputs
  /// together cover.
  mlir::Value reduce(mlir::Value init, mlir::ValueRange inputs,
                     llvm::ArrayRef<mlir::AffineMap> inputMaps,
                     mlir::AffineMap outMap, BodyFn body);

  /// `map` from positions of a space of `rank` axes to a tensor whose axes are
  /// aligned at the right; extents of 1 stay at 0.
  mlir::AffineMap broadcastMap(mlir::RankedTensorType type, int64_t rank);

  /// The value with static extents where `type` has them.
  mlir::Value castTo(mlir::Value tensor, mlir::RankedTensorType type);
};

} // namespace attn

#endif // ATTN_PASSES_LOWERING_GENERICBUILDER_H

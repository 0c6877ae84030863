//===- Pairs.h - Tensors with a number for every pair -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product of queries and keys has a number for every pair of them, and so
// has all that is computed from it until the one or the other is summed up.
// This is what takes memory that grows with the product of two lengths.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_PAIRS_H
#define ATTN_PASSES_UTILS_PAIRS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <optional>

namespace mlir::func {
class FuncOp;
} // namespace mlir::func

namespace attn {

/// The axes of a tensor that count the two sides of its pairs, as sets of bits.
/// Reshaping makes one axis of both, and several of one.
struct PairAxes {
  uint64_t rows = 0;
  uint64_t columns = 0;
  /// Where the pairs come from: a product, or a sum of two sides.
  mlir::Operation *source = nullptr;

  bool has(int64_t axis) const { return (rows | columns) >> axis & 1; }
};

/// Finds the tensors of pairs in a function of stage fused.
///
/// A product makes pairs if both of its sides have batches or neither has:
/// other ones are layers, whose columns are channels.
class Pairs {
public:
  explicit Pairs(mlir::func::FuncOp func);

  /// Nothing for tensors without pairs.
  std::optional<PairAxes> get(mlir::Value value) const;

  /// Whether both sides are open or at least 256.
  bool areLong(mlir::Value value) const;

private:
  void visit(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, PairAxes> axes;
};

} // namespace attn

#endif // ATTN_PASSES_UTILS_PAIRS_H

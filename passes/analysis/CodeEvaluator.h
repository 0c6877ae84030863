//===- CodeEvaluator.h - Emitted integer code on numbers --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_ANALYSIS_CODEEVALUATOR_H
#define ATTN_PASSES_ANALYSIS_CODEEVALUATOR_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace attn {

/// Works out the integer code that the analyses of masks emit (arith, scf) with
/// numbers in place of arguments: what explain says is what kernels do. Values
/// of anything else are not known.
class CodeEvaluator {
public:
  /// Gives up after about `maxOps` ops.
  explicit CodeEvaluator(int64_t maxOps) : remaining(maxOps) {}

  void bind(mlir::Value value, std::optional<int64_t> number);
  /// Works out the ops of a block; false if they are too many.
  bool run(mlir::Block &block);
  /// A value that has been worked out, of i1 as 0 or 1; nothing if it is not
  /// known.
  std::optional<int64_t> get(mlir::Value value) const;

private:
  bool evaluate(mlir::Operation *op);
  bool evaluateFor(mlir::Operation *op);
  bool evaluateIf(mlir::Operation *op);
  std::optional<int64_t> compute(mlir::Operation *op) const;

  int64_t remaining;
  llvm::DenseMap<mlir::Value, int64_t> numbers;
};

} // namespace attn

#endif // ATTN_PASSES_ANALYSIS_CODEEVALUATOR_H

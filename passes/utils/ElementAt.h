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
#include "passes/utils/Reads.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseSet.h"

namespace attn {

/// What the op that defines the tensor reads to compute the element, scalar
/// operands included. Nothing where the element is no function of single
/// elements: reductions, products, arguments.
std::optional<llvm::SmallVector<Read, 3>> getSources(const Read &read);

/// Whether `op` runs before `user` wherever that runs: in the same block, or in
/// one around it.
bool isBefore(mlir::Operation *op, mlir::Operation *user);

/// Writes out elements of tensors as scalar code, in a rule region. What
/// depends on the scores is computed in the accumulation type; the rest in the
/// types that it has. A tensor that does not depend on the scores is read with
/// `tensor.extract`, except where computing it at the place is what keeps the
/// formula visible (positions, conditions) or a tensor of queries times keys
/// from being built.
class ElementEmitter {
public:
  /// `positions` are the values of the axes that reads name; the last two are
  /// the query's and the key's. `onScores` are the ops that depend on the
  /// scores.
  ElementEmitter(mlir::OpBuilder &builder,
                 llvm::ArrayRef<mlir::Value> positions,
                 mlir::FloatType accumulator,
                 const llvm::DenseSet<mlir::Operation *> &onScores)
      : builder(builder), positions(positions), accumulator(accumulator),
        onScores(onScores) {}

  /// Gives the element at `read`.
  void define(const Read &read, mlir::Value element) {
    elements[read.tensor].emplace_back(read.index, element);
  }

  /// The element at `read`. An integer may come as an index value.
  mlir::Value emit(const Read &read);

  /// A float in the accumulation type.
  mlir::Value widen(mlir::Location loc, mlir::Value scalar);

private:
  mlir::Value lookup(const Read &read) const;
  bool isComputed(const Read &read);
  mlir::Value emitOp(const Read &read, llvm::ArrayRef<Read> sources);
  mlir::Value emitExtract(const Read &read);
  mlir::Value emitRule(const Read &read, mlir::Region &rule, mlir::Value score);
  mlir::Value emitRuleBody(const Read &read, mlir::Region &rule,
                           mlir::Value score);
  mlir::Value computeReads(mlir::Operation *last, mlir::Value result);
  mlir::Value getPosition(mlir::Location loc, int64_t axis);
  void unify(mlir::Location loc, mlir::Value &lhs, mlir::Value &rhs);

  mlir::OpBuilder &builder;
  llvm::ArrayRef<mlir::Value> positions;
  mlir::FloatType accumulator;
  const llvm::DenseSet<mlir::Operation *> &onScores;
  llvm::DenseMap<mlir::Value,
                 llvm::SmallVector<
                     std::pair<llvm::SmallVector<int64_t, 4>, mlir::Value>, 1>>
      elements;
  mlir::Value zero;
};

} // namespace attn

#endif // ATTN_PASSES_UTILS_ELEMENTAT_H

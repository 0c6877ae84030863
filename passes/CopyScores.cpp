//===- CopyScores.cpp - Scores of their own for each sum --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/Pairs.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "attn-copy-scores"

namespace attn {
#define GEN_PASS_DEF_COPYSCORES
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

namespace {

/// A product of weights with values, and the ops that make the weights of
/// queries and keys.
struct WeightedSum {
  MatmulOp output;
  llvm::SetVector<Operation *> weights;
};

struct CopyScores : attn::impl::CopyScoresBase<CopyScores> {
  using Base::Base;

  void runOnOperation() override;

private:
  std::optional<WeightedSum> findWeights(MatmulOp output, const Pairs &pairs);
  bool isShared(const WeightedSum &sum);
  bool isForSums(const WeightedSum &sum);
  void copy(const WeightedSum &sum);

  /// Of how many sums an op makes the weights; products are there too.
  llvm::DenseMap<Operation *, unsigned> counts;
};

} // namespace

/// Whether an op makes pairs of pairs, each of its own alone or of its row.
static bool makesPairs(Operation *op, const Pairs &pairs) {
  std::optional<PairAxes> axes = pairs.get(op->getResult(0));
  if (!axes)
    return false;
  if (auto product = dyn_cast<MatmulOp>(op))
    return axes->source == product;
  return isa<UnaryOp, BinaryOp, SelectOp, CastOp, ScoreOp, SoftmaxOp>(op);
}

std::optional<WeightedSum> CopyScores::findWeights(MatmulOp output,
                                                   const Pairs &pairs) {
  std::optional<PairAxes> axes = pairs.get(output.getLhs());
  if (!axes || !axes->has(output.getLhs().getType().getRank() - 1))
    return std::nullopt;
  WeightedSum sum;
  sum.output = output;
  auto add = [&](Value value) {
    Operation *op = value.getDefiningOp();
    if (op && op->getBlock() == output->getBlock() &&
        op->getNumResults() == 1 && makesPairs(op, pairs))
      sum.weights.insert(op);
  };
  add(output.getLhs());
  for (size_t i = 0; i < sum.weights.size(); ++i)
    for (Value operand : sum.weights[i]->getOperands())
      add(operand);
  return sum;
}

bool CopyScores::isShared(const WeightedSum &sum) {
  return llvm::any_of(sum.weights,
                      [&](Operation *op) { return counts[op] > 1; });
}

/// Whether nothing but products with values needs the weights and scores: else
/// the matrix is there anyway.
bool CopyScores::isForSums(const WeightedSum &sum) {
  return llvm::all_of(sum.weights, [&](Operation *op) {
    return llvm::all_of(op->getUsers(),
                        [&](Operation *user) { return counts.contains(user); });
  });
}

void CopyScores::copy(const WeightedSum &sum) {
  MatmulOp output = sum.output;
  OpBuilder builder(output);
  IRMapping map;
  SmallVector<Operation *> ops(sum.weights.begin(), sum.weights.end());
  llvm::sort(ops, [](Operation *first, Operation *second) {
    return first->isBeforeInBlock(second);
  });
  for (Operation *op : ops)
    builder.clone(*op, map);
  output.getLhsMutable().assign(map.lookup(output.getLhs()));
  ++numCopied;
}

void CopyScores::runOnOperation() {
  Pairs pairs(getOperation());
  counts.clear();
  SmallVector<WeightedSum> sums;
  getOperation().walk([&](MatmulOp op) {
    std::optional<WeightedSum> sum = findWeights(op, pairs);
    if (!sum)
      return;
    for (Operation *op : sum->weights)
      ++counts[op];
    counts.try_emplace(op, 0);
    sums.push_back(std::move(*sum));
  });
  llvm::erase_if(sums, [&](const WeightedSum &sum) {
    return !isShared(sum) || !isForSums(sum);
  });
  llvm::DenseSet<Operation *> copied;
  for (const WeightedSum &sum : sums) {
    copy(sum);
    copied.insert(sum.weights.begin(), sum.weights.end());
  }
  // The originals that nobody needs any more, users first.
  SmallVector<Operation *> originals;
  getOperation().walk([&](Operation *op) {
    if (copied.contains(op))
      originals.push_back(op);
  });
  for (Operation *op : llvm::reverse(originals))
    if (isOpTriviallyDead(op))
      op->erase();
}

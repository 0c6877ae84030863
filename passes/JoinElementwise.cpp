//===- JoinElementwise.cpp - Chains of linalg ops to one --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "attn-join-elementwise"

namespace attn {
#define GEN_PASS_DEF_JOINELEMENTWISE
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;

/// Whether the op only moves elements.
static bool movesOnly(linalg::GenericOp op) {
  return llvm::hasSingleElement(*op.getBody());
}

/// Whether computing the producer where `operand` is read costs nothing: each
/// of its elements is still computed once, or is only read.
static bool shouldJoin(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return false;
  bool joins = producer->hasOneUse() &&
               (consumer.getMatchingIndexingMap(operand).isPermutation() ||
                movesOnly(producer));
  LLVM_DEBUG(llvm::dbgs() << (joins ? "join " : "keep apart ")
                          << producer.getLoc() << " and " << consumer.getLoc()
                          << "\n");
  return joins;
}

namespace {
struct JoinElementwise : attn::impl::JoinElementwiseBase<JoinElementwise> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldJoin);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace

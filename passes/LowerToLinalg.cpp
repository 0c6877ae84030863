//===- LowerToLinalg.cpp - The reference lowering ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "passes/lowering/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "attn-lower-to-linalg"

namespace attn {
#define GEN_PASS_DEF_LOWERTOLINALG
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

namespace {
struct LowerToLinalg : attn::impl::LowerToLinalgBase<LowerToLinalg> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<AttnDialect>(op->getDialect()) && !isa<YieldOp>(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : ops) {
      rewriter.setInsertionPoint(op);
      auto attention = dyn_cast<AttentionOp>(op);
      auto linear = dyn_cast<LinearAttentionOp>(op);
      // Attention on buffers is of a later stage.
      if ((attention && !attention.hasPureTensorSemantics()) ||
          (linear && !linear.hasPureTensorSemantics()))
        continue;
      if (attention && keepAttention) {
        addInits(rewriter, attention);
        continue;
      }
      if (linear && keepAttention) {
        addInits(rewriter, linear);
        continue;
      }
      LLVM_DEBUG(llvm::dbgs() << "lower " << op->getName() << " at "
                              << op->getLoc() << "\n");
      rewriter.replaceOp(op, lowerOp(rewriter, op));
      ++numLowered;
    }

    // The one tensor op of a program without a bufferization of its own.
    RewritePatternSet patterns(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace

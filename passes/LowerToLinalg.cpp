//===- LowerToLinalg.cpp - The reference lowering ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "passes/lowering/GenericBuilder.h"
#include "passes/lowering/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "attn-lower-to-linalg"

namespace attn {
#define GEN_PASS_DEF_LOWERTOLINALG
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

/// Lets the rules of attention read arrays of bools as bytes: a vector of bools
/// is packed into bits, an array is not, so that it could not be read as one.
static void readBoolsAsBytes(OpBuilder &builder, Operation *op) {
  GenericBuilder generic(op->getLoc(), builder);
  llvm::DenseMap<Value, Value> bytes;
  op->walk([&](tensor::ExtractOp read) {
    Value array = read.getTensor();
    if (!read.getType().isInteger(1) || read.getIndices().empty() ||
        op->isAncestor(array.getParentBlock()->getParentOp()))
      return;
    Value &copy = bytes[array];
    if (!copy)
      copy = generic.map(builder.getI8Type(), generic.sizesOf(array), array,
                         [](OpBuilder &nested, Location loc, ValueRange args) {
                           return arith::ExtUIOp::create(
                               nested, loc, nested.getI8Type(), args[0]);
                         });
    OpBuilder inside(read);
    Value byte = tensor::ExtractOp::create(inside, read.getLoc(), copy,
                                           read.getIndices());
    Value zero = arith::ConstantIntOp::create(inside, read.getLoc(), 0, 8);
    read.replaceAllUsesWith(arith::CmpIOp::create(inside, read.getLoc(),
                                                  arith::CmpIPredicate::ne,
                                                  byte, zero)
                                .getResult());
    read.erase();
  });
}

namespace {
struct LowerToLinalg : attn::impl::LowerToLinalgBase<LowerToLinalg> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<AttnDialect>(op->getDialect()) &&
          !isa<YieldOp, RequireOp, ValidateOp>(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : ops) {
      rewriter.setInsertionPoint(op);
      auto attention = dyn_cast<AttentionOp>(op);
      auto linear = dyn_cast<LinearAttentionOp>(op);
      auto top = dyn_cast<TopKeysOp>(op);
      // Attention on buffers is of a later stage.
      if ((attention && !attention.hasPureTensorSemantics()) ||
          (linear && !linear.hasPureTensorSemantics()) ||
          (top && !top.hasPureTensorSemantics()))
        continue;
      if (attention && keepAttention) {
        addInits(rewriter, attention);
        readBoolsAsBytes(rewriter, attention);
        continue;
      }
      if (linear && keepAttention) {
        addInits(rewriter, linear);
        readBoolsAsBytes(rewriter, linear);
        continue;
      }
      if (top && keepAttention) {
        addInits(rewriter, top);
        readBoolsAsBytes(rewriter, top);
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

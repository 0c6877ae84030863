//===- ExpandBFloat16.cpp - Rounding to bf16 on integers --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace attn {
#define GEN_PASS_DEF_EXPANDBFLOAT16
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;

/// `element`, or a vector of it where `type` is one.
static Type withElement(Type type, Type element) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? Type(shaped.clone(element)) : element;
}

namespace {

/// f64 -> bf16 through f32. Rounding twice to nearest would be wrong next to a
/// tie, so the first step rounds to odd: an inexact result has its last bit
/// set.
struct TruncateF64 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Value x = op.getIn();
    Type type = x.getType();
    if (!getElementTypeOrSelf(type).isF64() ||
        !getElementTypeOrSelf(op.getType()).isBF16())
      return failure();
    Location loc = op.getLoc();
    Type f32 = withElement(type, rewriter.getF32Type());
    Type i32 = withElement(type, rewriter.getI32Type());
    Value one = arith::ConstantOp::create(
        rewriter, loc,
        isa<ShapedType>(i32)
            ? TypedAttr(DenseElementsAttr::get(cast<ShapedType>(i32),
                                               rewriter.getI32IntegerAttr(1)))
            : TypedAttr(rewriter.getI32IntegerAttr(1)));

    Value nearest = arith::TruncFOp::create(rewriter, loc, f32, x);
    Value back = arith::ExtFOp::create(rewriter, loc, type, nearest);
    // Ordered: a NaN counts as exact.
    Value inexact = arith::CmpFOp::create(rewriter, loc,
                                          arith::CmpFPredicate::ONE, back, x);
    Value away =
        arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OGT,
                              math::AbsFOp::create(rewriter, loc, back),
                              math::AbsFOp::create(rewriter, loc, x));
    Value bits = arith::BitcastOp::create(rewriter, loc, i32, nearest);
    Value towardsZero = arith::SelectOp::create(
        rewriter, loc, away, arith::SubIOp::create(rewriter, loc, bits, one),
        bits);
    Value odd = arith::SelectOp::create(
        rewriter, loc, inexact,
        arith::OrIOp::create(rewriter, loc, towardsZero, one), bits);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(
        op, op.getType(), arith::BitcastOp::create(rewriter, loc, f32, odd));
    return success();
  }
};

struct ExpandBFloat16 : attn::impl::ExpandBFloat16Base<ExpandBFloat16> {
  using Base::Base;

  void runOnOperation() override {
    if (!hasBFloat16())
      return;
    RewritePatternSet patterns(&getContext());
    patterns.add<TruncateF64>(&getContext());
    arith::populateExpandBFloat16Patterns(patterns);
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }

private:
  /// Most programs have none, and searching for a pattern takes long.
  bool hasBFloat16() {
    return getOperation()
        ->walk([](Operation *op) {
          for (Type type : op->getResultTypes())
            if (getElementTypeOrSelf(type).isBF16())
              return WalkResult::interrupt();
          for (Type type : op->getOperandTypes())
            if (getElementTypeOrSelf(type).isBF16())
              return WalkResult::interrupt();
          return WalkResult::advance();
        })
        .wasInterrupted();
  }
};

} // namespace

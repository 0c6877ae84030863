//===- ApproximateMath.cpp - Math functions on vectors ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#define DEBUG_TYPE "attn-approximate-math"

namespace attn {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;

namespace {

Value constant(OpBuilder &builder, Location loc, Type type, double value) {
  auto shaped = cast<ShapedType>(type);
  Attribute element = builder.getFloatAttr(shaped.getElementType(), value);
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(shaped, element));
}

/// tanh x = x p(x²) / q(x²), a rational function of degree 13 over 6, is within
/// 4 ulp up to |x| = 8, from where on it is 1. One division and nine
/// multiply-adds; of what is smaller than 0.0004 it is x itself.
/// (Coefficients as in Eigen's and XLA's kernels.)
struct ApproximateTanh : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isa<VectorType>(type) || !getElementTypeOrSelf(type).isF32())
      return failure();
    Location loc = op.getLoc();
    Value x = op.getOperand();
    auto number = [&](double value) {
      return constant(rewriter, loc, type, value);
    };
    // Comparisons that fail for NaN keep x.
    auto clamp = [&](arith::CmpFPredicate predicate, Value from, double to) {
      Value beyond =
          arith::CmpFOp::create(rewriter, loc, predicate, from, number(to));
      return arith::SelectOp::create(rewriter, loc, beyond, number(to), from);
    };
    Value limited = clamp(arith::CmpFPredicate::OGT, x, 7.99881172180175781);
    limited = clamp(arith::CmpFPredicate::OLT, limited, -7.99881172180175781);
    Value square = arith::MulFOp::create(rewriter, loc, limited, limited);
    auto polynomial = [&](ArrayRef<double> coefficients) {
      Value sum = number(coefficients.front());
      for (double coefficient : coefficients.drop_front())
        sum = math::FmaOp::create(rewriter, loc, sum, square,
                                  number(coefficient));
      return sum;
    };
    Value odd = polynomial({-2.76076847742355e-16, 2.00018790482477e-13,
                            -8.60467152213735e-11, 5.12229709037114e-08,
                            1.48572235717979e-05, 6.37261928875436e-04,
                            4.89352455891786e-03});
    Value even = polynomial({1.19825839466702e-06, 1.18534705686654e-04,
                             2.26843463243900e-03, 4.89352518554385e-03});
    Value quotient = arith::DivFOp::create(
        rewriter, loc, arith::MulFOp::create(rewriter, loc, limited, odd),
        even);
    Value size = math::AbsFOp::create(rewriter, loc, x);
    Value isTiny = arith::CmpFOp::create(
        rewriter, loc, arith::CmpFPredicate::OLT, size, number(0.0004));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isTiny, x, quotient);
    return success();
  }
};

/// 2^x for all x: 2^f by a polynomial for the fraction |f| <= 1/2, times 2^n in
/// two steps, since n can lie beyond the exponents of normal numbers.
struct ApproximateExp2 : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isa<VectorType>(type) || !getElementTypeOrSelf(type).isF32())
      return failure();
    rewriter.replaceOp(op, emit(rewriter, op.getLoc(), op.getOperand()));
    return success();
  }

  static Value emit(OpBuilder &builder, Location loc, Value x) {
    Type type = x.getType();
    auto number = [&](double value) {
      return constant(builder, loc, type, value);
    };
    // Beyond these results are 0 and infinity; NaN is kept.
    auto clamp = [&](arith::CmpFPredicate predicate, Value from, double to) {
      Value beyond =
          arith::CmpFOp::create(builder, loc, predicate, from, number(to));
      return arith::SelectOp::create(builder, loc, beyond, number(to), from);
    };
    Value limited = clamp(arith::CmpFPredicate::OGT, x, 129.0);
    limited = clamp(arith::CmpFPredicate::OLT, limited, -151.0);
    Value whole = math::RoundEvenOp::create(builder, loc, limited);
    Value fraction = arith::SubFOp::create(builder, loc, limited, whole);
    return scale(builder, loc, power(builder, loc, fraction), whole);
  }

  /// 2^f for |f| <= 1/2, to a relative error of 3e-9 before rounding.
  static Value power(OpBuilder &builder, Location loc, Value fraction) {
    static constexpr double coefficients[] = {1.5594677836287063e-4,
                                              1.3406643901987163e-3,
                                              9.6176929739808419e-3,
                                              5.5503105510010271e-2,
                                              2.4022652782882338e-1,
                                              6.9314721496803992e-1,
                                              1.0};
    Type type = fraction.getType();
    Value sum = constant(builder, loc, type, coefficients[0]);
    for (double coefficient : ArrayRef(coefficients).drop_front())
      sum = math::FmaOp::create(builder, loc, sum, fraction,
                                constant(builder, loc, type, coefficient));
    return sum;
  }

  /// value * 2^whole.
  static Value scale(OpBuilder &builder, Location loc, Value value,
                     Value whole) {
    Type type = value.getType();
    Type bits = cast<ShapedType>(type).clone(builder.getI32Type());
    auto integer = [&](int32_t number) -> Value {
      return arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(cast<ShapedType>(bits), number));
    };
    Value n = arith::FPToSIOp::create(builder, loc, bits, whole);
    Value half = arith::ShRSIOp::create(builder, loc, n, integer(1));
    Value rest = arith::SubIOp::create(builder, loc, n, half);
    for (Value exponent : {half, rest}) {
      Value biased =
          arith::AddIOp::create(builder, loc, exponent, integer(127));
      Value shifted = arith::ShLIOp::create(builder, loc, biased, integer(23));
      value = arith::MulFOp::create(
          builder, loc, value,
          arith::BitcastOp::create(builder, loc, type, shifted));
    }
    return value;
  }
};

/// e^x = 2^n e^r: n is x / ln 2 rounded, r = x - n ln 2 with ln 2 in two parts.
struct ApproximateExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isa<VectorType>(type) || !getElementTypeOrSelf(type).isF32())
      return failure();
    Location loc = op.getLoc();
    auto number = [&](double value) {
      return constant(rewriter, loc, type, value);
    };
    auto clamp = [&](arith::CmpFPredicate predicate, Value from, double to) {
      Value beyond =
          arith::CmpFOp::create(rewriter, loc, predicate, from, number(to));
      return arith::SelectOp::create(rewriter, loc, beyond, number(to), from);
    };
    Value x = clamp(arith::CmpFPredicate::OGT, op.getOperand(), 89.0);
    x = clamp(arith::CmpFPredicate::OLT, x, -105.0);
    Value whole = math::RoundEvenOp::create(
        rewriter, loc,
        arith::MulFOp::create(rewriter, loc, x, number(1.4426950408889634)));
    Value rest = math::FmaOp::create(rewriter, loc, whole,
                                     number(-0.693145751953125), x);
    rest = math::FmaOp::create(rewriter, loc, whole,
                               number(-1.42860682030941723e-6), rest);
    // Minimax for e^r, |r| <= ln 2 / 2: 1 + r + r² p(r).
    Value sum = number(1.9875691500e-4);
    for (double coefficient :
         {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
          5.0000001201e-1})
      sum = math::FmaOp::create(rewriter, loc, sum, rest, number(coefficient));
    Value square = arith::MulFOp::create(rewriter, loc, rest, rest);
    sum = math::FmaOp::create(rewriter, loc, sum, square, rest);
    sum = arith::AddFOp::create(rewriter, loc, sum, number(1.0));
    rewriter.replaceOp(op, ApproximateExp2::scale(rewriter, loc, sum, whole));
    return success();
  }
};

/// Scales denormal numbers up, which upstream's logarithms take for the least
/// normal one.
template <typename LogOp> struct ScaleLog : OpRewritePattern<LogOp> {
  using OpRewritePattern<LogOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(LogOp op,
                                PatternRewriter &rewriter) const override {
    static constexpr StringLiteral mark = "attn.scaled";
    Type type = op.getType();
    if (!isa<VectorType>(type) || !getElementTypeOrSelf(type).isF32() ||
        op->hasAttr(mark))
      return failure();
    Location loc = op.getLoc();
    auto number = [&](double value) {
      return constant(rewriter, loc, type, value);
    };
    Value x = op.getOperand();
    Value isDenormal = arith::CmpFOp::create(
        rewriter, loc, arith::CmpFPredicate::OLT, x, number(0x1p-126));
    Value scaled = arith::MulFOp::create(rewriter, loc, x, number(0x1p24));
    Value normal =
        arith::SelectOp::create(rewriter, loc, isDenormal, scaled, x);
    auto log = LogOp::create(rewriter, loc, normal);
    log->setAttr(mark, rewriter.getUnitAttr());
    double correction =
        std::is_same_v<LogOp, math::LogOp> ? 24 * 0.6931471805599453 : 24;
    Value moved = arith::SelectOp::create(rewriter, loc, isDenormal,
                                          number(correction), number(0.0));
    rewriter.replaceOpWithNewOp<arith::SubFOp>(op, log, moved);
    return success();
  }
};

struct ApproximateMath : attn::impl::ApproximateMathBase<ApproximateMath> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> functions;
    getOperation()->walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()) &&
          op->getNumResults() == 1 &&
          isa<VectorType>(op->getResult(0).getType()) &&
          getElementTypeOrSelf(op->getResult(0).getType()).isF32() &&
          !isa<math::FmaOp>(op))
        functions.push_back(op);
    });
    if (functions.empty())
      return;
    RewritePatternSet patterns(&getContext());
    patterns.add<ApproximateTanh, ApproximateExp2, ApproximateExp>(
        &getContext(), /*benefit=*/2);
    patterns.add<ScaleLog<math::LogOp>, ScaleLog<math::Log2Op>>(&getContext(),
                                                                /*benefit=*/2);
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return llvm::is_contained(
          {"math.log", "math.log2", "math.log1p", "math.expm1", "math.erf"},
          name);
    });
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    if (failed(applyOpPatternsGreedily(functions, std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace

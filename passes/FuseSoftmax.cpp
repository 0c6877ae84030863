//===- FuseSoftmax.cpp - Recognises softmax written out ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

#define DEBUG_TYPE "attn-fuse-softmax"

namespace attn {
#define GEN_PASS_DEF_FUSESOFTMAX
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark = fusionRemark("attn-fuse-softmax");

namespace {

/// The x of exp(x - max(x)), in parts.
struct Exponentials {
  /// x, but for the factor, scale and condition.
  Value input;
  /// What the exponent is multiplied with so that the base is e.
  double factor = 1.0;
  /// x * scale or x / scale, applied after the maximum was subtracted.
  Value scale;
  bool divides = false;
  /// Where false, the exponential is replaced by 0.
  Value condition;
  bool hasMaximum = false;
};

struct FuseSoftmax : attn::impl::FuseSoftmaxBase<FuseSoftmax> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<BinaryOp, SoftmaxOp, UnaryOp>(op))
        ops.push_back(op);
    });
    SmallVector<Operation *> replaced;
    for (Operation *op : ops) {
      Value result = fuse(op);
      if (!result)
        continue;
      op->getResult(0).replaceAllUsesWith(result);
      replaced.push_back(op);
      ++numFused;
    }
    // Users before what they use.
    for (Operation *op : llvm::reverse(replaced))
      eraseDead(op);
  }

private:
  Value fuse(Operation *op) {
    if (auto binary = dyn_cast<BinaryOp>(op)) {
      Value result = fuseQuotient(binary);
      return result ? result : fuseAfterProduct(binary);
    }
    if (auto unary = dyn_cast<UnaryOp>(op))
      return fuseLogSumExp(unary);
    return dropMaximum(cast<SoftmaxOp>(op));
  }

  std::optional<Exponentials> matchExponentials(Value value, int64_t axis);
  bool matchExponent(const Read &exponent, int64_t axis, Exponentials &e);
  Value emitInput(OpBuilder &builder, Location loc, const Exponentials &e,
                  Type type);
  Value emitSoftmax(OpBuilder &builder, Location loc, const Exponentials &e,
                    Type type, int64_t axis);

  Value fuseQuotient(BinaryOp op);
  Value fuseAfterProduct(BinaryOp op);
  Value fuseLogSumExp(UnaryOp op);
  Value dropMaximum(SoftmaxOp op);
};

} // namespace

/// A product with the condition as a number: (x, condition).
static std::optional<std::pair<Value, Value>> matchConditional(BinaryOp op) {
  if (op.getKind() != BinaryKind::Mul)
    return std::nullopt;
  for (auto [x, number] :
       {std::pair(op.getLhs(), op.getRhs()), {op.getRhs(), op.getLhs()}})
    if (auto cast = number.getDefiningOp<CastOp>())
      if (cast.getInput().getType().getElementType().isInteger(1))
        return std::make_pair(x, cast.getInput());
  return std::nullopt;
}

static bool isMinusInfinity(Value value) {
  std::optional<double> constant = matchConstant(value);
  return constant && std::isinf(*constant) && *constant < 0;
}

/// x - max(x) along `axis`, or the exponent without a maximum. False where a
/// maximum is subtracted that is none of x.
bool FuseSoftmax::matchExponent(const Read &exponent, int64_t axis,
                                Exponentials &e) {
  auto matchShifted = [&](const Read &read) -> std::optional<bool> {
    auto difference = matchBinary(read, BinaryKind::Sub);
    if (!difference || !read.isWhole())
      return std::nullopt;
    auto maximum = matchReduce(difference->second, ReduceKind::Max);
    if (!maximum)
      return std::nullopt;
    Read x = skipViews(difference->first);
    // The maximum may be of what the condition leaves.
    if (auto select = maximum->tensor.getDefiningOp<SelectOp>();
        select && select.getCondition() == e.condition &&
        isMinusInfinity(select.getRhs()))
      *maximum = skipViews(readOperand(*maximum, select.getLhs()));
    if (matchReducedAxis(x, *maximum) != axis)
      return false;
    e.input = difference->first.tensor;
    e.hasMaximum = true;
    return true;
  };
  if (std::optional<bool> shifted = matchShifted(exponent))
    return *shifted;
  // (x - max(x)) * c, (x - max(x)) / c.
  auto scaled = exponent.tensor.getDefiningOp<BinaryOp>();
  if (scaled && (scaled.getKind() == BinaryKind::Mul ||
                 scaled.getKind() == BinaryKind::Div)) {
    bool divides = scaled.getKind() == BinaryKind::Div;
    Read lhs = readOperand(exponent, scaled.getLhs());
    Read rhs = readOperand(exponent, scaled.getRhs());
    if (lhs.isScalar() && !divides)
      std::swap(lhs, rhs);
    if (rhs.isScalar() && !lhs.isScalar()) {
      std::optional<bool> shifted = matchShifted(lhs);
      if (shifted && !*shifted)
        return false;
      std::optional<double> constant = matchConstant(rhs.tensor);
      if (shifted || (e.factor != 1.0 && constant)) {
        if (!shifted)
          e.input = lhs.tensor;
        if (constant)
          e.factor *= divides ? 1.0 / *constant : *constant;
        else
          e.scale = rhs.tensor;
        e.divides = divides;
        return true;
      }
    }
  }
  e.input = exponent.tensor;
  return true;
}

/// What `value` exponentiates, for a softmax along `axis`.
std::optional<Exponentials> FuseSoftmax::matchExponentials(Value value,
                                                           int64_t axis) {
  Exponentials e;
  if (auto select = value.getDefiningOp<SelectOp>()) {
    if (matchConstant(select.getRhs()) != 0.0)
      return std::nullopt;
    e.condition = select.getCondition();
    value = select.getLhs();
  } else if (auto product = value.getDefiningOp<BinaryOp>()) {
    auto conditional = matchConditional(product);
    if (!conditional)
      return std::nullopt;
    std::tie(value, e.condition) = *conditional;
  }
  auto exp = value.getDefiningOp<UnaryOp>();
  if (!exp ||
      (exp.getKind() != UnaryKind::Exp && exp.getKind() != UnaryKind::Exp2))
    return std::nullopt;
  if (exp.getKind() == UnaryKind::Exp2)
    e.factor = llvm::numbers::ln2;
  if (!matchExponent(readWhole(exp.getInput()), axis, e)) {
    remark::missed(exp.getLoc(), kRemark)
        << "softmax not recognised: the maximum that is subtracted is not that "
           "of the same tensor along the same axis";
    return std::nullopt;
  }
  return e;
}

/// The input of the softmax; null if it would not have `type`.
Value FuseSoftmax::emitInput(OpBuilder &builder, Location loc,
                             const Exponentials &e, Type type) {
  Value input = e.input;
  auto tensor = cast<RankedTensorType>(type);
  // exp2(x * log2(e)) is exp(x), up to the rounding of the constant.
  double precision = tensor.getElementType().isF64()   ? 1e-14
                     : tensor.getElementType().isF32() ? 1e-6
                                                       : 1e-2;
  auto apply = [&](BinaryKind kind, Value scalar) {
    input = BinaryOp::create(builder, loc, kind, input, scalar);
  };
  double factor = e.factor;
  if (auto product = input.getDefiningOp<BinaryOp>();
      product && factor != 1.0 && product.getKind() == BinaryKind::Mul)
    if (std::optional<double> constant = matchConstant(product.getRhs())) {
      input = product.getLhs();
      factor *= *constant;
    }
  if (std::abs(factor - 1.0) > precision)
    apply(BinaryKind::Mul,
          arith::ConstantOp::create(
              builder, loc,
              builder.getFloatAttr(tensor.getElementType(), factor)));
  if (e.scale)
    apply(e.divides ? BinaryKind::Div : BinaryKind::Mul, e.scale);
  if (e.condition) {
    Value fill = arith::ConstantOp::create(
        builder, loc,
        FloatAttr::get(
            tensor.getElementType(),
            APFloat::getInf(
                cast<FloatType>(tensor.getElementType()).getFloatSemantics(),
                /*Negative=*/true)));
    input = SelectOp::create(builder, loc, e.condition, input, fill);
  }
  return input.getType() == type ? input : Value();
}

Value FuseSoftmax::emitSoftmax(OpBuilder &builder, Location loc,
                               const Exponentials &e, Type type, int64_t axis) {
  Value input = emitInput(builder, loc, e, type);
  if (!input)
    return {};
  if (e.hasMaximum)
    remark::passed(loc, kRemark) << "softmax recognised";
  else
    remark::passed(loc, kRemark)
        << "softmax recognised; it will subtract the maximum, so that large "
           "scores do not overflow";
  return SoftmaxOp::create(builder, loc, input, axis);
}

/// e / sum(e).
Value FuseSoftmax::fuseQuotient(BinaryOp op) {
  auto quotient = matchQuotient(readWhole(op.getResult()));
  if (!quotient || quotient->first.tensor.getType() != op.getType())
    return {};
  auto sum = matchReduce(quotient->second, ReduceKind::Sum);
  if (!sum)
    return {};
  std::optional<int64_t> axis =
      matchReducedAxis(skipViews(quotient->first), *sum);
  // Through views the axes could be others.
  if (!axis || sum->tensor != quotient->first.tensor)
    return {};
  std::optional<Exponentials> e = matchExponentials(sum->tensor, *axis);
  OpBuilder builder(op);
  return e ? emitSoftmax(builder, op.getLoc(), *e, op.getType(), *axis)
           : Value();
}

/// (e @ v) / sum(e), the sum along the last axis: each row of the product is
/// divided by its own sum.
Value FuseSoftmax::fuseAfterProduct(BinaryOp op) {
  auto quotient = matchQuotient(readWhole(op.getResult()));
  if (!quotient)
    return {};
  auto product = quotient->first.tensor.getDefiningOp<MatmulOp>();
  auto sum = matchReduce(quotient->second, ReduceKind::Sum);
  if (!product || !sum || product.getType() != op.getType())
    return {};
  Value weights = product.getLhs();
  auto conversion = weights.getDefiningOp<CastOp>();
  if (sum->tensor != weights) {
    if (!conversion || sum->tensor != conversion.getInput())
      return {};
    weights = conversion.getInput();
  } else {
    conversion = {};
  }
  auto type = cast<RankedTensorType>(weights.getType());
  // Row by row: the leading axes are those of the product.
  Read rows = readOperand(readWhole(product.getResult()), product.getLhs());
  rows.tensor = weights;
  int64_t axis = type.getRank() - 1;
  if (matchReducedAxis(rows, *sum) != axis)
    return {};
  std::optional<Exponentials> e = matchExponentials(weights, axis);
  if (!e)
    return {};
  if (!product->hasOneUse()) {
    remark::missed(op.getLoc(), kRemark)
        << "softmax not recognised: the product is used again before the "
           "division";
    return {};
  }
  OpBuilder builder(op);
  Value softmax =
      emitSoftmax(builder, product.getLhs().getLoc(), *e, type, axis);
  if (!softmax)
    return {};
  if (conversion)
    softmax = CastOp::create(builder, conversion.getLoc(), conversion.getType(),
                             softmax);
  return MatmulOp::create(builder, op.getLoc(), softmax, product.getRhs());
}

/// exp(x - log(sum(exp(x)))), where the logarithm may be written as
/// max(x) + log(sum(exp(x - max(x)))).
Value FuseSoftmax::fuseLogSumExp(UnaryOp op) {
  if (op.getKind() != UnaryKind::Exp)
    return {};
  auto difference = matchBinary(readWhole(op.getInput()), BinaryKind::Sub);
  if (!difference || difference->first.tensor.getType() != op.getType())
    return {};
  Read x = skipViews(difference->first);
  // The axis, where the logarithm is that of x or, shifted, of x - max(x).
  auto matchLog = [&](const Read &read,
                      bool isShifted) -> std::optional<int64_t> {
    auto log = matchUnary(read, UnaryKind::Log);
    auto sum = log ? matchReduce(*log, ReduceKind::Sum) : std::nullopt;
    auto exp = sum ? sum->tensor.getDefiningOp<UnaryOp>() : UnaryOp();
    if (!exp || exp.getKind() != UnaryKind::Exp ||
        exp.getType() != op.getType())
      return std::nullopt;
    std::optional<int64_t> axis =
        matchReducedAxis(readWhole(exp.getResult()), *sum);
    Exponentials e;
    if (!axis || !matchExponent(readWhole(exp.getInput()), *axis, e) ||
        e.scale || e.factor != 1.0 || e.input != x.tensor ||
        e.hasMaximum != isShifted)
      return std::nullopt;
    return axis;
  };
  std::optional<int64_t> axis = matchLog(difference->second, false);
  if (auto total = matchBinary(difference->second, BinaryKind::Add);
      total && !axis)
    for (auto &[maximum, log] :
         {*total, std::pair(total->second, total->first)}) {
      auto of = matchReduce(maximum, ReduceKind::Max);
      std::optional<int64_t> shifted = matchLog(log, true);
      if (of && shifted && matchReducedAxis(x, *of) == shifted)
        axis = shifted;
    }
  if (!axis || !x.isWhole())
    return {};
  OpBuilder builder(op);
  remark::passed(op.getLoc(), kRemark) << "softmax recognised";
  return SoftmaxOp::create(builder, op.getLoc(), x.tensor, *axis);
}

/// softmax(x - max(x)) is softmax(x).
Value FuseSoftmax::dropMaximum(SoftmaxOp op) {
  int64_t axis = op.getAxis();
  Exponentials e;
  if (!matchExponent(readWhole(op.getInput()), axis, e) || !e.hasMaximum)
    return {};
  OpBuilder builder(op);
  Value input = emitInput(builder, op.getLoc(), e, op.getType());
  if (!input)
    return {};
  remark::passed(op.getLoc(), kRemark)
      << "the maximum that is subtracted is part of softmax";
  return SoftmaxOp::create(builder, op.getLoc(), input, axis);
}

//===- Scalar.cpp - Scalar code for the elementwise ops ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace attn;

/// `value` as a constant of `type`, which may be a vector.
static Value constant(OpBuilder &builder, Location loc, Type type,
                      double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attr = isa<FloatType>(element)
                       ? TypedAttr(builder.getFloatAttr(element, value))
                       : TypedAttr(builder.getIntegerAttr(
                             element, static_cast<int64_t>(value)));
  if (auto shaped = dyn_cast<ShapedType>(type))
    attr = DenseElementsAttr::get(shaped, static_cast<Attribute>(attr));
  return arith::ConstantOp::create(builder, loc, attr);
}

Value attn::emitUnary(OpBuilder &builder, Location loc, UnaryKind kind,
                      Value x) {
  Type type = x.getType();
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(type));
  switch (kind) {
  case UnaryKind::Neg:
    if (isFloat)
      return arith::NegFOp::create(builder, loc, x);
    return arith::SubIOp::create(builder, loc, constant(builder, loc, type, 0),
                                 x);
  case UnaryKind::Not:
    return arith::XOrIOp::create(builder, loc, x,
                                 constant(builder, loc, type, 1));
  case UnaryKind::Abs:
    if (isFloat)
      return math::AbsFOp::create(builder, loc, x);
    return math::AbsIOp::create(builder, loc, x);
  case UnaryKind::Exp:
    return math::ExpOp::create(builder, loc, x);
  case UnaryKind::Exp2:
    return math::Exp2Op::create(builder, loc, x);
  case UnaryKind::Log:
    return math::LogOp::create(builder, loc, x);
  case UnaryKind::Log2:
    return math::Log2Op::create(builder, loc, x);
  case UnaryKind::Tanh:
    return math::TanhOp::create(builder, loc, x);
  case UnaryKind::Sigmoid: {
    Value one = constant(builder, loc, type, 1.0);
    Value negated = arith::NegFOp::create(builder, loc, x);
    Value e = math::ExpOp::create(builder, loc, negated);
    Value sum = arith::AddFOp::create(builder, loc, one, e);
    return arith::DivFOp::create(builder, loc, one, sum);
  }
  case UnaryKind::Erf:
    return math::ErfOp::create(builder, loc, x);
  case UnaryKind::Sqrt:
    return math::SqrtOp::create(builder, loc, x);
  case UnaryKind::Rsqrt: {
    // Not math.rsqrt, which targets may approximate.
    Value root = math::SqrtOp::create(builder, loc, x);
    return arith::DivFOp::create(builder, loc,
                                 constant(builder, loc, type, 1.0), root);
  }
  case UnaryKind::Sin:
    return math::SinOp::create(builder, loc, x);
  case UnaryKind::Cos:
    return math::CosOp::create(builder, loc, x);
  case UnaryKind::Floor:
    return math::FloorOp::create(builder, loc, x);
  case UnaryKind::Ceil:
    return math::CeilOp::create(builder, loc, x);
  }
  llvm_unreachable("all unary kinds handled");
}

static arith::CmpFPredicate getFloatPredicate(BinaryKind kind) {
  switch (kind) {
  case BinaryKind::Eq:
    return arith::CmpFPredicate::OEQ;
  case BinaryKind::Ne:
    return arith::CmpFPredicate::UNE;
  case BinaryKind::Lt:
    return arith::CmpFPredicate::OLT;
  case BinaryKind::Le:
    return arith::CmpFPredicate::OLE;
  case BinaryKind::Gt:
    return arith::CmpFPredicate::OGT;
  default:
    return arith::CmpFPredicate::OGE;
  }
}

static arith::CmpIPredicate getIntegerPredicate(BinaryKind kind) {
  switch (kind) {
  case BinaryKind::Eq:
    return arith::CmpIPredicate::eq;
  case BinaryKind::Ne:
    return arith::CmpIPredicate::ne;
  case BinaryKind::Lt:
    return arith::CmpIPredicate::slt;
  case BinaryKind::Le:
    return arith::CmpIPredicate::sle;
  case BinaryKind::Gt:
    return arith::CmpIPredicate::sgt;
  default:
    return arith::CmpIPredicate::sge;
  }
}

/// A divisor that no processor traps on: 0 counts as 1, and so does -1, by
/// which the least integer cannot be divided; the quotients by both are the
/// caller's.
struct SafeDivisor {
  SafeDivisor(OpBuilder &builder, Location loc, Value divisor)
      : value(divisor) {
    APInt known;
    if (matchPattern(divisor, m_ConstantInt(&known)) && !known.isZero() &&
        !known.isAllOnes())
      return;
    Type type = divisor.getType();
    auto equals = [&](double number) -> Value {
      return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                   divisor,
                                   constant(builder, loc, type, number));
    };
    isZero = equals(0);
    isMinusOne = equals(-1);
    Value traps = arith::OrIOp::create(builder, loc, isZero, isMinusOne);
    value = arith::SelectOp::create(builder, loc, traps,
                                    constant(builder, loc, type, 1), divisor);
  }

  Value value;
  /// Both null where the divisor is known to be another one.
  Value isZero, isMinusOne;
};

static Value emitFloorDiv(OpBuilder &builder, Location loc, Value lhs,
                          Value rhs) {
  SafeDivisor divisor(builder, loc, rhs);
  Value quotient =
      arith::FloorDivSIOp::create(builder, loc, lhs, divisor.value);
  if (!divisor.isZero)
    return quotient;
  Value zero = constant(builder, loc, lhs.getType(), 0);
  Value negated = arith::SubIOp::create(builder, loc, zero, lhs);
  quotient = arith::SelectOp::create(builder, loc, divisor.isMinusOne, negated,
                                     quotient);
  return arith::SelectOp::create(builder, loc, divisor.isZero, zero, quotient);
}

/// The remainder with the sign of the divisor.
static Value emitMod(OpBuilder &builder, Location loc, Value lhs, Value rhs) {
  Type type = lhs.getType();
  Value zero = constant(builder, loc, type, 0);
  if (isa<FloatType>(getElementTypeOrSelf(type))) {
    Value rem = arith::RemFOp::create(builder, loc, lhs, rhs);
    Value nonZero = arith::CmpFOp::create(builder, loc,
                                          arith::CmpFPredicate::UNE, rem, zero);
    Value remNegative = arith::CmpFOp::create(
        builder, loc, arith::CmpFPredicate::OLT, rem, zero);
    Value rhsNegative = arith::CmpFOp::create(
        builder, loc, arith::CmpFPredicate::OLT, rhs, zero);
    Value differ =
        arith::XOrIOp::create(builder, loc, remNegative, rhsNegative);
    Value adjust = arith::AndIOp::create(builder, loc, nonZero, differ);
    Value moved = arith::AddFOp::create(builder, loc, rem, rhs);
    return arith::SelectOp::create(builder, loc, adjust, moved, rem);
  }
  Value rem = arith::RemSIOp::create(builder, loc, lhs,
                                     SafeDivisor(builder, loc, rhs).value);
  Value nonZero =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, rem, zero);
  Value remNegative =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, rem, zero);
  Value rhsNegative =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, rhs, zero);
  Value differ = arith::XOrIOp::create(builder, loc, remNegative, rhsNegative);
  Value adjust = arith::AndIOp::create(builder, loc, nonZero, differ);
  Value moved = arith::AddIOp::create(builder, loc, rem, rhs);
  return arith::SelectOp::create(builder, loc, adjust, moved, rem);
}

Value attn::emitBinary(OpBuilder &builder, Location loc, BinaryKind kind,
                       Value lhs, Value rhs) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(lhs.getType()));
  if (isComparison(kind)) {
    if (isFloat)
      return arith::CmpFOp::create(builder, loc, getFloatPredicate(kind), lhs,
                                   rhs);
    return arith::CmpIOp::create(builder, loc, getIntegerPredicate(kind), lhs,
                                 rhs);
  }
  switch (kind) {
  case BinaryKind::Add:
    if (isFloat)
      return arith::AddFOp::create(builder, loc, lhs, rhs);
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Sub:
    if (isFloat)
      return arith::SubFOp::create(builder, loc, lhs, rhs);
    return arith::SubIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Mul:
    if (isFloat)
      return arith::MulFOp::create(builder, loc, lhs, rhs);
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Div:
    return arith::DivFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::FloorDiv: {
    if (!isFloat)
      return emitFloorDiv(builder, loc, lhs, rhs);
    Value quotient = arith::DivFOp::create(builder, loc, lhs, rhs);
    return math::FloorOp::create(builder, loc, quotient);
  }
  case BinaryKind::Mod:
    return emitMod(builder, loc, lhs, rhs);
  case BinaryKind::Pow:
    if (FloatAttr exponent; matchPattern(rhs, m_Constant(&exponent)) &&
                            exponent.getValue().isExactlyValue(2.0))
      return arith::MulFOp::create(builder, loc, lhs, lhs);
    return math::PowFOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Max:
    if (isFloat)
      return arith::MaximumFOp::create(builder, loc, lhs, rhs);
    return arith::MaxSIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Min:
    if (isFloat)
      return arith::MinimumFOp::create(builder, loc, lhs, rhs);
    return arith::MinSIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::And:
    return arith::AndIOp::create(builder, loc, lhs, rhs);
  case BinaryKind::Or:
    return arith::OrIOp::create(builder, loc, lhs, rhs);
  default:
    llvm_unreachable("comparisons handled above");
  }
}

Value attn::emitCast(OpBuilder &builder, Location loc, Value x, Type to) {
  Type from = x.getType();
  if (from == to)
    return x;
  Type source = getElementTypeOrSelf(from), target = getElementTypeOrSelf(to);
  if (target.isInteger(1)) {
    Value zero = constant(builder, loc, from, 0);
    if (isa<FloatType>(source))
      return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, x,
                                   zero);
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, x,
                                 zero);
  }
  if (source.isIndex() || target.isIndex()) {
    if (isa<FloatType>(target)) {
      Type wide = builder.getI64Type();
      if (auto shaped = dyn_cast<ShapedType>(from))
        wide = shaped.clone(wide);
      x = arith::IndexCastOp::create(builder, loc, wide, x);
      return arith::SIToFPOp::create(builder, loc, to, x);
    }
    return arith::IndexCastOp::create(builder, loc, to, x);
  }
  bool fromFloat = isa<FloatType>(source), toFloat = isa<FloatType>(target);
  unsigned fromWidth = source.getIntOrFloatBitWidth();
  unsigned toWidth = target.getIntOrFloatBitWidth();
  if (fromFloat && toFloat) {
    if (fromWidth < toWidth)
      return arith::ExtFOp::create(builder, loc, to, x);
    if (fromWidth > toWidth)
      return arith::TruncFOp::create(builder, loc, to, x);
    // f16 and bf16: through f32, which holds both.
    Type wide = builder.getF32Type();
    if (auto shaped = dyn_cast<ShapedType>(from))
      wide = shaped.clone(wide);
    return arith::TruncFOp::create(
        builder, loc, to, arith::ExtFOp::create(builder, loc, wide, x));
  }
  if (toFloat) {
    if (source.isInteger(1))
      return arith::UIToFPOp::create(builder, loc, to, x);
    return arith::SIToFPOp::create(builder, loc, to, x);
  }
  if (!fromFloat) {
    if (fromWidth > toWidth)
      return arith::TruncIOp::create(builder, loc, to, x);
    if (source.isInteger(1))
      return arith::ExtUIOp::create(builder, loc, to, x);
    return arith::ExtSIOp::create(builder, loc, to, x);
  }
  // Saturating: the bounds compare in the float's own type, where 2^(w-1) is
  // exact; arith.fptosi is undefined outside of them.
  if (fromWidth == 16) {
    Type wide = builder.getF32Type();
    if (auto shaped = dyn_cast<ShapedType>(from))
      wide = shaped.clone(wide);
    x = arith::ExtFOp::create(builder, loc, wide, x);
    from = wide;
  }
  double bound = std::ldexp(1.0, toWidth - 1);
  Value low = constant(builder, loc, from, -bound);
  Value high = constant(builder, loc, from, bound);
  Value isNan =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, x, x);
  Value tooLow =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, x, low);
  Value tooHigh =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, x, high);
  Value outside = arith::OrIOp::create(builder, loc, isNan, tooHigh);
  outside = arith::OrIOp::create(builder, loc, outside, tooLow);
  Value safe = arith::SelectOp::create(builder, loc, outside,
                                       constant(builder, loc, from, 0), x);
  Value result = arith::FPToSIOp::create(builder, loc, to, safe);
  auto bounds = [&](const APInt &value) -> Value {
    TypedAttr attr = builder.getIntegerAttr(target, value);
    if (auto shaped = dyn_cast<ShapedType>(to))
      attr = DenseElementsAttr::get(shaped, static_cast<Attribute>(attr));
    return arith::ConstantOp::create(builder, loc, attr);
  };
  result = arith::SelectOp::create(
      builder, loc, tooHigh, bounds(APInt::getSignedMaxValue(toWidth)), result);
  return arith::SelectOp::create(
      builder, loc, tooLow, bounds(APInt::getSignedMinValue(toWidth)), result);
}

Value attn::inlineRule(OpBuilder &builder, Region &rule, ValueRange arguments) {
  Block &body = rule.front();
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  return mapping.lookupOrDefault(
      cast<YieldOp>(body.getTerminator()).getValue());
}

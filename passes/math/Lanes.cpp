//===- Lanes.cpp - Formulas on vectors --------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/math/Lanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

VectorType Lanes::getType() const { return cast<VectorType>(value.getType()); }

Lanes Lanes::splat(double number) const {
  VectorType type = getType();
  Type element = type.getElementType();
  Attribute attr = element.isInteger()
                       ? Attribute(builder->getIntegerAttr(
                             element, static_cast<int64_t>(number)))
                       : Attribute(builder->getFloatAttr(element, number));
  return {*builder, arith::ConstantOp::create(
                        *builder, DenseElementsAttr::get(type, attr))};
}

Lanes Lanes::bits() const {
  unsigned width = getType().getElementTypeBitWidth();
  Type type = getType().clone(builder->getIntegerType(width));
  return {*builder, arith::BitcastOp::create(*builder, type, value)};
}

Lanes Lanes::fromBits() const {
  Type element = getType().getElementTypeBitWidth() == 64
                     ? Type(builder->getF64Type())
                     : Type(builder->getF32Type());
  return {*builder,
          arith::BitcastOp::create(*builder, getType().clone(element), value)};
}

Lanes Lanes::toF32() const {
  Type type = getType().clone(builder->getF32Type());
  if (getType().getElementType().isInteger())
    return {*builder, arith::SIToFPOp::create(*builder, type, value)};
  if (getType().getElementTypeBitWidth() > 32)
    return {*builder, arith::TruncFOp::create(*builder, type, value)};
  return {*builder, arith::ExtFOp::create(*builder, type, value)};
}

Lanes Lanes::toF64() const {
  Type type = getType().clone(builder->getF64Type());
  return {*builder, arith::ExtFOp::create(*builder, type, value)};
}

template <typename FloatOp, typename IntegerOp>
static Lanes emitEither(Lanes lhs, Lanes rhs) {
  ImplicitLocOpBuilder &builder = lhs.getBuilder();
  if (lhs.getType().getElementType().isInteger())
    return {builder, IntegerOp::create(builder, lhs, rhs)};
  return {builder, FloatOp::create(builder, lhs, rhs)};
}

template <typename Op> static Lanes emit(Lanes lhs, Lanes rhs) {
  return {lhs.getBuilder(), Op::create(lhs.getBuilder(), lhs, rhs)};
}

Lanes attn::operator+(Lanes lhs, Lanes rhs) {
  return emitEither<arith::AddFOp, arith::AddIOp>(lhs, rhs);
}
Lanes attn::operator-(Lanes lhs, Lanes rhs) {
  return emitEither<arith::SubFOp, arith::SubIOp>(lhs, rhs);
}
Lanes attn::operator*(Lanes lhs, Lanes rhs) {
  return emitEither<arith::MulFOp, arith::MulIOp>(lhs, rhs);
}
Lanes attn::operator/(Lanes lhs, Lanes rhs) {
  return emit<arith::DivFOp>(lhs, rhs);
}
Lanes attn::operator-(Lanes value) {
  return {value.getBuilder(), arith::NegFOp::create(value.getBuilder(), value)};
}
Lanes attn::operator&(Lanes lhs, Lanes rhs) {
  return emit<arith::AndIOp>(lhs, rhs);
}
Lanes attn::operator|(Lanes lhs, Lanes rhs) {
  return emit<arith::OrIOp>(lhs, rhs);
}
Lanes attn::operator^(Lanes lhs, Lanes rhs) {
  return emit<arith::XOrIOp>(lhs, rhs);
}
Lanes attn::operator<<(Lanes lhs, int64_t count) {
  return emit<arith::ShLIOp>(lhs, lhs.splat(count));
}
Lanes attn::operator>>(Lanes lhs, int64_t count) {
  return emit<arith::ShRSIOp>(lhs, lhs.splat(count));
}
Lanes attn::operator&(Lanes lhs, int64_t rhs) { return lhs & lhs.splat(rhs); }

static Lanes compare(arith::CmpFPredicate predicate, Lanes lhs, Lanes rhs) {
  return {lhs.getBuilder(),
          arith::CmpFOp::create(lhs.getBuilder(), predicate, lhs, rhs)};
}
Lanes attn::less(Lanes lhs, Lanes rhs) {
  return compare(arith::CmpFPredicate::OLT, lhs, rhs);
}
Lanes attn::equal(Lanes lhs, Lanes rhs) {
  return compare(arith::CmpFPredicate::OEQ, lhs, rhs);
}
Lanes attn::differs(Lanes lhs, Lanes rhs) {
  return compare(arith::CmpFPredicate::UNE, lhs, rhs);
}
Lanes attn::isNonZero(Lanes value) {
  return {value.getBuilder(),
          arith::CmpIOp::create(value.getBuilder(), arith::CmpIPredicate::ne,
                                value, value.splat(0))};
}
Lanes attn::logicalNot(Lanes condition) {
  return condition ^ condition.splat(1);
}

Lanes attn::select(Lanes condition, Lanes ifTrue, Lanes ifFalse) {
  return {condition.getBuilder(),
          arith::SelectOp::create(condition.getBuilder(), condition, ifTrue,
                                  ifFalse)};
}
Lanes attn::atMost(Lanes value, double high) {
  Lanes limit = value.splat(high);
  return select(less(limit, value), limit, value);
}
Lanes attn::atLeast(Lanes value, double low) {
  Lanes limit = value.splat(low);
  return select(less(value, limit), limit, value);
}
Lanes attn::floor(Lanes value) {
  return {value.getBuilder(), math::FloorOp::create(value.getBuilder(), value)};
}

Lanes attn::fma(Lanes a, Lanes b, Lanes c) {
  // Unlike math.fma, which LLVM turns into a call for each lane where there is
  // no instruction.
  return {a.getBuilder(), vector::FMAOp::create(a.getBuilder(), a, b, c)};
}

Lanes attn::polynomial(Lanes x, ArrayRef<double> coefficients) {
  Lanes sum = x.splat(coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = fma(sum, x, x.splat(coefficient));
  return sum;
}

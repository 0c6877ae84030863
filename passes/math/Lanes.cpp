//===- Lanes.cpp - Formulas on vectors --------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/math/Lanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

Type Lanes::getElementType() const {
  return getElementTypeOrSelf(value.getType());
}

unsigned Lanes::getElementWidth() const {
  return getElementType().getIntOrFloatBitWidth();
}

Type Lanes::getTypeOf(Type element) const {
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    return vector.clone(element);
  return element;
}

Lanes Lanes::splat(double number) const {
  Type element = getElementType();
  TypedAttr attr;
  if (element.isInteger())
    attr = builder->getIntegerAttr(element, static_cast<int64_t>(number));
  else
    attr = builder->getFloatAttr(element, number);
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    attr = DenseElementsAttr::get(vector, static_cast<Attribute>(attr));
  return {*builder, arith::ConstantOp::create(*builder, attr)};
}

Lanes Lanes::bits() const {
  Type type = getTypeOf(builder->getIntegerType(getElementWidth()));
  return {*builder, arith::BitcastOp::create(*builder, type, value)};
}

Lanes Lanes::fromBits() const {
  Type element = getElementWidth() == 64 ? Type(builder->getF64Type())
                                         : Type(builder->getF32Type());
  return {*builder,
          arith::BitcastOp::create(*builder, getTypeOf(element), value)};
}

Lanes Lanes::toF32() const {
  Type type = getTypeOf(builder->getF32Type());
  if (getElementType().isInteger())
    return {*builder, arith::SIToFPOp::create(*builder, type, value)};
  if (getElementWidth() > 32)
    return {*builder, arith::TruncFOp::create(*builder, type, value)};
  return {*builder, arith::ExtFOp::create(*builder, type, value)};
}

Lanes Lanes::toF64() const {
  Type type = getTypeOf(builder->getF64Type());
  return {*builder, arith::ExtFOp::create(*builder, type, value)};
}

template <typename FloatOp, typename IntegerOp>
static Lanes emitEither(Lanes lhs, Lanes rhs) {
  ImplicitLocOpBuilder &builder = lhs.getBuilder();
  if (lhs.getElementType().isInteger())
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
  ImplicitLocOpBuilder &builder = a.getBuilder();
  if (isa<VectorType>(static_cast<Value>(a).getType()))
    return {builder, vector::FMAOp::create(builder, a, b, c)};
  return {builder, LLVM::FMulAddOp::create(builder, a, b, c)};
}

Lanes attn::polynomial(Lanes x, ArrayRef<double> coefficients) {
  Lanes sum = x.splat(coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = fma(sum, x, x.splat(coefficient));
  return sum;
}

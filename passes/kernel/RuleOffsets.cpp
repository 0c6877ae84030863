//===- RuleOffsets.cpp - Numbers of a rule with an offset a lane ----------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/RuleVectorizerImpl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

/// Offsets of lanes stay below this, so that sums and differences of two, and
/// what they are compared with, are exact in 32 bits.
static constexpr int64_t kOffsetLimit = int64_t(1) << 28;
/// Divisors up to this keep offsets below their limit.
static constexpr int64_t kDivisorLimit = int64_t(1) << 20;

LaneValue Vectorizer::visitOffsets(Operation *op) {
  for (Value operand : op->getOperands()) {
    LaneValue value = lookup(operand);
    Type type = operand.getType();
    // Narrower integers would wrap.
    if (!value.base || !(type.isIndex() || type.isInteger(64)))
      return {};
  }
  return TypeSwitch<Operation *, LaneValue>(op)
      .Case<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::FloorDivSIOp,
            arith::IndexCastOp, arith::CmpIOp, arith::SIToFPOp>(
          [&](auto typed) { return compute(typed); })
      .Default([](Operation *) { return LaneValue(); });
}

Value Vectorizer::offsets(const LaneValue &value) {
  return value.lanes ? value.lanes : builder.integer(offsetType, 0);
}

template <typename Op> LaneValue Vectorizer::computeSum(Op op) {
  LaneValue lhs = lookup(op.getLhs()), rhs = lookup(op.getRhs());
  int64_t bound = lhs.bound + rhs.bound;
  if (bound > kOffsetLimit)
    return {};
  return {builder.createOrFold<Op>(lhs.base, rhs.base),
          builder.createOrFold<Op>(offsets(lhs), offsets(rhs)), bound};
}

LaneValue Vectorizer::compute(arith::AddIOp op) { return computeSum(op); }

LaneValue Vectorizer::compute(arith::SubIOp op) { return computeSum(op); }

LaneValue Vectorizer::compute(arith::MulIOp op) {
  LaneValue lhs = lookup(op.getLhs()), rhs = lookup(op.getRhs());
  if (lhs.isUniform())
    std::swap(lhs, rhs);
  APInt factor;
  if (!rhs.isUniform() || !matchPattern(rhs.base, m_ConstantInt(&factor)) ||
      factor.abs().ugt(kOffsetLimit / std::max<int64_t>(lhs.bound, 1)))
    return {};
  int64_t number = factor.getSExtValue();
  return {builder.mul(lhs.base, rhs.base),
          builder.mul(lhs.lanes, builder.integer(offsetType, number)),
          lhs.bound * std::abs(number)};
}

/// base = quotient * divisor + rest, so what is left to divide is small.
LaneValue Vectorizer::compute(arith::FloorDivSIOp op) {
  LaneValue value = lookup(op.getLhs()), by = lookup(op.getRhs());
  APInt constant;
  if (!by.isUniform() || !matchPattern(by.base, m_ConstantInt(&constant)) ||
      !constant.isStrictlyPositive() || constant.ugt(kDivisorLimit))
    return {};
  int64_t divisor = constant.getSExtValue();
  Value quotient =
      builder.createOrFold<arith::FloorDivSIOp>(value.base, by.base);
  Value rest = builder.sub(value.base, builder.mul(quotient, by.base));
  // Whole divisors are added to divide what is not negative, unsigned.
  int64_t added = llvm::divideCeil(value.bound, divisor);
  Value start = builder.add(
      toI32(rest), builder.integer(builder.getI32Type(), added * divisor));
  Value dividend = builder.add(builder.splat(offsetType, start), value.lanes);
  Value result = builder.div(dividend, builder.integer(offsetType, divisor));
  result = builder.sub(result, builder.integer(offsetType, added));
  return {quotient, result, added + 1};
}

LaneValue Vectorizer::compute(arith::IndexCastOp op) {
  LaneValue value = lookup(op.getIn());
  Type type = op.getType();
  // The low bits of a sum are the sum of the low bits.
  if (type.isInteger(32))
    return {Value(), builder.add(builder.splat(offsetType, toI32(value.base)),
                                 value.lanes)};
  if (!type.isIndex() && !type.isInteger(64))
    return {};
  return {builder.createOrFold<arith::IndexCastOp>(type, value.base),
          value.lanes, value.bound};
}

/// Compares the offsets' difference with that of the bases, cut to where
/// offsets can be.
LaneValue Vectorizer::compute(arith::CmpIOp op) {
  using Predicate = arith::CmpIPredicate;
  switch (op.getPredicate()) {
  case Predicate::eq:
  case Predicate::ne:
  case Predicate::slt:
  case Predicate::sle:
  case Predicate::sgt:
  case Predicate::sge:
    break;
  default:
    return {};
  }
  LaneValue lhs = lookup(op.getLhs()), rhs = lookup(op.getRhs());
  Value lower = builder.cmp(Predicate::slt, rhs.base, lhs.base);
  Value size = builder.createOrFold<arith::SelectOp>(
      lower, builder.sub(lhs.base, rhs.base), builder.sub(rhs.base, lhs.base));
  // As unsigned numbers, differences do not overflow.
  Value limit = builder.integer(size.getType(), 4 * kOffsetLimit);
  size = toI32(builder.createOrFold<arith::MinUIOp>(size, limit));
  Value negative = builder.sub(builder.integer(builder.getI32Type(), 0), size);
  Value difference =
      builder.createOrFold<arith::SelectOp>(lower, negative, size);
  Value moved = builder.sub(offsets(lhs), offsets(rhs));
  return {Value(), builder.cmp(op.getPredicate(), moved,
                               builder.splat(offsetType, difference))};
}

/// Exact, as long as the type holds all whole numbers up to the result.
LaneValue Vectorizer::compute(arith::SIToFPOp op) {
  LaneValue value = lookup(op.getIn());
  auto type = VectorType::get(lanes.length, op.getType());
  Value base = arith::SIToFPOp::create(builder, op.getType(), value.base);
  Value moved = builder.createOrFold<arith::SIToFPOp>(type, value.lanes);
  return {Value(),
          arith::AddFOp::create(builder, builder.splat(type, base), moved)};
}

Value Vectorizer::toI32(Value value) {
  Type type = builder.getI32Type();
  if (value.getType().isIndex())
    return builder.createOrFold<arith::IndexCastOp>(type, value);
  return builder.createOrFold<arith::TruncIOp>(type, value);
}

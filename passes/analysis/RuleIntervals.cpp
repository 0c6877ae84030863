//===- RuleIntervals.cpp - Intervals of a rule's values over a box --------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/RuleIntervals.h"

#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

std::optional<Modulo> attn::matchModulo(Operation *op) {
  auto difference = dyn_cast<arith::SubIOp>(op);
  if (!difference)
    return std::nullopt;
  auto product = difference.getRhs().getDefiningOp<arith::MulIOp>();
  if (!product)
    return std::nullopt;
  auto quotient = product.getLhs().getDefiningOp<arith::FloorDivSIOp>();
  APInt divisor, factor;
  if (!quotient || quotient.getLhs() != difference.getLhs() ||
      !matchPattern(quotient.getRhs(), m_ConstantInt(&divisor)) ||
      !matchPattern(product.getRhs(), m_ConstantInt(&factor)) ||
      divisor != factor || !divisor.isStrictlyPositive())
    return std::nullopt;
  return Modulo{difference.getLhs(), divisor.getSExtValue()};
}

RuleIntervals::RuleIntervals(KernelBuilder &builder, Region &rule,
                             const IndexBox &box, const ReadBoundsMap &reads)
    : builder(builder), region(rule), reads(reads) {
  Block &body = rule.front();
  bounds[body.getArgument(0)] = {box.batch, box.batch};
  bounds[body.getArgument(1)] = {box.head, box.head};
  bounds[body.getArgument(2)] = {box.firstQuery, box.lastQuery};
  bounds[body.getArgument(3)] = {box.firstKey, box.lastKey};
}

Bounds RuleIntervals::get(Value value) {
  auto it = bounds.find(value);
  if (it != bounds.end())
    return it->second;
  // Defined outside of the rule: the same everywhere in the box.
  if (!region.isAncestor(value.getParentRegion()))
    return {value, value};
  // In the order of the rule: asking from the end would take as deep a stack
  // as the rule is long.
  Operation *last = value.getDefiningOp();
  SetVector<Operation *> slice = getRuleSlice(region, last);
  for (Operation *op : slice)
    if (op->getNumResults() == 1 && !bounds.contains(op->getResult(0)))
      bounds[op->getResult(0)] = compute(op);
  return bounds.lookup(value);
}

Bounds RuleIntervals::compute(Operation *op) {
  if (auto read = reads.find(op); read != reads.end())
    return {read->second.low, read->second.high};
  if (Bounds point = computePoint(op); point.known())
    return point;
  if (std::optional<Modulo> modulo = matchModulo(op))
    return computeModulo(*modulo);
  return TypeSwitch<Operation *, Bounds>(op)
      .Case<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MaxSIOp,
            arith::MinSIOp, arith::FloorDivSIOp, arith::RemSIOp,
            arith::IndexCastOp, arith::CmpIOp, arith::AndIOp, arith::OrIOp,
            arith::XOrIOp, arith::SelectOp>(
          [&](auto typed) { return compute(typed); })
      .Default([](Operation *) { return Bounds(); });
}

/// Whether an op, and those in its regions, have no effects but reading.
static bool isCopyable(Operation *op) {
  WalkResult result = op->walk([](Operation *inner) {
    bool isPlain = inner->getNumRegions() != 0 || isMemoryEffectFree(inner) ||
                   isa<memref::LoadOp>(inner);
    return isPlain ? WalkResult::advance() : WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

/// Copies an op whose inputs are all points.
Bounds RuleIntervals::computePoint(Operation *op) {
  if (!isCopyable(op))
    return {};
  IRMapping mapping;
  for (Value input : getRuleInputs(op)) {
    Bounds known = get(input);
    if (!known.isPoint())
      return {};
    mapping.map(input, known.low);
  }
  SmallVector<Value> folded;
  Operation *copy = builder.clone(*op, mapping);
  Value value = copy->getResult(0);
  if (succeeded(builder.tryFold(copy, folded)) && !folded.empty()) {
    copy->erase();
    value = folded.front();
  }
  return {value, value};
}

Value RuleIntervals::boolean(bool value) {
  return arith::ConstantOp::create(builder, builder.getBoolAttr(value));
}

/// Within one period the remainder grows with the dividend; over several it is
/// anything from 0 to below the divisor.
Bounds RuleIntervals::computeModulo(const Modulo &modulo) {
  Bounds in = get(modulo.dividend);
  if (!in.known())
    return {};
  Value divisor = constantLike(in.low, modulo.divisor);
  Value zero = constantLike(in.low, 0);
  auto divide = [&](Value value) {
    return builder.createOrFold<arith::FloorDivSIOp>(value, divisor);
  };
  Value first = divide(in.low), last = divide(in.high);
  Value onePeriod = builder.cmp(arith::CmpIPredicate::eq, first, last);
  Value start = builder.mul(first, divisor);
  return {select(onePeriod, builder.sub(in.low, start), zero),
          select(onePeriod, builder.sub(in.high, start),
                 constantLike(in.low, modulo.divisor - 1))};
}

std::optional<std::pair<Bounds, Bounds>>
RuleIntervals::operands(Operation *op) {
  Bounds lhs = get(op->getOperand(0)), rhs = get(op->getOperand(1));
  if (!lhs.known() || !rhs.known())
    return std::nullopt;
  return std::make_pair(lhs, rhs);
}

Bounds RuleIntervals::compute(arith::AddIOp op) {
  auto known = operands(op);
  if (!known)
    return {};
  auto [lhs, rhs] = *known;
  return {builder.add(lhs.low, rhs.low), builder.add(lhs.high, rhs.high)};
}

Bounds RuleIntervals::compute(arith::SubIOp op) {
  auto known = operands(op);
  if (!known)
    return {};
  auto [lhs, rhs] = *known;
  return {builder.sub(lhs.low, rhs.high), builder.sub(lhs.high, rhs.low)};
}

Bounds RuleIntervals::compute(arith::MulIOp op) {
  auto known = operands(op);
  if (!known)
    return {};
  auto [lhs, rhs] = *known;
  if (lhs.isPoint())
    std::swap(lhs, rhs);
  Value a = builder.mul(lhs.low, rhs.low), b = builder.mul(lhs.high, rhs.low);
  Bounds result = {builder.min(a, b), builder.max(a, b)};
  if (rhs.isPoint())
    return result;
  Value c = builder.mul(lhs.low, rhs.high);
  Value d = builder.mul(lhs.high, rhs.high);
  return {builder.min(result.low, builder.min(c, d)),
          builder.max(result.high, builder.max(c, d))};
}

Bounds RuleIntervals::compute(arith::MaxSIOp op) {
  auto known = operands(op);
  if (!known)
    return {};
  auto [lhs, rhs] = *known;
  return {builder.max(lhs.low, rhs.low), builder.max(lhs.high, rhs.high)};
}

Bounds RuleIntervals::compute(arith::MinSIOp op) {
  auto known = operands(op);
  if (!known)
    return {};
  auto [lhs, rhs] = *known;
  return {builder.min(lhs.low, rhs.low), builder.min(lhs.high, rhs.high)};
}

/// Floor division by one number is monotone, whichever its sign.
Bounds RuleIntervals::compute(arith::FloorDivSIOp op) {
  auto known = operands(op);
  if (!known || !known->second.isPoint())
    return {};
  auto [lhs, rhs] = *known;
  Value a = builder.createOrFold<arith::FloorDivSIOp>(lhs.low, rhs.low);
  Value b = builder.createOrFold<arith::FloorDivSIOp>(lhs.high, rhs.low);
  APInt divisor;
  if (matchPattern(rhs.low, m_ConstantInt(&divisor)) &&
      divisor.isStrictlyPositive())
    return {a, b};
  return {builder.min(a, b), builder.max(a, b)};
}

/// Within one period the remainder is monotone; over several it is anything
/// between 0 and the divisor (on both sides of 0 for negative values).
Bounds RuleIntervals::compute(arith::RemSIOp op) {
  auto known = operands(op);
  if (!known || !known->second.isPoint())
    return {};
  auto [lhs, rhs] = *known;
  Value divisor = rhs.low;
  Value zero = builder.createOrFold<arith::SubIOp>(divisor, divisor);
  Value size = builder.max(divisor, builder.sub(zero, divisor));
  Value one = constantLike(divisor, 1);
  Value limit = builder.sub(size, one);
  Value first = builder.createOrFold<arith::DivSIOp>(lhs.low, divisor);
  Value last = builder.createOrFold<arith::DivSIOp>(lhs.high, divisor);
  Value notNegative = builder.cmp(arith::CmpIPredicate::sge, lhs.low, zero);
  Value onePeriod = builder.logicalAnd(
      notNegative, builder.cmp(arith::CmpIPredicate::eq, first, last));
  Value low = builder.createOrFold<arith::RemSIOp>(lhs.low, divisor);
  Value high = builder.createOrFold<arith::RemSIOp>(lhs.high, divisor);
  Value least = select(notNegative, zero, builder.sub(zero, limit));
  return {select(onePeriod, low, least), select(onePeriod, high, limit)};
}

Bounds RuleIntervals::compute(arith::IndexCastOp op) {
  Bounds in = get(op.getIn());
  if (!in.known())
    return {};
  Type type = op.getType();
  return {builder.createOrFold<arith::IndexCastOp>(type, in.low),
          builder.createOrFold<arith::IndexCastOp>(type, in.high)};
}

Bounds RuleIntervals::compute(arith::CmpIOp op) {
  auto known = operands(op);
  if (!known || op.getLhs().getType().isInteger(1))
    return {};
  auto [lhs, rhs] = *known;
  using Predicate = arith::CmpIPredicate;
  switch (op.getPredicate()) {
  case Predicate::sgt:
    std::swap(lhs, rhs);
    [[fallthrough]];
  case Predicate::slt:
    return {builder.cmp(Predicate::slt, lhs.high, rhs.low),
            builder.cmp(Predicate::slt, lhs.low, rhs.high)};
  case Predicate::sge:
    std::swap(lhs, rhs);
    [[fallthrough]];
  case Predicate::sle:
    return {builder.cmp(Predicate::sle, lhs.high, rhs.low),
            builder.cmp(Predicate::sle, lhs.low, rhs.high)};
  case Predicate::eq:
    return equal(lhs, rhs);
  case Predicate::ne:
    return negate(equal(lhs, rhs));
  default:
    return {};
  }
}

/// Equal for certain when both are one and the same number.
Bounds RuleIntervals::equal(const Bounds &lhs, const Bounds &rhs) {
  using Predicate = arith::CmpIPredicate;
  Value overlap =
      builder.logicalAnd(builder.cmp(Predicate::sle, lhs.low, rhs.high),
                         builder.cmp(Predicate::sle, rhs.low, lhs.high));
  Value same =
      builder.logicalAnd(builder.cmp(Predicate::eq, lhs.low, rhs.high),
                         builder.cmp(Predicate::eq, lhs.high, rhs.low));
  return {same, overlap};
}

Bounds RuleIntervals::negate(const Bounds &condition) {
  return {builder.logicalNot(condition.high),
          builder.logicalNot(condition.low)};
}

/// A condition of which nothing is known still lies between false and true.
Bounds RuleIntervals::getCondition(Value value) {
  Bounds known = get(value);
  return known.known() ? known : Bounds{boolean(false), boolean(true)};
}

Bounds RuleIntervals::compute(arith::AndIOp op) {
  if (!op.getType().isInteger(1))
    return {};
  Bounds lhs = getCondition(op.getLhs()), rhs = getCondition(op.getRhs());
  return {builder.logicalAnd(lhs.low, rhs.low),
          builder.logicalAnd(lhs.high, rhs.high)};
}

Bounds RuleIntervals::compute(arith::OrIOp op) {
  if (!op.getType().isInteger(1))
    return {};
  Bounds lhs = getCondition(op.getLhs()), rhs = getCondition(op.getRhs());
  return {builder.logicalOr(lhs.low, rhs.low),
          builder.logicalOr(lhs.high, rhs.high)};
}

Bounds RuleIntervals::compute(arith::XOrIOp op) {
  if (!op.getType().isInteger(1))
    return {};
  Bounds lhs = getCondition(op.getLhs()), rhs = getCondition(op.getRhs());
  Bounds notLhs = negate(lhs), notRhs = negate(rhs);
  return {builder.logicalOr(builder.logicalAnd(lhs.low, notRhs.low),
                            builder.logicalAnd(notLhs.low, rhs.low)),
          builder.logicalOr(builder.logicalAnd(lhs.high, notRhs.high),
                            builder.logicalAnd(notLhs.high, rhs.high))};
}

Bounds RuleIntervals::compute(arith::SelectOp op) {
  Bounds chosen = getCondition(op.getCondition());
  Type type = op.getType();
  bool isBool = type.isInteger(1);
  if (!isBool && !type.isIntOrIndex())
    return {};
  Bounds then =
      isBool ? getCondition(op.getTrueValue()) : get(op.getTrueValue());
  Bounds otherwise =
      isBool ? getCondition(op.getFalseValue()) : get(op.getFalseValue());
  if (!then.known() || !otherwise.known())
    return {};
  Value low = isBool ? builder.logicalAnd(then.low, otherwise.low)
                     : builder.min(then.low, otherwise.low);
  Value high = isBool ? builder.logicalOr(then.high, otherwise.high)
                      : builder.max(then.high, otherwise.high);
  low = select(chosen.low, then.low, select(chosen.high, low, otherwise.low));
  high =
      select(chosen.low, then.high, select(chosen.high, high, otherwise.high));
  return {low, high};
}

Value RuleIntervals::select(Value condition, Value then, Value otherwise) {
  return builder.createOrFold<arith::SelectOp>(condition, then, otherwise);
}

Value RuleIntervals::constantLike(Value value, int64_t number) {
  return arith::ConstantOp::create(
      builder, builder.getIntegerAttr(value.getType(), number));
}

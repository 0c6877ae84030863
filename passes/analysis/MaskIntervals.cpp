//===- MaskIntervals.cpp - What a mask says about a box of indices *- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/MaskIntervals.h"

#include "dialect/AttnOps.h"
#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

namespace {

/// What is known of a value over the box. A point has `low == high`; a
/// condition keeps (certain, possible) in the same two fields, since false <
/// true makes them its bounds. Null fields mean that nothing is known.
struct Bounds {
  Value low;
  Value high;

  bool known() const { return static_cast<bool>(low); }
  bool isPoint() const { return known() && low == high; }
};

class Classifier {
public:
  Classifier(KernelBuilder &builder, Region &mask, const IndexBox &box,
             const ReadBoundsMap &reads)
      : builder(builder), region(mask), reads(reads) {
    Block &body = mask.front();
    bounds[body.getArgument(0)] = {box.batch, box.batch};
    bounds[body.getArgument(1)] = {box.head, box.head};
    bounds[body.getArgument(2)] = {box.firstQuery, box.lastQuery};
    bounds[body.getArgument(3)] = {box.firstKey, box.lastKey};
  }

  BoxClass run() {
    Block &body = region.front();
    for (Operation &op : body.without_terminator())
      visit(&op);
    Bounds result = lookup(cast<YieldOp>(body.getTerminator()).getValue());
    if (!result.known())
      return {boolean(true), boolean(false)};
    return {result.high, result.low};
  }

private:
  Value boolean(bool value) {
    return arith::ConstantOp::create(builder, builder.getBoolAttr(value));
  }

  Bounds lookup(Value value) {
    auto it = bounds.find(value);
    if (it != bounds.end())
      return it->second;
    // Defined outside of the rule: the same everywhere in the box.
    if (!region.isAncestor(value.getParentRegion()))
      return {value, value};
    return {};
  }

  void visit(Operation *op) {
    if (op->getNumResults() != 1 || op->getNumRegions() != 0)
      return;
    if (auto read = reads.find(op); read != reads.end()) {
      bounds[op->getResult(0)] = {read->second.low, read->second.high};
      return;
    }
    if (evaluatePoint(op))
      return;
    bounds[op->getResult(0)] =
        TypeSwitch<Operation *, Bounds>(op)
            .Case<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MaxSIOp,
                  arith::MinSIOp, arith::FloorDivSIOp, arith::RemSIOp,
                  arith::IndexCastOp, arith::CmpIOp, arith::AndIOp,
                  arith::OrIOp, arith::XOrIOp, arith::SelectOp>(
                [&](auto typed) { return compute(typed); })
            .Default([](Operation *) { return Bounds(); });
  }

  /// Copies an op whose operands are all points.
  bool evaluatePoint(Operation *op) {
    if (!isMemoryEffectFree(op) && !isa<memref::LoadOp>(op))
      return false;
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      Bounds known = lookup(operand);
      if (!known.isPoint())
        return false;
      mapping.map(operand, known.low);
    }
    SmallVector<Value> folded;
    Operation *copy = builder.clone(*op, mapping);
    Value value = copy->getResult(0);
    if (succeeded(builder.tryFold(copy, folded)) && !folded.empty()) {
      copy->erase();
      value = folded.front();
    }
    bounds[op->getResult(0)] = {value, value};
    return true;
  }

  std::optional<std::pair<Bounds, Bounds>> operands(Operation *op) {
    Bounds lhs = lookup(op->getOperand(0)), rhs = lookup(op->getOperand(1));
    if (!lhs.known() || !rhs.known())
      return std::nullopt;
    return std::make_pair(lhs, rhs);
  }

  Bounds compute(arith::AddIOp op) {
    auto known = operands(op);
    if (!known)
      return {};
    auto [lhs, rhs] = *known;
    return {builder.add(lhs.low, rhs.low), builder.add(lhs.high, rhs.high)};
  }

  Bounds compute(arith::SubIOp op) {
    auto known = operands(op);
    if (!known)
      return {};
    auto [lhs, rhs] = *known;
    return {builder.sub(lhs.low, rhs.high), builder.sub(lhs.high, rhs.low)};
  }

  Bounds compute(arith::MulIOp op) {
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

  Bounds compute(arith::MaxSIOp op) {
    auto known = operands(op);
    if (!known)
      return {};
    auto [lhs, rhs] = *known;
    return {builder.max(lhs.low, rhs.low), builder.max(lhs.high, rhs.high)};
  }

  Bounds compute(arith::MinSIOp op) {
    auto known = operands(op);
    if (!known)
      return {};
    auto [lhs, rhs] = *known;
    return {builder.min(lhs.low, rhs.low), builder.min(lhs.high, rhs.high)};
  }

  /// Floor division by one number is monotone, whichever its sign.
  Bounds compute(arith::FloorDivSIOp op) {
    auto known = operands(op);
    if (!known || !known->second.isPoint())
      return {};
    auto [lhs, rhs] = *known;
    Value a = builder.createOrFold<arith::FloorDivSIOp>(lhs.low, rhs.low);
    Value b = builder.createOrFold<arith::FloorDivSIOp>(lhs.high, rhs.low);
    return {builder.min(a, b), builder.max(a, b)};
  }

  /// Within one period the remainder is monotone; over several it is anything
  /// between 0 and the divisor (on both sides of 0 for negative values).
  Bounds compute(arith::RemSIOp op) {
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

  Bounds compute(arith::IndexCastOp op) {
    Bounds in = lookup(op.getIn());
    if (!in.known())
      return {};
    Type type = op.getType();
    return {builder.createOrFold<arith::IndexCastOp>(type, in.low),
            builder.createOrFold<arith::IndexCastOp>(type, in.high)};
  }

  Bounds compute(arith::CmpIOp op) {
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
  Bounds equal(Bounds lhs, Bounds rhs) {
    using Predicate = arith::CmpIPredicate;
    Value overlap =
        builder.logicalAnd(builder.cmp(Predicate::sle, lhs.low, rhs.high),
                           builder.cmp(Predicate::sle, rhs.low, lhs.high));
    Value same =
        builder.logicalAnd(builder.cmp(Predicate::eq, lhs.low, rhs.high),
                           builder.cmp(Predicate::eq, lhs.high, rhs.low));
    return {same, overlap};
  }

  Bounds negate(Bounds condition) {
    return {builder.logicalNot(condition.high),
            builder.logicalNot(condition.low)};
  }

  /// A condition of which nothing is known still lies between false and true.
  Bounds condition(Value value) {
    Bounds known = lookup(value);
    return known.known() ? known : Bounds{boolean(false), boolean(true)};
  }

  Bounds compute(arith::AndIOp op) {
    if (!op.getType().isInteger(1))
      return {};
    Bounds lhs = condition(op.getLhs()), rhs = condition(op.getRhs());
    return {builder.logicalAnd(lhs.low, rhs.low),
            builder.logicalAnd(lhs.high, rhs.high)};
  }

  Bounds compute(arith::OrIOp op) {
    if (!op.getType().isInteger(1))
      return {};
    Bounds lhs = condition(op.getLhs()), rhs = condition(op.getRhs());
    return {builder.logicalOr(lhs.low, rhs.low),
            builder.logicalOr(lhs.high, rhs.high)};
  }

  Bounds compute(arith::XOrIOp op) {
    if (!op.getType().isInteger(1))
      return {};
    Bounds lhs = condition(op.getLhs()), rhs = condition(op.getRhs());
    Bounds notLhs = negate(lhs), notRhs = negate(rhs);
    return {builder.logicalOr(builder.logicalAnd(lhs.low, notRhs.low),
                              builder.logicalAnd(notLhs.low, rhs.low)),
            builder.logicalOr(builder.logicalAnd(lhs.high, notRhs.high),
                              builder.logicalAnd(notLhs.high, rhs.high))};
  }

  Bounds compute(arith::SelectOp op) {
    Bounds chosen = condition(op.getCondition());
    Type type = op.getType();
    bool isBool = type.isInteger(1);
    if (!isBool && !type.isIntOrIndex())
      return {};
    Bounds then =
        isBool ? condition(op.getTrueValue()) : lookup(op.getTrueValue());
    Bounds otherwise =
        isBool ? condition(op.getFalseValue()) : lookup(op.getFalseValue());
    if (!then.known() || !otherwise.known())
      return {};
    Value low = isBool ? builder.logicalAnd(then.low, otherwise.low)
                       : builder.min(then.low, otherwise.low);
    Value high = isBool ? builder.logicalOr(then.high, otherwise.high)
                        : builder.max(then.high, otherwise.high);
    low = select(chosen.low, then.low, select(chosen.high, low, otherwise.low));
    high = select(chosen.low, then.high,
                  select(chosen.high, high, otherwise.high));
    return {low, high};
  }

  Value select(Value condition, Value then, Value otherwise) {
    return builder.createOrFold<arith::SelectOp>(condition, then, otherwise);
  }

  Value constantLike(Value value, int64_t number) {
    return arith::ConstantOp::create(
        builder, builder.getIntegerAttr(value.getType(), number));
  }

  KernelBuilder &builder;
  Region &region;
  const ReadBoundsMap &reads;
  DenseMap<Value, Bounds> bounds;
};

} // namespace

BoxClass attn::classifyBox(KernelBuilder &builder, Region &mask,
                           const IndexBox &box, const ReadBoundsMap &reads) {
  return Classifier(builder, mask, box, reads).run();
}

//===----------------------------------------------------------------------===//
// Reads along one position
//===----------------------------------------------------------------------===//

/// The ops of the rule that `op` needs, in order, itself the last.
static SetVector<Operation *> getSlice(Region &mask, Operation *op) {
  DenseSet<Operation *> needed = {op};
  SmallVector<Operation *> worklist = {op};
  while (!worklist.empty())
    for (Value operand : worklist.pop_back_val()->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        if (mask.isAncestor(producer->getParentRegion()) &&
            needed.insert(producer).second)
          worklist.push_back(producer);
  SetVector<Operation *> slice;
  for (Operation &candidate : mask.front())
    if (needed.contains(&candidate))
      slice.insert(&candidate);
  return slice;
}

SmallVector<PositionRead> attn::findPositionReads(Region &mask) {
  SmallVector<PositionRead> reads;
  Block &body = mask.front();
  for (auto load : body.getOps<memref::LoadOp>()) {
    if (!load.getType().isIntOrIndex())
      continue;
    bool depends[4] = {};
    bool isPlain = true;
    for (Operation *op : getSlice(mask, load)) {
      isPlain &= op->getNumRegions() == 0;
      for (Value operand : op->getOperands())
        if (auto argument = dyn_cast<BlockArgument>(operand))
          if (argument.getOwner() == &body)
            depends[argument.getArgNumber()] = true;
    }
    if (isPlain && depends[2] != depends[3])
      reads.push_back({load, depends[3] ? Position::Key : Position::Query,
                       depends[0], depends[1]});
  }
  return reads;
}

ReadBounds attn::joinBounds(KernelBuilder &builder, const ReadBounds &lhs,
                            const ReadBounds &rhs) {
  // As signed numbers the least i1 would be true.
  if (lhs.low.getType().isInteger(1))
    return {builder.logicalAnd(lhs.low, rhs.low),
            builder.logicalOr(lhs.high, rhs.high)};
  return {builder.min(lhs.low, rhs.low), builder.max(lhs.high, rhs.high)};
}

ReadBounds attn::scanRead(KernelBuilder &builder, Region &mask,
                          const PositionRead &read, Value batch, Value head,
                          Value first, Value last) {
  SetVector<Operation *> slice = getSlice(mask, read.load);
  auto readAt = [&](Value position) -> Value {
    Block &body = mask.front();
    IRMapping mapping;
    mapping.map(body.getArgument(0), batch);
    mapping.map(body.getArgument(1), head);
    mapping.map(body.getArgument(read.position == Position::Key ? 3 : 2),
                position);
    for (Operation *op : slice)
      builder.clone(*op, mapping);
    return mapping.lookup(read.load->getResult(0));
  };
  Value start = readAt(first);
  Value one = builder.index(1);
  SmallVector<Value> bounds = builder.forLoop(
      builder.add(first, one), builder.add(last, one), one,
      ValueRange{start, start},
      [&](Value position, ValueRange carried) -> SmallVector<Value> {
        Value value = readAt(position);
        ReadBounds joined =
            joinBounds(builder, {carried[0], carried[1]}, {value, value});
        return {joined.low, joined.high};
      });
  return {bounds[0], bounds[1]};
}

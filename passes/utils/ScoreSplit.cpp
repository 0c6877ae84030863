//===- ScoreSplit.cpp - The mask in a score rule ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/ScoreSplit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

/// How deep a rule is looked into for masks.
static constexpr int kMaxDepth = 256;
/// How deep a factor is looked into for its sign.
static constexpr int kMaxSignDepth = 8;

DenseSet<Value> attn::getDependents(BlockArgument argument) {
  DenseSet<Value> dependents;
  dependents.insert(argument);
  for (Operation &op : *argument.getOwner()) {
    bool depends = false;
    op.walk([&](Operation *inner) {
      depends |= llvm::any_of(inner->getOperands(), [&](Value operand) {
        return dependents.contains(operand);
      });
    });
    if (depends)
      dependents.insert_range(op.getResults());
  }
  return dependents;
}

static bool isInfinity(Value value, bool isNegative) {
  FloatAttr number;
  return matchPattern(value, m_Constant(&number)) &&
         number.getValue().isInfinity() &&
         number.getValue().isNegative() == isNegative;
}

/// Whether an integer counts something: extents, and what is made of them.
static bool isCount(Value value, int depth) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.isNonNegative();
  Operation *op = value.getDefiningOp();
  if (!op || depth == kMaxSignDepth)
    return false;
  if (op->getName().getStringRef() == "tensor.dim" ||
      op->getName().getStringRef() == "memref.dim")
    return true;
  if (isa<arith::AddIOp, arith::MulIOp, arith::FloorDivSIOp, arith::DivSIOp,
          arith::IndexCastOp, arith::ExtSIOp, arith::ExtUIOp, arith::MaxSIOp>(
          op))
    return llvm::all_of(op->getOperands(), [&](Value operand) {
      return isCount(operand, depth + 1);
    });
  return false;
}

/// Whether a float is positive, so that infinities keep their sign in a product
/// with it. Counts and roots are, though they might be 0: a product of 0 and
/// -inf is NaN, which makes NaN of the row.
static bool isPositive(Value value, int depth = 0) {
  FloatAttr number;
  if (matchPattern(value, m_Constant(&number)))
    return number.getValue().isFinite() && number.getValueAsDouble() > 0.0;
  Operation *op = value.getDefiningOp();
  if (!op || depth == kMaxSignDepth)
    return false;
  auto arePositive = [&](ValueRange operands) {
    return llvm::all_of(operands, [&](Value operand) {
      return isPositive(operand, depth + 1);
    });
  };
  return TypeSwitch<Operation *, bool>(op)
      .Case<math::SqrtOp, math::RsqrtOp, math::ExpOp, math::Exp2Op,
            math::AbsFOp, arith::UIToFPOp>([](auto) { return true; })
      .Case<arith::MulFOp, arith::DivFOp, arith::AddFOp, arith::ExtFOp,
            arith::TruncFOp, arith::MinimumFOp>(
          [&](auto op) { return arePositive(op->getOperands()); })
      .Case([&](arith::SIToFPOp op) { return isCount(op.getIn(), depth + 1); })
      .Case([&](math::PowFOp op) { return arePositive(op.getLhs()); })
      .Case([&](arith::MaximumFOp op) {
        return isPositive(op.getLhs(), depth + 1) ||
               isPositive(op.getRhs(), depth + 1);
      })
      .Case([&](arith::SelectOp op) {
        return arePositive({op.getTrueValue(), op.getFalseValue()});
      })
      .Default([](Operation *) { return false; });
}

static bool isNegative(Value value) {
  FloatAttr number;
  return matchPattern(value, m_Constant(&number)) &&
         number.getValue().isFinite() && number.getValueAsDouble() < 0.0;
}

namespace {

class Splitter {
public:
  explicit Splitter(YieldOp yield)
      : builder(yield), body(yield->getBlock()),
        onScore(getDependents(body->getArgument(0))) {}

  /// Splits off where `value` is -inf, or +inf.
  ScoreSplit split(Value value, bool negative, int depth);
  /// Splits off where `value` is 0.
  ScoreSplit splitZero(Value value, int depth);

private:
  ScoreSplit computeZero(Operation *op, int depth);
  ScoreSplit splitZeroSelect(arith::SelectOp op, int depth);
  ScoreSplit splitProduct(Operation *op, int depth);
  ScoreSplit replaceOperand(Operation *op, unsigned operand,
                            const ScoreSplit &inner);
  ScoreSplit compute(Operation *op, bool negative, int depth);
  ScoreSplit splitSelect(arith::SelectOp op, bool negative, int depth);
  ScoreSplit splitSum(Operation *op, bool lhsNegative, bool rhsNegative,
                      int depth);
  ScoreSplit splitOperand(Operation *op, unsigned operand, bool negative,
                          int depth);
  std::optional<ScoreSplit> splitLog(Operation *op, bool negative);

  Value emitAnd(Value lhs, Value rhs);
  Value emitOr(Value lhs, Value rhs);
  Value emitNot(Value condition);
  Value rebuild(Operation *op, ArrayRef<Value> operands);

  OpBuilder builder;
  Block *body;
  DenseSet<Value> onScore;
  /// What was split off before, by the sign of the infinity.
  DenseMap<Value, ScoreSplit> known[2];
  DenseMap<Value, ScoreSplit> knownZeros;
};

} // namespace

// A null condition is true everywhere.

Value Splitter::emitAnd(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  return arith::AndIOp::create(builder, lhs.getLoc(), lhs, rhs);
}

Value Splitter::emitOr(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return {};
  return arith::OrIOp::create(builder, lhs.getLoc(), lhs, rhs);
}

Value Splitter::emitNot(Value condition) {
  Location loc = condition.getLoc();
  if (auto compare = condition.getDefiningOp<arith::CmpIOp>())
    return arith::CmpIOp::create(builder, loc,
                                 arith::invertPredicate(compare.getPredicate()),
                                 compare.getLhs(), compare.getRhs());
  Value yes =
      arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  return arith::XOrIOp::create(builder, loc, condition, yes);
}

/// `op` on other operands.
Value Splitter::rebuild(Operation *op, ArrayRef<Value> operands) {
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  return copy->getResult(0);
}

ScoreSplit Splitter::split(Value value, bool negative, int depth) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != body || op->getNumResults() != 1 ||
      !isa<FloatType>(value.getType()) || depth == kMaxDepth)
    return {Value(), value};
  if (auto it = known[negative].find(value); it != known[negative].end())
    return it->second;
  ScoreSplit result = compute(op, negative, depth + 1);
  if (!result.allowed)
    result.rest = value;
  known[negative][value] = result;
  return result;
}

ScoreSplit Splitter::compute(Operation *op, bool negative, int depth) {
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return splitSelect(select, negative, depth);
  if (isa<arith::AddFOp>(op))
    return splitSum(op, negative, negative, depth);
  if (isa<arith::SubFOp>(op))
    return splitSum(op, negative, !negative, depth);
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return splitOperand(op, 0, negative, depth);
  if (isa<arith::NegFOp>(op))
    return splitOperand(op, 0, !negative, depth);
  if (isa<math::ExpOp, math::Exp2Op>(op) && !negative)
    return splitOperand(op, 0, negative, depth);
  // The lesser of -inf and anything is -inf.
  if (negative ? isa<arith::MinimumFOp>(op) : isa<arith::MaximumFOp>(op))
    return splitSum(op, negative, negative, depth);
  if (isa<arith::MulFOp, arith::DivFOp>(op)) {
    for (unsigned factor : {1, 0}) {
      Value other = op->getOperand(factor);
      if (onScore.contains(other) || (isa<arith::DivFOp>(op) && factor == 0))
        continue;
      if (isPositive(other))
        return splitOperand(op, 1 - factor, negative, depth);
      if (isNegative(other))
        return splitOperand(op, 1 - factor, !negative, depth);
    }
    return {};
  }
  return splitLog(op, negative).value_or(ScoreSplit());
}

ScoreSplit Splitter::splitSelect(arith::SelectOp op, bool negative, int depth) {
  Value condition = op.getCondition();
  if (onScore.contains(condition))
    return {};
  ScoreSplit then = split(op.getTrueValue(), negative, depth);
  ScoreSplit otherwise = split(op.getFalseValue(), negative, depth);
  if (isInfinity(op.getFalseValue(), negative))
    return {emitAnd(condition, then.allowed), then.rest};
  if (isInfinity(op.getTrueValue(), negative))
    return {emitAnd(emitNot(condition), otherwise.allowed), otherwise.rest};
  if (!then.allowed && !otherwise.allowed)
    return {};
  // Each side has its own condition.
  Value inverse = emitNot(condition);
  Value allowed = emitAnd(
      then.allowed ? emitOr(inverse, then.allowed) : Value(),
      otherwise.allowed ? emitOr(condition, otherwise.allowed) : Value());
  return {allowed, rebuild(op, {condition, then.rest, otherwise.rest})};
}

/// Both operands may be infinite: sums, and the lesser or greater of two.
ScoreSplit Splitter::splitSum(Operation *op, bool lhsNegative, bool rhsNegative,
                              int depth) {
  ScoreSplit lhs = split(op->getOperand(0), lhsNegative, depth);
  ScoreSplit rhs = split(op->getOperand(1), rhsNegative, depth);
  if (!lhs.allowed && !rhs.allowed)
    return {};
  Value allowed = emitAnd(lhs.allowed, rhs.allowed);
  // A term that was 0 or -inf is gone.
  if (isa<arith::AddFOp, arith::SubFOp>(op) &&
      matchPattern(rhs.rest, m_AnyZeroFloat()))
    return {allowed, lhs.rest};
  if (isa<arith::AddFOp>(op) && matchPattern(lhs.rest, m_AnyZeroFloat()))
    return {allowed, rhs.rest};
  return {allowed, rebuild(op, {lhs.rest, rhs.rest})};
}

ScoreSplit Splitter::splitOperand(Operation *op, unsigned operand,
                                  bool negative, int depth) {
  return replaceOperand(op, operand,
                        split(op->getOperand(operand), negative, depth));
}

/// The op on what is left of an operand, which decides alone.
ScoreSplit Splitter::replaceOperand(Operation *op, unsigned operand,
                                    const ScoreSplit &inner) {
  if (!inner.allowed)
    return {};
  SmallVector<Value> operands(op->getOperands());
  operands[operand] = inner.rest;
  return {inner.allowed, rebuild(op, operands)};
}

/// log of a condition as a number: 0 or -inf.
std::optional<ScoreSplit> Splitter::splitLog(Operation *op, bool negative) {
  if (!negative || !isa<math::LogOp, math::Log2Op>(op))
    return std::nullopt;
  auto number = op->getOperand(0).getDefiningOp<arith::UIToFPOp>();
  if (!number || !number.getIn().getType().isInteger(1) ||
      onScore.contains(number.getIn()))
    return std::nullopt;
  Value zero = arith::ConstantOp::create(
      builder, op->getLoc(), builder.getZeroAttr(op->getResult(0).getType()));
  return ScoreSplit{number.getIn(), zero};
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

ScoreSplit Splitter::splitZero(Value value, int depth) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != body || op->getNumResults() != 1 ||
      !isa<FloatType>(value.getType()) || depth == kMaxDepth)
    return {Value(), value};
  if (auto it = knownZeros.find(value); it != knownZeros.end())
    return it->second;
  ScoreSplit result = computeZero(op, depth + 1);
  if (!result.allowed)
    result.rest = value;
  knownZeros[value] = result;
  return result;
}

ScoreSplit Splitter::computeZero(Operation *op, int depth) {
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return splitZeroSelect(select, depth);
  if (isa<arith::MulFOp>(op))
    return splitProduct(op, depth);
  if (isa<arith::ExtFOp, arith::TruncFOp, arith::NegFOp>(op))
    return replaceOperand(op, 0, splitZero(op->getOperand(0), depth));
  if (isa<arith::DivFOp>(op)) {
    ScoreSplit dividend = splitZero(op->getOperand(0), depth);
    if (dividend.allowed)
      return replaceOperand(op, 0, dividend);
    // Sigmoid: 1 / (1 + exp(inf)).
    return splitOperand(op, 1, /*negative=*/false, depth);
  }
  if (isa<math::ExpOp, math::Exp2Op>(op))
    return splitOperand(op, 0, /*negative=*/true, depth);
  if (isa<arith::MaximumFOp>(op))
    for (unsigned bound : {1, 0})
      if (matchPattern(op->getOperand(bound), m_AnyZeroFloat())) {
        ScoreSplit inner = splitZero(op->getOperand(1 - bound), depth);
        if (inner.allowed)
          return replaceOperand(op, 1 - bound, inner);
        return splitOperand(op, 1 - bound, /*negative=*/true, depth);
      }
  return {};
}

ScoreSplit Splitter::splitZeroSelect(arith::SelectOp op, int depth) {
  Value condition = op.getCondition();
  if (onScore.contains(condition))
    return {};
  bool isElse = matchPattern(op.getFalseValue(), m_AnyZeroFloat());
  if (!isElse && !matchPattern(op.getTrueValue(), m_AnyZeroFloat()))
    return {};
  ScoreSplit kept =
      splitZero(isElse ? op.getTrueValue() : op.getFalseValue(), depth);
  return {emitAnd(isElse ? condition : emitNot(condition), kept.allowed),
          kept.rest};
}

/// A product is 0 where a factor is; conditions as numbers are factors.
ScoreSplit Splitter::splitProduct(Operation *op, int depth) {
  for (unsigned side : {0, 1}) {
    auto number = op->getOperand(side).getDefiningOp<arith::UIToFPOp>();
    if (!number || !number.getIn().getType().isInteger(1) ||
        onScore.contains(number.getIn()))
      continue;
    ScoreSplit other = splitZero(op->getOperand(1 - side), depth);
    return {emitAnd(number.getIn(), other.allowed), other.rest};
  }
  ScoreSplit lhs = splitZero(op->getOperand(0), depth);
  ScoreSplit rhs = splitZero(op->getOperand(1), depth);
  if (!lhs.allowed && !rhs.allowed)
    return {};
  return {emitAnd(lhs.allowed, rhs.allowed), rebuild(op, {lhs.rest, rhs.rest})};
}

ScoreSplit attn::splitWeight(YieldOp yield) {
  return Splitter(yield).splitZero(yield.getValue(), 0);
}

ScoreSplit attn::splitScore(YieldOp yield) {
  return Splitter(yield).split(yield.getValue(), /*negative=*/true, 0);
}

//===- KeyRange.cpp - The keys a mask leaves to some queries --------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/KeyRange.h"

#include "dialect/AttnOps.h"
#include "passes/analysis/RuleIntervals.h"
#include "passes/kernel/KernelBuilder.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace attn;

using Predicate = arith::CmpIPredicate;

namespace {

/// `factor * k + rest`, where the rest is known by its bounds.
struct Linear {
  int64_t factor;
  Bounds rest;
};

/// `x floordiv divisor + rest`, or the rest minus the quotient, for an x with
/// the key in it.
struct Quotient {
  bool isNegative;
  Linear dividend;
  int64_t divisor;
  Bounds rest;
};

class Solver {
public:
  Solver(KernelBuilder &builder, Region &mask, const IndexBox &box,
         const ReadBoundsMap &reads,
         llvm::SmallVectorImpl<Operation *> *undecided)
      : b(builder), mask(mask), box(box), intervals(builder, mask, box, reads),
        undecided(undecided) {
    findDependence();
  }

  KeyRange run() {
    Value allowed = cast<YieldOp>(mask.front().getTerminator()).getValue();
    return solve(allowed, /*holds=*/true);
  }

private:
  /// Masks nest deeper than this only if a program makes them.
  static constexpr int kMaxDepth = 200;
  /// Factors stay far from wrapping.
  static constexpr int64_t kMaxFactor = int64_t(1) << 31;

  void findDependence();
  bool dependsOnKey(Value value) const { return keyed.contains(value); }

  KeyRange all() { return {box.firstKey, b.add(box.lastKey, b.index(1))}; }
  /// Does not stretch a hull.
  KeyRange none() { return {all().end, box.firstKey}; }
  KeyRange unknown(Operation *op);
  KeyRange intersect(const KeyRange &lhs, const KeyRange &rhs);
  KeyRange hull(const KeyRange &lhs, const KeyRange &rhs);
  KeyRange choose(Value condition, const KeyRange &then,
                  const KeyRange &otherwise);

  /// Where a condition may hold, or, without `holds`, may not hold.
  KeyRange solve(Value condition, bool holds, int depth = 0);
  KeyRange solveConstant(const Bounds &condition, bool holds);
  KeyRange solveCompare(arith::CmpIOp op, bool holds, int depth);
  /// Where `lhs` may be at most `rhs`, or less with `strict`.
  KeyRange solveAtMost(Operation *op, Value lhs, Value rhs, bool strict,
                       int depth);
  KeyRange solveAtMost(const Linear &linear, bool strict);
  KeyRange solveAtMost(const Quotient &quotient, bool strict);

  /// `lhs - rhs`, if that has the form.
  std::optional<Linear> getDifference(Value lhs, Value rhs, int depth = 0);
  std::optional<Linear> getLinear(Value value, int depth = 0);
  std::optional<Quotient> getQuotient(Value value, int depth = 0);
  Quotient add(const Quotient &quotient, const Bounds &rest);
  Quotient negate(const Quotient &quotient);
  Bounds add(const Bounds &lhs, const Bounds &rhs);
  Bounds scale(const Bounds &in, int64_t factor);

  KernelBuilder &b;
  Region &mask;
  const IndexBox &box;
  RuleIntervals intervals;
  llvm::SmallVectorImpl<Operation *> *undecided;
  DenseSet<Value> keyed;
};

} // namespace

static std::optional<int64_t> getConstant(Value value) {
  APInt number;
  if (!matchPattern(value, m_ConstantInt(&number)))
    return std::nullopt;
  return number.getSExtValue();
}

void Solver::findDependence() {
  Block &body = mask.front();
  keyed.insert(body.getArgument(3));
  for (Operation &op : body.without_terminator()) {
    if (llvm::any_of(getRuleInputs(&op),
                     [&](Value input) { return keyed.contains(input); }))
      keyed.insert_range(op.getResults());
  }
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

KeyRange Solver::unknown(Operation *op) {
  if (undecided && !llvm::is_contained(*undecided, op))
    undecided->push_back(op);
  return all();
}

KeyRange Solver::intersect(const KeyRange &lhs, const KeyRange &rhs) {
  return {b.max(lhs.first, rhs.first), b.min(lhs.end, rhs.end)};
}

KeyRange Solver::choose(Value condition, const KeyRange &then,
                        const KeyRange &otherwise) {
  auto select = [&](Value first, Value second) {
    return b.createOrFold<arith::SelectOp>(condition, first, second);
  };
  return {select(then.first, otherwise.first), select(then.end, otherwise.end)};
}

KeyRange Solver::hull(const KeyRange &lhs, const KeyRange &rhs) {
  return {b.min(lhs.first, rhs.first), b.max(lhs.end, rhs.end)};
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

KeyRange Solver::solveConstant(const Bounds &condition, bool holds) {
  Value possible = holds ? condition.high : b.logicalNot(condition.low);
  return choose(possible, all(), none());
}

KeyRange Solver::solve(Value condition, bool holds, int depth) {
  if (!dependsOnKey(condition))
    return solveConstant(intervals.getCondition(condition), holds);
  Operation *op = condition.getDefiningOp();
  if (!op || depth > kMaxDepth)
    return all();
  auto side = [&](unsigned operand, bool holds) {
    return solve(op->getOperand(operand), holds, depth + 1);
  };
  if (isa<arith::AndIOp>(op))
    return holds ? intersect(side(0, true), side(1, true))
                 : hull(side(0, false), side(1, false));
  if (isa<arith::OrIOp>(op))
    return holds ? hull(side(0, true), side(1, true))
                 : intersect(side(0, false), side(1, false));
  if (isa<arith::XOrIOp>(op)) {
    // `not` is an exclusive or with true.
    if (std::optional<int64_t> other = getConstant(op->getOperand(1)))
      return side(0, *other ? !holds : holds);
    return hull(intersect(side(0, true), side(1, !holds)),
                intersect(side(0, false), side(1, holds)));
  }
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return hull(intersect(side(0, true), side(1, holds)),
                intersect(side(0, false), side(2, holds)));
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return solveCompare(compare, holds, depth);
  // A read that is summed up for the keys of a block is asked there.
  return unknown(op);
}

KeyRange Solver::solveCompare(arith::CmpIOp op, bool holds, int depth) {
  Predicate predicate = op.getPredicate();
  if (!holds)
    predicate = arith::invertPredicate(predicate);
  Value lhs = op.getLhs(), rhs = op.getRhs();
  switch (predicate) {
  case Predicate::sle:
    return solveAtMost(op, lhs, rhs, /*strict=*/false, depth);
  case Predicate::slt:
    return solveAtMost(op, lhs, rhs, /*strict=*/true, depth);
  case Predicate::sge:
    return solveAtMost(op, rhs, lhs, /*strict=*/false, depth);
  case Predicate::sgt:
    return solveAtMost(op, rhs, lhs, /*strict=*/true, depth);
  case Predicate::eq:
    return intersect(solveAtMost(op, lhs, rhs, /*strict=*/false, depth),
                     solveAtMost(op, rhs, lhs, /*strict=*/false, depth));
  case Predicate::ne:
    // All keys but one range of them: no shorter range holds them.
    return getDifference(lhs, rhs) ? all() : unknown(op);
  default:
    return unknown(op);
  }
}

KeyRange Solver::solveAtMost(Operation *op, Value lhs, Value rhs, bool strict,
                             int depth) {
  if (!lhs.getType().isIndex() || depth > kMaxDepth)
    return unknown(op);
  if (std::optional<Linear> difference = getDifference(lhs, rhs))
    return solveAtMost(*difference, strict);
  auto again = [&](Value lhs, Value rhs) {
    return solveAtMost(op, lhs, rhs, strict, depth + 1);
  };
  // The larger of two is at most r if both are, the smaller if either is.
  if (auto largest = lhs.getDefiningOp<arith::MaxSIOp>())
    return intersect(again(largest.getLhs(), rhs),
                     again(largest.getRhs(), rhs));
  if (auto least = lhs.getDefiningOp<arith::MinSIOp>())
    return hull(again(least.getLhs(), rhs), again(least.getRhs(), rhs));
  if (auto least = rhs.getDefiningOp<arith::MinSIOp>())
    return intersect(again(lhs, least.getLhs()), again(lhs, least.getRhs()));
  if (auto largest = rhs.getDefiningOp<arith::MaxSIOp>())
    return hull(again(lhs, largest.getLhs()), again(lhs, largest.getRhs()));

  bool isLeft = dependsOnKey(lhs);
  std::optional<Quotient> quotient;
  if (isLeft != dependsOnKey(rhs))
    quotient = getQuotient(isLeft ? lhs : rhs);
  if (!quotient)
    return unknown(op);
  Bounds other = intervals.get(isLeft ? rhs : lhs);
  if (!other.known())
    return unknown(op);
  return solveAtMost(add(isLeft ? *quotient : negate(*quotient),
                         scale(other, isLeft ? -1 : 1)),
                     strict);
}

/// Where `sign * (x floordiv n) + rest` may be at most 0: `x floordiv n <= r`
/// is `x <= n * r + n - 1`, and `x floordiv n >= r` is `x >= n * r`.
KeyRange Solver::solveAtMost(const Quotient &quotient, bool strict) {
  Value least = quotient.rest.low;
  if (strict)
    least = b.add(least, b.index(1));
  Value limit = b.mul(least, b.index(quotient.divisor));
  Linear linear = quotient.dividend;
  if (quotient.isNegative) {
    linear = {-linear.factor, scale(linear.rest, -1)};
    linear.rest = add(linear.rest, {limit, limit});
    return solveAtMost(linear, /*strict=*/false);
  }
  Value slack = b.add(limit, b.index(1 - quotient.divisor));
  linear.rest = add(linear.rest, {slack, slack});
  return solveAtMost(linear, /*strict=*/false);
}

/// Where `factor * k + rest` may be at most 0: for the least the rest can be.
KeyRange Solver::solveAtMost(const Linear &linear, bool strict) {
  Value one = b.index(1);
  Value least = strict ? b.add(linear.rest.low, one) : linear.rest.low;
  if (linear.factor == 0)
    return choose(b.cmp(Predicate::sle, least, b.index(0)), all(), none());
  auto divide = [&](Value value, int64_t divisor) {
    return divisor == 1
               ? value
               : b.createOrFold<arith::FloorDivSIOp>(value, b.index(divisor));
  };
  Value zero = b.index(0);
  if (linear.factor > 0) {
    // k <= floor(-least / factor)
    Value last = divide(b.sub(zero, least), linear.factor);
    return intersect(all(), {box.firstKey, b.add(last, one)});
  }
  // k >= ceil(least / -factor)
  int64_t divisor = -linear.factor;
  Value first = divide(b.add(least, b.index(divisor - 1)), divisor);
  return intersect(all(), {first, all().end});
}

//===----------------------------------------------------------------------===//
// Linear forms
//===----------------------------------------------------------------------===//

Bounds Solver::add(const Bounds &lhs, const Bounds &rhs) {
  if (!lhs.known() || !rhs.known())
    return {};
  return {b.add(lhs.low, rhs.low), b.add(lhs.high, rhs.high)};
}

Bounds Solver::scale(const Bounds &in, int64_t factor) {
  if (!in.known())
    return {};
  auto times = [&](Value value) {
    if (factor == 1)
      return value;
    return factor == -1 ? b.sub(b.index(0), value)
                        : b.mul(value, b.index(factor));
  };
  Bounds result = {times(in.low), times(in.high)};
  if (factor < 0)
    std::swap(result.low, result.high);
  return result;
}

/// Whether sums of the two forms stay far from wrapping.
static bool canJoin(const std::optional<Linear> &lhs,
                    const std::optional<Linear> &rhs, int64_t maxFactor) {
  return lhs && rhs &&
         std::abs(lhs->factor) + std::abs(rhs->factor) <= maxFactor;
}

std::optional<Linear> Solver::getDifference(Value lhs, Value rhs, int depth) {
  std::optional<Linear> first = getLinear(lhs, depth);
  std::optional<Linear> second = getLinear(rhs, depth);
  if (!canJoin(first, second, kMaxFactor))
    return std::nullopt;
  // As a sum, so that ends that belong together meet: q - k < w becomes
  // -k + (q - w).
  Bounds rest = {b.sub(first->rest.low, second->rest.high),
                 b.sub(first->rest.high, second->rest.low)};
  return Linear{first->factor - second->factor, rest};
}

std::optional<Linear> Solver::getLinear(Value value, int depth) {
  if (value == mask.front().getArgument(3)) {
    Value zero = b.index(0);
    return Linear{1, {zero, zero}};
  }
  if (!dependsOnKey(value)) {
    Bounds rest = intervals.get(value);
    if (!rest.known() || !value.getType().isIndex())
      return std::nullopt;
    return Linear{0, rest};
  }
  Operation *op = value.getDefiningOp();
  if (!op || depth > kMaxDepth)
    return std::nullopt;
  if (isa<arith::SubIOp>(op))
    return getDifference(op->getOperand(0), op->getOperand(1), depth + 1);
  if (isa<arith::AddIOp>(op)) {
    std::optional<Linear> lhs = getLinear(op->getOperand(0), depth + 1);
    std::optional<Linear> rhs = getLinear(op->getOperand(1), depth + 1);
    if (!canJoin(lhs, rhs, kMaxFactor))
      return std::nullopt;
    return Linear{lhs->factor + rhs->factor, add(lhs->rest, rhs->rest)};
  }
  if (isa<arith::MulIOp>(op))
    for (auto [number, other] : {std::pair(1, 0), std::pair(0, 1)}) {
      std::optional<int64_t> factor = getConstant(op->getOperand(number));
      if (!factor || *factor < -kMaxFactor || *factor > kMaxFactor)
        continue;
      std::optional<Linear> in = getLinear(op->getOperand(other), depth + 1);
      if (!in || std::abs(in->factor) >
                     kMaxFactor / std::max<int64_t>(1, std::abs(*factor)))
        return std::nullopt;
      return Linear{in->factor * *factor, scale(in->rest, *factor)};
    }
  return std::nullopt;
}

Quotient Solver::add(const Quotient &quotient, const Bounds &rest) {
  return {quotient.isNegative, quotient.dividend, quotient.divisor,
          add(quotient.rest, rest)};
}

Quotient Solver::negate(const Quotient &quotient) {
  return {!quotient.isNegative, quotient.dividend, quotient.divisor,
          scale(quotient.rest, -1)};
}

std::optional<Quotient> Solver::getQuotient(Value value, int depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > kMaxDepth)
    return std::nullopt;
  if (auto division = dyn_cast<arith::FloorDivSIOp>(op)) {
    std::optional<int64_t> divisor = getConstant(division.getRhs());
    std::optional<Linear> dividend = getLinear(division.getLhs());
    if (!divisor || *divisor < 1 || *divisor > kMaxFactor || !dividend)
      return std::nullopt;
    Value zero = b.index(0);
    return Quotient{false, *dividend, *divisor, {zero, zero}};
  }
  if (!isa<arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  unsigned keyedSide = dependsOnKey(op->getOperand(0)) ? 0 : 1;
  Value other = op->getOperand(1 - keyedSide);
  if (dependsOnKey(other))
    return std::nullopt;
  std::optional<Quotient> inner =
      getQuotient(op->getOperand(keyedSide), depth + 1);
  Bounds rest = intervals.get(other);
  if (!inner || !rest.known())
    return std::nullopt;
  bool isDifference = isa<arith::SubIOp>(op);
  if (isDifference && keyedSide == 1)
    return add(negate(*inner), rest);
  return add(*inner, scale(rest, isDifference ? -1 : 1));
}

KeyRange attn::emitKeyRange(KernelBuilder &builder, Region &mask,
                            const IndexBox &box, const ReadBoundsMap &reads,
                            SmallVectorImpl<Operation *> *undecided) {
  return Solver(builder, mask, box, reads, undecided).run();
}

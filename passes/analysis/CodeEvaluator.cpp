//===- CodeEvaluator.cpp - Emitted integer code on numbers ----------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/CodeEvaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attn;

static unsigned getWidth(Type type) {
  return type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
}

/// `number` as a value of `type`, which wraps.
static int64_t wrap(uint64_t number, Type type) {
  unsigned width = getWidth(type);
  return width == 1 ? number & 1 : llvm::SignExtend64(number, width);
}

void CodeEvaluator::bind(Value value, std::optional<int64_t> number) {
  if (number)
    numbers[value] = *number;
  else
    numbers.erase(value);
}

std::optional<int64_t> CodeEvaluator::get(Value value) const {
  if (auto it = numbers.find(value); it != numbers.end())
    return it->second;
  APInt constant;
  if (value.getType().isIntOrIndex() &&
      matchPattern(value, m_ConstantInt(&constant)))
    return wrap(constant.getSExtValue(), value.getType());
  return std::nullopt;
}

bool CodeEvaluator::run(Block &block) {
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::IsTerminator>() && !evaluate(&op))
      return false;
  return true;
}

bool CodeEvaluator::evaluate(Operation *op) {
  if (--remaining < 0)
    return false;
  if (isa<scf::ForOp>(op))
    return evaluateFor(op);
  if (isa<scf::IfOp>(op))
    return evaluateIf(op);
  // What one pass through a loop knew the next one may not.
  std::optional<int64_t> number =
      op->getNumResults() == 1 ? compute(op) : std::nullopt;
  for (Value result : op->getResults())
    bind(result, number);
  return true;
}

bool CodeEvaluator::evaluateFor(Operation *op) {
  auto loop = cast<scf::ForOp>(op);
  std::optional<int64_t> lower = get(loop.getLowerBound()),
                         upper = get(loop.getUpperBound()),
                         step = get(loop.getStep());
  SmallVector<std::optional<int64_t>> carried;
  for (Value init : loop.getInitArgs())
    carried.push_back(get(init));
  if (!lower || !upper || !step || *step <= 0)
    carried.assign(carried.size(), std::nullopt);
  else
    for (int64_t i = *lower; i < *upper; i += *step) {
      bind(loop.getInductionVar(), i);
      for (auto [argument, number] :
           llvm::zip_equal(loop.getRegionIterArgs(), carried))
        bind(argument, number);
      if (!run(*loop.getBody()))
        return false;
      for (auto [value, number] :
           llvm::zip_equal(loop.getYieldedValues(), carried))
        number = get(value);
    }
  for (auto [result, number] : llvm::zip_equal(loop.getResults(), carried))
    bind(result, number);
  return true;
}

bool CodeEvaluator::evaluateIf(Operation *op) {
  auto branch = cast<scf::IfOp>(op);
  std::optional<int64_t> condition = get(branch.getCondition());
  for (Value result : branch.getResults())
    bind(result, std::nullopt);
  if (!condition)
    return true;
  Region &region = *condition ? branch.getThenRegion() : branch.getElseRegion();
  if (region.empty())
    return true;
  if (!run(region.front()))
    return false;
  for (auto [result, value] : llvm::zip_equal(
           branch.getResults(), region.front().getTerminator()->getOperands()))
    bind(result, get(value));
  return true;
}

static bool holds(arith::CmpIPredicate predicate, int64_t lhs, int64_t rhs) {
  auto a = static_cast<uint64_t>(lhs), b = static_cast<uint64_t>(rhs);
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return lhs == rhs;
  case arith::CmpIPredicate::ne:
    return lhs != rhs;
  case arith::CmpIPredicate::slt:
    return lhs < rhs;
  case arith::CmpIPredicate::sle:
    return lhs <= rhs;
  case arith::CmpIPredicate::sgt:
    return lhs > rhs;
  case arith::CmpIPredicate::sge:
    return lhs >= rhs;
  case arith::CmpIPredicate::ult:
    return a < b;
  case arith::CmpIPredicate::ule:
    return a <= b;
  case arith::CmpIPredicate::ugt:
    return a > b;
  case arith::CmpIPredicate::uge:
    return a >= b;
  }
  llvm_unreachable("all are there");
}

/// Of two known operands; nothing for other ops and where it has no value.
static std::optional<uint64_t> computeBinary(Operation *op, int64_t lhs,
                                             int64_t rhs) {
  auto a = static_cast<uint64_t>(lhs), b = static_cast<uint64_t>(rhs);
  if (isa<arith::AddIOp>(op))
    return a + b;
  if (isa<arith::SubIOp>(op))
    return a - b;
  if (isa<arith::MulIOp>(op))
    return a * b;
  if (isa<arith::MinSIOp>(op))
    return std::min(lhs, rhs);
  if (isa<arith::MaxSIOp>(op))
    return std::max(lhs, rhs);
  if (isa<arith::AndIOp>(op))
    return a & b;
  if (isa<arith::OrIOp>(op))
    return a | b;
  if (isa<arith::XOrIOp>(op))
    return a ^ b;
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return holds(compare.getPredicate(), lhs, rhs);
  if (isa<arith::DivUIOp>(op) && b != 0)
    return a / b;
  if (isa<arith::RemUIOp>(op) && b != 0)
    return a % b;
  if (rhs == 0 || (rhs == -1 && lhs == std::numeric_limits<int64_t>::min()))
    return std::nullopt;
  if (isa<arith::DivSIOp>(op))
    return lhs / rhs;
  if (isa<arith::RemSIOp>(op))
    return lhs % rhs;
  if (isa<arith::FloorDivSIOp>(op))
    return llvm::divideFloorSigned(lhs, rhs);
  if (isa<arith::CeilDivSIOp>(op))
    return llvm::divideCeilSigned(lhs, rhs);
  return std::nullopt;
}

std::optional<int64_t> CodeEvaluator::compute(Operation *op) const {
  Type type = op->getResult(0).getType();
  if (!type.isIntOrIndex())
    return std::nullopt;
  if (op->hasTrait<OpTrait::ConstantLike>())
    return get(op->getResult(0));
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    std::optional<int64_t> condition = get(select.getCondition());
    if (!condition)
      return std::nullopt;
    return get(*condition ? select.getTrueValue() : select.getFalseValue());
  }
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp, arith::ExtUIOp>(
          op)) {
    Type from = op->getOperand(0).getType();
    std::optional<int64_t> number = get(op->getOperand(0));
    if (!number)
      return std::nullopt;
    uint64_t bits = *number;
    if (isa<arith::ExtUIOp>(op))
      bits &= llvm::maskTrailingOnes<uint64_t>(getWidth(from));
    else if (getWidth(from) == 1)
      bits = -bits;
    return wrap(bits, type);
  }
  if (op->getNumOperands() != 2 || !op->getOperand(0).getType().isIntOrIndex())
    return std::nullopt;
  std::optional<int64_t> lhs = get(op->getOperand(0)),
                         rhs = get(op->getOperand(1));
  // One side may decide.
  bool isBool = type.isInteger(1);
  if (isBool && isa<arith::AndIOp>(op) && (lhs == 0 || rhs == 0))
    return 0;
  if (isBool && isa<arith::OrIOp>(op) && (lhs == 1 || rhs == 1))
    return 1;
  if (!lhs || !rhs)
    return std::nullopt;
  std::optional<uint64_t> number = computeBinary(op, *lhs, *rhs);
  return number ? std::optional<int64_t>(wrap(*number, type)) : std::nullopt;
}

//===- RaiseMask.cpp - Moves masks out of score regions ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/Remarks.h"
#include "passes/utils/ScoreSplit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "attn-raise-mask"

namespace attn {
#define GEN_PASS_DEF_RAISEMASK
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark = fusionRemark("attn-raise-mask");
/// Fills at or below this are meant as masks.
static constexpr double kLargeFill = -1e3;

/// The ops of `block` that `values` are computed with, in their order there.
static SmallVector<Operation *> getSlice(Block &block, ValueRange values) {
  DenseSet<Operation *> needed;
  SmallVector<Value> pending(values);
  while (!pending.empty()) {
    Operation *source = pending.pop_back_val().getDefiningOp();
    source = source ? block.findAncestorOpInBlock(*source) : nullptr;
    if (source && needed.insert(source).second)
      source->walk([&](Operation *op) {
        llvm::append_range(pending, op->getOperands());
      });
  }
  SmallVector<Operation *> slice;
  for (Operation &op : block)
    if (needed.contains(&op))
      slice.push_back(&op);
  return slice;
}

/// Ands a condition of the score region, with all it needs, into the mask.
static void addToMask(AttentionOp op, Value condition) {
  Block &from = op.getScore().front();
  Region &mask = op.getMask();
  OpBuilder builder(op->getContext());
  Value allowed;
  if (mask.empty()) {
    SmallVector<Type> types(4, builder.getIndexType());
    SmallVector<Location> locs(4, op.getLoc());
    builder.createBlock(&mask, {}, types, locs);
  } else {
    Operation *yield = mask.front().getTerminator();
    allowed = yield->getOperand(0);
    yield->erase();
    builder.setInsertionPointToEnd(&mask.front());
  }
  IRMapping mapping;
  mapping.map(from.getArguments().drop_front(), mask.getArguments());
  for (Operation *source : getSlice(from, condition))
    builder.clone(*source, mapping);
  Value copy = mapping.lookupOrDefault(condition);
  allowed = allowed ? arith::AndIOp::create(builder, condition.getLoc(),
                                            allowed, copy)
                          .getResult()
                    : copy;
  YieldOp::create(builder, op.getLoc(), allowed);
}

/// A mask that allows every key is none.
static void dropTrivialMask(AttentionOp op) {
  if (!op.hasMask() ||
      !matchPattern(op.getMask().front().getTerminator()->getOperand(0),
                    m_One()))
    return;
  op.getMask().dropAllReferences();
  op.getMask().getBlocks().clear();
}

/// The value as one outside of the op; null if it depends on the place.
static Value hoist(AttentionOp op, Value value) {
  Block &body = op.getScore().front();
  SmallVector<Operation *> slice = getSlice(body, value);
  if (llvm::is_contained(body.getArguments(), value))
    return {};
  for (Operation *source : slice) {
    bool usesPlace = llvm::any_of(source->getOperands(), [&](Value operand) {
      return llvm::is_contained(body.getArguments(), operand);
    });
    if (usesPlace || source->getNumRegions() || !isPure(source))
      return {};
  }
  OpBuilder builder(op);
  IRMapping mapping;
  for (Operation *source : slice)
    builder.clone(*source, mapping);
  return mapping.lookupOrDefault(value);
}

/// Takes a factor next to the product into the op's scale.
static bool raiseScale(AttentionOp op) {
  BlockArgument score = op.getScore().getArgument(0);
  if (!score.hasOneUse())
    return false;
  OpOperand &use = *score.use_begin();
  Operation *user = use.getOwner();
  bool isDivision = isa<arith::DivFOp>(user) && use.getOperandNumber() == 0;
  bool isNegation = isa<arith::NegFOp>(user);
  if ((!isa<arith::MulFOp>(user) && !isDivision && !isNegation) ||
      user->getBlock() != score.getOwner())
    return false;
  OpBuilder builder(op);
  // Where the factor stands, without the name of the scores.
  Location loc = user->getLoc();
  if (auto place = loc->findInstanceOf<FileLineColLoc>())
    loc = place;
  auto constant = [&](double number) -> Value {
    return arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(score.getType(), number));
  };
  Value factor = isNegation
                     ? constant(-1.0)
                     : hoist(op, user->getOperand(1 - use.getOperandNumber()));
  if (!factor)
    return false;
  if (isDivision)
    factor = arith::DivFOp::create(builder, loc, constant(1.0), factor);
  if (op.getScale())
    factor = arith::MulFOp::create(builder, loc, op.getScale(), factor);
  op.getScaleMutable().assign(factor);
  user->getResult(0).replaceAllUsesWith(score);
  user->erase();
  return true;
}

static void eraseDeadOps(Block &block) {
  for (Operation *op = block.getTerminator(); op;) {
    Operation *before = op->getPrevNode();
    if (isOpTriviallyDead(op))
      op->erase();
    op = before;
  }
}

/// Says why the masked score `value` is none for the whole attention.
static void reportObstacle(arith::SelectOp select) {
  Value value = select.getResult();
  Operation *user = nullptr;
  while (!value.use_empty()) {
    user = *value.getUsers().begin();
    if (!isa<arith::AddFOp, arith::SubFOp, arith::ExtFOp, arith::TruncFOp>(
            user))
      break;
    value = user->getResult(0);
  }
  if (!user)
    return;
  if (isa<arith::MulFOp, arith::DivFOp>(user))
    remark::analysis(select.getLoc(), kRemark)
        << "not a mask: the factor at " + describePlace(user->getLoc()) +
               " may be negative or 0; scale before masking to let blocks be "
               "skipped";
  else
    remark::analysis(select.getLoc(), kRemark)
        << "not a mask: what follows at " + describePlace(user->getLoc()) +
               " makes a number of -inf; mask last to let blocks be skipped";
}

/// Says which selections look like masks but are none.
static void reportSelections(AttentionOp op) {
  DenseSet<Value> onScore = getDependents(op.getScore().getArgument(0));
  for (auto select : op.getScore().front().getOps<arith::SelectOp>()) {
    if (onScore.contains(select.getCondition()))
      continue;
    for (Value fill : {select.getTrueValue(), select.getFalseValue()}) {
      FloatAttr number;
      if (!matchPattern(fill, m_Constant(&number)))
        continue;
      if (number.getValue().isInfinity()) {
        if (number.getValue().isNegative())
          reportObstacle(select);
      } else if (number.getValueAsDouble() <= kLargeFill) {
        remark::analysis(select.getLoc(), kRemark)
            << "not a mask: the fill is finite, so a row that is masked "
               "everywhere is not empty; write -inf to let blocks be skipped";
      }
    }
  }
}

namespace {
struct RaiseMask : attn::impl::RaiseMaskBase<RaiseMask> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([&](AttentionOp op) {
      if (op.hasScore())
        raise(op);
      dropTrivialMask(op);
    });
  }

private:
  void raise(AttentionOp op) {
    Block &body = op.getScore().front();
    auto yield = cast<YieldOp>(body.getTerminator());
    ScoreSplit split = op.isSoftmax() ? splitScore(yield) : splitWeight(yield);
    if (split.allowed) {
      yield.getValueMutable().assign(split.rest);
      addToMask(op, split.allowed);
      ++numRaised;
      remark::passed(op.getLoc(), kRemark)
          << "the condition on the scores is a mask: blocks that it leaves "
             "empty are skipped";
    }
    eraseDeadOps(body);
    while (raiseScale(op))
      eraseDeadOps(body);
    if (op.isSoftmax())
      reportSelections(op);
    if (yield.getValue() == body.getArgument(0)) {
      op.getScore().dropAllReferences();
      op.getScore().getBlocks().clear();
    }
  }
};
} // namespace

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

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Matchers.h"

#define DEBUG_TYPE "attn-raise-mask"

namespace attn {
#define GEN_PASS_DEF_RAISEMASK
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark = fusionRemark("attn-raise-mask");
/// Fills at or below this are meant as masks.
static constexpr double kLargeFill = -1e4;

static std::optional<double> getConstant(Value value) {
  FloatAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  return attr.getValueAsDouble();
}

static bool isMinusInfinity(Value value) {
  std::optional<double> constant = getConstant(value);
  return constant && *constant == -std::numeric_limits<double>::infinity();
}

/// Whether a float is 0 or more for certain, so that -inf keeps its sign in a
/// product or quotient with it. (A scale of exactly 0 is not considered.)
static bool isNotNegative(Value value) {
  if (std::optional<double> constant = getConstant(value))
    return *constant >= 0;
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<math::SqrtOp, math::ExpOp, math::Exp2Op, math::AbsFOp, math::RsqrtOp,
          arith::UIToFPOp>(op))
    return true;
  // Products and quotients of such values; extents are such values.
  if (isa<arith::MulFOp, arith::DivFOp, arith::AddFOp>(op))
    return llvm::all_of(op->getOperands(), isNotNegative);
  if (auto convert = dyn_cast<arith::SIToFPOp>(op)) {
    auto extent = convert.getIn().getDefiningOp<arith::IndexCastOp>();
    Operation *source = extent ? extent.getIn().getDefiningOp() : nullptr;
    return source && source->getName().getStringRef() == "tensor.dim";
  }
  return false;
}

namespace {

/// One attention op whose score region is taken apart.
class Raiser {
public:
  explicit Raiser(AttentionOp op)
      : op(op), builder(op->getContext()), score(op.getScore().getArgument(0)) {
  }

  /// Raises the masks and the scale. Returns the number of masks.
  unsigned run();

private:
  /// A score that is -inf where one of `conditions` (true: allowed) fails, and
  /// `rest` elsewhere.
  struct Split {
    SmallVector<Value> conditions;
    Value rest;
  };

  Split split(Value value);
  Split splitSelect(arith::SelectOp select);
  bool dependsOnScore(Value value);
  Value negate(Value condition);
  void addToMask(ArrayRef<Value> conditions);
  bool raiseScale();

  AttentionOp op;
  OpBuilder builder;
  BlockArgument score;
};

} // namespace

/// Whether `value` is computed from the score.
bool Raiser::dependsOnScore(Value value) {
  SmallVector<Value> pending = {value};
  DenseSet<Value> seen;
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (next == score)
      return true;
    Operation *source = next.getDefiningOp();
    if (!source || !op.getScore().isAncestor(source->getParentRegion()) ||
        !seen.insert(next).second)
      continue;
    llvm::append_range(pending, source->getOperands());
  }
  return false;
}

Value Raiser::negate(Value condition) {
  Value yes = arith::ConstantOp::create(builder, condition.getLoc(),
                                        builder.getBoolAttr(true));
  return arith::XOrIOp::create(builder, condition.getLoc(), condition, yes);
}

Raiser::Split Raiser::splitSelect(arith::SelectOp select) {
  Value condition = select.getCondition();
  Value then = select.getTrueValue(), otherwise = select.getFalseValue();
  bool usable = condition.getType().isInteger(1) && !dependsOnScore(condition);
  if (usable && isMinusInfinity(otherwise)) {
    Split inner = split(then);
    inner.conditions.push_back(condition);
    return inner;
  }
  if (usable && isMinusInfinity(then)) {
    Split inner = split(otherwise);
    inner.conditions.push_back(negate(condition));
    return inner;
  }
  for (Value fill : {then, otherwise})
    if (std::optional<double> constant = getConstant(fill);
        usable && constant && *constant <= kLargeFill)
      remark::analysis(select.getLoc(), kRemark)
          << "not a mask: the fill is finite, so a row that is masked "
             "everywhere is not empty; write -inf to let blocks be skipped";
  return {{}, select};
}

Raiser::Split Raiser::split(Value value) {
  Operation *source = value.getDefiningOp();
  if (!source || !op.getScore().isAncestor(source->getParentRegion()))
    return {{}, value};
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(source);
  if (auto select = dyn_cast<arith::SelectOp>(source))
    return splitSelect(select);

  // Rebuilds `source` over what its masked operands leave.
  auto rebuild = [&](ArrayRef<unsigned> masked) -> Split {
    Split result;
    IRMapping mapping;
    for (unsigned i : masked) {
      Value operand = source->getOperand(i);
      Split inner = split(operand);
      llvm::append_range(result.conditions, inner.conditions);
      mapping.map(operand, inner.rest);
    }
    if (result.conditions.empty())
      return {{}, value};
    builder.setInsertionPointAfter(source);
    result.rest = builder.clone(*source, mapping)->getResult(0);
    return result;
  };
  if (isa<arith::AddFOp>(source))
    return rebuild({0, 1});
  if (isa<arith::SubFOp, arith::ExtFOp, arith::TruncFOp>(source))
    return rebuild({0});
  if (isa<arith::MulFOp>(source)) {
    if (isNotNegative(source->getOperand(1)))
      return rebuild({0});
    if (isNotNegative(source->getOperand(0)))
      return rebuild({1});
  }
  if (isa<arith::DivFOp>(source) && isNotNegative(source->getOperand(1)))
    return rebuild({0});
  return {{}, value};
}

/// Ands the conditions, copied with all they need, into the mask region.
void Raiser::addToMask(ArrayRef<Value> conditions) {
  Block &from = op.getScore().front();
  Region &mask = op.getMask();
  Value allowed;
  IRMapping mapping;
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
  mapping.map(from.getArguments().drop_front(), mask.getArguments());

  DenseSet<Operation *> needed;
  SmallVector<Value> pending(conditions);
  while (!pending.empty()) {
    Operation *source = pending.pop_back_val().getDefiningOp();
    if (source && source->getBlock() == &from && needed.insert(source).second)
      llvm::append_range(pending, source->getOperands());
  }
  for (Operation &source : from)
    if (needed.contains(&source))
      builder.clone(source, mapping);
  for (Value condition : conditions) {
    Value copy = mapping.lookupOrDefault(condition);
    allowed = allowed ? arith::AndIOp::create(builder, condition.getLoc(),
                                              allowed, copy)
                            .getResult()
                      : copy;
  }
  YieldOp::create(builder, op.getLoc(), allowed);
}

/// Takes a factor next to the product into the op's scale.
bool Raiser::raiseScale() {
  if (!score.hasOneUse())
    return false;
  OpOperand &use = *score.use_begin();
  Operation *user = use.getOwner();
  bool isDivision = isa<arith::DivFOp>(user) && use.getOperandNumber() == 0;
  if (!isa<arith::MulFOp>(user) && !isDivision)
    return false;
  Value factor = user->getOperand(1 - use.getOperandNumber());
  if (op.getScore().isAncestor(factor.getParentRegion()) ||
      factor.getType() != score.getType())
    return false;
  builder.setInsertionPoint(op);
  // Where the factor stands, without the name of the scores.
  Location loc = user->getLoc();
  if (auto place = loc->findInstanceOf<FileLineColLoc>())
    loc = place;
  if (isDivision) {
    Value one = arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(factor.getType(), 1.0));
    factor = arith::DivFOp::create(builder, loc, one, factor);
  }
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

unsigned Raiser::run() {
  Block &body = op.getScore().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  Split result = split(yield.getValue());
  if (!result.conditions.empty()) {
    yield.getValueMutable().assign(result.rest);
    // The one met first stands innermost.
    addToMask(result.conditions);
  }
  eraseDeadOps(body);
  while (raiseScale())
    eraseDeadOps(body);
  if (yield.getValue() == score) {
    op.getScore().dropAllReferences();
    op.getScore().getBlocks().clear();
  }
  return result.conditions.size();
}

namespace {
struct RaiseMask : attn::impl::RaiseMaskBase<RaiseMask> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([&](AttentionOp op) {
      if (!op.hasScore())
        return;
      unsigned raised = Raiser(op).run();
      numRaised += raised;
      if (raised)
        remark::passed(op.getLoc(), kRemark)
            << "the condition on the scores is a mask: blocks that it leaves "
               "empty are skipped";
    });
  }
};
} // namespace

//===- ElementAt.cpp - The element of a formula at an index -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/ElementAt.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

std::optional<SmallVector<Read, 3>> attn::getSources(const Read &read) {
  Operation *op = read.tensor.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (std::optional<Read> inner = readThroughView(read))
    return SmallVector<Read, 3>{*inner};
  SmallVector<Read, 3> sources;
  if (isa<UnaryOp, BinaryOp, SelectOp, CastOp, ScoreOp>(op)) {
    for (Value operand : op->getOperands())
      sources.push_back(readOperand(read, operand));
    return sources;
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    sources.push_back(Read{splat.getInput(), {}});
    return sources;
  }
  if (isa<MaskOp, RangeOp>(op))
    return sources;
  return std::nullopt;
}

bool attn::isBefore(Operation *op, Operation *user) {
  Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
  return ancestor && op->isBeforeInBlock(ancestor);
}

/// Whether the tensor is arithmetic on positions and scalars alone, with
/// nothing costly in it.
static bool isPositional(Value tensor) {
  static constexpr size_t kMaxOps = 32;
  llvm::SetVector<Value> pending;
  pending.insert(tensor);
  for (size_t i = 0; i < pending.size(); ++i) {
    if (pending.size() > kMaxOps)
      return false;
    Read read = readWhole(pending[i]);
    if (read.isScalar())
      continue;
    std::optional<SmallVector<Read, 3>> sources = getSources(read);
    if (!sources)
      return false;
    Operation *op = pending[i].getDefiningOp();
    if (isa<ScoreOp>(op))
      return false;
    if (auto unary = dyn_cast<UnaryOp>(op))
      if (!llvm::is_contained({UnaryKind::Neg, UnaryKind::Not, UnaryKind::Abs,
                               UnaryKind::Floor, UnaryKind::Ceil},
                              unary.getKind()))
        return false;
    if (auto binary = dyn_cast<BinaryOp>(op))
      if (binary.getKind() == BinaryKind::Pow)
        return false;
    for (const Read &source : *sources)
      pending.insert(source.tensor);
  }
  return true;
}

/// Whether the element is computed where it is needed.
bool ElementEmitter::isComputed(const Read &read) {
  Operation *op = read.tensor.getDefiningOp();
  if (!op || !isBefore(op, builder.getInsertionBlock()->getParentOp()))
    return false;
  if (onScores.contains(op))
    return true;
  if (isa<CastOp, MaskOp, RangeOp, tensor::SplatOp>(op) ||
      readThroughView(read))
    return true;
  if (!isa<FloatType>(getElementTypeOrSelf(read.tensor.getType())))
    return true;
  // A tensor over queries and keys is as large as the scores.
  int64_t rank = positions.size();
  return (llvm::is_contained(read.index, rank - 1) &&
          llvm::is_contained(read.index, rank - 2)) ||
         isPositional(read.tensor);
}

Value ElementEmitter::lookup(const Read &read) const {
  if (auto known = elements.find(read.tensor); known != elements.end())
    for (const auto &[index, element] : known->second)
      if (isSameRead(read, Read{read.tensor, index}))
        return element;
  return {};
}

Value ElementEmitter::emit(const Read &root) {
  // Depth first, without recursion: programs may be long.
  SmallVector<Read> pending = {root};
  while (!pending.empty()) {
    Read read = pending.back();
    if (lookup(read)) {
      pending.pop_back();
      continue;
    }
    if (read.isScalar()) {
      define(read, read.tensor);
      continue;
    }
    std::optional<SmallVector<Read, 3>> sources;
    if (isComputed(read))
      sources = getSources(read);
    if (!sources) {
      define(read, emitExtract(read));
      continue;
    }
    size_t known = pending.size();
    for (const Read &source : *sources)
      if (!lookup(source))
        pending.push_back(source);
    if (pending.size() == known)
      define(read, emitOp(read, *sources));
  }
  return lookup(root);
}

Value ElementEmitter::getPosition(Location loc, int64_t axis) {
  if (axis >= 0)
    return positions[axis];
  if (!zero)
    zero = arith::ConstantIndexOp::create(builder, loc, 0);
  return zero;
}

Value ElementEmitter::emitExtract(const Read &read) {
  Location loc = read.tensor.getLoc();
  SmallVector<Value> indices;
  for (int64_t axis : read.index)
    indices.push_back(getPosition(loc, axis));
  return tensor::ExtractOp::create(builder, loc, read.tensor, indices);
}

/// A conversion, of a constant to a constant.
static Value convert(OpBuilder &builder, Location loc, Value scalar, Type to) {
  FloatAttr number;
  if (scalar.getType() != to && isa<FloatType>(to) &&
      matchPattern(scalar, m_Constant(&number))) {
    APFloat value = number.getValue();
    bool losesInfo;
    value.convert(cast<FloatType>(to).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInfo);
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(to, value));
  }
  return emitCast(builder, loc, scalar, to);
}

Value ElementEmitter::widen(Location loc, Value scalar) {
  if (!isa<FloatType>(scalar.getType()))
    return scalar;
  return convert(builder, loc, scalar, accumulator);
}

/// Makes an index of an integer that another one is combined with.
static Value toIndex(OpBuilder &builder, Location loc, Value scalar) {
  if (scalar.getType().isIndex())
    return scalar;
  if (auto cast = scalar.getDefiningOp<arith::IndexCastOp>())
    if (cast.getIn().getType().isIndex())
      return cast.getIn();
  APInt constant;
  if (matchPattern(scalar, m_ConstantInt(&constant)))
    return arith::ConstantIndexOp::create(builder, loc,
                                          constant.getSExtValue());
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    scalar);
}

/// Positions stay index values, so that masks compare the indices of the rule;
/// an index is as wide as the i64 that it stands for.
void ElementEmitter::unify(Location loc, Value &lhs, Value &rhs) {
  if (lhs.getType() == rhs.getType())
    return;
  lhs = toIndex(builder, loc, lhs);
  rhs = toIndex(builder, loc, rhs);
}

/// Copies the body of a score rule over `from` with `to` in its place; null if
/// the rule depends on the width of `from`.
static Value inlineRuleInType(OpBuilder &builder, Region &rule, Type from,
                              FloatType to, ValueRange arguments) {
  auto retype = [&](Type type) { return type == from ? Type(to) : type; };
  for (Operation &op : rule.front()) {
    bool usesType = llvm::is_contained(op.getOperandTypes(), from) ||
                    llvm::is_contained(op.getResultTypes(), from);
    if (op.getNumRegions() ||
        (usesType && !isa<YieldOp, tensor::ExtractOp>(op) &&
         (isa<arith::BitcastOp>(op) ||
          !llvm::is_contained({"arith", "math"},
                              op.getName().getDialectNamespace()))))
      return {};
  }
  IRMapping mapping;
  mapping.map(rule.getArguments(), arguments);
  auto getOperand = [&](Value value) {
    Value mapped = mapping.lookupOrDefault(value);
    return mapped.getType() == from
               ? convert(builder, value.getLoc(), mapped, to)
               : mapped;
  };
  for (Operation &op : rule.front().without_terminator()) {
    FloatAttr number;
    if (matchPattern(&op, m_Constant(&number)) && number.getType() == from) {
      mapping.map(op.getResult(0),
                  convert(builder, op.getLoc(), op.getResult(0), to));
      continue;
    }
    if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
      mapping.map(op.getResult(0),
                  convert(builder, op.getLoc(), getOperand(op.getOperand(0)),
                          retype(op.getResult(0).getType())));
      continue;
    }
    // Tables keep their type.
    bool isTable = isa<tensor::ExtractOp>(op);
    for (Value operand : op.getOperands())
      if (!isTable && operand.getType() == from)
        mapping.map(operand, getOperand(operand));
    Operation *copy = builder.clone(op, mapping);
    if (isTable)
      continue;
    for (OpResult result : copy->getResults())
      result.setType(retype(result.getType()));
  }
  return getOperand(cast<YieldOp>(rule.front().getTerminator()).getValue());
}

/// Of matrices of queries and keys that a rule reads, its ops being those after
/// `last`, the elements are computed where they are needed too.
Value ElementEmitter::computeReads(Operation *last, Value result) {
  Block *block = builder.getInsertionBlock();
  Block::iterator first =
      last ? std::next(last->getIterator()) : block->begin();
  SmallVector<tensor::ExtractOp> reads;
  for (Operation &op : llvm::make_range(first, builder.getInsertionPoint()))
    if (auto read = dyn_cast<tensor::ExtractOp>(op))
      reads.push_back(read);
  int64_t rank = positions.size();
  for (tensor::ExtractOp op : reads) {
    Read read{op.getTensor(), {}};
    for (Value index : op.getIndices())
      if (const auto *axis = llvm::find(positions, index);
          axis != positions.end())
        read.index.push_back(axis - positions.begin());
    bool isMatrix = read.index.size() == op.getIndices().size() &&
                    llvm::is_contained(read.index, rank - 1) &&
                    llvm::is_contained(read.index, rank - 2);
    if (!isMatrix || onScores.contains(read.tensor.getDefiningOp()) ||
        !isComputed(read) || !getSources(read))
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    Value element = emit(read);
    if (element.getType() != op.getType())
      element = arith::IndexCastOp::create(builder, op.getLoc(), op.getType(),
                                           element);
    if (result == op.getResult())
      result = element;
    op.replaceAllUsesWith(element);
    op.erase();
  }
  return result;
}

Value ElementEmitter::emitRule(const Read &read, Region &rule, Value score) {
  Block::iterator place = builder.getInsertionPoint();
  bool isFirst = place == builder.getInsertionBlock()->begin();
  Operation *last = isFirst ? nullptr : &*std::prev(place);
  return computeReads(last, emitRuleBody(read, rule, score));
}

Value ElementEmitter::emitRuleBody(const Read &read, Region &rule,
                                   Value score) {
  Location loc = read.tensor.getLoc();
  SmallVector<Value> arguments;
  if (score)
    arguments.push_back(score);
  for (unsigned index = 0; index < 4; ++index) {
    std::optional<unsigned> axis = getRuleAxis(index, read.index.size());
    arguments.push_back(
        getPosition(loc, axis ? read.index[*axis] : Read::kZero));
  }
  if (!score || score.getType() == rule.getArgument(0).getType())
    return inlineRule(builder, rule, arguments);
  // The rule is on scores of a narrower type.
  Type from = rule.getArgument(0).getType();
  if (Value wide =
          inlineRuleInType(builder, rule, from, accumulator, arguments))
    return wide;
  arguments[0] = convert(builder, loc, score, from);
  return widen(loc, inlineRule(builder, rule, arguments));
}

Value ElementEmitter::emitOp(const Read &read, ArrayRef<Read> sources) {
  Operation *op = read.tensor.getDefiningOp();
  Location loc = op->getLoc();
  bool isScore = onScores.contains(op);
  SmallVector<Value, 3> operands;
  for (const Read &source : sources) {
    Value element = lookup(source);
    operands.push_back(isScore ? widen(loc, element) : element);
  }
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](UnaryOp unary) {
        return emitUnary(builder, loc, unary.getKind(), operands[0]);
      })
      .Case([&](BinaryOp binary) {
        unify(loc, operands[0], operands[1]);
        return emitBinary(builder, loc, binary.getKind(), operands[0],
                          operands[1]);
      })
      .Case([&](SelectOp) -> Value {
        unify(loc, operands[1], operands[2]);
        return arith::SelectOp::create(builder, loc, operands[0], operands[1],
                                       operands[2]);
      })
      .Case([&](CastOp cast) {
        Type to = cast.getType().getElementType();
        if (isScore && isa<FloatType>(to))
          to = accumulator;
        bool staysIndex = to.isInteger(64) && operands[0].getType().isIndex();
        return staysIndex ? operands[0]
                          : convert(builder, loc, operands[0], to);
      })
      .Case(
          [&](MaskOp mask) { return emitRule(read, mask.getRule(), Value()); })
      .Case([&](ScoreOp score) {
        return emitRule(read, score.getRule(), operands[0]);
      })
      .Case([&](RangeOp) { return getPosition(loc, read.index[0]); })
      // A view, or one scalar for all elements.
      .Default([&](Operation *) { return operands[0]; });
}

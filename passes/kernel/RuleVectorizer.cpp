//===- RuleVectorizer.cpp - Rules evaluated for a vector of keys *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/RuleVectorizer.h"

#include "dialect/AttnOps.h"
#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

/// Offsets of lanes stay below this, so that sums and differences of two, and
/// what they are compared with, are exact in 32 bits.
static constexpr int64_t kOffsetLimit = int64_t(1) << 28;
/// Divisors up to this keep offsets below their limit.
static constexpr int64_t kDivisorLimit = int64_t(1) << 20;

namespace {

/// A value of the rule in all lanes: one number for all of them, one number
/// and small offsets from it, or a vector of the value's type.
struct LaneValue {
  /// In the type of the value; null for a vector of its own.
  Value base;
  /// With a base, offsets as vector<length x i32> or null; otherwise the
  /// vector.
  Value lanes;
  /// No offset is larger than this, nor smaller than its negative.
  int64_t bound = 0;

  bool isUniform() const { return !lanes; }
  bool isOffset() const { return base && lanes; }
};

class Vectorizer {
public:
  Vectorizer(KernelBuilder &builder, Region &rule, const RuleLanes &lanes)
      : builder(builder), rule(rule), lanes(lanes), live(lanes.live),
        offsetType(VectorType::get(lanes.length, builder.getI32Type())) {}

  Value run(Value scores) {
    Block &body = rule.front();
    unsigned first = 0;
    if (scores)
      values[body.getArgument(first++)] = {Value(), scores};
    values[body.getArgument(first++)] = {lanes.batch};
    values[body.getArgument(first++)] = {lanes.head};
    values[body.getArgument(first++)] = {lanes.query};
    auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes.length));
    steps = arith::ConstantOp::create(
        builder,
        DenseElementsAttr::get(offsetType, ArrayRef<int32_t>(numbers)));
    values[body.getArgument(first)] = {lanes.firstKey, steps, lanes.length - 1};
    for (Operation &op : body.without_terminator())
      visit(&op);
    return asVector(cast<YieldOp>(body.getTerminator()).getValue());
  }

private:
  LaneValue lookup(Value value) {
    auto it = values.find(value);
    return it == values.end() ? LaneValue{value} : it->second;
  }

  bool isUniform(Value value) { return lookup(value).isUniform(); }

  /// The vector of a value in its own type.
  Value asVector(Value original) {
    LaneValue value = lookup(original);
    if (!value.base)
      return value.lanes;
    auto type = VectorType::get(lanes.length, value.base.getType());
    Value vector = builder.splat(type, value.base);
    if (!value.lanes)
      return vector;
    Value wide;
    if (type.getElementType().isIndex())
      wide = builder.createOrFold<arith::IndexCastOp>(type, value.lanes);
    else
      wide = builder.createOrFold<arith::ExtSIOp>(type, value.lanes);
    return arith::AddIOp::create(builder, vector, wide);
  }

  /// The operands, and what the regions read from around the op.
  static SetVector<Value> getInputs(Operation *op) {
    SetVector<Value> inputs(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), inputs);
    return inputs;
  }

  void visit(Operation *op) {
    SetVector<Value> inputs = getInputs(op);
    if (llvm::all_of(inputs, [&](Value input) { return isUniform(input); })) {
      IRMapping mapping;
      for (Value input : inputs)
        mapping.map(input, lookup(input).base);
      Operation *copy = builder.clone(*op, mapping);
      for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
        values[from] = {to};
      return;
    }
    if (LaneValue result = visitOffsets(op); result.base || result.lanes) {
      values[op->getResult(0)] = result;
      return;
    }
    if (auto load = dyn_cast<memref::LoadOp>(op))
      if (Value read = visitLoad(load)) {
        values[load.getResult()] = {Value(), read};
        return;
      }
    if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1) {
      visitElementwise(op);
      return;
    }
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && visitLoop(loop))
      return;
    visitByLane(op, inputs);
  }

  //===------------------------------------------------------------------===//
  // Offsets from a number
  //===------------------------------------------------------------------===//

  /// The result of an integer op on values with offsets, empty where it has no
  /// such form.
  LaneValue visitOffsets(Operation *op) {
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

  Value offsets(const LaneValue &value) {
    return value.lanes ? value.lanes : builder.integer(offsetType, 0);
  }

  template <typename Op> LaneValue computeSum(Op op) {
    LaneValue lhs = lookup(op.getLhs()), rhs = lookup(op.getRhs());
    int64_t bound = lhs.bound + rhs.bound;
    if (bound > kOffsetLimit)
      return {};
    return {builder.createOrFold<Op>(lhs.base, rhs.base),
            builder.createOrFold<Op>(offsets(lhs), offsets(rhs)), bound};
  }
  LaneValue compute(arith::AddIOp op) { return computeSum(op); }
  LaneValue compute(arith::SubIOp op) { return computeSum(op); }

  LaneValue compute(arith::MulIOp op) {
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
  LaneValue compute(arith::FloorDivSIOp op) {
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

  LaneValue compute(arith::IndexCastOp op) {
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
  LaneValue compute(arith::CmpIOp op) {
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
        lower, builder.sub(lhs.base, rhs.base),
        builder.sub(rhs.base, lhs.base));
    // As unsigned numbers, differences do not overflow.
    Value limit = builder.integer(size.getType(), 4 * kOffsetLimit);
    size = toI32(builder.createOrFold<arith::MinUIOp>(size, limit));
    Value negative =
        builder.sub(builder.integer(builder.getI32Type(), 0), size);
    Value difference =
        builder.createOrFold<arith::SelectOp>(lower, negative, size);
    Value moved = builder.sub(offsets(lhs), offsets(rhs));
    return {Value(), builder.cmp(op.getPredicate(), moved,
                                 builder.splat(offsetType, difference))};
  }

  /// Exact, as long as the type holds all whole numbers up to the result.
  LaneValue compute(arith::SIToFPOp op) {
    LaneValue value = lookup(op.getIn());
    auto type = VectorType::get(lanes.length, op.getType());
    Value base = arith::SIToFPOp::create(builder, op.getType(), value.base);
    Value moved = builder.createOrFold<arith::SIToFPOp>(type, value.lanes);
    return {Value(),
            arith::AddFOp::create(builder, builder.splat(type, base), moved)};
  }

  Value toI32(Value value) {
    Type type = builder.getI32Type();
    if (value.getType().isIndex())
      return builder.createOrFold<arith::IndexCastOp>(type, value);
    return builder.createOrFold<arith::TruncIOp>(type, value);
  }

  //===------------------------------------------------------------------===//
  // Vectors
  //===------------------------------------------------------------------===//

  void visitElementwise(Operation *op) {
    if (auto sum = dyn_cast<arith::AddFOp>(op))
      if (Value fused = emitMultiplyAdd(sum)) {
        values[sum.getResult()] = {Value(), fused};
        return;
      }
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(asVector(operand));
    OperationState state(op->getLoc(), op->getName());
    state.addOperands(operands);
    state.addTypes(VectorType::get(lanes.length, op->getResult(0).getType()));
    state.addAttributes(op->getDiscardableAttrDictionary().getValue());
    state.propertiesAttr = op->getPropertiesAsAttribute();
    values[op->getResult(0)] = {Value(), builder.create(state)->getResult(0)};
  }

  /// A product that a loop adds up, in one instruction; null for other sums.
  Value emitMultiplyAdd(arith::AddFOp op) {
    for (unsigned side : {0, 1}) {
      auto sum = dyn_cast<BlockArgument>(op->getOperand(1 - side));
      auto product = op->getOperand(side).getDefiningOp<arith::MulFOp>();
      if (!sum || !isa<scf::ForOp>(sum.getOwner()->getParentOp()) || !product ||
          !product->hasOneUse() || isUniform(product))
        continue;
      return vector::FMAOp::create(builder, asVector(product.getLhs()),
                                   asVector(product.getRhs()), asVector(sum));
    }
    return {};
  }

  /// An array read: along the keys, or at an index of its own in each lane.
  Value visitLoad(memref::LoadOp load) {
    MemRefType type = load.getMemRefType();
    // Vectors of i1 are bit-packed, arrays of i1 are not.
    if (type.getElementType().isInteger(1))
      return {};
    auto result = VectorType::get(lanes.length, type.getElementType());
    Value zero =
        arith::ConstantOp::create(builder, builder.getZeroAttr(result));
    ValueRange indices = load.getIndices();
    LaneValue last = indices.empty() ? LaneValue() : lookup(indices.back());
    bool alongKeys =
        last.base && last.lanes == steps && type.isLastDimUnitStride() &&
        llvm::all_of(indices.drop_back(),
                     [&](Value index) { return isUniform(index); });
    if (alongKeys) {
      SmallVector<Value> start;
      for (Value index : indices.drop_back())
        start.push_back(lookup(index).base);
      start.push_back(last.base);
      return vector::MaskedLoadOp::create(builder, result, load.getMemref(),
                                          start, live, zero);
    }
    auto metadata =
        memref::ExtractStridedMetadataOp::create(builder, load.getMemref());
    auto indexVector = VectorType::get(lanes.length, builder.getIndexType());
    Value position = builder.splat(indexVector, builder.index(0));
    Value extent = builder.index(1);
    for (auto [index, size, stride] :
         llvm::zip(indices, metadata.getSizes(), metadata.getStrides())) {
      Value step = builder.splat(indexVector, stride);
      position = builder.add(position, builder.mul(asVector(index), step));
      extent = builder.add(
          extent, builder.mul(builder.sub(size, builder.index(1)), stride));
    }
    auto flatType =
        MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                        StridedLayoutAttr::get(builder.getContext(),
                                               ShapedType::kDynamic, {1}));
    Value flat = memref::ReinterpretCastOp::create(
        builder, flatType, metadata.getBaseBuffer(),
        OpFoldResult(metadata.getOffset()), ArrayRef<OpFoldResult>{extent},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
    return vector::GatherOp::create(builder, result, flat,
                                    ValueRange{builder.index(0)}, position,
                                    live, zero);
  }

  //===------------------------------------------------------------------===//
  // Loops
  //===------------------------------------------------------------------===//

  /// What of `values` and of the loop's own is not the same in all lanes.
  bool varies(Value value, const DenseSet<Value> &varying) {
    return varying.contains(value) || !isUniform(value);
  }

  /// The values that a loop carries, if they are not the same in all lanes.
  SmallVector<bool> findVarying(scf::ForOp loop) {
    DenseSet<Value> varying;
    bool all = !isUniform(loop.getUpperBound());
    for (auto [init, argument] :
         llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs()))
      if (all || !isUniform(init))
        varying.insert(argument);
    for (bool changed = true; changed;) {
      for (Operation &op : loop.getBody()->without_terminator())
        if (llvm::any_of(getInputs(&op),
                         [&](Value input) { return varies(input, varying); }))
          varying.insert_range(op.getResults());
      changed = false;
      for (auto [next, argument] :
           llvm::zip_equal(loop.getYieldedValues(), loop.getRegionIterArgs()))
        if (varies(next, varying))
          changed |= varying.insert(argument).second;
    }
    return llvm::map_to_vector(loop.getRegionIterArgs(), [&](Value argument) {
      return varying.contains(argument);
    });
  }

  /// A loop that all lanes go through together; where their bounds differ, each
  /// keeps what it has at its own. False if they do not step alike.
  bool visitLoop(scf::ForOp loop) {
    if (!isUniform(loop.getLowerBound()) || !isUniform(loop.getStep()) ||
        loop.getUnsignedCmp())
      return false;
    SmallVector<bool> isVector = findVarying(loop);
    auto get = [&](Value value, bool asLanes) {
      return asLanes ? asVector(value) : lookup(value).base;
    };
    Value lower = lookup(loop.getLowerBound()).base, bounds, upper;
    if (isUniform(loop.getUpperBound())) {
      upper = lookup(loop.getUpperBound()).base;
    } else {
      bounds = asVector(loop.getUpperBound());
      Value none = builder.splat(bounds.getType(), lower);
      upper = vector::ReductionOp::create(
          builder, vector::CombiningKind::MAXSI,
          arith::SelectOp::create(builder, live, bounds, none));
    }
    SmallVector<Value> inits;
    for (auto [init, asLanes] : llvm::zip_equal(loop.getInitArgs(), isVector))
      inits.push_back(get(init, asLanes));
    Value liveAround = live;
    auto step = [&](Value number, ValueRange carried) {
      values[loop.getInductionVar()] = {number};
      for (auto [argument, value, asLanes] :
           llvm::zip_equal(loop.getRegionIterArgs(), carried, isVector))
        values[argument] =
            asLanes ? LaneValue{Value(), value} : LaneValue{value};
      if (bounds) {
        Value goesOn =
            builder.cmp(arith::CmpIPredicate::slt,
                        builder.splat(bounds.getType(), number), bounds);
        live = builder.logicalAnd(liveAround, goesOn);
      }
      for (Operation &op : loop.getBody()->without_terminator())
        visit(&op);
      SmallVector<Value> next;
      for (auto [value, before, asLanes] :
           llvm::zip_equal(loop.getYieldedValues(), carried, isVector)) {
        Value now = get(value, asLanes);
        next.push_back(
            bounds ? arith::SelectOp::create(builder, live, now, before) : now);
      }
      return next;
    };
    SmallVector<Value> results =
        builder.forLoop(lower, upper, lookup(loop.getStep()).base, inits, step);
    live = liveAround;
    for (auto [from, to, asLanes] :
         llvm::zip_equal(loop.getResults(), results, isVector))
      values[from] = asLanes ? LaneValue{Value(), to} : LaneValue{to};
    return true;
  }

  //===------------------------------------------------------------------===//
  // Single lanes
  //===------------------------------------------------------------------===//

  /// One lane at a time, for what has no vector form; 0 in lanes without a
  /// key.
  void visitByLane(Operation *op, const SetVector<Value> &inputs) {
    SmallVector<Value> inits;
    // Vectors of those that differ by lane.
    SmallVector<Value> vectors = llvm::map_to_vector(inputs, [&](Value input) {
      return isUniform(input) ? Value() : asVector(input);
    });
    for (Type type : op->getResultTypes())
      inits.push_back(arith::ConstantOp::create(
          builder, builder.getZeroAttr(VectorType::get(lanes.length, type))));
    Value one = builder.index(1);
    SmallVector<Value> results = builder.forLoop(
        builder.index(0), builder.index(lanes.length), one, inits,
        [&](Value lane, ValueRange carried) {
          Value isLive = vector::ExtractOp::create(builder, live, lane);
          return builder.choose(
              isLive,
              [&] {
                IRMapping mapping;
                for (auto [input, vector] : llvm::zip_equal(inputs, vectors))
                  mapping.map(input, vector ? vector::ExtractOp::create(
                                                  builder, vector, lane)
                                            : lookup(input).base);
                Operation *copy = builder.clone(*op, mapping);
                SmallVector<Value> next;
                for (auto [into, value] :
                     llvm::zip(carried, copy->getResults()))
                  next.push_back(
                      vector::InsertOp::create(builder, value, into, lane));
                return next;
              },
              [&] { return llvm::to_vector_of<Value>(carried); });
        });
    for (auto [from, to] : llvm::zip(op->getResults(), results))
      values[from] = {Value(), to};
  }

  KernelBuilder &builder;
  Region &rule;
  const RuleLanes &lanes;
  /// The lanes for which arrays are read.
  Value live;
  VectorType offsetType;
  /// The offsets of neighbouring keys, 0, 1, ….
  Value steps;
  DenseMap<Value, LaneValue> values;
};

} // namespace

Value attn::vectorizeRule(KernelBuilder &builder, Region &rule,
                          const RuleLanes &lanes, Value scores) {
  return Vectorizer(builder, rule, lanes).run(scores);
}

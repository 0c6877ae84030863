//===- LowerLinearAttention.cpp - Linear attention to linalg ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lowering/Lowering.h"

#include "passes/lowering/LowerOps.h"
#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace attn;

namespace {

/// The recurrence of the op's definition. Leading axes are batch and heads.
class Recurrence {
public:
  Recurrence(GenericBuilder &builder, LinearAttentionOp op);

  SmallVector<Value> lower();

private:
  /// The operand with `region` applied to each element, if there is one.
  Value applyMap(Region &region, Value operand);
  std::pair<Value, Value> run(Value state);
  Value sumWeights();
  Value applyOutput(Value out);
  /// The elements at position `time`, `[leading…, D]` of `[leading…, T, D]`.
  Value sliceAt(Value tensor, Value time);
  Value updateState(Value state, Value time);
  Value writeOutput(Value out, Value state, Value time);
  Value getFactors();
  AffineMap makeMap(std::optional<int64_t> inner);

  GenericBuilder &builder;
  LinearAttentionOp op;
  int64_t lead;
  Type sumType;
  Value query, key, value;
  /// What the state is multiplied with: of all, of each head or of each
  /// position; null for 1.
  Value factors;
  /// Batch and heads, and all of query's.
  Sizes leadSizes, querySizes;
  OpFoldResult valueDim;
};

} // namespace

Recurrence::Recurrence(GenericBuilder &builder, LinearAttentionOp op)
    : builder(builder), op(op), lead(op.getQueryType().getRank() - 2),
      sumType(op.getAccumulatorType()),
      query(applyMap(op.getQueryMap(), op.getQuery())),
      key(applyMap(op.getKeyMap(), op.getKey())),
      value(applyMap(op.getValueMap(), op.getValue())),
      querySizes(builder.sizesOf(query)) {
  leadSizes.assign(querySizes.begin(), querySizes.begin() + lead);
  valueDim = builder.sizesOf(value).back();
  int64_t heads = op.getQueryType().getShape()[lead == 2 ? 1 : 0];
  bool isGrouped = lead == 2 && (ShapedType::isDynamic(heads) ||
                                 op.getKeyType().getDimSize(1) != heads);
  if (isGrouped) {
    key = repeatAlong(builder, key, 1, querySizes[1]);
    value = repeatAlong(builder, value, 1, querySizes[1]);
  }
}

Value Recurrence::applyMap(Region &region, Value operand) {
  if (region.empty())
    return operand;
  return builder.map(
      sumType, builder.sizesOf(operand), operand,
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        SmallVector<Value> arguments = {emitCast(nested, loc, in[0], sumType)};
        llvm::append_range(arguments, getRuleIndices(nested, loc, lead + 2));
        return inlineRule(nested, region, arguments);
      });
}

/// The sum of each row's weights, `[leading…, T, 1]`: the outputs for values
/// of 1, without what came before.
Value Recurrence::sumWeights() {
  Sizes sizes = builder.sizesOf(key);
  sizes.back() = builder.getIndexAttr(1);
  Value values = value;
  value = builder.filled(builder.constant(sumType, 1.0), sizes);
  OpFoldResult columns = valueDim;
  valueDim = builder.getIndexAttr(1);
  Value total = run(Value()).first;
  value = values;
  valueDim = columns;
  return total;
}

Value Recurrence::applyOutput(Value out) {
  Region &region = op.getOutput();
  if (region.empty())
    return out;
  SmallVector<Value> inputs = {out};
  if (op.usesTotal())
    inputs.push_back(sumWeights());
  return builder.map(
      sumType, builder.sizesOf(out), inputs,
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        Value total = GenericBuilder(loc, nested).constant(sumType, 0.0);
        if (in.size() > 1)
          total = in[1];
        SmallVector<Value> arguments = {in[0], total};
        llvm::append_range(arguments, getRuleIndices(nested, loc, lead + 2));
        return inlineRule(nested, region, arguments);
      });
}

Value Recurrence::sliceAt(Value tensor, Value time) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Sizes sizes = builder.sizesOf(tensor);
  Sizes offsets(sizes.size(), builder.getIndexAttr(0));
  Sizes strides(sizes.size(), builder.getIndexAttr(1));
  offsets[lead] = time;
  sizes[lead] = builder.getIndexAttr(1);
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + lead);
  return tensor::ExtractSliceOp::create(
      builder, RankedTensorType::get(shape, type.getElementType()), tensor,
      offsets, sizes, strides);
}

/// From a space of the leading axes, d and e to the leading axes and, if given,
/// to `inner`: 0 for d, 1 for e.
AffineMap Recurrence::makeMap(std::optional<int64_t> inner) {
  SmallVector<AffineExpr> axes;
  for (int64_t axis = 0; axis < lead; ++axis)
    axes.push_back(builder.getAffineDimExpr(axis));
  if (inner)
    axes.push_back(builder.getAffineDimExpr(lead + *inner));
  return AffineMap::get(lead + 2, 0, axes, builder.getContext());
}

/// Of decays, factors; before the loop, which then needs no memory of its own.
Value Recurrence::getFactors() {
  Value decay = op.getDecay();
  if (!decay)
    return Value();
  auto body = [](OpBuilder &nested, Location loc, ValueRange in) -> Value {
    return math::ExpOp::create(nested, loc, in[0]);
  };
  if (!isa<RankedTensorType>(decay.getType()))
    return body(builder, builder.getLoc(), decay);
  return builder.map(sumType, builder.sizesOf(decay), decay, body);
}

Value Recurrence::updateState(Value state, Value time) {
  SmallVector<Value> inputs = {sliceAt(key, time), sliceAt(value, time)};
  SmallVector<AffineMap> maps = {makeMap(0), makeMap(1)};
  bool isTensor = factors && isa<RankedTensorType>(factors.getType());
  if (op.hasPositionDecay()) {
    inputs.push_back(sliceAt(factors, time));
    maps.push_back(makeMap(std::nullopt));
  } else if (isTensor) {
    inputs.push_back(factors);
    maps.push_back(AffineMap::get(lead + 2, 0, builder.getAffineDimExpr(1)));
  }
  auto body = [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
    Value product = arith::MulFOp::create(
        nested, loc, emitCast(nested, loc, in[0], sumType),
        emitCast(nested, loc, in[1], sumType));
    Value before = in.back();
    if (factors)
      before = arith::MulFOp::create(nested, loc, before,
                                     isTensor ? in[2] : factors);
    return arith::AddFOp::create(nested, loc, before, product);
  };
  return builder.reduce(state, inputs, maps,
                        builder.getMultiDimIdentityMap(lead + 2), body);
}

Value Recurrence::writeOutput(Value out, Value state, Value time) {
  Value row = sliceAt(out, time);
  Value none = builder.constant(sumType, 0.0);
  row = linalg::FillOp::create(builder, none, row).getResult(0);
  row = builder.reduce(
      row, {sliceAt(query, time), state},
      {makeMap(0), builder.getMultiDimIdentityMap(lead + 2)}, makeMap(1),
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        Value product = arith::MulFOp::create(
            nested, loc, emitCast(nested, loc, in[0], sumType), in[1]);
        if (op.getScale())
          product = arith::MulFOp::create(nested, loc, product, op.getScale());
        return arith::AddFOp::create(nested, loc, in[2], product);
      });
  Sizes sizes = builder.sizesOf(out);
  Sizes offsets(sizes.size(), builder.getIndexAttr(0));
  Sizes strides(sizes.size(), builder.getIndexAttr(1));
  offsets[lead] = time;
  sizes[lead] = builder.getIndexAttr(1);
  return tensor::InsertSliceOp::create(builder, row, out, offsets, sizes,
                                       strides);
}

/// The outputs and the state after the last position.
std::pair<Value, Value> Recurrence::run(Value state) {
  Sizes stateSizes(leadSizes);
  stateSizes.append({querySizes.back(), valueDim});
  if (!state)
    state = builder.filled(builder.constant(sumType, 0.0), stateSizes);
  Sizes outSizes(querySizes);
  outSizes.back() = valueDim;
  Value out = builder.empty(sumType, outSizes);

  auto over = [&](OpFoldResult end, ValueRange inits, auto body) {
    Value zero = arith::ConstantIndexOp::create(builder, 0);
    Value one = arith::ConstantIndexOp::create(builder, 1);
    auto loop = scf::ForOp::create(
        builder, zero,
        getValueOrCreateConstantIndexOp(builder, builder.getLoc(), end), one,
        inits);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> next =
        body(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(builder, next);
    return llvm::to_vector_of<Value>(loop.getResults());
  };
  using Carried = ValueRange;
  if (op.getCausal()) {
    SmallVector<Value> results =
        over(querySizes[lead], {state, out},
             [&](Value time, Carried carried) -> SmallVector<Value> {
               Value next = updateState(carried[0], time);
               return {next, writeOutput(carried[1], next, time)};
             });
    state = results[0];
    out = results[1];
  } else {
    state = over(builder.sizesOf(key)[lead], state,
                 [&](Value time, Carried carried) -> SmallVector<Value> {
                   return {updateState(carried[0], time)};
                 })[0];
    out = over(querySizes[lead], out,
               [&](Value time, Carried carried) -> SmallVector<Value> {
                 return {writeOutput(carried[0], state, time)};
               })[0];
  }
  return {out, state};
}

SmallVector<Value> Recurrence::lower() {
  factors = getFactors();
  auto [out, state] = run(op.getState());
  SmallVector<Value> results = {castElements(
      builder, applyOutput(out), op.getQueryType().getElementType())};
  if (op.getState())
    results.push_back(state);
  for (auto [result, type] : llvm::zip_equal(results, op.getResultTypes()))
    result = builder.castTo(result, cast<RankedTensorType>(type));
  return results;
}

SmallVector<Value> attn::lowerLinearAttention(GenericBuilder &builder,
                                              LinearAttentionOp op) {
  return Recurrence(builder, op).lower();
}

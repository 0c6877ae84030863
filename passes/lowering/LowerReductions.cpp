//===- LowerReductions.cpp - Reductions, softmax, norms ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lowering/LowerOps.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The value that a reduction of no elements has.
static Value getNeutral(GenericBuilder &builder, ReduceKind kind, Type type) {
  if (kind == ReduceKind::Sum || kind == ReduceKind::Mean)
    return builder.constant(type, 0.0);
  bool isMax = kind == ReduceKind::Max;
  if (isa<FloatType>(type))
    return builder.constant(type, isMax ? -kInfinity : kInfinity);
  unsigned width = type.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(
      builder,
      builder.getIntegerAttr(type, isMax ? APInt::getSignedMinValue(width)
                                         : APInt::getSignedMaxValue(width)));
}

static BinaryKind getCombiner(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Max:
    return BinaryKind::Max;
  case ReduceKind::Min:
    return BinaryKind::Min;
  case ReduceKind::Sum:
  case ReduceKind::Mean:
    return BinaryKind::Add;
  }
  llvm_unreachable("all kinds handled");
}

/// Reduces `input` along `axes`, which stay with extent 1, in the type of sums.
static Value reduceAxes(GenericBuilder &builder, Value input, ReduceKind kind,
                        ArrayRef<int64_t> axes) {
  auto type = cast<RankedTensorType>(input.getType());
  Type sumType = getComputeType(type.getElementType());
  Sizes sizes = builder.sizesOf(input), outSizes = sizes;
  SmallVector<AffineExpr> out;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    bool reduced = llvm::is_contained(axes, i);
    if (reduced)
      outSizes[i] = builder.getIndexAttr(1);
    out.push_back(reduced ? builder.getAffineConstantExpr(0)
                          : builder.getAffineDimExpr(i));
  }
  AffineMap outMap =
      AffineMap::get(type.getRank(), 0, out, builder.getContext());
  Value init = builder.filled(getNeutral(builder, kind, sumType), outSizes);
  Value result = builder.reduce(
      init, input, builder.getMultiDimIdentityMap(type.getRank()), outMap,
      [&](OpBuilder &nested, Location loc, ValueRange in) {
        Value x = emitCast(nested, loc, in[0], sumType);
        return emitBinary(nested, loc, getCombiner(kind), in[1], x);
      });
  if (kind != ReduceKind::Mean)
    return result;
  Value count = arith::ConstantIndexOp::create(builder, 1);
  for (int64_t axis : axes)
    count = arith::MulIOp::create(builder, count,
                                  getValueOrCreateConstantIndexOp(
                                      builder, builder.getLoc(), sizes[axis]));
  Value divisor = emitCast(builder, builder.getLoc(), count, sumType);
  return builder.map(
      sumType, outSizes, ValueRange{result, divisor},
      [&](OpBuilder &nested, Location loc, ValueRange in) {
        return arith::DivFOp::create(nested, loc, in[0], in[1]).getResult();
      });
}

Value attn::lower(GenericBuilder &builder, ReduceOp op) {
  Value kept = castElements(
      builder, reduceAxes(builder, op.getInput(), op.getKind(), op.getAxes()),
      op.getType().getElementType());
  if (op.getKeep())
    return kept;
  // Each axis that stays takes the dropped ones before it along, the last one
  // also those behind it.
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices pending;
  for (int64_t i = 0; i < op.getInput().getType().getRank(); ++i) {
    if (llvm::is_contained(op.getAxes(), i)) {
      (groups.empty() ? pending : groups.back()).push_back(i);
      continue;
    }
    pending.push_back(i);
    groups.push_back(std::move(pending));
    pending.clear();
  }
  return tensor::CollapseShapeOp::create(builder, kept, groups);
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

Value attn::sumAlong(GenericBuilder &builder, Value input, int64_t axis) {
  return reduceAxes(builder, input, ReduceKind::Sum, axis);
}

/// x, or 0 where it is -inf: -inf minus -inf would be NaN; exp(-inf - 0) is 0.
static Value emitOrigin(GenericBuilder &body, Value x) {
  Value isEmpty = arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, x,
                                        body.constant(x.getType(), -kInfinity));
  return arith::SelectOp::create(body, isEmpty, body.constant(x.getType(), 0.0),
                                 x);
}

/// The origins of slices with a sink in them, and the sums with its term.
static SoftmaxRows addSink(GenericBuilder &builder, Value maxima, Value sink) {
  Type element = cast<RankedTensorType>(maxima.getType()).getElementType();
  SoftmaxRows rows{maxima, Value(), Value()};
  Sizes sizes = builder.sizesOf(maxima);
  rows.origins = builder.map(
      element, sizes, ValueRange{maxima, sink},
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        return emitOrigin(body, arith::MaximumFOp::create(body, in[0], in[1]));
      });
  rows.sums =
      builder.map(element, sizes, ValueRange{rows.origins, sink},
                  [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
                    Value moved =
                        arith::SubFOp::create(nested, loc, in[1], in[0]);
                    return math::ExpOp::create(nested, loc, moved);
                  });
  return rows;
}

Value attn::softmaxAlong(GenericBuilder &builder, Value input, int64_t axis,
                         Value sink, SoftmaxRows *rows) {
  Type element = cast<RankedTensorType>(input.getType()).getElementType();
  Sizes sizes = builder.sizesOf(input);
  Value maxima = reduceAxes(builder, input, ReduceKind::Max, axis);
  Value highest = maxima, sinkTerm;
  if (sink) {
    SoftmaxRows sunk = addSink(builder, maxima, sink);
    highest = sunk.origins;
    sinkTerm = sunk.sums;
  }
  Value exponentials = builder.map(
      element, sizes, ValueRange{input, highest},
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        return math::ExpOp::create(
            body, arith::SubFOp::create(body, in[0], emitOrigin(body, in[1])));
      });
  Value sums = reduceAxes(builder, exponentials, ReduceKind::Sum, axis);
  if (sink)
    sums = builder.map(
        element, builder.sizesOf(sums), ValueRange{sums, sinkTerm},
        [&](OpBuilder &nested, Location loc, ValueRange in) {
          return arith::AddFOp::create(nested, loc, in[0], in[1]).getResult();
        });
  if (rows)
    *rows = {maxima, highest, sums};
  return builder.map(
      element, sizes, ValueRange{exponentials, sums},
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        Value zero = body.constant(element, 0.0);
        Value isEmpty =
            arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, in[1], zero);
        Value weight = arith::DivFOp::create(body, in[0], in[1]);
        return arith::SelectOp::create(body, isEmpty, zero, weight);
      });
}

Value attn::lower(GenericBuilder &builder, SoftmaxOp op) {
  Type element = op.getType().getElementType();
  Value wide = castElements(builder, op.getInput(), getComputeType(element));
  return castElements(builder, softmaxAlong(builder, wide, op.getAxis()),
                      element);
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// x / sqrt(mean(x * x) + epsilon) * weight + bias along the last axis.
static Value normalise(GenericBuilder &builder, Value x, double epsilon,
                       Value weight, Value bias, Type element) {
  Type sumType = cast<RankedTensorType>(x.getType()).getElementType();
  Sizes sizes = builder.sizesOf(x);
  int64_t last = sizes.size() - 1;
  Value squares = builder.map(
      sumType, sizes, x, [&](OpBuilder &nested, Location loc, ValueRange in) {
        return arith::MulFOp::create(nested, loc, in[0], in[0]).getResult();
      });
  Value variance = reduceAxes(builder, squares, ReduceKind::Mean, last);
  Sizes rowSizes = builder.sizesOf(variance);
  Value deviation =
      builder.map(sumType, rowSizes, variance,
                  [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
                    GenericBuilder body(loc, nested);
                    Value shifted = arith::AddFOp::create(
                        body, in[0], body.constant(sumType, epsilon));
                    return math::SqrtOp::create(body, shifted);
                  });
  SmallVector<Value> inputs = {x, deviation};
  for (Value operand : {weight, bias})
    if (operand)
      inputs.push_back(operand);
  return builder.map(
      element, sizes, inputs,
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        Value result = arith::DivFOp::create(body, in[0], in[1]);
        unsigned next = 2;
        if (weight)
          result = arith::MulFOp::create(
              body, result, emitCast(body, loc, in[next++], sumType));
        if (bias)
          result = arith::AddFOp::create(
              body, result, emitCast(body, loc, in[next], sumType));
        return emitCast(body, loc, result, element);
      });
}

Value attn::lower(GenericBuilder &builder, LayerNormOp op) {
  Type element = op.getType().getElementType();
  Type sumType = getComputeType(element);
  Value x = castElements(builder, op.getInput(), sumType);
  Value mean =
      reduceAxes(builder, x, ReduceKind::Mean, op.getType().getRank() - 1);
  Value centred = builder.map(
      sumType, builder.sizesOf(x), ValueRange{x, mean},
      [&](OpBuilder &nested, Location loc, ValueRange in) {
        return arith::SubFOp::create(nested, loc, in[0], in[1]).getResult();
      });
  return normalise(builder, centred, op.getEpsilon().convertToDouble(),
                   op.getWeight(), op.getBias(), element);
}

Value attn::lower(GenericBuilder &builder, RmsNormOp op) {
  Type element = op.getType().getElementType();
  Value x = castElements(builder, op.getInput(), getComputeType(element));
  return normalise(builder, x, op.getEpsilon().convertToDouble(),
                   op.getWeight(), Value(), element);
}

//===- LowerAttention.cpp - Attention to linalg -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lowering/LowerOps.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// weights x values without the keys whose `scores` are -inf: they take no
/// part, whatever their value is.
static Value weighValues(GenericBuilder &builder, Value scores, Value weights,
                         Value values) {
  Type sumType = cast<RankedTensorType>(weights.getType()).getElementType();
  Sizes sizes = builder.sizesOf(weights);
  int64_t lead = sizes.size() - 2;
  sizes.back() = builder.sizesOf(values).back();
  SmallVector<AffineExpr> weightAxes, valueAxes, outAxes;
  for (int64_t axis = 0; axis < lead; ++axis)
    for (auto *axes : {&weightAxes, &valueAxes, &outAxes})
      axes->push_back(builder.getAffineDimExpr(axis));
  AffineExpr q = builder.getAffineDimExpr(lead);
  AffineExpr k = builder.getAffineDimExpr(lead + 1);
  AffineExpr d = builder.getAffineDimExpr(lead + 2);
  weightAxes.append({q, k});
  valueAxes.append({k, d});
  outAxes.append({q, d});
  auto makeMap = [&](ArrayRef<AffineExpr> axes) {
    return AffineMap::get(lead + 3, 0, axes, builder.getContext());
  };
  return builder.reduce(
      builder.filled(builder.constant(sumType, 0.0), sizes),
      ValueRange{scores, weights, values},
      {makeMap(weightAxes), makeMap(weightAxes), makeMap(valueAxes)},
      makeMap(outAxes),
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        Value isOut =
            arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, in[0],
                                  body.constant(sumType, -kInfinity));
        Value sum = multiplyAdd(body, loc, in[1], in[2], in[3]);
        return arith::SelectOp::create(body, isOut, in[3], sum);
      });
}

/// The sink as a scalar, or as a tensor that broadcasts against the scores.
static Value getSink(GenericBuilder &builder, AttentionOp op) {
  Value sink = op.getSink();
  auto type =
      sink ? dyn_cast<RankedTensorType>(sink.getType()) : RankedTensorType();
  if (!type)
    return sink;
  if (op.getQueryType().getRank() < 4)
    return tensor::ExtractOp::create(
        builder, sink, ValueRange{arith::ConstantIndexOp::create(builder, 0)});
  Sizes sizes = builder.sizesOf(sink);
  sizes.append(2, builder.getIndexAttr(1));
  return tensor::ExpandShapeOp::create(
      builder,
      RankedTensorType::get({type.getDimSize(0), 1, 1}, type.getElementType()),
      sink, SmallVector<ReassociationIndices>{{0, 1, 2}}, sizes);
}

/// [..., q, 1] as [..., q].
static Value dropLastAxis(GenericBuilder &builder, Value rows) {
  int64_t rank = cast<RankedTensorType>(rows.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  for (int64_t axis = 0; axis < rank - 1; ++axis)
    groups.push_back({axis});
  groups.back().push_back(rank - 1);
  return tensor::CollapseShapeOp::create(builder, rows, groups);
}

/// log(sum) + origin: -inf for a row of nothing.
static Value emitLogSum(GenericBuilder &builder, const SoftmaxRows &rows) {
  Type type = cast<RankedTensorType>(rows.sums.getType()).getElementType();
  return builder.map(
      type, builder.sizesOf(rows.sums), ValueRange{rows.sums, rows.origins},
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        return arith::AddFOp::create(body, math::LogOp::create(body, in[0]),
                                     in[1]);
      });
}

/// NaN where a score makes NaN of the row.
static Value emitMaximum(GenericBuilder &builder, const SoftmaxRows &rows) {
  Type type = cast<RankedTensorType>(rows.sums.getType()).getElementType();
  return builder.map(
      type, builder.sizesOf(rows.sums), ValueRange{rows.sums, rows.maxima},
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        Value isNaN = arith::CmpFOp::create(body, arith::CmpFPredicate::UNO,
                                            in[0], in[0]);
        return arith::SelectOp::create(body, isNaN, in[0], in[1]);
      });
}

/// -w log w, 0 for a weight of 0.
static Value emitSurprise(GenericBuilder &body, Value weight) {
  Value zero = body.constant(weight.getType(), 0.0);
  Value isZero =
      arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, weight, zero);
  Value bits = arith::MulFOp::create(
      body, weight,
      arith::NegFOp::create(body, math::LogOp::create(body, weight)));
  return arith::SelectOp::create(body, isZero, zero, bits);
}

/// The entropy of the weights of each row, the sink's among them.
static Value emitEntropy(GenericBuilder &builder, Value weights, Value sink,
                         const SoftmaxRows &rows) {
  Type type = cast<RankedTensorType>(weights.getType()).getElementType();
  Sizes sizes = builder.sizesOf(weights);
  Value sum =
      sumAlong(builder,
               builder.map(type, sizes, weights,
                           [&](OpBuilder &nested, Location loc, ValueRange in) {
                             GenericBuilder body(loc, nested);
                             return emitSurprise(body, in[0]);
                           }),
               sizes.size() - 1);
  if (!sink)
    return sum;
  return builder.map(
      type, builder.sizesOf(sum),
      ValueRange{sum, sink, rows.origins, rows.sums},
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        GenericBuilder body(loc, nested);
        Value term = math::ExpOp::create(
            body, arith::SubFOp::create(body, in[1], in[2]));
        // Without keys and without a sink there is no weight.
        Value isNothing = arith::CmpFOp::create(
            body, arith::CmpFPredicate::OEQ, in[3], body.constant(type, 0.0));
        Value weight = arith::SelectOp::create(
            body, isNothing, term, arith::DivFOp::create(body, term, in[3]));
        return arith::AddFOp::create(body, in[0], emitSurprise(body, weight));
      });
}

/// What the rules make of the products: the scores, `excluded` where the mask
/// does not allow a key.
template <typename OpTy>
static Value applyRules(GenericBuilder &builder, OpTy op, Value products,
                        double excluded) {
  FloatType type = op.getAccumulatorType();
  int64_t rank = op.getQueryType().getRank();
  return builder.map(
      type, builder.sizesOf(products), products,
      [&](OpBuilder &nested, Location loc, ValueRange in) {
        Value score = in[0];
        if (op.getScale())
          score = arith::MulFOp::create(nested, loc, score, op.getScale());
        SmallVector<Value> indices = getRuleIndices(nested, loc, rank);
        if (op.hasScore()) {
          SmallVector<Value> arguments = {score};
          llvm::append_range(arguments, indices);
          score = inlineRule(nested, op.getScore(), arguments);
        }
        if (!op.hasMask())
          return score;
        GenericBuilder body(loc, nested);
        Value allowed = inlineRule(nested, op.getMask(), indices);
        return arith::SelectOp::create(body, allowed, score,
                                       body.constant(type, excluded))
            .getResult();
      });
}

/// -inf for keys that the mask does not allow, 0 for others.
static Value emitMarkers(GenericBuilder &builder, AttentionOp op,
                         Value products) {
  FloatType type = op.getAccumulatorType();
  int64_t rank = op.getQueryType().getRank();
  return builder.map(
      type, builder.sizesOf(products), products,
      [&](OpBuilder &nested, Location loc, ValueRange) -> Value {
        GenericBuilder body(loc, nested);
        Value allowed =
            inlineRule(nested, op.getMask(), getRuleIndices(nested, loc, rank));
        return arith::SelectOp::create(body, allowed, body.constant(type, 0.0),
                                       body.constant(type, -kInfinity));
      });
}

static Value applyFactor(GenericBuilder &builder, AttentionOp op,
                         Value weights) {
  int64_t rank = op.getQueryType().getRank();
  return builder.map(
      op.getAccumulatorType(), builder.sizesOf(weights), weights,
      [&](OpBuilder &nested, Location loc, ValueRange in) -> Value {
        Value factor = inlineRule(nested, op.getFactor(),
                                  getRuleIndices(nested, loc, rank));
        return arith::MulFOp::create(nested, loc, in[0], factor);
      });
}

/// Whether query heads share key heads, or may.
template <typename OpTy> static bool isGrouped(OpTy op) {
  int64_t rank = op.getQueryType().getRank();
  int64_t heads = op.getQueryType().getShape()[rank == 4 ? 1 : 0];
  return rank == 4 && (ShapedType::isDynamic(heads) ||
                       op.getKeyType().getDimSize(1) != heads);
}

SmallVector<Value> attn::lowerAttention(GenericBuilder &builder,
                                        AttentionOp op) {
  Value key = op.getKey(), value = op.getValue();
  int64_t rank = op.getQueryType().getRank();
  if (isGrouped(op)) {
    OpFoldResult size = builder.sizesOf(op.getQuery())[1];
    key = repeatAlong(builder, key, 1, size);
    value = repeatAlong(builder, value, 1, size);
  }
  Value products = multiply(builder, op.getQuery(), key, /*transposed=*/true);
  bool isSoftmax = op.isSoftmax();
  Value scores =
      applyRules(builder, op, products, isSoftmax ? -kInfinity : 0.0);
  // Keys that take no part are known by a marker of -inf.
  Value markers = scores, weights = scores;
  SoftmaxRows rows;
  Value sink = getSink(builder, op), entropy;
  if (isSoftmax)
    weights = softmaxAlong(builder, scores, rank - 1, sink, &rows);
  else
    markers = op.hasMask() ? emitMarkers(builder, op, products) : Value();
  if (op.getEntropy())
    entropy = emitEntropy(builder, weights, sink, rows);
  if (op.hasFactor())
    weights = applyFactor(builder, op, weights);

  Value output = markers
                     ? weighValues(builder, markers, weights, value)
                     : multiply(builder, weights, value, /*transposed=*/false);
  SmallVector<Value> results = {
      castElements(builder, output, op.getQueryType().getElementType())};
  if (op.getLse())
    results.push_back(dropLastAxis(builder, emitLogSum(builder, rows)));
  if (op.getMax())
    results.push_back(dropLastAxis(builder, emitMaximum(builder, rows)));
  if (entropy)
    results.push_back(dropLastAxis(builder, entropy));
  return results;
}

//===----------------------------------------------------------------------===//
// The largest weights
//===----------------------------------------------------------------------===//

namespace {

/// Fills the lists of attn.top_keys row by row, each entry by a search for the
/// largest score after the entry before.
class TopKeysRows {
public:
  TopKeysRows(GenericBuilder &builder, Value scores, const SoftmaxRows &softmax,
              Value weights, int64_t count);
  /// The keys and the weights, of which `results` hold fillers.
  SmallVector<Value> fill(SmallVector<Value> results);

private:
  using Builder = ImplicitLocOpBuilder;

  SmallVector<Value> fillAxis(Builder &b, SmallVector<Value> row,
                              ValueRange results);
  SmallVector<Value> fillRow(Builder &b, ValueRange row, ValueRange results);
  Value findNext(Builder &b, ValueRange row, Value lastScore, Value lastKey);

  GenericBuilder &builder;
  Value scores, weights;
  /// NaN for a row of NaN.
  Value sums;
  Type type;
  int64_t leading;
  Value zero, one, none, count, keys;
};

} // namespace

static SmallVector<Value> append(ValueRange row, Value last) {
  SmallVector<Value> place(row);
  place.push_back(last);
  return place;
}

static Value getIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

TopKeysRows::TopKeysRows(GenericBuilder &builder, Value scores,
                         const SoftmaxRows &softmax, Value weights,
                         int64_t count)
    : builder(builder), scores(scores), weights(weights), sums(softmax.sums),
      type(cast<RankedTensorType>(scores.getType()).getElementType()),
      leading(cast<RankedTensorType>(scores.getType()).getRank() - 1),
      zero(getIndex(builder, 0)), one(getIndex(builder, 1)),
      none(getIndex(builder, -1)), count(getIndex(builder, count)),
      keys(tensor::DimOp::create(builder, scores, leading)) {}

SmallVector<Value> TopKeysRows::fill(SmallVector<Value> results) {
  return fillAxis(builder, {}, results);
}

/// A loop for each axis but the last, around the row.
SmallVector<Value> TopKeysRows::fillAxis(Builder &b, SmallVector<Value> row,
                                         ValueRange results) {
  int64_t axis = row.size();
  if (axis == leading)
    return fillRow(b, row, results);
  Value extent = tensor::DimOp::create(b, scores, axis);
  auto loop = scf::ForOp::create(
      b, zero, extent, one, results,
      [&](OpBuilder &nested, Location loc, Value place, ValueRange carried) {
        Builder body(loc, nested);
        scf::YieldOp::create(body, fillAxis(body, append(row, place), carried));
      });
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> TopKeysRows::fillRow(Builder &b, ValueRange row,
                                        ValueRange results) {
  Value sum = tensor::ExtractOp::create(b, sums, append(row, zero));
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, sum, sum);
  SmallVector<Value> inits(results);
  inits.push_back(
      arith::ConstantOp::create(b, b.getFloatAttr(type, kInfinity)));
  inits.push_back(none);
  auto loop = scf::ForOp::create(
      b, zero, count, one, inits,
      [&](OpBuilder &nested, Location loc, Value number, ValueRange carried) {
        Builder body(loc, nested);
        Value found = findNext(body, row, carried[2], carried[3]);
        Value isNone =
            arith::CmpIOp::create(body, arith::CmpIPredicate::eq, found, none);
        // Nothing is read where there is no key.
        auto read = [&](Value tensor, Value otherwise) {
          return scf::IfOp::create(
                     body, isNone,
                     [&](OpBuilder &then, Location loc) {
                       scf::YieldOp::create(then, loc, otherwise);
                     },
                     [&](OpBuilder &other, Location loc) {
                       Value value = tensor::ExtractOp::create(
                           other, loc, tensor, append(row, found));
                       scf::YieldOp::create(other, loc, value);
                     })
              .getResult(0);
        };
        Value nothing =
            arith::ConstantOp::create(body, body.getFloatAttr(type, 0.0));
        Value lowest = arith::ConstantOp::create(
            body, body.getFloatAttr(type, -kInfinity));
        Value weight =
            arith::SelectOp::create(body, isNaN, sum, read(weights, nothing));
        Value key = arith::IndexCastOp::create(
            body, body.getI32Type(),
            arith::SelectOp::create(body, isNaN, none, found));
        SmallVector<Value> place = append(row, number);
        scf::YieldOp::create(
            body, ValueRange{
                      tensor::InsertOp::create(body, key, carried[0], place),
                      tensor::InsertOp::create(body, weight, carried[1], place),
                      read(scores, lowest), found});
      });
  return SmallVector<Value>(loop.getResults().take_front(2));
}

/// The key with the largest score of those that come after the last one in the
/// list; -1 if there is none.
Value TopKeysRows::findNext(Builder &b, ValueRange row, Value lastScore,
                            Value lastKey) {
  Value lowest = arith::ConstantOp::create(b, b.getFloatAttr(type, -kInfinity));
  auto loop = scf::ForOp::create(
      b, zero, keys, one, ValueRange{lowest, none},
      [&](OpBuilder &nested, Location loc, Value key, ValueRange best) {
        Builder body(loc, nested);
        auto compare = [&](arith::CmpFPredicate predicate, Value lhs,
                           Value rhs) -> Value {
          return arith::CmpFOp::create(body, predicate, lhs, rhs);
        };
        Value score = tensor::ExtractOp::create(body, scores, append(row, key));
        Value isTie = arith::AndIOp::create(
            body, compare(arith::CmpFPredicate::OEQ, score, lastScore),
            arith::CmpIOp::create(body, arith::CmpIPredicate::sgt, key,
                                  lastKey));
        Value follows = arith::OrIOp::create(
            body, compare(arith::CmpFPredicate::OLT, score, lastScore), isTie);
        Value isBest = arith::AndIOp::create(
            body, follows, compare(arith::CmpFPredicate::OGT, score, best[0]));
        scf::YieldOp::create(
            body,
            ValueRange{arith::SelectOp::create(body, isBest, score, best[0]),
                       arith::SelectOp::create(body, isBest, key, best[1])});
      });
  return loop.getResult(1);
}

SmallVector<Value> attn::lowerTopKeys(GenericBuilder &builder, TopKeysOp op) {
  Value key = op.getKey();
  if (isGrouped(op))
    key = repeatAlong(builder, key, 1, builder.sizesOf(op.getQuery())[1]);
  Value products = multiply(builder, op.getQuery(), key, /*transposed=*/true);
  Value scores = applyRules(builder, op, products, -kInfinity);
  SoftmaxRows rows;
  Value weights = softmaxAlong(builder, scores, op.getQueryType().getRank() - 1,
                               Value(), &rows);
  Sizes sizes = builder.sizesOf(op.getQuery());
  sizes.back() = builder.getIndexAttr(op.getCount());
  Value noKey =
      arith::ConstantOp::create(builder, builder.getI32IntegerAttr(-1));
  Value noWeight = builder.constant(op.getAccumulatorType(), 0.0);
  return TopKeysRows(builder, scores, rows, weights, op.getCount())
      .fill({builder.filled(noKey, sizes), builder.filled(noWeight, sizes)});
}

//===- LowerProducts.cpp - Products and attention to linalg -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lowering/LowerOps.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// acc + lhs * rhs in the type of acc.
static Value multiplyAdd(OpBuilder &builder, Location loc, Value lhs, Value rhs,
                         Value acc) {
  Type type = acc.getType();
  Value product =
      arith::MulFOp::create(builder, loc, emitCast(builder, loc, lhs, type),
                            emitCast(builder, loc, rhs, type));
  return arith::AddFOp::create(builder, loc, acc, product);
}

/// lhs[…, i, d] * rhs[…, d, j], or rhs[…, j, d] where `transposed`, summed over
/// d, in the sum type. The loops run i, d, j or i, j, d, so that the innermost
/// one reads rows.
static Value product(GenericBuilder &builder, Value lhs, Value rhs,
                     bool transposed) {
  auto lhsType = cast<RankedTensorType>(lhs.getType());
  auto rhsType = cast<RankedTensorType>(rhs.getType());
  int64_t lead = std::max(lhsType.getRank(), rhsType.getRank()) - 2;
  int64_t rank = lead + 3;
  AffineExpr i = builder.getAffineDimExpr(lead);
  AffineExpr d = builder.getAffineDimExpr(lead + (transposed ? 2 : 1));
  AffineExpr j = builder.getAffineDimExpr(lead + (transposed ? 1 : 2));

  Sizes sizes(lead);
  auto leading = [&](Value operand, RankedTensorType type) {
    SmallVector<AffineExpr> axes;
    Sizes own = builder.sizesOf(operand);
    int64_t offset = lead - (type.getRank() - 2);
    for (int64_t axis = 0; axis < type.getRank() - 2; ++axis) {
      bool stretches = type.getDimSize(axis) == 1;
      axes.push_back(stretches ? builder.getAffineConstantExpr(0)
                               : builder.getAffineDimExpr(offset + axis));
      if (!sizes[offset + axis] || isOneInteger(sizes[offset + axis]))
        sizes[offset + axis] = own[axis];
    }
    return axes;
  };
  SmallVector<AffineExpr> lhsAxes = leading(lhs, lhsType);
  SmallVector<AffineExpr> rhsAxes = leading(rhs, rhsType);
  // An axis on which both stretch has one position.
  SmallVector<AffineExpr> outAxes;
  for (int64_t axis = 0; axis < lead; ++axis)
    outAxes.push_back(builder.getAffineDimExpr(axis));
  auto covers = [&](ArrayRef<AffineExpr> axes, int64_t axis) {
    return llvm::is_contained(axes, builder.getAffineDimExpr(axis));
  };
  for (int64_t axis = 0; axis < lead; ++axis)
    if (!covers(lhsAxes, axis) && !covers(rhsAxes, axis)) {
      ArrayRef<AffineExpr> known(lhsAxes);
      int64_t own = axis - (lead - (lhsType.getRank() - 2));
      if (own >= 0 && own < static_cast<int64_t>(known.size()))
        lhsAxes[own] = builder.getAffineDimExpr(axis);
      else
        rhsAxes[axis - (lead - (rhsType.getRank() - 2))] =
            builder.getAffineDimExpr(axis);
    }
  lhsAxes.append({i, d});
  rhsAxes.append(transposed ? SmallVector<AffineExpr>{j, d}
                            : SmallVector<AffineExpr>{d, j});
  outAxes.append({i, j});
  Sizes lhsSizes = builder.sizesOf(lhs), rhsSizes = builder.sizesOf(rhs);
  sizes.push_back(lhsSizes[lhsType.getRank() - 2]);
  sizes.push_back(rhsSizes[rhsType.getRank() - (transposed ? 2 : 1)]);

  Type sumType = getComputeType(lhsType.getElementType());
  auto makeMap = [&](ArrayRef<AffineExpr> axes) {
    return AffineMap::get(rank, 0, axes, builder.getContext());
  };
  return builder.reduce(builder.filled(builder.constant(sumType, 0.0), sizes),
                        ValueRange{lhs, rhs},
                        {makeMap(lhsAxes), makeMap(rhsAxes)}, makeMap(outAxes),
                        [&](OpBuilder &nested, Location loc, ValueRange in) {
                          return multiplyAdd(nested, loc, in[0], in[1], in[2]);
                        });
}

Value attn::lower(GenericBuilder &builder, MatmulOp op) {
  return castElements(
      builder, product(builder, op.getLhs(), op.getRhs(), /*transposed=*/false),
      op.getType().getElementType());
}

/// weights x values without the keys whose score is -inf: they take no part,
/// whatever their value is.
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

Value attn::lower(GenericBuilder &builder, AttentionOp op) {
  Type element = op.getQueryType().getElementType();
  FloatType sumType = op.getAccumulatorType();
  Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
  int64_t rank = op.getQueryType().getRank();
  int64_t heads = op.getQueryType().getShape()[rank == 4 ? 1 : 0];
  bool isGrouped = rank == 4 && (ShapedType::isDynamic(heads) ||
                                 op.getKeyType().getDimSize(1) != heads);
  if (isGrouped) {
    OpFoldResult size = builder.sizesOf(query)[1];
    key = repeatAlong(builder, key, 1, size);
    value = repeatAlong(builder, value, 1, size);
  }
  Value products = product(builder, query, key, /*transposed=*/true);
  Value scores = builder.map(
      sumType, builder.sizesOf(products), products,
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
                                       body.constant(sumType, -kInfinity))
            .getResult();
      });
  Value weights = softmaxAlong(builder, scores, rank - 1);
  return castElements(builder, weighValues(builder, scores, weights, value),
                      element);
}

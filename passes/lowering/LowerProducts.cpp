//===- LowerProducts.cpp - Products to linalg -------------------*- C++ -*-===//
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

Value attn::multiplyAdd(OpBuilder &builder, Location loc, Value lhs, Value rhs,
                        Value acc) {
  Type type = acc.getType();
  Value product =
      arith::MulFOp::create(builder, loc, emitCast(builder, loc, lhs, type),
                            emitCast(builder, loc, rhs, type));
  return arith::AddFOp::create(builder, loc, acc, product);
}

// The loops run i, d, j or i, j, d, so that the innermost one reads rows.
Value attn::multiply(GenericBuilder &builder, Value lhs, Value rhs,
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
      builder,
      multiply(builder, op.getLhs(), op.getRhs(), /*transposed=*/false),
      op.getType().getElementType());
}

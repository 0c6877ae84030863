//===- LowerElementwise.cpp - Elementwise and shape ops ---------*- C++ -*-===//
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
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace attn;

Type attn::getComputeType(Type element) {
  return isa<FloatType>(element) ? Type(getAccumulatorType(element)) : element;
}

SmallVector<Value> attn::getRuleIndices(OpBuilder &builder, Location loc,
                                        int64_t rank) {
  SmallVector<Value> indices;
  for (unsigned index = 0; index < 4; ++index) {
    std::optional<unsigned> axis = getRuleAxis(index, rank);
    indices.push_back(
        axis ? linalg::IndexOp::create(builder, loc, *axis).getResult()
             : arith::ConstantIndexOp::create(builder, loc, 0).getResult());
  }
  return indices;
}

Value attn::castElements(GenericBuilder &builder, Value input, Type element) {
  if (cast<RankedTensorType>(input.getType()).getElementType() == element)
    return input;
  return builder.map(element, builder.sizesOf(input), input,
                     [&](OpBuilder &nested, Location loc, ValueRange in) {
                       return emitCast(nested, loc, in[0], element);
                     });
}

/// The sizes that `operands` broadcast to.
static Sizes broadcastSizes(GenericBuilder &builder, ValueRange operands,
                            RankedTensorType result) {
  Sizes sizes(result.getRank());
  for (Value operand : operands) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type)
      continue;
    Sizes own = builder.sizesOf(operand);
    int64_t offset = result.getRank() - type.getRank();
    for (int64_t i = 0; i < type.getRank(); ++i) {
      OpFoldResult &size = sizes[offset + i];
      // A static 1 stretches; a static extent says more than an open one.
      bool better = !size || isOneInteger(size) ||
                    (!getConstantIntValue(size) &&
                     getConstantIntValue(own[i]).value_or(1) != 1);
      if (better)
        size = own[i];
    }
  }
  return sizes;
}

Value attn::lower(GenericBuilder &builder, UnaryOp op) {
  Type element = op.getType().getElementType();
  return builder.map(element, builder.sizesOf(op.getInput()), op.getInput(),
                     [&](OpBuilder &nested, Location loc, ValueRange in) {
                       Value x = emitCast(nested, loc, in[0],
                                          getComputeType(element));
                       Value y = emitUnary(nested, loc, op.getKind(), x);
                       return emitCast(nested, loc, y, element);
                     });
}

Value attn::lower(GenericBuilder &builder, BinaryOp op) {
  Type element = op.getType().getElementType();
  return builder.map(
      element, broadcastSizes(builder, op->getOperands(), op.getType()),
      op->getOperands(), [&](OpBuilder &nested, Location loc, ValueRange in) {
        Type compute = getComputeType(in[0].getType());
        Value lhs = emitCast(nested, loc, in[0], compute);
        Value rhs = emitCast(nested, loc, in[1], compute);
        Value result = emitBinary(nested, loc, op.getKind(), lhs, rhs);
        return isComparison(op.getKind())
                   ? result
                   : emitCast(nested, loc, result, element);
      });
}

Value attn::lower(GenericBuilder &builder, SelectOp op) {
  return builder.map(
      op.getType().getElementType(),
      broadcastSizes(builder, op->getOperands(), op.getType()),
      op->getOperands(), [&](OpBuilder &nested, Location loc, ValueRange in) {
        return arith::SelectOp::create(nested, loc, in[0], in[1], in[2])
            .getResult();
      });
}

Value attn::lower(GenericBuilder &builder, CastOp op) {
  return castElements(builder, op.getInput(), op.getType().getElementType());
}

Value attn::lower(GenericBuilder &builder, MaskOp op) {
  Sizes sizes = getMixedValues(op.getType().getShape(), op.getSizes(), builder);
  int64_t rank = op.getType().getRank();
  return builder.map(builder.getI1Type(), sizes, ValueRange(),
                     [&](OpBuilder &nested, Location loc, ValueRange) {
                       return inlineRule(nested, op.getRule(),
                                         getRuleIndices(nested, loc, rank));
                     });
}

Value attn::lower(GenericBuilder &builder, ScoreOp op) {
  int64_t rank = op.getInput().getType().getRank();
  return builder.map(
      op.getType().getElementType(), builder.sizesOf(op.getInput()),
      op.getInput(), [&](OpBuilder &nested, Location loc, ValueRange in) {
        SmallVector<Value> arguments = getRuleIndices(nested, loc, rank);
        arguments.insert(arguments.begin(), in[0]);
        return inlineRule(nested, op.getRule(), arguments);
      });
}

Value attn::lower(GenericBuilder &builder, RangeOp op) {
  OpFoldResult size = op.getType().isDynamicDim(0)
                          ? OpFoldResult(op.getSize())
                          : builder.getIndexAttr(op.getType().getDimSize(0));
  Type element = op.getType().getElementType();
  return builder.map(element, size, ValueRange(),
                     [&](OpBuilder &nested, Location loc, ValueRange) {
                       Value i = linalg::IndexOp::create(nested, loc, 0);
                       return emitCast(nested, loc, i, element);
                     });
}

Value attn::repeatAlong(GenericBuilder &builder, Value input, int64_t axis,
                        OpFoldResult size) {
  auto type = cast<RankedTensorType>(input.getType());
  Sizes sizes = builder.sizesOf(input);
  OpFoldResult times;
  std::optional<int64_t> from = getConstantIntValue(sizes[axis]),
                         to = getConstantIntValue(size);
  if (from && to) {
    times = builder.getIndexAttr(*from == 0 ? 0 : *to / *from);
  } else {
    // An axis of no slices repeats to none.
    Location loc = builder.getLoc();
    Value one = arith::ConstantIndexOp::create(builder, 1);
    Value slices = arith::MaxUIOp::create(
        builder, getValueOrCreateConstantIndexOp(builder, loc, sizes[axis]),
        one);
    times = arith::DivUIOp::create(
                builder, getValueOrCreateConstantIndexOp(builder, loc, size),
                slices)
                .getResult();
  }
  // The copies get an axis of their own, which then joins that of the slices.
  sizes.insert(sizes.begin() + axis + 1, times);
  SmallVector<AffineExpr> source;
  SmallVector<ReassociationIndices> joined(type.getRank());
  for (int64_t i = 0; i <= type.getRank(); ++i) {
    if (i != axis + 1)
      source.push_back(builder.getAffineDimExpr(i));
    joined[i <= axis ? i : i - 1].push_back(i);
  }
  AffineMap map = AffineMap::get(sizes.size(), 0, source, builder.getContext());
  Value copies = builder.gather(type.getElementType(), sizes, input, map);
  return tensor::CollapseShapeOp::create(builder, copies, joined);
}

Value attn::lower(GenericBuilder &builder, RepeatOp op) {
  int64_t extent = op.getType().getDimSize(op.getAxis());
  OpFoldResult size = ShapedType::isDynamic(extent)
                          ? OpFoldResult(op.getSize())
                          : builder.getIndexAttr(extent);
  return repeatAlong(builder, op.getInput(), op.getAxis(), size);
}

Value attn::lower(GenericBuilder &builder, TransposeOp op) {
  ArrayRef<int64_t> permutation = op.getPermutation();
  Sizes sizes = applyPermutation(builder.sizesOf(op.getInput()), permutation);
  SmallVector<AffineExpr> source(sizes.size());
  for (auto [axis, from] : llvm::enumerate(permutation))
    source[from] = builder.getAffineDimExpr(axis);
  return builder.gather(
      op.getType().getElementType(), sizes, op.getInput(),
      AffineMap::get(sizes.size(), 0, source, builder.getContext()));
}

//===- AttnReify.cpp - Extents of results in terms of operands --*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace attn;

/// The extent of `result` along `axis`: what its type says, or else the extent
/// of `source` along `sourceAxis`.
static OpFoldResult getExtent(OpBuilder &builder, OpResult result, int64_t axis,
                              Value source, int64_t sourceAxis) {
  auto type = cast<RankedTensorType>(result.getType());
  if (!type.isDynamicDim(axis))
    return builder.getIndexAttr(type.getDimSize(axis));
  return tensor::getMixedSize(builder, result.getLoc(), source, sourceAxis);
}

/// The extents of a result that has the shape of `source`.
static LogicalResult reifyLike(OpBuilder &builder, OpResult result,
                               Value source,
                               ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> &shape = shapes.emplace_back();
  int64_t rank = cast<RankedTensorType>(result.getType()).getRank();
  for (int64_t axis = 0; axis < rank; ++axis)
    shape.push_back(getExtent(builder, result, axis, source, axis));
  return success();
}

/// The extents that the type of `result` tells, and `open` for the others, in
/// order.
static LogicalResult reifySizes(OpBuilder &builder, OpResult result,
                                ValueRange open,
                                ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> &shape = shapes.emplace_back();
  for (int64_t extent : cast<RankedTensorType>(result.getType()).getShape()) {
    if (!ShapedType::isDynamic(extent)) {
      shape.push_back(builder.getIndexAttr(extent));
      continue;
    }
    shape.push_back(open.front());
    open = open.drop_front();
  }
  return success();
}

/// Pushes the extents along the first `count` axes of `result`, to which the
/// operands broadcast, aligned so that their last `dropped` axes stay out.
/// An open extent comes from an operand where it is open too: an extent of 1
/// beside it may be stretched.
static void pushBroadcast(OpBuilder &builder, OpResult result, int64_t count,
                          ValueRange operands, int64_t dropped,
                          SmallVectorImpl<OpFoldResult> &shape) {
  for (int64_t axis = 0; axis < count; ++axis) {
    Value source;
    int64_t sourceAxis = 0;
    for (Value operand : operands) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (!type)
        continue;
      int64_t operandAxis = axis - count + type.getRank() - dropped;
      if (operandAxis < 0 || !type.isDynamicDim(operandAxis))
        continue;
      source = operand;
      sourceAxis = operandAxis;
      break;
    }
    shape.push_back(getExtent(builder, result, axis, source, sourceAxis));
  }
}

static LogicalResult reifyBroadcast(OpBuilder &builder, OpResult result,
                                    ValueRange operands,
                                    ReifiedRankedShapedTypeDims &shapes) {
  pushBroadcast(builder, result,
                cast<RankedTensorType>(result.getType()).getRank(), operands, 0,
                shapes.emplace_back());
  return success();
}

//===----------------------------------------------------------------------===//
// Fused ops
//===----------------------------------------------------------------------===//

LogicalResult
AttentionOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  int64_t last = getQueryType().getRank() - 1;
  for (OpResult result : getOperation()->getResults()) {
    SmallVector<OpFoldResult> &shape = shapes.emplace_back();
    for (int64_t axis = 0; axis < last; ++axis)
      shape.push_back(getExtent(builder, result, axis, getQuery(), axis));
    if (result == getResult())
      shape.push_back(getExtent(builder, result, last, getValue(), last));
  }
  return success();
}

LogicalResult
LinearAttentionOp::reifyResultShapes(OpBuilder &builder,
                                     ReifiedRankedShapedTypeDims &shapes) {
  int64_t last = getQueryType().getRank() - 1;
  for (OpResult result : getOperation()->getResults()) {
    SmallVector<OpFoldResult> &shape = shapes.emplace_back();
    for (int64_t axis = 0; axis < last; ++axis) {
      // The rows of a state are the elements of a head.
      bool isRow = result.getResultNumber() == 1 && axis == last - 1;
      shape.push_back(
          getExtent(builder, result, axis, getQuery(), isRow ? last : axis));
    }
    shape.push_back(getExtent(builder, result, last, getValue(), last));
  }
  return success();
}

LogicalResult
TopKeysOp::reifyResultShapes(OpBuilder &builder,
                             ReifiedRankedShapedTypeDims &shapes) {
  int64_t last = getQueryType().getRank() - 1;
  for (OpResult result : getOperation()->getResults()) {
    SmallVector<OpFoldResult> &shape = shapes.emplace_back();
    for (int64_t axis = 0; axis < last; ++axis)
      shape.push_back(getExtent(builder, result, axis, getQuery(), axis));
    shape.push_back(builder.getIndexAttr(getCount()));
  }
  return success();
}

LogicalResult
LayerNormOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  return reifyLike(builder, getOperation()->getResult(0), getInput(), shapes);
}

LogicalResult
RmsNormOp::reifyResultShapes(OpBuilder &builder,
                             ReifiedRankedShapedTypeDims &shapes) {
  return reifyLike(builder, getOperation()->getResult(0), getInput(), shapes);
}

//===----------------------------------------------------------------------===//
// Written-out ops
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  OpResult result = getOperation()->getResult(0);
  int64_t leading = getType().getRank() - 2;
  int64_t rows = getLhs().getType().getRank() - 2;
  int64_t columns = getRhs().getType().getRank() - 1;
  SmallVector<OpFoldResult> &shape = shapes.emplace_back();
  pushBroadcast(builder, result, leading, {getLhs(), getRhs()}, 2, shape);
  shape.push_back(getExtent(builder, result, leading, getLhs(), rows));
  shape.push_back(getExtent(builder, result, leading + 1, getRhs(), columns));
  return success();
}

LogicalResult
SoftmaxOp::reifyResultShapes(OpBuilder &builder,
                             ReifiedRankedShapedTypeDims &shapes) {
  return reifyLike(builder, getOperation()->getResult(0), getInput(), shapes);
}

LogicalResult ReduceOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  OpResult result = getOperation()->getResult(0);
  SmallVector<OpFoldResult> &shape = shapes.emplace_back();
  for (int64_t axis = 0, e = getInput().getType().getRank(); axis < e; ++axis) {
    bool reduced = llvm::is_contained(getAxes(), axis);
    if (!reduced || getKeep())
      shape.push_back(
          getExtent(builder, result, shape.size(), getInput(), axis));
  }
  return success();
}

LogicalResult UnaryOp::reifyResultShapes(OpBuilder &builder,
                                         ReifiedRankedShapedTypeDims &shapes) {
  return reifyLike(builder, getOperation()->getResult(0), getInput(), shapes);
}

LogicalResult BinaryOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  return reifyBroadcast(builder, getOperation()->getResult(0), getOperands(),
                        shapes);
}

LogicalResult SelectOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  return reifyBroadcast(builder, getOperation()->getResult(0), getOperands(),
                        shapes);
}

LogicalResult CastOp::reifyResultShapes(OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &shapes) {
  return reifyLike(builder, getOperation()->getResult(0), getInput(), shapes);
}

LogicalResult MaskOp::reifyResultShapes(OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &shapes) {
  return reifySizes(builder, getOperation()->getResult(0), getSizes(), shapes);
}

LogicalResult ScoreOp::reifyResultShapes(OpBuilder &builder,
                                         ReifiedRankedShapedTypeDims &shapes) {
  return reifyLike(builder, getOperation()->getResult(0), getInput(), shapes);
}

LogicalResult
TransposeOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  OpResult result = getOperation()->getResult(0);
  SmallVector<OpFoldResult> &shape = shapes.emplace_back();
  for (auto [axis, inputAxis] : llvm::enumerate(getPermutation()))
    shape.push_back(getExtent(builder, result, axis, getInput(), inputAxis));
  return success();
}

LogicalResult RepeatOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  OpResult result = getOperation()->getResult(0);
  SmallVector<OpFoldResult> &shape = shapes.emplace_back();
  for (int64_t axis = 0, e = getType().getRank(); axis < e; ++axis) {
    if (axis == static_cast<int64_t>(getAxis()) && getType().isDynamicDim(axis))
      shape.push_back(getSize());
    else
      shape.push_back(getExtent(builder, result, axis, getInput(), axis));
  }
  return success();
}

LogicalResult RangeOp::reifyResultShapes(OpBuilder &builder,
                                         ReifiedRankedShapedTypeDims &shapes) {
  return reifySizes(builder, getOperation()->getResult(0), getSize(), shapes);
}

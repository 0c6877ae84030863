//===- LowerOps.cpp - The meaning of each attn op, in linalg ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lowering/LowerOps.h"

#include "passes/lowering/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

/// `tensor.empty` of `type`, whose open extents are taken from `sizes`.
static Value createEmpty(OpBuilder &builder, Location loc,
                         RankedTensorType type, ArrayRef<OpFoldResult> sizes) {
  SmallVector<Value> open;
  for (auto [i, extent] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(extent))
      open.push_back(getValueOrCreateConstantIndexOp(builder, loc, sizes[i]));
  return tensor::EmptyOp::create(builder, loc, type, open);
}

void attn::addInits(OpBuilder &builder, AttentionOp op) {
  Sizes sizes = tensor::getMixedSizes(builder, op.getLoc(), op.getQuery());
  Sizes rows(ArrayRef(sizes).drop_back());
  sizes.back() = tensor::getMixedSize(builder, op.getLoc(), op.getValue(),
                                      sizes.size() - 1);
  auto add = [&](Value result, MutableOperandRange init, const Sizes &sizes) {
    if (result && init.empty())
      init.assign(createEmpty(builder, op.getLoc(),
                              cast<RankedTensorType>(result.getType()), sizes));
  };
  add(op.getResult(), op.getInitMutable(), sizes);
  add(op.getLse(), op.getLseInitMutable(), rows);
  add(op.getMax(), op.getMaxInitMutable(), rows);
  add(op.getEntropy(), op.getEntropyInitMutable(), rows);
}

void attn::addInits(OpBuilder &builder, LinearAttentionOp op) {
  ReifiedRankedShapedTypeDims sizes;
  if (!op.getInits().empty() || failed(op.reifyResultShapes(builder, sizes)))
    return;
  SmallVector<Value> inits;
  for (auto [type, resultSizes] : llvm::zip_equal(op.getResultTypes(), sizes))
    inits.push_back(createEmpty(builder, op.getLoc(),
                                cast<RankedTensorType>(type), resultSizes));
  op.getInitsMutable().assign(inits);
}

void attn::addInits(OpBuilder &builder, TopKeysOp op) {
  ReifiedRankedShapedTypeDims sizes;
  if (op.getKeysInit() || failed(op.reifyResultShapes(builder, sizes)))
    return;
  auto create = [&](Value result, const Sizes &sizes) {
    return createEmpty(builder, op.getLoc(),
                       cast<RankedTensorType>(result.getType()), sizes);
  };
  op.getKeysInitMutable().assign(create(op.getKeys(), sizes[0]));
  op.getWeightsInitMutable().assign(create(op.getWeights(), sizes[1]));
}

SmallVector<Value> attn::lowerOp(OpBuilder &builder, Operation *op) {
  GenericBuilder generic(op->getLoc(), builder);
  SmallVector<Value> results;
  if (auto attention = dyn_cast<AttentionOp>(op))
    results = lowerAttention(generic, attention);
  else if (auto linear = dyn_cast<LinearAttentionOp>(op))
    results = lowerLinearAttention(generic, linear);
  else if (auto top = dyn_cast<TopKeysOp>(op))
    results = lowerTopKeys(generic, top);
  else
    results.push_back(
        TypeSwitch<Operation *, Value>(op)
            .Case<BinaryOp, CastOp, LayerNormOp, MaskOp, MatmulOp, RangeOp,
                  ReduceOp, RepeatOp, RmsNormOp, ScoreOp, SelectOp, SoftmaxOp,
                  TransposeOp, UnaryOp>(
                [&](auto typed) { return lower(generic, typed); }));
  for (auto [value, result] : llvm::zip_equal(results, op->getResults()))
    value = generic.castTo(value, cast<RankedTensorType>(result.getType()));
  return results;
}

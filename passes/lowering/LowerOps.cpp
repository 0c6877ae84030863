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

SmallVector<OpFoldResult> attn::getResultSizes(OpBuilder &builder,
                                               AttentionOp op) {
  Sizes sizes = tensor::getMixedSizes(builder, op.getLoc(), op.getQuery());
  sizes.back() = tensor::getMixedSize(builder, op.getLoc(), op.getValue(),
                                      sizes.size() - 1);
  return sizes;
}

Value attn::createEmpty(OpBuilder &builder, Location loc, RankedTensorType type,
                        ArrayRef<OpFoldResult> sizes) {
  SmallVector<Value> open;
  for (auto [i, extent] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(extent))
      open.push_back(getValueOrCreateConstantIndexOp(builder, loc, sizes[i]));
  return tensor::EmptyOp::create(builder, loc, type, open);
}

Value attn::lowerOp(OpBuilder &builder, Operation *op) {
  GenericBuilder generic(op->getLoc(), builder);
  Value result = TypeSwitch<Operation *, Value>(op)
                     .Case<AttentionOp, BinaryOp, CastOp, LayerNormOp, MaskOp,
                           MatmulOp, RangeOp, ReduceOp, RepeatOp, RmsNormOp,
                           ScoreOp, SelectOp, SoftmaxOp, TransposeOp, UnaryOp>(
                         [&](auto typed) { return lower(generic, typed); });
  return generic.castTo(result,
                        cast<RankedTensorType>(op->getResult(0).getType()));
}

//===- AttentionBase.cpp - What all attention kernels share -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionBase.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attn;

AttentionSizes::AttentionSizes(KernelBuilder &builder, Value query, Value key,
                               Value value) {
  // The extent of an axis counted from the last one, 1 where the operand leaves
  // the axis out.
  auto dim = [&](Value operand, int64_t axisFromEnd) -> Value {
    int64_t rank = cast<MemRefType>(operand.getType()).getRank();
    if (axisFromEnd < 2)
      return builder.createOrFold<memref::DimOp>(operand,
                                                 rank - 1 - axisFromEnd);
    // Rank 3 is [B, T, D]: its first axis is the batch, not the head.
    std::optional<unsigned> axis = getRuleAxis(axisFromEnd == 3 ? 0 : 1, rank);
    return axis ? builder.createOrFold<memref::DimOp>(operand, *axis)
                : builder.index(1);
  };
  batches = dim(query, 3);
  heads = dim(query, 2);
  keyHeads = dim(key, 2);
  queries = dim(query, 1);
  headDim = dim(query, 0);
  keys = dim(key, 1);
  valueDim = dim(value, 0);
  // Without key heads there are no query heads either.
  group = builder.div(heads, builder.max(keyHeads, builder.index(1)));
}

AttentionBase::AttentionBase(KernelBuilder &builder, AttentionOp op,
                             int64_t vectorLength)
    : AttentionSizes(builder, op),
      KernelBase(builder, op.getAccumulatorType(), vectorLength), op(op),
      hasRules(op.hasMask() || op.hasScore()),
      paddedValueDim(b.roundUp(valueDim, vectorLength)) {
  // The softmax is taken to base 2, which must not disturb a score rule: with
  // one the change of base comes after it.
  Value scale = op.getScale();
  if (!scale)
    scale = b.constant(element, 1.0);
  Value log2e = b.constant(element, 1.4426950408889634);
  scaleBefore =
      op.hasScore() ? scale : b.createOrFold<arith::MulFOp>(scale, log2e);
  scaleAfter = op.hasScore() ? log2e : Value();
}

void AttentionBase::storeOutput(Value vector, Value batch, Value head,
                                Value query, Value column, Value count) {
  storeElements(vector, op.getInit(), batch, head, query, column, count);
}

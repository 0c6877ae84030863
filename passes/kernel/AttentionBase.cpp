//===- AttentionBase.cpp - What all attention kernels share -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionBase.h"

#include "passes/kernel/Exp2.h"
#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Math/IR/Math.h"
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
      isSoftmax(op.isSoftmax()),
      usesProducts(!op.hasScore() || !op.getScore().getArgument(0).use_empty()),
      hasRules(op.hasMask() || (op.hasScore() && isSoftmax)),
      paddedValueDim(b.roundUp(valueDim, vectorLength)) {
  scale = op.getScale();
  if (!scale)
    scale = b.constant(element, 1.0);
}

Value AttentionBase::loadSink(Value head) {
  Value sink = op.getSink();
  if (!sink)
    return sink;
  if (isa<MemRefType>(sink.getType()))
    sink = memref::LoadOp::create(b, sink, head);
  return b.createOrFold<arith::MulFOp>(sink, b.constant(element, kLog2E));
}

void AttentionBase::storeStatistic(Value number, Value rows, Value batch,
                                   Value head, Value query) {
  int64_t rank = cast<MemRefType>(rows.getType()).getRank();
  SmallVector<Value> indices = {query};
  if (rank == 3)
    indices.insert(indices.begin(), head);
  if (rank >= 2)
    indices.insert(indices.begin(), batch);
  memref::StoreOp::create(b, number, rows, indices);
}

/// One more key. What was summed up is multiplied with `rescale`.
void AttentionBase::joinSink(RowState &state, Value sink, Value &rescale) {
  Value none = b.constant(element, 0.0);
  double infinity = std::numeric_limits<double>::infinity();
  Value lowest = b.constant(element, -infinity);
  // The sum, not the origin, says that a sink is NaN or infinite.
  Value isFinite = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, sink,
                                         b.constant(element, infinity));
  Value joined =
      arith::SelectOp::create(b, isFinite, emitRoundToOrigin(b, sink), none);
  joined = b.fastMax(joined, state.origin);
  Value isNothing =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, joined, lowest);
  joined = arith::SelectOp::create(b, isNothing, none, joined);
  auto getDistance = [&](Value x) -> Value {
    return arith::SubFOp::create(b, x, joined);
  };
  // Where there is no weight, the distance may be infinite.
  auto multiply = [&](Value weight, Value distance) -> Value {
    Value product = arith::MulFOp::create(b, weight, distance);
    Value isNone =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, weight, none);
    return arith::SelectOp::create(b, isNone, none, product);
  };
  rescale = emitExp2(b, getDistance(state.origin));
  Value weight = emitExp2(b, getDistance(sink));
  if (state.moment) {
    Value moved = arith::AddFOp::create(
        b, state.moment, multiply(state.sum, getDistance(state.origin)));
    state.moment = math::FmaOp::create(b, moved, rescale,
                                       multiply(weight, getDistance(sink)));
  }
  state.sum = math::FmaOp::create(b, state.sum, rescale, weight);
  state.origin = joined;
}

AttentionBase::RowEnd AttentionBase::finishRow(RowState state, Value sink) {
  Value none = b.constant(element, 0.0);
  Value isEmpty =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, state.sum, none);
  Value rescale = b.constant(element, 1.0);
  if (sink)
    joinSink(state, sink, rescale);
  Value inverse = arith::DivFOp::create(b, rescale, state.sum);
  return {arith::SelectOp::create(b, isEmpty, none, inverse), state};
}

void AttentionBase::storeStatistics(const RowEnd &end, Value batch, Value head,
                                    Value query) {
  const RowState &state = end.state;
  auto toNatural = [&](Value x) -> Value {
    return arith::MulFOp::create(b, x, b.constant(element, kLn2));
  };
  if (op.getLseInit()) {
    // log2 of 0 is -inf, as the origin is. The product is not rounded: origins
    // may be in the thousands.
    Value log = toNatural(math::Log2Op::create(b, state.sum));
    storeStatistic(
        math::FmaOp::create(b, state.origin, b.constant(element, kLn2), log),
        op.getLseInit(), batch, head, query);
  }
  if (op.getMaxInit()) {
    Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, state.sum,
                                        state.sum);
    storeStatistic(arith::SelectOp::create(b, isNaN, state.sum, state.maximum),
                   op.getMaxInit(), batch, head, query);
  }
  if (op.getEntropyInit()) {
    Value none = b.constant(element, 0.0);
    Value mean = arith::DivFOp::create(b, state.moment, state.sum);
    Value entropy =
        arith::SubFOp::create(b, math::Log2Op::create(b, state.sum), mean);
    // Rounding must not make it negative; NaN stays.
    entropy = arith::MaximumFOp::create(b, toNatural(entropy), none);
    Value isNothing =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, state.sum, none);
    storeStatistic(arith::SelectOp::create(b, isNothing, none, entropy),
                   op.getEntropyInit(), batch, head, query);
  }
}

void AttentionBase::storeOutput(Value vector, Value batch, Value head,
                                Value query, Value column, Value count) {
  storeElements(vector, op.getInit(), batch, head, query, column, count);
}

//===- AttentionBase.cpp - What all attention kernels share -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionBase.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Multiply-adds below which starting threads costs more than they save.
static constexpr int64_t kParallelWork = 1 << 17;

AttentionSizes::AttentionSizes(KernelBuilder &builder, AttentionOp op) {
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
  batches = dim(op.getQuery(), 3);
  heads = dim(op.getQuery(), 2);
  keyHeads = dim(op.getKey(), 2);
  queries = dim(op.getQuery(), 1);
  headDim = dim(op.getQuery(), 0);
  keys = dim(op.getKey(), 1);
  valueDim = dim(op.getValue(), 0);
  // Without key heads there are no query heads either.
  group = builder.div(heads, builder.max(keyHeads, builder.index(1)));
}

AttentionBase::AttentionBase(KernelBuilder &builder, AttentionOp op,
                             int64_t vectorLength)
    : AttentionSizes(builder, op), b(builder), op(op),
      vectorLength(vectorLength), element(op.getAccumulatorType()),
      vectorType(VectorType::get(vectorLength, element)),
      hasRules(op.hasMask() || op.hasScore()), zero(b.index(0)),
      one(b.index(1)), paddedValueDim(b.roundUp(valueDim, vectorLength)),
      scratchSize(zero) {
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

void AttentionBase::addPart(Value &offset, Value elements) {
  parts.emplace_back(&offset, scratchSize);
  // Parts begin at whole vectors.
  scratchSize = b.add(scratchSize, b.roundUp(elements, vectorLength));
}

void AttentionBase::emitTeam(const ThreadFunctions &threads, Value work,
                             function_ref<void()> body) {
  auto call = [&](FlatSymbolRefAttr function) -> Value {
    Value number =
        func::CallOp::create(b, function, b.getI32Type(), ValueRange())
            .getResult(0);
    return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), number);
  };
  // Two threads never share a cache line.
  scratchSize = b.roundUp(scratchSize, 64);
  scratch = allocate(b.mul(call(threads.maxThreads), scratchSize));

  omp::ParallelOperands clauses;
  clauses.ifExpr =
      b.cmp(arith::CmpIPredicate::sge, work, b.index(kParallelWork));
  auto team = omp::ParallelOp::create(b, clauses);
  {
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&team.getRegion());
    threadNumber = call(threads.threadNumber);
    teamSize = call(threads.teamSize);
    Value piece = b.mul(threadNumber, scratchSize);
    for (auto [part, offset] : parts)
      *part = b.add(piece, offset);
    body();
    omp::TerminatorOp::create(b);
  }
  deallocate(scratch);
}

Value AttentionBase::allocate(Value elements) {
  auto type = MemRefType::get({ShapedType::kDynamic}, element);
  return memref::AllocOp::create(b, type, elements, b.getI64IntegerAttr(64));
}

void AttentionBase::deallocate(Value buffer) {
  memref::DeallocOp::create(b, buffer);
}

SmallVector<Value> AttentionBase::place(Value operand, Value batch, Value head,
                                        Value row, Value column) {
  int64_t rank = cast<MemRefType>(operand.getType()).getRank();
  SmallVector<Value> indices;
  if (rank >= 3)
    indices.push_back(batch);
  if (rank == 4)
    indices.push_back(head);
  indices.push_back(row);
  indices.push_back(column);
  return indices;
}

Value AttentionBase::loadElement(Value operand, Value batch, Value head,
                                 Value row, Value column) {
  Value value = memref::LoadOp::create(
      b, operand, place(operand, batch, head, row, column));
  return emitCast(b, b.getLoc(), value, element);
}

Value AttentionBase::loadElements(Value operand, Value batch, Value head,
                                  Value row, Value column, Value live) {
  auto stored = cast<MemRefType>(operand.getType()).getElementType();
  auto type = VectorType::get(vectorLength, stored);
  SmallVector<Value> indices = place(operand, batch, head, row, column);
  Value vector;
  if (live)
    vector = vector::MaskedLoadOp::create(b, type, operand, indices, live,
                                          b.constant(type, 0.0));
  else
    vector = vector::LoadOp::create(b, type, operand, indices);
  return emitCast(b, b.getLoc(), vector, vectorType);
}

void AttentionBase::storeOutput(Value vector, Value batch, Value head,
                                Value query, Value column, Value count) {
  Value out = op.getInit();
  auto outType = cast<MemRefType>(out.getType());
  vector = emitCast(b, b.getLoc(), vector,
                    VectorType::get(vectorLength, outType.getElementType()));
  if (outType.isLastDimUnitStride()) {
    vector::MaskedStoreOp::create(b, out,
                                  place(out, batch, head, query, column),
                                  b.laneMask(vectorLength, count), vector);
    return;
  }
  b.forLoop(zero, count, one, [&](Value lane) {
    Value value = vector::ExtractOp::create(b, vector, lane);
    memref::StoreOp::create(
        b, value, out, place(out, batch, head, query, b.add(column, lane)));
  });
}

Value AttentionBase::loadVector(Value buffer, Value offset) {
  return vector::LoadOp::create(b, vectorType, buffer, offset);
}

void AttentionBase::storeVector(Value vector, Value buffer, Value offset) {
  vector::StoreOp::create(b, vector, buffer, offset);
}

Value AttentionBase::loadScalar(Value offset) {
  return memref::LoadOp::create(b, scratch, offset);
}

void AttentionBase::storeScalar(Value scalar, Value offset) {
  memref::StoreOp::create(b, scalar, scratch, offset);
}

Value AttentionBase::broadcast(Value buffer, Value offset) {
  return b.splat(vectorType, memref::LoadOp::create(b, buffer, offset));
}

void AttentionBase::fill(Value offset, Value elements, double value) {
  Value vector = b.constant(vectorType, value);
  b.forLoop(zero, elements, b.index(vectorLength), [&](Value place) {
    storeVector(vector, scratch, b.add(offset, place));
  });
}

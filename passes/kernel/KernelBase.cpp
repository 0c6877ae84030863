//===- KernelBase.cpp - Scratch and threads of a kernel ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/KernelBase.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Multiply-adds below which starting threads costs more than they save.
static constexpr int64_t kParallelWork = 1 << 17;

KernelBase::KernelBase(KernelBuilder &builder, FloatType element,
                       int64_t vectorLength)
    : b(builder), vectorLength(vectorLength), element(element),
      vectorType(VectorType::get(vectorLength, element)), zero(b.index(0)),
      one(b.index(1)), scratchSize(zero) {}

void KernelBase::addPart(Value &offset, Value elements) {
  parts.emplace_back(&offset, scratchSize);
  // Parts begin at whole vectors.
  scratchSize = b.add(scratchSize, b.roundUp(elements, vectorLength));
}

void KernelBase::emitTeam(const ThreadFunctions &threads, Value work,
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

Value KernelBase::allocate(Value elements) {
  auto type = MemRefType::get({ShapedType::kDynamic}, element);
  return memref::AllocOp::create(b, type, elements, b.getI64IntegerAttr(64));
}

void KernelBase::deallocate(Value buffer) {
  memref::DeallocOp::create(b, buffer);
}

SmallVector<Value> KernelBase::place(Value operand, Value batch, Value head,
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

Value KernelBase::loadElement(Value operand, Value batch, Value head, Value row,
                              Value column) {
  Value value = memref::LoadOp::create(
      b, operand, place(operand, batch, head, row, column));
  return emitCast(b, b.getLoc(), value, element);
}

Value KernelBase::loadElements(Value operand, Value batch, Value head,
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

void KernelBase::storeElements(Value vector, Value operand, Value batch,
                               Value head, Value row, Value column,
                               Value count) {
  auto outType = cast<MemRefType>(operand.getType());
  vector = emitCast(b, b.getLoc(), vector,
                    VectorType::get(vectorLength, outType.getElementType()));
  if (outType.isLastDimUnitStride()) {
    vector::MaskedStoreOp::create(b, operand,
                                  place(operand, batch, head, row, column),
                                  b.laneMask(vectorLength, count), vector);
    return;
  }
  b.forLoop(zero, count, one, [&](Value lane) {
    Value value = vector::ExtractOp::create(b, vector, lane);
    memref::StoreOp::create(
        b, value, operand,
        place(operand, batch, head, row, b.add(column, lane)));
  });
}

Value KernelBase::loadVector(Value buffer, Value offset) {
  return vector::LoadOp::create(b, vectorType, buffer, offset);
}

void KernelBase::storeVector(Value vector, Value buffer, Value offset) {
  vector::StoreOp::create(b, vector, buffer, offset);
}

Value KernelBase::loadScalar(Value offset) {
  return memref::LoadOp::create(b, scratch, offset);
}

void KernelBase::storeScalar(Value scalar, Value offset) {
  memref::StoreOp::create(b, scalar, scratch, offset);
}

Value KernelBase::broadcast(Value buffer, Value offset) {
  return b.splat(vectorType, memref::LoadOp::create(b, buffer, offset));
}

void KernelBase::fill(Value offset, Value elements, double value) {
  Value vector = b.constant(vectorType, value);
  b.forLoop(zero, elements, b.index(vectorLength), [&](Value place) {
    storeVector(vector, scratch, b.add(offset, place));
  });
}

void KernelBase::forEachChunk(Value operand, Value extent,
                              function_ref<void(Value)> whole,
                              function_ref<void(Value)> single) {
  auto bySingles = [&] { b.forLoop(zero, extent, one, single); };
  if (!cast<MemRefType>(operand.getType()).isLastDimUnitStride())
    return bySingles();
  Value step = b.index(vectorLength);
  b.ifElse(
      b.cmp(arith::CmpIPredicate::sge, extent, step),
      [&] {
        Value last = b.sub(extent, step);
        b.forLoop(zero, extent, step,
                  [&](Value first) { whole(b.min(first, last)); });
      },
      bySingles);
}

void KernelBase::copyRow(Value operand, Value batch, Value head, Value row,
                         Value extent, Value buffer, Value offset,
                         Value factor) {
  forEachChunk(
      operand, extent,
      [&](Value column) {
        Value vector = loadElements(operand, batch, head, row, column);
        if (factor)
          vector =
              arith::MulFOp::create(b, vector, b.splat(vectorType, factor));
        storeVector(vector, buffer, b.add(offset, column));
      },
      [&](Value column) {
        Value scalar = loadElement(operand, batch, head, row, column);
        if (factor)
          scalar = arith::MulFOp::create(b, scalar, factor);
        memref::StoreOp::create(b, scalar, buffer, b.add(offset, column));
      });
}

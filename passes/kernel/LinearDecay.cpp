//===- LinearDecay.cpp - Factors between positions --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/LinearKernel.h"

#include "passes/kernel/Exp2.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <numeric>

using namespace mlir;
using namespace attn;

/// The logarithm to base 2 of a position's factor.
Value LinearKernel::loadDecay(Value batch, Value head, Value position) {
  Value decay = op.getDecay();
  if (isa<MemRefType>(decay.getType())) {
    int64_t rank = op.getQueryType().getRank();
    SmallVector<Value> indices;
    if (!op.hasPositionDecay()) {
      indices = {head};
    } else {
      if (rank >= 3)
        indices.push_back(batch);
      if (rank == 4)
        indices.push_back(head);
      indices.push_back(position);
    }
    decay = memref::LoadOp::create(b, decay, indices);
  }
  return arith::MulFOp::create(b, decay, b.constant(element, kLog2E));
}

/// 2^x of a vector; beyond the range of the type that is infinite.
Value LinearKernel::emitFactor(Value logarithm) {
  Value limit = b.constant(vectorType, element.isF64() ? 1024 : 128);
  Value isBeyond =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, logarithm, limit);
  return emitExp2(b, arith::SelectOp::create(b, isBeyond, limit, logarithm));
}

/// Stores a vector of a row's weights from `column` on; that of the row's own
/// position is 1. Those of later positions are not used.
void LinearKernel::storeWeights(Value row, Value column, Value logs) {
  Value offset = b.add(weightPart, b.add(b.mul(row, b.index(length)), column));
  storeVector(emitFactor(logs), scratch, offset);
}

/// The weights for a factor that is the same everywhere: they depend on
/// distances only, so that one table serves all chunks.
void LinearKernel::weighDistances(Value decay) {
  SmallVector<double> numbers(vectorLength);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  SmallVector<Attribute> attributes;
  for (double number : numbers)
    attributes.push_back(b.getFloatAttr(element, number));
  Value lanes = arith::ConstantOp::create(
      b, DenseElementsAttr::get(vectorType, attributes));
  Value rates = b.splat(vectorType, decay);
  Value none = b.constant(vectorType, 0.0);
  auto number = [&](Value index) {
    Value integer = arith::IndexCastOp::create(b, b.getI64Type(), index);
    return b.splat(vectorType, arith::SIToFPOp::create(b, element, integer));
  };
  Value step = b.index(vectorLength);
  b.forLoop(zero, b.index(length), step, [&](Value first) {
    Value count = arith::AddFOp::create(b, number(b.add(first, one)), lanes);
    storeVector(emitFactor(arith::MulFOp::create(b, rates, count)), scratch,
                b.add(entryPart, first));
  });
  b.forLoop(zero, b.index(length), one, [&](Value row) {
    b.forLoop(zero, b.add(row, one), step, [&](Value column) {
      Value left = b.sub(row, column);
      Value distance = arith::SubFOp::create(b, number(left), lanes);
      Value logs = arith::MulFOp::create(b, rates, distance);
      storeWeights(row, column,
                   arith::SelectOp::create(b, b.laneMask(vectorLength, left),
                                           logs, none));
    });
  });
}

/// The weights of a chunk whose positions have factors of their own. Logarithms
/// are summed up row by row, from one position to another only, so that no
/// differences of large sums are taken, and -inf is a factor of 0.
void LinearKernel::weighPositions(const Chunk &chunk) {
  Value none = b.constant(vectorType, 0.0);
  Value step = b.index(vectorLength);
  b.forLoop(zero, chunk.count, one, ValueRange{b.constant(element, 0.0)},
            [&](Value row, ValueRange carried) -> SmallVector<Value> {
              Value decay =
                  loadDecay(chunk.batch, chunk.head, b.add(chunk.first, row));
              Value rates = b.splat(vectorType, decay);
              b.forLoop(zero, b.add(row, one), step, [&](Value column) {
                Value place = b.add(logPart, column);
                Value sum =
                    arith::AddFOp::create(b, loadVector(scratch, place), rates);
                Value isPast = b.laneMask(vectorLength, b.sub(row, column));
                Value logs = arith::SelectOp::create(b, isPast, sum, none);
                storeVector(logs, scratch, place);
                storeWeights(row, column, logs);
              });
              Value total = arith::AddFOp::create(b, carried[0], decay);
              storeScalar(total, b.add(entryPart, row));
              return {total};
            });
  b.forLoop(zero, chunk.count, step, [&](Value first) {
    Value place = b.add(entryPart, first);
    storeVector(emitFactor(loadVector(scratch, place)), scratch, place);
  });
}

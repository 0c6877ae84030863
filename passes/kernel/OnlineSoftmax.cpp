//===- OnlineSoftmax.cpp - Running softmax over blocks of keys --*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/OnlineSoftmax.h"

#include "passes/kernel/Exp2.h"
#include "passes/kernel/KernelBuilder.h"
#include "passes/kernel/Shuffles.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attn;

int64_t OnlineSoftmax::getRowVectors() const {
  return llvm::divideCeil(rows, vectorType.getNumElements());
}

int64_t OnlineSoftmax::getPaddedRows() const {
  return getRowVectors() * vectorType.getNumElements();
}

Value OnlineSoftmax::load(Value offset) const {
  return vector::LoadOp::create(b, vectorType, buffer, offset);
}

void OnlineSoftmax::store(Value vector, Value offset) const {
  vector::StoreOp::create(b, vector, buffer, offset);
}

/// The lanes of as many rows from `firstRow` on as a vector has elements.
SmallVector<Value> OnlineSoftmax::loadLanes(int64_t firstRow) const {
  int64_t length = vectorType.getNumElements();
  SmallVector<Value> result;
  for (int64_t row = firstRow; row < std::min(firstRow + length, rows); ++row)
    result.push_back(load(b.add(lanes, b.index(row * length))));
  return result;
}

void OnlineSoftmax::begin(Value origins, Value first, Value end) const {
  Type element = vectorType.getElementType();
  Value lowest =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
  Value none = b.constant(vectorType, 0.0);
  Value limit = b.constant(vectorType, getExp2OriginLimit(element));
  for (int64_t group = 0; group < getRowVectors(); ++group) {
    Value row = b.index(group * vectorType.getNumElements());
    Value highest = emitReduceEach(
        b, loadLanes(group * vectorType.getNumElements()),
        [&](Value lhs, Value rhs) { return b.fastMax(lhs, rhs); });
    Value place = b.add(origins, row);
    Value before = load(place);
    Value after = emitRoundToOrigin(b, b.fastMax(highest, before));
    store(after, place);
    // Until a row has seen an allowed key, -inf - -inf would be NaN.
    Value isEmpty =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, after, lowest);
    Value origin = arith::SelectOp::create(b, isEmpty, none, after);
    Value rescale = emitExp2(b, arith::SubFOp::create(b, before, origin));
    store(rescale, b.add(rescales, row));

    Value size = math::AbsFOp::create(b, origin);
    Value isFar =
        arith::CmpFOp::create(b, arith::CmpFPredicate::UGE, size, limit);
    Value near = arith::SelectOp::create(b, isFar, none, origin);
    Value moved = arith::SelectOp::create(b, isFar, origin, none);
    Exp2Origin terms = emitExp2Origin(b, near);
    store(terms.shift, b.add(shifts, row));
    store(terms.floor, b.add(floors, row));
    Value anyFar =
        vector::ReductionOp::create(b, vector::CombiningKind::OR, isFar);
    b.ifThen(anyFar, [&] { moveScores(moved, row, first, end); });
  }
}

/// Subtracts origins that are too large for the exponentials' shift from the
/// scores of up to a vector of rows, the first of them `firstRow`.
void OnlineSoftmax::moveScores(Value moved, Value firstRow, Value first,
                               Value end) const {
  int64_t length = vectorType.getNumElements();
  Value count = b.min(b.index(length), b.sub(b.index(rows), firstRow));
  b.forLoop(b.index(0), count, b.index(1), [&](Value row) {
    Value origin =
        b.splat(vectorType, vector::ExtractOp::create(b, moved, row));
    Value base = b.add(scores, b.mul(b.add(firstRow, row), b.index(rowStride)));
    b.forLoop(first, end, b.index(length), [&](Value column) {
      Value place = b.add(base, column);
      store(arith::SubFOp::create(b, load(place), origin), place);
    });
  });
}

void OnlineSoftmax::weighRow(Value row, Value first, Value end) const {
  auto broadcast = [&](Value offset) {
    return b.splat(vectorType,
                   memref::LoadOp::create(b, buffer, b.add(offset, row)));
  };
  Exp2Origin origin = {broadcast(shifts), broadcast(floors)};
  int64_t length = vectorType.getNumElements();
  Value rowBase = b.add(scores, b.mul(row, b.index(rowStride)));
  SmallVector<Value> inits(stepVectors, b.constant(vectorType, 0.0));
  SmallVector<Value> sums = b.forLoop(
      first, end, b.index(stepVectors * length), inits,
      [&](Value column, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t j = 0; j < stepVectors; ++j) {
          Value place = b.add(rowBase, b.add(column, b.index(j * length)));
          Value weight = emitExp2(b, load(place), origin);
          store(weight, place);
          next.push_back(arith::AddFOp::create(b, carried[j], weight));
        }
        return next;
      });
  Value sum = sums[0];
  for (Value other : ArrayRef(sums).drop_front())
    sum = arith::AddFOp::create(b, sum, other);
  store(sum, b.add(lanes, b.mul(row, b.index(length))));
}

void OnlineSoftmax::end(Value sums) const {
  for (int64_t group = 0; group < getRowVectors(); ++group) {
    Value row = b.index(group * vectorType.getNumElements());
    Value added =
        emitReduceEach(b, loadLanes(group * vectorType.getNumElements()),
                       [&](Value lhs, Value rhs) -> Value {
                         return arith::AddFOp::create(b, lhs, rhs);
                       });
    Value place = b.add(sums, row);
    store(vector::FMAOp::create(b, load(place), load(b.add(rescales, row)),
                                added),
          place);
  }
}

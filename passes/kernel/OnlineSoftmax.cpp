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
SmallVector<Value> OnlineSoftmax::loadLanes(Value from,
                                            int64_t firstRow) const {
  int64_t length = vectorType.getNumElements();
  SmallVector<Value> result;
  for (int64_t row = firstRow; row < std::min(firstRow + length, rows); ++row)
    result.push_back(load(b.add(from, b.index(row * length))));
  return result;
}

/// Sums of those rows' lanes.
Value OnlineSoftmax::addLanes(Value from, int64_t firstRow) const {
  return emitReduceEach(b, loadLanes(from, firstRow),
                        [&](Value lhs, Value rhs) -> Value {
                          return arith::AddFOp::create(b, lhs, rhs);
                        });
}

void OnlineSoftmax::begin(const Rows &state, Value end) const {
  Type element = vectorType.getElementType();
  Value lowest =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
  Value none = b.constant(vectorType, 0.0);
  Value limit = b.constant(vectorType, getExp2OriginLimit(element));
  Value log2e = b.constant(vectorType, kLog2E);
  for (int64_t group = 0; group < getRowVectors(); ++group) {
    Value row = b.index(group * vectorType.getNumElements());
    Value highest = emitReduceEach(
        b, loadLanes(lanes, group * vectorType.getNumElements()),
        [&](Value lhs, Value rhs) { return b.fastMax(lhs, rhs); });
    if (state.maxima) {
      Value place = b.add(state.maxima, row);
      store(b.fastMax(highest, load(place)), place);
    }
    Value place = b.add(state.origins, row);
    Value before = load(place);
    highest = arith::MulFOp::create(b, highest, log2e);
    Value after = emitRoundToOrigin(b, b.fastMax(highest, before));
    store(after, place);
    // Until a row has seen an allowed key, -inf - -inf would be NaN.
    Value isEmpty =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, after, lowest);
    Value origin = arith::SelectOp::create(b, isEmpty, none, after);
    Value rescale = emitExp2(b, arith::SubFOp::create(b, before, origin));
    store(rescale, b.add(rescales, row));
    if (state.moments)
      moveMoments(state, row, before, origin, rescale);

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
    b.ifThen(anyFar, [&] { moveScores(moved, row, end); });
  }
}

/// Each of a row's scores is the change of the origin further from the new one.
void OnlineSoftmax::moveMoments(const Rows &state, Value row, Value before,
                                Value origin, Value rescale) const {
  Value none = b.constant(vectorType, 0.0);
  Value lowest =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
  // A row that has seen nothing has nothing to move.
  Value isEmpty =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, before, lowest);
  Value change = arith::SelectOp::create(
      b, isEmpty, none, arith::SubFOp::create(b, before, origin));
  Value place = b.add(state.moments, row);
  Value moved = vector::FMAOp::create(b, load(b.add(state.sums, row)), change,
                                      load(place));
  store(arith::MulFOp::create(b, moved, rescale), place);
}

/// Subtracts origins that are too large for the exponentials' shift from the
/// scores of up to a vector of rows, the first of them `firstRow`.
void OnlineSoftmax::moveScores(Value moved, Value firstRow, Value end) const {
  int64_t length = vectorType.getNumElements();
  Value count = b.min(b.index(length), b.sub(b.index(rows), firstRow));
  Value zero = b.constant(vectorType.getElementType(), 0.0);
  Value log2e = b.constant(vectorType, kLog2E);
  Value ln2 = b.constant(vectorType, kLn2);
  b.forLoop(b.index(0), count, b.index(1), [&](Value row) {
    Value own = vector::ExtractOp::create(b, moved, row);
    Value origin = b.splat(vectorType, own);
    Value base = b.add(scores, b.mul(b.add(firstRow, row), b.index(rowStride)));
    auto move = [&] {
      b.forLoop(b.index(0), end, b.index(length), [&](Value column) {
        Value place = b.add(base, column);
        // Rounded as the origin was: what is left of the product would be more
        // than any exponent.
        Value exponent = arith::MulFOp::create(b, load(place), log2e);
        Value distance = arith::SubFOp::create(b, exponent, origin);
        store(arith::MulFOp::create(b, distance, ln2), place);
      });
    };
    b.ifThen(arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, own, zero),
             move);
  });
}

/// sum + weight * (score log2(e) - origin); nothing for a weight of 0, whose
/// score may be -inf.
static Value emitMoment(KernelBuilder &b, Value score, Value weight,
                        Value origin, Value sum) {
  Value none = b.constant(score.getType(), 0.0);
  Value distance =
      vector::FMAOp::create(b, score, b.constant(score.getType(), kLog2E),
                            arith::NegFOp::create(b, origin));
  Value isLive =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, weight, none);
  distance = arith::SelectOp::create(b, isLive, distance, none);
  return vector::FMAOp::create(b, weight, distance, sum);
}

void OnlineSoftmax::weighRow(Value row, Value end) const {
  auto broadcast = [&](Value offset) {
    return b.splat(vectorType,
                   memref::LoadOp::create(b, buffer, b.add(offset, row)));
  };
  Exp2Origin origin = {broadcast(shifts), broadcast(floors)};
  Value start = momentLanes ? emitOrigin(b, origin) : Value();
  int64_t length = vectorType.getNumElements();
  Value rowBase = b.add(scores, b.mul(row, b.index(rowStride)));
  Value none = b.constant(vectorType, 0.0);
  SmallVector<Value> inits(momentLanes ? 2 * stepVectors : stepVectors, none);
  SmallVector<Value> sums = b.forLoop(
      b.index(0), end, b.index(stepVectors * length), inits,
      [&](Value column, ValueRange carried) {
        SmallVector<Value> next, moments;
        for (int64_t j = 0; j < stepVectors; ++j) {
          Value place = b.add(rowBase, b.add(column, b.index(j * length)));
          Value score = load(place);
          Value weight = emitExp(b, score, origin);
          store(weight, place);
          next.push_back(arith::AddFOp::create(b, carried[j], weight));
          if (momentLanes)
            moments.push_back(
                emitMoment(b, score, weight, start, carried[stepVectors + j]));
        }
        next.append(moments);
        return next;
      });
  auto storeSum = [&](ArrayRef<Value> parts, Value to) {
    Value sum = parts[0];
    for (Value other : parts.drop_front())
      sum = arith::AddFOp::create(b, sum, other);
    store(sum, b.add(to, b.mul(row, b.index(length))));
  };
  storeSum(ArrayRef(sums).take_front(stepVectors), lanes);
  if (momentLanes)
    storeSum(ArrayRef(sums).drop_front(stepVectors), momentLanes);
}

void OnlineSoftmax::end(const Rows &state) const {
  for (int64_t group = 0; group < getRowVectors(); ++group) {
    Value row = b.index(group * vectorType.getNumElements());
    Value added = addLanes(lanes, group * vectorType.getNumElements());
    Value place = b.add(state.sums, row);
    store(vector::FMAOp::create(b, load(place), load(b.add(rescales, row)),
                                added),
          place);
    if (state.moments) {
      Value place = b.add(state.moments, row);
      Value added = addLanes(momentLanes, group * vectorType.getNumElements());
      store(arith::AddFOp::create(b, load(place), added), place);
    }
  }
}

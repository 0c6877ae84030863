//===- DecodeMerge.cpp - Parts of the keys put together ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/DecodeKernel.h"

#include "passes/kernel/Exp2.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

SmallVector<Value> DecodeKernel::getStateParts() {
  SmallVector<Value> parts;
  if (isSoftmax)
    parts = {originPart, sumPart};
  if (maxPart)
    parts.push_back(maxPart);
  if (momentPart)
    parts.push_back(momentPart);
  return parts;
}

Value DecodeKernel::getState(Value part) {
  return b.add(firstState, b.mul(part, getStateSize()));
}

Value DecodeKernel::getStateSize() {
  // The parts have no places yet when results are allocated.
  int64_t parts = (isSoftmax ? 2 : 0) + (op.getMaxInit() ? 1 : 0) +
                  (op.getEntropyInit() ? 1 : 0);
  return b.index(parts * kMaxRows);
}

void DecodeKernel::storeState(const Part &part) {
  Value state = getState(part.number);
  for (int64_t row = 0; row < kMaxRows; row += vectorLength)
    for (auto [i, from] : llvm::enumerate(getStateParts()))
      storeVector(loadVector(scratch, b.add(from, b.index(row))), results,
                  b.add(state, b.index(i * kMaxRows + row)));
}

/// Adds up a row's parts, each multiplied with its factor.
Value DecodeKernel::addParts(Value firstPart, Value row, Value column,
                             function_ref<Value(Value)> getFactor) {
  return b.forLoop(
      zero, splits, one, b.constant(vectorType, 0.0),
      [&](Value split, ValueRange carried) -> SmallVector<Value> {
        Part part;
        part.number = b.add(firstPart, split);
        Value output = loadVector(results, b.add(getOutput(part, row), column));
        return {vector::FMAOp::create(
            b, output, b.splat(vectorType, getFactor(split)), carried[0])};
      })[0];
}

/// Brings a row's parts to one origin, adds them up and divides by their sum; a
/// row without an allowed key is 0. Without a softmax they are added up as they
/// are.
void DecodeKernel::mergeRow(Value pair, Value row) {
  Value firstPart = b.mul(pair, splits);
  if (!isSoftmax)
    return storeMerged(pair, row, [&](Value column) {
      return addParts(firstPart, row, column,
                      [&](Value) { return b.constant(element, 1.0); });
    });

  Value lowest = b.constant(element, -std::numeric_limits<double>::infinity());
  Value none = b.constant(element, 0.0);
  auto loadState = [&](Value split, int64_t number) -> Value {
    Value state = getState(b.add(firstPart, split));
    Value place = b.add(row, b.index(number * kMaxRows));
    return memref::LoadOp::create(b, results, b.add(state, place));
  };
  auto findHighest = [&](int64_t number) {
    return b.forLoop(
        zero, splits, one, lowest,
        [&](Value split, ValueRange carried) -> SmallVector<Value> {
          return {b.fastMax(loadState(split, number), carried[0])};
        })[0];
  };
  Value highest = findHighest(kOrigins);
  Value isEmpty =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, highest, lowest);
  Value origin = arith::SelectOp::create(b, isEmpty, none, highest);
  auto getDistance = [&](Value split) -> Value {
    return arith::SubFOp::create(b, loadState(split, kOrigins), origin);
  };
  auto getFactor = [&](Value split) { return emitExp2(b, getDistance(split)); };
  auto addUp = [&](function_ref<Value(Value)> getNumber) {
    return b.forLoop(
        zero, splits, one, none,
        [&](Value split, ValueRange carried) -> SmallVector<Value> {
          Value factor = getFactor(split);
          Value term = arith::MulFOp::create(b, factor, getNumber(split));
          return {arith::AddFOp::create(b, carried[0], term)};
        })[0];
  };
  RowState state;
  state.origin = highest;
  state.sum = addUp([&](Value split) { return loadState(split, kSums); });
  if (momentPart)
    state.moment = addUp([&](Value split) -> Value {
      // The part's scores are as much further from the common origin.
      Value sum = loadState(split, kSums);
      Value isNone =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, none);
      Value moved = arith::MulFOp::create(b, sum, getDistance(split));
      moved = arith::SelectOp::create(b, isNone, none, moved);
      int64_t number = maxPart ? kMaxima + 1 : kMaxima;
      return arith::AddFOp::create(b, loadState(split, number), moved);
    });
  if (maxPart)
    state.maximum = findHighest(kMaxima);
  auto getRowHead = [&] { return getHead(b.rem(pair, keyHeads), row); };
  RowEnd end =
      finishRow(state, op.getSink() ? loadSink(getRowHead()) : Value());
  Value scale = b.splat(vectorType, end.factor);
  if (op.getLseInit() || maxPart || momentPart)
    storeStatistics(end, b.div(pair, keyHeads), getRowHead(), getQuery(row));
  storeMerged(pair, row, [&](Value column) -> Value {
    return arith::MulFOp::create(b, addParts(firstPart, row, column, getFactor),
                                 scale);
  });
}

/// Stores a row; `getColumns` gives a vector of its columns.
void DecodeKernel::storeMerged(Value pair, Value row,
                               function_ref<Value(Value)> getColumns) {
  Value batch = b.div(pair, keyHeads);
  Value head = getHead(b.rem(pair, keyHeads), row);
  Value query = getQuery(row);
  b.forLoop(zero, valueDim, b.index(vectorLength), [&](Value column) {
    storeOutput(getColumns(column), batch, head, query, column,
                b.sub(valueDim, column));
  });
}

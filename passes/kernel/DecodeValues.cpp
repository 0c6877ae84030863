//===- DecodeValues.cpp - Weighted values of few queries --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/DecodeKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

void DecodeKernel::rescaleRow(const Part &part, Value row) {
  Value rescale = broadcast(scratch, b.add(rescalePart, row));
  Value output = getOutput(part, row);
  b.forLoop(zero, paddedValueDim, b.index(vectorLength), [&](Value column) {
    Value place = b.add(output, column);
    storeVector(arith::MulFOp::create(b, loadVector(results, place), rescale),
                results, place);
  });
}

/// Adds one vector of keys' weighted values to the output of a tile of rows.
void DecodeKernel::addValues(const Part &part, const Step &step, Value column,
                             Value row, int64_t tileRows) {
  Weights weights;
  weights.firstKey = b.add(step.firstKey, column);
  weights.keys =
      b.min(b.index(vectorLength), b.sub(step.endKey, weights.firstKey));
  weights.column = column;
  weights.row = row;
  weights.rows = tileRows;
  weights.tests = false;
  if (!hasRules)
    return addAllColumns(part, weights);

  Value lowest =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
  auto takesPart = [&](Value row) -> Value {
    Value place = b.add(b.mul(row, b.index(kStepKeys)), column);
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE,
                                 loadVector(scratch, b.add(keptPart, place)),
                                 lowest);
  };
  auto reduce = [&](vector::CombiningKind kind, Value flags) -> Value {
    return vector::ReductionOp::create(b, kind, flags);
  };
  Value last = b.sub(b.min(b.add(row, b.index(tileRows)), rows), one);
  auto takeAll = [&] {
    Value all = takesPart(row);
    for (int64_t i = 1; i < tileRows; ++i)
      all = b.logicalAnd(all, takesPart(b.min(b.add(row, b.index(i)), last)));
    return SmallVector<Value>{reduce(vector::CombiningKind::AND, all)};
  };
  // A score rule may leave keys out too.
  Value takesAll =
      op.hasMask() && !op.hasScore()
          ? b.choose(
                step.allowsAll,
                [&] { return SmallVector<Value>{step.allowsAll}; }, takeAll)[0]
          : takeAll()[0];
  b.ifElse(
      takesAll, [&] { addAllColumns(part, weights); },
      [&] {
        // A key left out must not spread a value of NaN or infinity.
        weights.rows = 1;
        weights.tests = true;
        b.forLoop(row, b.add(last, one), one, [&](Value single) {
          weights.row = single;
          b.ifThen(reduce(vector::CombiningKind::OR, takesPart(single)),
                   [&] { addAllColumns(part, weights); });
        });
      });
}

void DecodeKernel::addAllColumns(const Part &part, const Weights &weights) {
  static constexpr int64_t vectors = 4;
  Value width = b.index(vectors * vectorLength);
  Value wide = b.mul(b.div(valueDim, width), width);
  b.forLoop(zero, wide, width, [&](Value first) {
    addColumns(part, weights, first, vectors, /*partial=*/false);
  });
  b.forLoop(wide, valueDim, b.index(vectorLength), [&](Value first) {
    b.forLoop(zero, b.index(weights.rows), one, [&](Value row) {
      Weights single = weights;
      single.row = b.add(weights.row, row);
      single.rows = 1;
      addColumns(part, single, first, 1, /*partial=*/true);
    });
  });
}

void DecodeKernel::addColumns(const Part &part, const Weights &weights,
                              Value column, int64_t vectors, bool partial) {
  Value live;
  if (partial)
    live = b.laneMask(vectorLength, b.sub(valueDim, column));
  SmallVector<Value> places, inits;
  for (int64_t row = 0; row < weights.rows; ++row) {
    Value output =
        b.add(getOutput(part, b.add(weights.row, b.index(row))), column);
    for (int64_t j = 0; j < vectors; ++j) {
      places.push_back(b.add(output, b.index(j * vectorLength)));
      inits.push_back(loadVector(results, places.back()));
    }
  }
  auto getPlace = [&](Value part, int64_t row, Value key) {
    Value rowBase = b.mul(b.add(weights.row, b.index(row)), b.index(kStepKeys));
    return b.add(part, b.add(rowBase, b.add(weights.column, key)));
  };
  auto addKey = [&](Value key, ValueRange carried) {
    SmallVector<Value> values, next;
    for (int64_t j = 0; j < vectors; ++j)
      values.push_back(loadElements(
          op.getValue(), part.batch, part.keyHead, b.add(weights.firstKey, key),
          b.add(column, b.index(j * vectorLength)), live));
    for (int64_t row = 0; row < weights.rows; ++row) {
      Value weight = broadcast(scratch, getPlace(scorePart, row, key));
      for (int64_t j = 0; j < vectors; ++j)
        next.push_back(vector::FMAOp::create(b, weight, values[j],
                                             carried[row * vectors + j]));
    }
    return next;
  };
  auto addKeyIfKept = [&](Value key, ValueRange carried) {
    Value lowest =
        b.constant(element, -std::numeric_limits<double>::infinity());
    Value score = loadScalar(getPlace(keptPart, 0, key));
    return b.choose(
        arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, score, lowest),
        [&] { return addKey(key, carried); },
        [&] { return llvm::to_vector_of<Value>(carried); });
  };
  // Several at a time, since to find what to prefetch takes a while.
  Value together = b.index(kStreams);
  auto addAndPrefetch = [&](Value key, ValueRange carried) {
    SmallVector<Value> sums(carried);
    Value later =
        getRowToPrefetch(part, valueRowsInPage, b.add(weights.firstKey, key));
    for (int64_t i = 0; i < kStreams; ++i) {
      sums = addKey(b.add(key, b.index(i)), sums);
      for (int64_t j = 0; j < vectors; ++j)
        prefetch(part, op.getValue(), later,
                 b.add(column, b.index(j * vectorLength)));
      later = b.add(later, valueRowsInPage);
    }
    return sums;
  };
  SmallVector<Value> sums = inits;
  Value first = zero;
  if (!weights.tests && !partial) {
    first = b.mul(b.div(weights.keys, together), together);
    sums = b.forLoop(zero, first, together, sums, addAndPrefetch);
  }
  if (weights.tests)
    sums = b.forLoop(first, weights.keys, one, sums, addKeyIfKept);
  else
    sums = b.forLoop(first, weights.keys, one, sums, addKey);
  for (auto [sum, place] : llvm::zip_equal(sums, places))
    storeVector(sum, results, place);
}

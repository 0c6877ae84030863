//===- AttentionSoftmax.cpp - Weights and weighted values -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "passes/kernel/Exp2.h"
#include "passes/kernel/Shuffles.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

static constexpr double kMinusInfinity =
    -std::numeric_limits<double>::infinity();

/// Brings the rows' origins up to date with the maxima of the tile's scores.
/// An origin is the running maximum rounded to a whole number: weights are
/// powers of two around 1 all the same, and what is rescaled is exact.
void AttentionKernel::beginSoftmax(const Tile &current) {
  Value lowest = b.constant(vectorType, kMinusInfinity);
  Value none = b.constant(vectorType, 0.0);
  Value limit = b.constant(vectorType, getExp2OriginLimit(element));
  int64_t groups = tile.getRowVectors();
  Value first = b.mul(current.number, b.index(groups * tile.vectorLength));
  for (int64_t group = 0; group < groups; ++group) {
    int64_t begin = group * tile.vectorLength;
    SmallVector<Value> lanes;
    for (int64_t row = begin;
         row < std::min(begin + tile.vectorLength, tile.rowTile); ++row)
      lanes.push_back(loadVector(
          scratch, b.add(lanePart, b.index(row * tile.vectorLength))));
    Value highest = emitReduceEach(
        b, lanes, [&](Value lhs, Value rhs) { return b.fastMax(lhs, rhs); });
    Value offset = b.add(originPart, b.add(first, b.index(begin)));
    Value before = loadVector(scratch, offset);
    Value after = emitRoundToOrigin(b, b.fastMax(highest, before));
    storeVector(after, scratch, offset);
    // Until a row has seen an allowed key, -inf - -inf would be NaN.
    Value isEmpty =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, after, lowest);
    Value origin = arith::SelectOp::create(b, isEmpty, none, after);
    Value rescale = emitExp2(b, arith::SubFOp::create(b, before, origin));
    storeVector(rescale, scratch, b.add(rescalePart, b.index(begin)));

    Value size = math::AbsFOp::create(b, origin);
    Value isFar =
        arith::CmpFOp::create(b, arith::CmpFPredicate::UGE, size, limit);
    Value near = arith::SelectOp::create(b, isFar, none, origin);
    Value moved = arith::SelectOp::create(b, isFar, origin, none);
    Exp2Origin terms = emitExp2Origin(b, near);
    storeVector(terms.shift, scratch, b.add(shiftPart, b.index(begin)));
    storeVector(terms.floor, scratch, b.add(floorPart, b.index(begin)));
    Value anyFar =
        vector::ReductionOp::create(b, vector::CombiningKind::OR, isFar);
    b.ifThen(anyFar, [&] { moveScores(current, moved, b.index(begin)); });
  }
}

/// Subtracts origins that are too large for the exponents' shift from the
/// scores of up to a vector of rows, the first of them `firstRow`.
void AttentionKernel::moveScores(const Tile &current, Value moved,
                                 Value firstRow) {
  Value rows =
      b.min(b.index(tile.vectorLength), b.sub(b.index(tile.rowTile), firstRow));
  Value width = b.index(tile.getPanel());
  b.forLoop(zero, rows, one, [&](Value row) {
    Value origin =
        b.splat(vectorType, vector::ExtractOp::create(b, moved, row));
    Value base =
        b.add(scorePart, b.mul(b.add(firstRow, row), b.index(tile.keyBlock)));
    b.forLoop(b.mul(current.firstPanel, width), b.mul(current.lastPanel, width),
              b.index(tile.vectorLength), [&](Value column) {
                Value offset = b.add(base, column);
                Value score = loadVector(scratch, offset);
                storeVector(arith::SubFOp::create(b, score, origin), scratch,
                            offset);
              });
  });
}

/// Turns a row's scores into weights, and leaves their sum by lanes.
void AttentionKernel::weighRow(const Tile &current, Value row) {
  Exp2Origin origin = {broadcast(scratch, b.add(shiftPart, row)),
                       broadcast(scratch, b.add(floorPart, row))};
  Value width = b.index(tile.getPanel());
  Value rowBase = b.add(scorePart, b.mul(row, b.index(tile.keyBlock)));
  SmallVector<Value> inits(tile.panelVectors, b.constant(vectorType, 0.0));
  SmallVector<Value> sums = b.forLoop(
      b.mul(current.firstPanel, width), b.mul(current.lastPanel, width), width,
      inits, [&](Value column, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t j = 0; j < tile.panelVectors; ++j) {
          Value offset =
              b.add(rowBase, b.add(column, b.index(j * tile.vectorLength)));
          Value weight = emitExp2(b, loadVector(scratch, offset), origin);
          storeVector(weight, scratch, offset);
          next.push_back(arith::AddFOp::create(b, carried[j], weight));
        }
        return next;
      });
  Value sum = sums[0];
  for (Value other : ArrayRef(sums).drop_front())
    sum = arith::AddFOp::create(b, sum, other);
  storeVector(sum, scratch,
              b.add(lanePart, b.mul(row, b.index(tile.vectorLength))));
}

/// Brings the rows' sums up to date.
void AttentionKernel::endSoftmax(const Tile &current) {
  int64_t groups = tile.getRowVectors();
  Value first = b.mul(current.number, b.index(groups * tile.vectorLength));
  for (int64_t group = 0; group < groups; ++group) {
    int64_t begin = group * tile.vectorLength;
    SmallVector<Value> lanes;
    for (int64_t row = begin;
         row < std::min(begin + tile.vectorLength, tile.rowTile); ++row)
      lanes.push_back(loadVector(
          scratch, b.add(lanePart, b.index(row * tile.vectorLength))));
    Value added = emitReduceEach(b, lanes, [&](Value lhs, Value rhs) -> Value {
      return arith::AddFOp::create(b, lhs, rhs);
    });
    Value offset = b.add(sumPart, b.add(first, b.index(begin)));
    Value rescale = loadVector(scratch, b.add(rescalePart, b.index(begin)));
    Value sum =
        vector::FMAOp::create(b, loadVector(scratch, offset), rescale, added);
    storeVector(sum, scratch, offset);
  }
}

/// output = output * rescale + weights x values, some columns at a time.
void AttentionKernel::weighValues(const Block &block, const Tile &current) {
  Value width = b.index(tile.getPanel());
  Value columns = packsValues ? paddedValueDim : valueDim;
  Value wholePanels = b.mul(b.div(columns, width), width);
  b.forLoop(zero, wholePanels, width, [&](Value column) {
    weighColumns(block, current, column, tile.panelVectors, /*partial=*/false);
  });
  b.forLoop(wholePanels, columns, b.index(tile.vectorLength),
            [&](Value column) {
              weighColumns(block, current, column, 1,
                           /*partial=*/!packsValues);
            });
}

/// The output's columns from `column` on, as many as `vectors` hold. Where
/// `partial`, the values have fewer.
void AttentionKernel::weighColumns(const Block &block, const Tile &current,
                                   Value column, int64_t vectors,
                                   bool partial) {
  SmallVector<Value> live(vectors), columns;
  for (int64_t j = 0; j < vectors; ++j) {
    columns.push_back(b.add(column, b.index(j * tile.vectorLength)));
    if (partial)
      live[j] = b.laneMask(tile.vectorLength, b.sub(valueDim, columns[j]));
  }
  Value firstRow = b.mul(current.number, b.index(tile.rowTile));
  auto outputOffset = [&](int64_t row, int64_t j) {
    return b.add(outputPart,
                 b.add(b.mul(b.add(firstRow, b.index(row)), paddedValueDim),
                       columns[j]));
  };
  SmallVector<Value> inits;
  for (int64_t row = 0; row < tile.rowTile; ++row) {
    Value rescale = broadcast(scratch, b.add(rescalePart, b.index(row)));
    for (int64_t j = 0; j < vectors; ++j)
      inits.push_back(arith::MulFOp::create(
          b, rescale, loadVector(scratch, outputOffset(row, j))));
  }
  Value width = b.index(tile.getPanel());
  Value end = b.min(b.mul(current.lastPanel, width), current.keys);
  SmallVector<Value> sums = b.forLoop(
      b.mul(current.firstPanel, width), end, one, inits,
      [&](Value key, ValueRange carried) {
        SmallVector<Value> valueVectors;
        for (int64_t j = 0; j < vectors; ++j)
          valueVectors.push_back(loadValues(block, b.add(current.firstKey, key),
                                            columns[j], live[j]));
        SmallVector<Value> next;
        for (int64_t row = 0; row < tile.rowTile; ++row) {
          Value weight = broadcast(
              scratch,
              b.add(scorePart, b.add(b.index(row * tile.keyBlock), key)));
          for (int64_t j = 0; j < vectors; ++j)
            next.push_back(vector::FMAOp::create(b, weight, valueVectors[j],
                                                 carried[row * vectors + j]));
        }
        return next;
      });
  for (int64_t row = 0; row < tile.rowTile; ++row)
    for (int64_t j = 0; j < vectors; ++j)
      storeVector(sums[row * vectors + j], scratch, outputOffset(row, j));
}

/// The same, leaving keys with a score of -inf out of the products.
void AttentionKernel::weighValuesCarefully(const Block &block,
                                           const Tile &current) {
  Value firstRow = b.mul(current.number, b.index(tile.rowTile));
  Value step = b.index(tile.vectorLength);
  Value width = b.index(tile.getPanel());
  Value end = b.min(b.mul(current.lastPanel, width), current.keys);
  Value lowest = b.constant(element, kMinusInfinity);
  b.forLoop(zero, b.index(tile.rowTile), one, [&](Value row) {
    Value output =
        b.add(outputPart, b.mul(b.add(firstRow, row), paddedValueDim));
    Value rowBase = b.mul(row, b.index(tile.keyBlock));
    Value rescale = broadcast(scratch, b.add(rescalePart, row));
    b.forLoop(zero, valueDim, step, [&](Value column) {
      Value live = b.laneMask(tile.vectorLength, b.sub(valueDim, column));
      Value init = arith::MulFOp::create(
          b, rescale, loadVector(scratch, b.add(output, column)));
      Value sum = b.forLoop(
          b.mul(current.firstPanel, width), end, one, init,
          [&](Value key, ValueRange carried) -> SmallVector<Value> {
            Value offset = b.add(rowBase, key);
            Value score = loadScalar(b.add(keptPart, offset));
            Value isKept = arith::CmpFOp::create(b, arith::CmpFPredicate::UNE,
                                                 score, lowest);
            return b.choose(
                isKept,
                [&]() -> SmallVector<Value> {
                  Value weight = broadcast(scratch, b.add(scorePart, offset));
                  Value values =
                      loadValues(block, b.add(current.firstKey, key), column,
                                 packsValues ? Value() : live);
                  return {vector::FMAOp::create(b, weight, values, carried[0])};
                },
                [&]() -> SmallVector<Value> { return {carried[0]}; });
          })[0];
      storeVector(sum, scratch, b.add(output, column));
    });
  });
}

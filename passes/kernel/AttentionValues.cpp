//===- AttentionValues.cpp - Weighted values of one tile --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

static constexpr double kMinusInfinity =
    -std::numeric_limits<double>::infinity();

/// A vector of one key's values from `column` on; only the `live` lanes are
/// read when that is given.
Value AttentionKernel::loadValues(const Block &block, Value key, Value column,
                                  Value live) {
  if (!packsValues)
    return loadElements(op.getValue(), block.batch, block.keyHead, key, column,
                        live);
  // Rows are padded to whole vectors.
  Value row =
      b.add(b.mul(block.slot, packedValueSize), b.mul(key, paddedValueDim));
  return loadVector(packedValues, b.add(row, column));
}

/// What a softmax multiplies the older output of a row of the tile with.
Value AttentionKernel::loadRescale(Value row) {
  return isSoftmax ? broadcast(scratch, b.add(rescalePart, row)) : Value();
}

Value AttentionKernel::loadOutput(Value rescale, Value offset) {
  Value output = loadVector(scratch, offset);
  return rescale ? arith::MulFOp::create(b, rescale, output) : output;
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
    Value rescale = loadRescale(b.index(row));
    for (int64_t j = 0; j < vectors; ++j)
      inits.push_back(loadOutput(rescale, outputOffset(row, j)));
  }
  SmallVector<Value> sums = forEachKey(
      current, inits, [&](Value key, Value place, ValueRange carried) {
        SmallVector<Value> valueVectors;
        for (int64_t j = 0; j < vectors; ++j)
          valueVectors.push_back(loadValues(block, key, columns[j], live[j]));
        SmallVector<Value> next;
        for (int64_t row = 0; row < tile.rowTile; ++row) {
          Value weight = broadcast(
              scratch,
              b.add(scorePart, b.add(b.index(row * tile.keyBlock), place)));
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
  Value lowest = b.constant(element, kMinusInfinity);
  b.forLoop(zero, b.index(tile.rowTile), one, [&](Value row) {
    Value output =
        b.add(outputPart, b.mul(b.add(firstRow, row), paddedValueDim));
    Value rowBase = b.mul(row, b.index(tile.keyBlock));
    Value rescale = loadRescale(row);
    b.forLoop(zero, valueDim, step, [&](Value column) {
      Value live = b.laneMask(tile.vectorLength, b.sub(valueDim, column));
      Value init = loadOutput(rescale, b.add(output, column));
      Value sum = forEachKey(
          current, init,
          [&](Value key, Value place,
              ValueRange carried) -> SmallVector<Value> {
            Value offset = b.add(rowBase, place);
            Value score = loadScalar(b.add(keptPart, offset));
            Value isKept = arith::CmpFOp::create(b, arith::CmpFPredicate::UNE,
                                                 score, lowest);
            return b.choose(
                isKept,
                [&]() -> SmallVector<Value> {
                  Value weight = broadcast(scratch, b.add(scorePart, offset));
                  Value values = loadValues(block, key, column,
                                            packsValues ? Value() : live);
                  return {vector::FMAOp::create(b, weight, values, carried[0])};
                },
                [&]() -> SmallVector<Value> { return {carried[0]}; });
          })[0];
      storeVector(sum, scratch, b.add(output, column));
    });
  });
}

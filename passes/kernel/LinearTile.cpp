//===- LinearTile.cpp - Register tiles of linear attention ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/LinearKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

SmallVector<Value>
LinearKernel::accumulate(Value first, Value last, ValueRange sums, Value buffer,
                         int64_t vectors,
                         function_ref<Value(Value, int64_t)> left,
                         function_ref<Value(Value)> right) {
  return b.forLoop(first, last, one, sums, [&](Value step, ValueRange carried) {
    Value place = right(step);
    SmallVector<Value> operands;
    for (int64_t j = 0; j < vectors; ++j)
      operands.push_back(
          loadVector(buffer, b.add(place, b.index(j * vectorLength))));
    SmallVector<Value> next;
    for (int64_t row = 0; row < tile.rowTile; ++row) {
      Value factor = broadcast(scratch, left(step, row));
      for (int64_t j = 0; j < vectors; ++j)
        next.push_back(vector::FMAOp::create(b, factor, operands[j],
                                             carried[row * vectors + j]));
    }
    return next;
  });
}

/// The weighted scores of a tile of rows with the keys up to them.
void LinearKernel::scoreRows(Value firstRow) {
  Value stride = b.index(length);
  Value width = b.index(tile.getPanel());
  Value end = b.add(firstRow, b.index(tile.rowTile));
  Value queries = b.add(queryPart, firstRow);
  b.forLoop(zero, end, width, [&](Value firstKey) {
    Value keys = b.add(keyPart, firstKey);
    SmallVector<Value> inits(tile.rowTile * tile.panelVectors,
                             b.constant(vectorType, 0.0));
    SmallVector<Value> scores = accumulate(
        zero, headDim, inits, scratch, tile.panelVectors,
        [&](Value d, int64_t row) {
          return b.add(b.add(queries, b.mul(d, stride)), b.index(row));
        },
        [&](Value d) { return b.add(keys, b.mul(d, stride)); });
    for (int64_t row = 0; row < tile.rowTile; ++row)
      for (int64_t j = 0; j < tile.panelVectors; ++j) {
        Value column = b.add(firstKey, b.index(j * vectorLength));
        Value score = scores[row * tile.panelVectors + j];
        if (decays) {
          Value weightRow = b.mul(b.add(firstRow, b.index(row)), stride);
          Value weights =
              loadVector(scratch, b.add(b.add(weightPart, weightRow), column));
          score = arith::MulFOp::create(b, score, weights);
        }
        storeVector(score, scratch,
                    b.add(b.add(scorePart, b.index(row * length)), column));
      }
  });
}

/// Covers the columns of values: by panels, and single vectors at the end.
void LinearKernel::emitColumns(function_ref<void(Value, int64_t)> body) {
  Value width = b.index(tile.getPanel());
  Value whole = b.mul(b.div(paddedValueDim, width), width);
  b.forLoop(zero, whole, width,
            [&](Value column) { body(column, tile.panelVectors); });
  b.forLoop(whole, paddedValueDim, b.index(vectorLength),
            [&](Value column) { body(column, 1); });
}

/// Some columns of the output of a tile of rows: what the state holds, and if
/// causal, the chunk's own keys up to each row.
void LinearKernel::outputColumns(Value firstRow, const State &state,
                                 Value column, int64_t vectors) {
  Value queries = b.add(queryPart, firstRow);
  Value stateColumn = b.add(state.offset, column);
  SmallVector<Value> sums(tile.rowTile * vectors, b.constant(vectorType, 0.0));
  sums = accumulate(
      zero, state.rows, sums, state.buffer, vectors,
      [&](Value d, int64_t row) {
        return b.add(b.add(queries, b.mul(d, b.index(length))), b.index(row));
      },
      [&](Value d) { return b.add(stateColumn, b.mul(d, paddedValueDim)); });
  if (op.getCausal()) {
    if (decays)
      for (int64_t row = 0; row < tile.rowTile; ++row) {
        Value entry =
            broadcast(scratch, b.add(b.add(entryPart, firstRow), b.index(row)));
        for (int64_t j = 0; j < vectors; ++j) {
          Value &sum = sums[row * vectors + j];
          sum = arith::MulFOp::create(b, sum, entry);
        }
      }
    auto score = [&](Value key, int64_t row) {
      return b.add(b.add(scorePart, b.index(row * length)), key);
    };
    auto values = [&](Value key) {
      return b.add(b.add(valuePart, column), b.mul(key, paddedValueDim));
    };
    sums = accumulate(zero, firstRow, sums, scratch, vectors, score, values);
    // A value of NaN must not reach rows before it through a weight of 0, so
    // the triangle at the diagonal takes no other products than its own.
    for (int64_t step = 0; step < tile.rowTile; ++step) {
      Value key = b.add(firstRow, b.index(step));
      for (int64_t j = 0; j < vectors; ++j) {
        Value operand =
            loadVector(scratch, b.add(values(key), b.index(j * vectorLength)));
        for (int64_t row = step; row < tile.rowTile; ++row) {
          Value &sum = sums[row * vectors + j];
          sum = vector::FMAOp::create(b, broadcast(scratch, score(key, row)),
                                      operand, sum);
        }
      }
    }
  }
  for (int64_t row = 0; row < tile.rowTile; ++row) {
    Value place =
        b.add(b.add(outputPart, column), b.mul(b.index(row), paddedValueDim));
    for (int64_t j = 0; j < vectors; ++j)
      storeVector(sums[row * vectors + j], scratch,
                  b.add(place, b.index(j * vectorLength)));
  }
}

/// state = decay * state + keys' x values of the chunk.
void LinearKernel::updateState(const Chunk &chunk, const State &state) {
  if (usesTotal)
    addKeys(chunk, state);
  emitColumns([&](Value column, int64_t vectors) {
    b.forLoop(zero, stateRows, b.index(tile.rowTile), [&](Value firstRow) {
      updateColumns(chunk, state, firstRow, column, vectors);
    });
  });
}

Value LinearKernel::dropFaded(Value sum) {
  Value least = b.constant(vectorType, getLeast());
  Value isSmall = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                        math::AbsFOp::create(b, sum), least);
  return arith::SelectOp::create(b, isSmall, b.constant(vectorType, 0.0), sum);
}

void LinearKernel::updateColumns(const Chunk &chunk, const State &state,
                                 Value firstRow, Value column,
                                 int64_t vectors) {
  auto place = [&](int64_t row, int64_t j) {
    Value offset = b.mul(b.add(firstRow, b.index(row)), paddedValueDim);
    return b.add(b.add(state.offset, offset),
                 b.add(column, b.index(j * vectorLength)));
  };
  SmallVector<Value> sums;
  for (int64_t row = 0; row < tile.rowTile; ++row)
    for (int64_t j = 0; j < vectors; ++j) {
      Value sum = loadVector(state.buffer, place(row, j));
      if (chunk.decay)
        sum = arith::MulFOp::create(b, sum, chunk.decay);
      sums.push_back(sum);
    }
  Value keys = b.add(keyRowPart, firstRow);
  Value values = b.add(valuePart, column);
  sums = accumulate(
      zero, chunk.count, sums, scratch, vectors,
      [&](Value position, int64_t row) {
        return b.add(b.add(keys, b.mul(position, keyStride)), b.index(row));
      },
      [&](Value position) {
        return b.add(values, b.mul(position, paddedValueDim));
      });
  for (int64_t row = 0; row < tile.rowTile; ++row)
    for (int64_t j = 0; j < vectors; ++j) {
      Value sum = sums[row * vectors + j];
      if (chunk.decay)
        sum = dropFaded(sum);
      storeVector(sum, state.buffer, place(row, j));
    }
}

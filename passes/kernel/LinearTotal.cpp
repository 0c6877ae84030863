//===- LinearTotal.cpp - Sums of weights of linear attention ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sum of a row's weights is the query times the sum of the keys before the
// chunk, decayed as the state is, and the row's scores with keys of the chunk.
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/LinearKernel.h"

#include "passes/kernel/Shuffles.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

Value LinearKernel::getSums(const State &state) {
  return b.add(state.offset, productSize);
}

/// sums = decay * sums + the chunk's keys. Those of a chunk are added up by
/// themselves: shorter sums are more exact.
void LinearKernel::addKeys(const Chunk &chunk, const State &state) {
  b.forLoop(zero, keyStride, b.index(vectorLength), [&](Value column) {
    Value keys = b.add(keyRowPart, column);
    Value own = b.forLoop(
        zero, chunk.count, one, ValueRange{b.constant(vectorType, 0.0)},
        [&](Value position, ValueRange carried) -> SmallVector<Value> {
          Value place = b.add(keys, b.mul(position, keyStride));
          return {
              arith::AddFOp::create(b, carried[0], loadVector(scratch, place))};
        })[0];
    Value place = b.add(getSums(state), column);
    Value sum = loadVector(state.buffer, place);
    if (chunk.decay)
      sum = arith::MulFOp::create(b, sum, chunk.decay);
    sum = arith::AddFOp::create(b, sum, own);
    storeVector(chunk.decay ? dropFaded(sum) : sum, state.buffer, place);
  });
}

/// What the keys before the chunk add to each row.
void LinearKernel::totalState(const Chunk &chunk, const State &state) {
  Value sums = getSums(state);
  b.forLoop(zero, chunk.count, b.index(tile.getPanel()), [&](Value position) {
    Value queries = b.add(queryPart, position);
    SmallVector<Value> inits(tile.panelVectors, b.constant(vectorType, 0.0));
    SmallVector<Value> totals =
        b.forLoop(zero, state.rows, one, inits,
                  [&](Value d, ValueRange carried) -> SmallVector<Value> {
                    Value key = broadcast(state.buffer, b.add(sums, d));
                    Value place = b.add(queries, b.mul(d, b.index(length)));
                    SmallVector<Value> next;
                    for (auto [j, sum] : llvm::enumerate(carried)) {
                      Value query = loadVector(
                          scratch, b.add(place, b.index(j * vectorLength)));
                      next.push_back(vector::FMAOp::create(b, key, query, sum));
                    }
                    return next;
                  });
    for (auto [j, total] : llvm::enumerate(totals)) {
      Value place = b.add(position, b.index(j * vectorLength));
      if (decays)
        total = arith::MulFOp::create(
            b, total, loadVector(scratch, b.add(entryPart, place)));
      storeVector(total, scratch, b.add(totalPart, place));
    }
  });
}

/// Adds the scores of a tile of rows up to each row's own key.
void LinearKernel::totalScores(Value firstRow) {
  Value none = b.constant(vectorType, 0.0);
  Value step = b.index(vectorLength);
  auto loadScores = [&](int64_t row, Value column) {
    return loadVector(scratch,
                      b.add(b.add(scorePart, b.index(row * length)), column));
  };
  // Keys that all rows see, whole vectors of them.
  Value whole = b.mul(b.div(b.add(firstRow, one), step), step);
  SmallVector<Value> inits(tile.rowTile, none);
  SmallVector<Value> sums =
      b.forLoop(zero, whole, step, inits,
                [&](Value column, ValueRange carried) -> SmallVector<Value> {
                  SmallVector<Value> next;
                  for (auto [row, sum] : llvm::enumerate(carried))
                    next.push_back(
                        arith::AddFOp::create(b, sum, loadScores(row, column)));
                  return next;
                });
  // The others, which may hold anything beyond the row's own.
  Value end = b.add(firstRow, b.index(tile.rowTile));
  sums = b.forLoop(whole, end, step, sums,
                   [&](Value column, ValueRange carried) -> SmallVector<Value> {
                     SmallVector<Value> next;
                     Value first = b.sub(b.add(firstRow, one), column);
                     for (auto [row, sum] : llvm::enumerate(carried)) {
                       Value isPast =
                           b.laneMask(vectorLength, b.add(first, b.index(row)));
                       Value scores = arith::SelectOp::create(
                           b, isPast, loadScores(row, column), none);
                       next.push_back(arith::AddFOp::create(b, sum, scores));
                     }
                     return next;
                   });
  for (int64_t row = 0; row < tile.rowTile; row += vectorLength) {
    SmallVector<Value> group(sums.begin() + row,
                             sums.begin() +
                                 std::min(row + vectorLength, tile.rowTile));
    group.resize(vectorLength, none);
    Value own = emitReduceEach(b, group, [&](Value lhs, Value rhs) -> Value {
      return arith::AddFOp::create(b, lhs, rhs);
    });
    Value place = b.add(b.add(totalPart, firstRow), b.index(row));
    storeVector(arith::AddFOp::create(b, loadVector(scratch, place), own),
                scratch, place);
  }
}

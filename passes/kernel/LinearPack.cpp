//===- LinearPack.cpp - Chunks in tile order --------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/LinearKernel.h"

#include "passes/kernel/Shuffles.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attn;

/// Transposes the chunk's rows of query or key, times `scale` if that is given.
/// Places beyond the last position repeat it, as many as the tiles read: what
/// comes of them is not used.
void LinearKernel::packColumns(Value operand, Value part, Value head,
                               const Chunk &chunk, Value scale) {
  auto scaled = [&](Value elements) -> Value {
    if (!scale)
      return elements;
    Value factor = isa<VectorType>(elements.getType())
                       ? b.splat(vectorType, scale)
                       : scale;
    return arith::MulFOp::create(b, elements, factor);
  };
  Value stride = b.index(length);
  Value last = b.sub(chunk.count, one);
  auto row = [&](Value position) {
    return b.add(chunk.first, b.min(position, last));
  };
  Value rows = b.add(chunk.count, b.index(tile.rowTile - 1));
  Value end = b.min(b.index(length), b.roundUp(rows, tile.getPanel()));
  b.forLoop(zero, end, b.index(vectorLength), [&](Value position) {
    Value base = b.add(part, position);
    forEachChunk(
        operand, headDim,
        [&](Value column) {
          SmallVector<Value> rows;
          for (int64_t lane = 0; lane < vectorLength; ++lane)
            rows.push_back(scaled(
                loadElements(operand, chunk.batch, head,
                             row(b.add(position, b.index(lane))), column)));
          for (auto [d, vector] : llvm::enumerate(emitTranspose(b, rows)))
            storeVector(vector, scratch,
                        b.add(base, b.mul(b.add(column, b.index(d)), stride)));
        },
        [&](Value column) {
          b.forLoop(zero, b.index(vectorLength), one, [&](Value lane) {
            storeScalar(scaled(loadElement(operand, chunk.batch, head,
                                           row(b.add(position, lane)), column)),
                        b.add(base, b.add(b.mul(column, stride), lane)));
          });
        });
  });
}

/// Copies the chunk's rows of key or value, where `scales` by what is left of
/// each at the end of the chunk.
void LinearKernel::packRows(Value operand, Value part, Value stride,
                            Value extent, const Chunk &chunk, bool scales) {
  Value factors;
  if (scales)
    factors =
        b.add(weightPart, b.mul(b.sub(chunk.count, one), b.index(length)));
  b.forLoop(zero, chunk.count, one, [&](Value position) {
    Value factor;
    if (scales)
      factor = loadScalar(b.add(factors, position));
    copyRow(operand, chunk.batch, chunk.keyHead, b.add(chunk.first, position),
            extent, scratch, b.add(part, b.mul(position, stride)), factor);
  });
}

//===- LinearPack.cpp - Chunks in tile order --------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/LinearKernel.h"

#include "passes/kernel/RuleVectorizer.h"
#include "passes/kernel/Shuffles.h"
#include "passes/utils/Scalar.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attn;

void LinearKernel::packQuery(const Chunk &chunk) {
  if (op.getQueryMap().empty())
    return packColumns(op.getQuery(), queryPart, chunk.head, chunk,
                       op.getScale());
  packRows(op.getQuery(), op.getQueryMap(), queryRowPart, keyStride, headDim,
           chunk.head, chunk, /*scales=*/false);
  transposeRows(queryRowPart, queryPart, chunk, op.getScale());
}

/// Keys are mapped once, for the rows, which are the source of the columns.
void LinearKernel::packMappedKeys(const Chunk &chunk) {
  if (!op.getKeyMap().empty())
    packRows(op.getKey(), op.getKeyMap(), keyRowPart, keyStride, headDim,
             chunk.keyHead, chunk, /*scales=*/false);
}

void LinearKernel::packKeyColumns(const Chunk &chunk) {
  if (op.getKeyMap().empty())
    packColumns(op.getKey(), keyPart, chunk.keyHead, chunk);
  else
    transposeRows(keyRowPart, keyPart, chunk);
}

/// The rows that make the state, after the columns.
void LinearKernel::packKeyRows(const Chunk &chunk) {
  if (op.getKeyMap().empty())
    packRows(op.getKey(), op.getKeyMap(), keyRowPart, keyStride, headDim,
             chunk.keyHead, chunk, decays);
  else if (decays)
    scaleKeyRows(chunk);
}

void LinearKernel::packValue(const Chunk &chunk) {
  packRows(op.getValue(), op.getValueMap(), valuePart, paddedValueDim, valueDim,
           chunk.keyHead, chunk, /*scales=*/false);
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

/// Places beyond the last position repeat it, as many as the tiles read: what
/// comes of them is not used.
Value LinearKernel::clampRow(const Chunk &chunk, Value position) {
  return b.min(position, b.sub(chunk.count, one));
}

Value LinearKernel::getColumnsEnd(const Chunk &chunk) {
  Value rows = b.add(chunk.count, b.index(tile.rowTile - 1));
  return b.min(b.index(length), b.roundUp(rows, tile.getPanel()));
}

Value LinearKernel::multiply(Value elements, Value scale) {
  if (!scale)
    return elements;
  Value factor =
      isa<VectorType>(elements.getType()) ? b.splat(vectorType, scale) : scale;
  return arith::MulFOp::create(b, elements, factor);
}

void LinearKernel::storeColumns(const Chunk &chunk, Value part, Value position,
                                Value column, Value scale,
                                function_ref<Value(Value)> load) {
  Value base = b.add(part, position);
  emitTranspose(
      b, vectorType, scratch, squarePart,
      [&](Value lane) {
        return multiply(load(clampRow(chunk, b.add(position, lane))), scale);
      },
      [&](Value d, Value vector) {
        storeVector(vector, scratch,
                    b.add(base, b.mul(b.add(column, d), b.index(length))));
      });
}

/// Transposes the chunk's rows of query or key, times `scale` if that is given.
void LinearKernel::packColumns(Value operand, Value part, Value head,
                               const Chunk &chunk, Value scale) {
  auto row = [&](Value position) { return b.add(chunk.first, position); };
  b.forLoop(
      zero, getColumnsEnd(chunk), b.index(vectorLength), [&](Value position) {
        forEachChunk(
            operand, headDim,
            [&](Value column) {
              storeColumns(chunk, part, position, column, scale,
                           [&](Value source) {
                             return loadElements(operand, chunk.batch, head,
                                                 row(source), column);
                           });
            },
            [&](Value column) {
              b.forLoop(zero, b.index(vectorLength), one, [&](Value lane) {
                Value source = clampRow(chunk, b.add(position, lane));
                Value place = b.add(b.add(part, position),
                                    b.mul(column, b.index(length)));
                storeScalar(multiply(loadElement(operand, chunk.batch, head,
                                                 row(source), column),
                                     scale),
                            b.add(place, lane));
              });
            });
      });
}

/// The same for rows that are packed already.
void LinearKernel::transposeRows(Value rows, Value part, const Chunk &chunk,
                                 Value scale) {
  Value step = b.index(vectorLength);
  b.forLoop(zero, getColumnsEnd(chunk), step, [&](Value position) {
    b.forLoop(zero, headDim, step, [&](Value column) {
      storeColumns(chunk, part, position, column, scale, [&](Value source) {
        Value place = b.add(rows, b.mul(source, keyStride));
        return loadVector(scratch, b.add(place, column));
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// What is left of a position at the end of the chunk.
Value LinearKernel::loadFactor(const Chunk &chunk, Value position) {
  Value row = b.mul(b.sub(chunk.count, one), b.index(length));
  return loadScalar(b.add(b.add(weightPart, row), position));
}

/// Copies the chunk's rows, mapped if there is a map, and where `scales`
/// multiplied with what is left of them.
void LinearKernel::packRows(Value operand, Region &map, Value part,
                            Value stride, Value extent, Value head,
                            const Chunk &chunk, bool scales) {
  b.forLoop(zero, chunk.count, one, [&](Value position) {
    Value factor = scales ? loadFactor(chunk, position) : Value();
    Value row = b.add(chunk.first, position);
    Value offset = b.add(part, b.mul(position, stride));
    if (map.empty())
      copyRow(operand, chunk.batch, head, row, extent, scratch, offset, factor);
    else
      mapRow(operand, map, head, chunk, row, extent, offset, factor);
  });
}

void LinearKernel::mapRow(Value operand, Region &map, Value head,
                          const Chunk &chunk, Value row, Value extent,
                          Value offset, Value factor) {
  forEachChunk(
      operand, extent,
      [&](Value column) {
        Value live = b.laneMask(vectorLength, b.index(vectorLength));
        RuleLanes lanes = {chunk.batch, head, row, column, live, vectorLength};
        Value elements = loadElements(operand, chunk.batch, head, row, column);
        elements = vectorizeRule(b, map, lanes, elements);
        storeVector(multiply(elements, factor), scratch, b.add(offset, column));
      },
      [&](Value column) {
        Value single = loadElement(operand, chunk.batch, head, row, column);
        single = inlineRule(b, map, {single, chunk.batch, head, row, column});
        storeScalar(multiply(single, factor), b.add(offset, column));
      });
}

void LinearKernel::scaleKeyRows(const Chunk &chunk) {
  b.forLoop(zero, chunk.count, one, [&](Value position) {
    Value factor = loadFactor(chunk, position);
    Value row = b.add(keyRowPart, b.mul(position, keyStride));
    b.forLoop(zero, headDim, b.index(vectorLength), [&](Value column) {
      Value place = b.add(row, column);
      storeVector(multiply(loadVector(scratch, place), factor), scratch, place);
    });
  });
}

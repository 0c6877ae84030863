//===- AttentionPack.cpp - Operands in tile order ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "passes/kernel/Shuffles.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attn;

/// Transposes one panel of keys. Places beyond the last key repeat it: their
/// scores are masked.
void AttentionKernel::packKeys(Value slot, Value pair, Value panel) {
  Value width = b.index(tile.getPanel());
  Value batch = b.div(pair, keyHeads), head = b.rem(pair, keyHeads);
  Value firstKey = b.mul(panel, width);
  Value base = b.add(b.mul(slot, packedKeySize), b.mul(firstKey, headDim));
  Value lastKey = b.sub(keys, one);
  auto clamp = [&](Value key) { return b.min(b.add(firstKey, key), lastKey); };
  b.forLoop(zero, width, b.index(tile.vectorLength), [&](Value part) {
    Value partBase = b.add(base, part);
    forEachChunk(
        op.getKey(), headDim,
        [&](Value firstColumn) {
          emitTranspose(
              b, vectorType, scratch, squarePart,
              [&](Value lane) {
                return loadElements(op.getKey(), batch, head,
                                    clamp(b.add(part, lane)), firstColumn);
              },
              [&](Value d, Value column) {
                storeVector(
                    column, packedKeys,
                    b.add(partBase, b.mul(b.add(firstColumn, d), width)));
              });
        },
        [&](Value d) {
          b.forLoop(zero, b.index(tile.vectorLength), one, [&](Value lane) {
            Value element = loadElement(op.getKey(), batch, head,
                                        clamp(b.add(part, lane)), d);
            memref::StoreOp::create(
                b, element, packedKeys,
                b.add(partBase, b.add(b.mul(d, width), lane)));
          });
        });
  });
}

/// Copies one key's values, padded with 0 to whole vectors.
void AttentionKernel::packValues(Value slot, Value pair, Value key) {
  Value batch = b.div(pair, keyHeads), head = b.rem(pair, keyHeads);
  Value row = b.add(b.mul(slot, packedValueSize), b.mul(key, paddedValueDim));
  // The copy writes over all of this but the padding.
  Value lastVector = b.sub(paddedValueDim, b.index(tile.vectorLength));
  b.ifThen(b.cmp(arith::CmpIPredicate::slt, valueDim, paddedValueDim), [&] {
    storeVector(b.constant(vectorType, 0.0), packedValues,
                b.add(row, lastVector));
  });
  forEachChunk(
      op.getValue(), valueDim,
      [&](Value column) {
        storeVector(loadElements(op.getValue(), batch, head, key, column),
                    packedValues, b.add(row, column));
      },
      [&](Value column) {
        memref::StoreOp::create(
            b, loadElement(op.getValue(), batch, head, key, column),
            packedValues, b.add(row, column));
      });
}

/// Lays the queries out as the register tiles read them, `[tile][d][row]`,
/// scaled. Rows beyond the last query repeat it; they are never stored.
void AttentionKernel::packQueries(const Block &block) {
  Value rowTile = b.index(tile.rowTile);
  Value lastQuery = b.sub(queries, one);
  Value scales = b.splat(vectorType, scale);
  // Upwards, and the last vector of columns first, since that reaches over the
  // beginning of the next column.
  b.forLoop(zero, block.rows, rowTile, [&](Value firstRow) {
    Value base = b.add(queryPart, b.mul(firstRow, headDim));
    Value firstQuery = b.add(block.firstQuery, firstRow);
    auto clamp = [&](Value row) {
      return b.min(b.add(firstQuery, row), lastQuery);
    };
    forEachChunk(
        op.getQuery(), headDim,
        [&](Value firstColumn) {
          int64_t last = (tile.rowTile - 1) / tile.vectorLength;
          for (int64_t group = last; group >= 0; --group) {
            Value first = b.index(group * tile.vectorLength);
            emitTranspose(
                b, vectorType, scratch, squarePart,
                [&](Value row) -> Value {
                  Value elements =
                      loadElements(op.getQuery(), block.batch, block.head,
                                   clamp(b.add(first, row)), firstColumn);
                  return arith::MulFOp::create(b, elements, scales);
                },
                [&](Value d, Value column) {
                  Value place = b.mul(b.add(firstColumn, d), rowTile);
                  storeVector(column, scratch,
                              b.add(base, b.add(place, first)));
                });
          }
        },
        [&](Value d) {
          b.forLoop(zero, rowTile, one, [&](Value row) {
            Value element = loadElement(op.getQuery(), block.batch, block.head,
                                        clamp(row), d);
            storeScalar(arith::MulFOp::create(b, element, scale),
                        b.add(base, b.add(b.mul(d, rowTile), row)));
          });
        });
  });
}

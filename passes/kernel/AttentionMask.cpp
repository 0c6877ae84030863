//===- AttentionMask.cpp - Which keys a mask leaves -------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attn;

void AttentionKernel::allocateSummaries() {
  if (!op.hasMask())
    return;
  for (const PositionRead &read : findPositionReads(op.getMask())) {
    if (read.position == Position::Query) {
      queryReads.push_back(read);
      continue;
    }
    Value rows = b.mul(read.dependsOnBatch ? batches : one,
                       read.dependsOnHead ? heads : one);
    auto type = MemRefType::get({ShapedType::kDynamic},
                                read.load->getResult(0).getType());
    auto make = [&]() -> Value {
      return memref::AllocOp::create(b, type, b.mul(rows, panels),
                                     b.getI64IntegerAttr(64));
    };
    keySummaries.push_back({read, make(), make()});
  }
}

/// The row of a summary that holds what is read for a batch and a head.
Value AttentionKernel::getSummaryRow(const PositionRead &read, Value batch,
                                     Value head) {
  Value row = read.dependsOnBatch ? batch : zero;
  if (read.dependsOnHead)
    row = b.add(b.mul(row, heads), head);
  return row;
}

/// Reads for each key once, in parallel.
void AttentionKernel::summarizeKeys() {
  Value width = b.index(tile.getPanel());
  for (const KeySummary &summary : keySummaries) {
    const PositionRead &read = summary.read;
    Value rowsOfBatch = read.dependsOnHead ? heads : one;
    Value rows = b.mul(read.dependsOnBatch ? batches : one, rowsOfBatch);
    b.forLoop(threadNumber, b.mul(rows, panels), teamSize, [&](Value item) {
      Value row = b.div(item, panels);
      Value first = b.mul(b.rem(item, panels), width);
      Value last = b.sub(b.min(b.add(first, width), keys), one);
      ReadBounds bounds =
          scanRead(b, op.getMask(), read, b.div(row, rowsOfBatch),
                   b.rem(row, rowsOfBatch), first, last);
      memref::StoreOp::create(b, bounds.low, summary.lows, item);
      memref::StoreOp::create(b, bounds.high, summary.highs, item);
    });
  }
}

ReadBoundsMap AttentionKernel::readQueries(const Block &block, Value first,
                                           Value last) {
  ReadBoundsMap reads;
  for (const PositionRead &read : queryReads)
    reads[read.load] =
        scanRead(b, op.getMask(), read, block.batch, block.head, first, last);
  return reads;
}

/// Adds what is read for the `keys` keys from `firstKey` on, the first of a
/// panel.
void AttentionKernel::readKeys(ReadBoundsMap &reads, const Block &block,
                               Value firstKey, Value keys) {
  Value width = b.index(tile.getPanel());
  for (const KeySummary &summary : keySummaries) {
    Value row = getSummaryRow(summary.read, block.batch, block.head);
    Value first = b.add(b.mul(row, panels), b.div(firstKey, width));
    Value end = b.add(first, b.ceilDiv(keys, width));
    auto load = [&](Value place) -> ReadBounds {
      return {memref::LoadOp::create(b, summary.lows, place),
              memref::LoadOp::create(b, summary.highs, place)};
    };
    ReadBounds start = load(first);
    SmallVector<Value> bounds = b.forLoop(
        b.add(first, one), end, one, ValueRange{start.low, start.high},
        [&](Value place, ValueRange carried) -> SmallVector<Value> {
          ReadBounds joined =
              joinBounds(b, {carried[0], carried[1]}, load(place));
          return {joined.low, joined.high};
        });
    reads[summary.read.load] = {bounds[0], bounds[1]};
  }
}

/// The keys that a block of queries may see, from the first of a key block on.
KeyRange AttentionKernel::getKeyRange(const Block &block) {
  if (!op.hasMask())
    return {zero, keys};
  IndexBox box = {block.batch,
                  block.head,
                  block.firstQuery,
                  b.sub(b.add(block.firstQuery, block.rows), one),
                  zero,
                  b.sub(keys, one)};
  KeyRange range = emitKeyRange(b, op.getMask(), box, block.reads);
  Value length = b.index(tile.keyBlock);
  return {b.mul(b.div(range.first, length), length), range.end};
}

/// All queries of a block with `keys` keys from `firstKey` on.
BoxClass AttentionKernel::classifyBlock(const Block &block, Value firstKey,
                                        Value keys) {
  ReadBoundsMap reads = block.reads;
  readKeys(reads, block, firstKey, keys);
  IndexBox box = {
      block.batch,      block.head,
      block.firstQuery, b.sub(b.add(block.firstQuery, block.rows), one),
      firstKey,         b.sub(b.add(firstKey, keys), one)};
  return classifyParts(b, op.getMask(), box, getBlockParts(), reads);
}

/// The queries of a tile with the panel whose first key is `firstKey`.
BoxClass AttentionKernel::classifyPanel(const Block &block, const Tile &current,
                                        Value firstKey) {
  Value count = b.min(b.index(tile.getPanel()), b.sub(keys, firstKey));
  ReadBoundsMap reads = current.reads;
  readKeys(reads, block, firstKey, b.index(tile.getPanel()));
  IndexBox box = {block.batch,        block.head,
                  current.firstQuery, current.lastQuery,
                  firstKey,           b.sub(b.add(firstKey, count), one)};
  PartLengths least = getPanelParts(tile.rowTile, tile.getPanel());
  return classifyParts(b, op.getMask(), box, least, reads);
}

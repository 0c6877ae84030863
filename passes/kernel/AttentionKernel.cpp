//===- AttentionKernel.cpp - The online-softmax loop nest -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Packed keys and values of one wave, in bytes: what stays in L2 until the
/// last of its query blocks has read it.
static constexpr int64_t kWaveBytes = 1 << 20;
AttentionKernel::AttentionKernel(KernelBuilder &builder, AttentionOp op,
                                 TileShape tile)
    : AttentionBase(builder, op, tile.vectorLength), tile(tile) {
  auto value = cast<MemRefType>(op.getValue().getType());
  packsValues =
      !value.isLastDimUnitStride() || value.getElementType() != element;
  panels = b.ceilDiv(keys, b.index(tile.getPanel()));
  packedKeySize = usesProducts
                      ? b.mul(b.mul(panels, b.index(tile.getPanel())), headDim)
                      : zero;
  packedValueSize = packsValues ? b.mul(keys, paddedValueDim) : zero;

  // Storing a column of rows as whole vectors writes past the last one.
  if (usesProducts)
    addPart(queryPart, b.add(b.mul(b.index(tile.queryBlock), headDim),
                             b.index(vectorLength)));
  addPart(squarePart, b.index(vectorLength * vectorLength));
  addPart(scorePart, b.index(tile.rowTile * tile.keyBlock));
  addPart(keptPart, b.index(hasRules ? tile.rowTile * tile.keyBlock : 0));
  int64_t slots = op.hasMask() ? tile.keyBlock / tile.getPanel() : 0;
  addPart(listPart, b.index(slots));
  addPart(allowedPart, b.index(slots * tile.rowTile));
  addPart(lanePart, b.index(tile.rowTile * vectorLength));
  addPart(outputPart, b.mul(b.index(tile.queryBlock), paddedValueDim));
  Value tileRows = b.index(getSoftmax().getPaddedRows());
  Value blockRows = b.mul(b.index(tile.getRowTiles()), tileRows);
  addPart(originPart, blockRows);
  addPart(sumPart, blockRows);
  addPart(rescalePart, tileRows);
  addPart(shiftPart, tileRows);
  addPart(floorPart, tileRows);
  if (op.getMaxInit())
    addPart(maxPart, blockRows);
  if (op.getEntropyInit()) {
    addPart(momentPart, blockRows);
    addPart(momentLanePart, b.index(tile.rowTile * vectorLength));
  }
}

OnlineSoftmax AttentionKernel::getSoftmax() {
  return {
      b,         vectorType,    tile.rowTile, tile.keyBlock, tile.panelVectors,
      scratch,   scorePart,     lanePart,     rescalePart,   shiftPart,
      floorPart, momentLanePart};
}

void AttentionKernel::emit(const ThreadFunctions &threads) {
  // At least one pair a wave, and no more than there are.
  Value pairs = b.mul(batches, keyHeads);
  Value budget = b.index(kWaveBytes / (element.getWidth() / 8));
  Value pairSize = b.max(b.add(packedKeySize, packedValueSize), one);
  Value wave = b.max(b.min(b.div(budget, pairSize), pairs), one);
  packedKeys = allocate(b.mul(wave, packedKeySize));
  if (packsValues)
    packedValues = allocate(b.mul(wave, packedValueSize));

  Value work = b.mul(b.mul(b.mul(batches, heads), queries),
                     b.mul(keys, b.add(headDim, valueDim)));
  allocateSummaries();
  emitTeam(threads, work, [&] {
    if (!keySummaries.empty()) {
      summarizeKeys();
      omp::BarrierOp::create(b);
    }
    b.forLoop(zero, pairs, wave, [&](Value firstPair) {
      emitWave(firstPair, b.min(wave, b.sub(pairs, firstPair)));
    });
  });

  for (const KeySummary &summary : keySummaries) {
    deallocate(summary.highs);
    deallocate(summary.lows);
  }
  if (packsValues)
    deallocate(packedValues);
  deallocate(packedKeys);
}

void AttentionKernel::emitWave(Value firstPair, Value pairs) {
  if (usesProducts)
    b.forLoop(threadNumber, b.mul(pairs, panels), teamSize, [&](Value item) {
      Value slot = b.div(item, panels);
      packKeys(slot, b.add(firstPair, slot), b.rem(item, panels));
    });
  if (packsValues)
    b.forLoop(threadNumber, b.mul(pairs, keys), teamSize, [&](Value item) {
      Value slot = b.div(item, keys);
      packValues(slot, b.add(firstPair, slot), b.rem(item, keys));
    });
  omp::BarrierOp::create(b);

  Value blocks = b.ceilDiv(queries, b.index(tile.queryBlock));
  Value tasks = b.mul(b.mul(pairs, group), blocks);
  auto emitTask = [&](Value task) {
    Value row = b.div(task, blocks);
    Block block;
    block.slot = b.div(row, group);
    Value pair = b.add(firstPair, block.slot);
    block.batch = b.div(pair, keyHeads);
    block.keyHead = b.rem(pair, keyHeads);
    block.head = b.add(b.mul(block.keyHead, group), b.rem(row, group));
    block.firstQuery = b.mul(b.rem(task, blocks), b.index(tile.queryBlock));
    block.rows =
        b.min(b.index(tile.queryBlock), b.sub(queries, block.firstQuery));
    emitBlock(block);
  };
  // Under a causal mask each block costs more than the one before it. Every
  // other round is dealt out backwards, so that no thread always gets the last.
  b.forLoop(zero, tasks, teamSize, [&](Value round) {
    Value isOdd = b.rem(b.div(round, teamSize), b.index(2));
    Value backwards = b.sub(b.sub(teamSize, one), threadNumber);
    Value place = b.createOrFold<arith::SelectOp>(
        b.cmp(arith::CmpIPredicate::eq, isOdd, one), backwards, threadNumber);
    Value task = b.add(round, place);
    b.ifThen(b.cmp(arith::CmpIPredicate::slt, task, tasks),
             [&] { emitTask(task); });
  });
  // The next wave packs over the keys that this one reads.
  omp::BarrierOp::create(b);
}

/// All keys for one block of queries. Where a rule can leave keys out, a value
/// of NaN or infinity among those would spread through its weight of 0; this
/// is seen in the result, and the block is then done again with products for
/// allowed keys only.
void AttentionKernel::emitBlock(Block block) {
  if (usesProducts)
    packQueries(block);
  auto attendKeys = [&](Value careful) {
    block.reads = readQueries(block, block.firstQuery,
                              b.sub(b.add(block.firstQuery, block.rows), one));
    KeyRange range = getKeyRange(block);
    b.forLoop(
        range.first, range.end, b.index(tile.keyBlock),
        [&](Value firstKey) { attendKeyBlock(block, firstKey, careful); });
  };
  auto attend = [&](Value careful) {
    resetBlock();
    // Without keys there may be nothing to read: arrays can be empty then.
    if (!op.hasMask())
      attendKeys(careful);
    else
      b.ifThen(b.cmp(arith::CmpIPredicate::sgt, keys, zero),
               [&] { attendKeys(careful); });
  };
  if (!hasRules) {
    attend(Value());
  } else {
    Value no = arith::ConstantOp::create(b, b.getBoolAttr(false));
    Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
    b.forLoop(zero, b.index(2), one, ValueRange{yes},
              [&](Value round, ValueRange wanted) {
                Value careful = b.cmp(arith::CmpIPredicate::eq, round, one);
                return b.choose(
                    wanted[0],
                    [&]() -> SmallVector<Value> {
                      attend(careful);
                      return {b.logicalAnd(hasNonFinite(block),
                                           b.logicalNot(careful))};
                    },
                    [&]() -> SmallVector<Value> { return {no}; });
              });
  }
  b.forLoop(zero, block.rows, one, [&](Value row) { storeRow(block, row); });
}

void AttentionKernel::resetBlock() {
  fill(outputPart, b.mul(b.index(tile.queryBlock), paddedValueDim), 0.0);
  Value rows = b.index(tile.getRowTiles() * getSoftmax().getPaddedRows());
  fill(originPart, rows, -std::numeric_limits<double>::infinity());
  fill(sumPart, rows, 0.0);
  if (maxPart)
    fill(maxPart, rows, -std::numeric_limits<double>::infinity());
  if (momentPart)
    fill(momentPart, rows, 0.0);
}

void AttentionKernel::attendKeyBlock(const Block &block, Value firstKey,
                                     Value careful) {
  Value count = b.min(b.index(tile.keyBlock), b.sub(keys, firstKey));
  auto attendTiles = [&] {
    Value tiles = b.ceilDiv(block.rows, b.index(tile.rowTile));
    b.forLoop(zero, tiles, one, [&](Value number) {
      Tile current;
      current.number = number;
      current.firstQuery =
          b.add(block.firstQuery, b.mul(number, b.index(tile.rowTile)));
      current.lastQuery = b.sub(
          b.min(b.add(current.firstQuery, b.index(tile.rowTile)), queries),
          one);
      current.firstKey = firstKey;
      current.keys = count;
      attendTile(block, current, careful);
    });
  };
  if (!op.hasMask()) {
    attendTiles();
    return;
  }
  b.ifThen(classifyBlock(block, firstKey, count).possible, attendTiles);
}

/// Whether any output or sum of the block is NaN or infinite.
Value AttentionKernel::hasNonFinite(const Block &block) {
  // x * 0 is 0 or NaN, and NaN stays in the sum.
  Value none = b.constant(vectorType, 0.0);
  Value end = b.mul(block.rows, paddedValueDim);
  Value sum =
      b.forLoop(zero, end, b.index(tile.vectorLength), none,
                [&](Value offset, ValueRange carried) -> SmallVector<Value> {
                  Value x = loadVector(scratch, b.add(outputPart, offset));
                  Value term = arith::MulFOp::create(b, x, none);
                  return {arith::AddFOp::create(b, carried[0], term)};
                })[0];
  Value total = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum);
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, total, total);
}

/// Divides a row of a softmax by its sum; a row without an allowed key is 0.
void AttentionKernel::storeRow(const Block &block, Value row) {
  Value factor;
  if (isSoftmax) {
    Value rowTile = b.index(tile.rowTile);
    Value tileRows = b.index(getSoftmax().getPaddedRows());
    Value slot =
        b.add(b.mul(b.div(row, rowTile), tileRows), b.rem(row, rowTile));
    auto load = [&](Value part) { return loadScalar(b.add(part, slot)); };
    auto loadIf = [&](Value part) { return part ? load(part) : Value(); };
    RowState state = {load(sumPart), needsOrigin() ? load(originPart) : Value(),
                      loadIf(maxPart), loadIf(momentPart)};
    RowEnd end = finishRow(state, loadSink(block.head));
    factor = b.splat(vectorType, end.factor);
    storeStatistics(end, block.batch, block.head, b.add(block.firstQuery, row));
  }

  Value query = b.add(block.firstQuery, row);
  Value source = b.add(outputPart, b.mul(row, paddedValueDim));
  b.forLoop(zero, valueDim, b.index(vectorLength), [&](Value column) {
    Value vector = loadVector(scratch, b.add(source, column));
    if (factor)
      vector = arith::MulFOp::create(b, factor, vector);
    storeOutput(vector, block.batch, block.head, query, column,
                b.sub(valueDim, column));
  });
}

//===- AttentionKernel.cpp - The online-softmax loop nest -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "passes/analysis/MaskIntervals.h"
#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Packed keys and values of one wave, in bytes: what stays in L2 until the
/// last of its query blocks has read it.
static constexpr int64_t kWaveBytes = 1 << 20;
/// Multiply-adds below which starting threads costs more than they save.
static constexpr int64_t kParallelWork = 1 << 17;

AttentionKernel::AttentionKernel(KernelBuilder &builder, AttentionOp op,
                                 TileShape tile)
    : b(builder), op(op), tile(tile), element(op.getAccumulatorType()),
      vectorType(VectorType::get(tile.vectorLength, element)),
      hasRules(op.hasMask() || op.hasScore()) {
  auto value = cast<MemRefType>(op.getValue().getType());
  packsValues =
      !value.isLastDimUnitStride() || value.getElementType() != element;
}

void AttentionKernel::emit(const ThreadFunctions &threads) {
  measure();

  // At least one pair a wave, and no more than there are.
  Value pairs = b.mul(batches, keyHeads);
  Value budget = b.index(kWaveBytes / (element.getWidth() / 8));
  Value pairSize = b.max(b.add(packedKeySize, packedValueSize), one);
  Value wave = b.max(b.min(b.div(budget, pairSize), pairs), one);

  auto allocate = [&](Value size) -> Value {
    auto type = MemRefType::get({ShapedType::kDynamic}, element);
    return memref::AllocOp::create(b, type, size, b.getI64IntegerAttr(64));
  };
  packedKeys = allocate(b.mul(wave, packedKeySize));
  if (packsValues)
    packedValues = allocate(b.mul(wave, packedValueSize));
  layOutScratch();
  Value maxThreads =
      func::CallOp::create(b, threads.maxThreads, b.getI32Type(), ValueRange())
          .getResult(0);
  maxThreads = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), maxThreads);
  scratch = allocate(b.mul(maxThreads, scratchSize));

  Value work = b.mul(b.mul(b.mul(batches, heads), queries),
                     b.mul(keys, b.add(headDim, valueDim)));
  omp::ParallelOperands clauses;
  clauses.ifExpr =
      b.cmp(arith::CmpIPredicate::sge, work, b.index(kParallelWork));
  auto team = omp::ParallelOp::create(b, clauses);
  {
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&team.getRegion());
    emitTeam(threads, wave);
    omp::TerminatorOp::create(b);
  }

  memref::DeallocOp::create(b, scratch);
  if (packsValues)
    memref::DeallocOp::create(b, packedValues);
  memref::DeallocOp::create(b, packedKeys);
}

/// Reads the sizes off the operands.
void AttentionKernel::measure() {
  zero = b.index(0);
  one = b.index(1);
  batches = dim(op.getQuery(), 3);
  heads = dim(op.getQuery(), 2);
  keyHeads = dim(op.getKey(), 2);
  queries = dim(op.getQuery(), 1);
  headDim = dim(op.getQuery(), 0);
  keys = dim(op.getKey(), 1);
  valueDim = dim(op.getValue(), 0);
  // Without key heads there are no query heads either.
  group = b.div(heads, b.max(keyHeads, one));
  paddedValueDim = b.roundUp(valueDim, tile.vectorLength);
  panels = b.ceilDiv(keys, b.index(tile.getPanel()));
  packedKeySize = b.mul(b.mul(panels, b.index(tile.getPanel())), headDim);
  packedValueSize = packsValues ? b.mul(keys, paddedValueDim) : zero;

  // The softmax is taken to base 2, which must not disturb a score rule: with
  // one the change of base comes after it.
  Value scale = op.getScale();
  if (!scale)
    scale = b.constant(element, 1.0);
  Value log2e = b.constant(element, 1.4426950408889634);
  scaleBefore =
      op.hasScore() ? scale : b.createOrFold<arith::MulFOp>(scale, log2e);
  scaleAfter = op.hasScore() ? log2e : Value();
}

/// Divides a thread's piece of scratch into its parts.
void AttentionKernel::layOutScratch() {
  Value size = zero;
  auto part = [&](Value elements) {
    partOffsets.push_back(size);
    // Parts begin at whole vectors.
    size = b.add(size, b.roundUp(elements, tile.vectorLength));
  };
  // Storing a column of rows as whole vectors writes past the last one.
  part(b.add(b.mul(b.index(tile.queryBlock), headDim),
             b.index(tile.vectorLength)));
  part(b.index(tile.rowTile * tile.keyBlock));
  part(b.index(hasRules ? tile.rowTile * tile.keyBlock : 0));
  part(b.index(tile.rowTile * tile.vectorLength));
  part(b.mul(b.index(tile.queryBlock), paddedValueDim));
  int64_t rows = tile.getRowVectors() * tile.vectorLength;
  part(b.index(tile.getRowTiles() * rows));
  part(b.index(tile.getRowTiles() * rows));
  for (int i = 0; i < 3; ++i)
    part(b.index(rows));
  // Two threads never share a cache line.
  scratchSize = b.roundUp(size, 64);
}

/// The body of the parallel region.
void AttentionKernel::emitTeam(const ThreadFunctions &threads, Value wave) {
  auto call = [&](FlatSymbolRefAttr function) -> Value {
    Value number =
        func::CallOp::create(b, function, b.getI32Type(), ValueRange())
            .getResult(0);
    return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), number);
  };
  threadNumber = call(threads.threadNumber);
  teamSize = call(threads.teamSize);
  Value piece = b.mul(threadNumber, scratchSize);
  Value *parts[] = {&queryPart,  &scorePart,  &keptPart, &lanePart,
                    &outputPart, &originPart, &sumPart,  &rescalePart,
                    &shiftPart,  &floorPart};
  for (auto [part, offset] : llvm::zip_equal(parts, partOffsets))
    *part = b.add(piece, offset);

  Value pairs = b.mul(batches, keyHeads);
  b.forLoop(zero, pairs, wave, [&](Value firstPair) {
    emitWave(firstPair, b.min(wave, b.sub(pairs, firstPair)));
  });
}

void AttentionKernel::emitWave(Value firstPair, Value pairs) {
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
  b.forLoop(threadNumber, tasks, teamSize, [&](Value task) {
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
  });
  // The next wave packs over the keys that this one reads.
  omp::BarrierOp::create(b);
}

/// All keys for one block of queries. Where a rule can leave keys out, a value
/// of NaN or infinity among those would spread through its weight of 0; this
/// is seen in the result, and the block is then done again with products for
/// allowed keys only.
void AttentionKernel::emitBlock(const Block &block) {
  packQueries(block);
  auto attend = [&](Value careful) {
    resetBlock();
    b.forLoop(zero, keys, b.index(tile.keyBlock), [&](Value firstKey) {
      attendKeyBlock(block, firstKey, careful);
    });
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
  storeBlock(block);
}

void AttentionKernel::resetBlock() {
  Value step = b.index(tile.vectorLength);
  Value nothing = b.constant(vectorType, 0.0);
  Value end = b.mul(b.index(tile.queryBlock), paddedValueDim);
  b.forLoop(zero, end, step, [&](Value offset) {
    storeVector(nothing, scratch, b.add(outputPart, offset));
  });
  Value unseen =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
  Value rows =
      b.index(tile.getRowTiles() * tile.getRowVectors() * tile.vectorLength);
  b.forLoop(zero, rows, step, [&](Value offset) {
    storeVector(unseen, scratch, b.add(originPart, offset));
    storeVector(nothing, scratch, b.add(sumPart, offset));
  });
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
  IndexBox box = {
      block.batch,      block.head,
      block.firstQuery, b.sub(b.add(block.firstQuery, block.rows), one),
      firstKey,         b.sub(b.add(firstKey, count), one)};
  b.ifThen(classifyBox(b, op.getMask(), box).possible, attendTiles);
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

void AttentionKernel::storeBlock(const Block &block) {
  b.forLoop(zero, block.rows, one, [&](Value row) { storeRow(block, row); });
}

/// Divides a row by its sum; a row without an allowed key is 0.
void AttentionKernel::storeRow(const Block &block, Value row) {
  Value rowTile = b.index(tile.rowTile);
  Value tileRows = b.index(tile.getRowVectors() * tile.vectorLength);
  Value slot = b.add(b.mul(b.div(row, rowTile), tileRows), b.rem(row, rowTile));
  Value sum = loadScalar(b.add(sumPart, slot));
  Value none = b.constant(element, 0.0);
  Value isEmpty =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, none);
  Value inverse = arith::DivFOp::create(b, b.constant(element, 1.0), sum);
  Value factor =
      b.splat(vectorType, arith::SelectOp::create(b, isEmpty, none, inverse));

  Value out = op.getInit();
  auto outType = cast<MemRefType>(out.getType());
  Value query = b.add(block.firstQuery, row);
  Value source = b.add(outputPart, b.mul(row, paddedValueDim));
  Value step = b.index(tile.vectorLength);
  b.forLoop(zero, valueDim, step, [&](Value column) {
    Value vector = arith::MulFOp::create(
        b, factor, loadVector(scratch, b.add(source, column)));
    vector =
        emitCast(b, b.getLoc(), vector,
                 VectorType::get(tile.vectorLength, outType.getElementType()));
    Value count = b.min(step, b.sub(valueDim, column));
    if (outType.isLastDimUnitStride()) {
      vector::MaskedStoreOp::create(
          b, out, place(out, block.batch, block.head, query, column),
          b.laneMask(tile.vectorLength, count), vector);
      return;
    }
    b.forLoop(zero, count, one, [&](Value lane) {
      Value value = vector::ExtractOp::create(b, vector, lane);
      memref::StoreOp::create(
          b, value, out,
          place(out, block.batch, block.head, query, b.add(column, lane)));
    });
  });
}

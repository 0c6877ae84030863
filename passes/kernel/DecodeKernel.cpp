//===- DecodeKernel.cpp - Attention of few queries --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/DecodeKernel.h"

#include "passes/kernel/Exp2.h"
#include "passes/kernel/RuleVectorizer.h"
#include "passes/kernel/Shuffles.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Query rows that are taken together, unless there is a single one, and the
/// keys whose products with them are summed up side by side, so that the sums
/// fit the registers.
static constexpr int64_t kTileRows = 4;
static constexpr int64_t kTileKeys = 4;
static constexpr int64_t kPageBytes = 4096;
static constexpr int64_t kMaxRowsInPage = 32;

bool DecodeKernel::supports(AttentionOp op) {
  return llvm::all_of(
      ValueRange{op.getQuery(), op.getKey(), op.getValue()}, [](Value operand) {
        return cast<MemRefType>(operand.getType()).isLastDimUnitStride();
      });
}

DecodeKernel::DecodeKernel(KernelBuilder &builder, AttentionOp op,
                           int64_t vectorLength)
    : AttentionBase(builder, op, vectorLength),
      rowsPerTile(std::min(kTileRows, vectorLength)) {
  rows = b.mul(group, queries);
  isSingleRow = b.cmp(arith::CmpIPredicate::eq, rows, one);
  paddedRows = arith::SelectOp::create(b, isSingleRow, one,
                                       b.roundUp(rows, rowsPerTile));
  keyRowsInPage = getRowsInPage(op.getKey());
  valueRowsInPage = getRowsInPage(op.getValue());
  splits = b.ceilDiv(keys, b.index(kPartKeys));
  paddedHeadDim = b.roundUp(headDim, vectorLength);
  if (usesProducts) {
    addPart(queryPart, b.mul(b.index(kMaxRows), paddedHeadDim));
    addPart(productPart, b.index(vectorLength * vectorLength));
  }
  addPart(scorePart, b.index(kMaxRows * kStepKeys));
  addPart(keptPart, b.index(hasRules ? kMaxRows * kStepKeys : 0));
  addPart(lanePart, b.index(kMaxRows * vectorLength));
  for (Value *part :
       {&originPart, &sumPart, &rescalePart, &shiftPart, &floorPart})
    addPart(*part, b.index(kMaxRows));
  if (op.getMaxInit())
    addPart(maxPart, b.index(kMaxRows));
  if (op.getEntropyInit()) {
    addPart(momentPart, b.index(kMaxRows));
    addPart(momentLanePart, b.index(kMaxRows * vectorLength));
  }
}

Value DecodeKernel::emitTest(KernelBuilder &builder, AttentionOp op) {
  AttentionSizes sizes(builder, op);
  return builder.cmp(arith::CmpIPredicate::sle,
                     builder.mul(sizes.group, sizes.queries),
                     builder.index(kMaxRows));
}

OnlineSoftmax DecodeKernel::getSoftmax() {
  return {b,           vectorType, kMaxRows,  kStepKeys,
          1,           scratch,    scorePart, lanePart,
          rescalePart, shiftPart,  floorPart, momentLanePart};
}

void DecodeKernel::emit(const ThreadFunctions &threads) {
  Value pairs = b.mul(batches, keyHeads);
  Value parts = b.mul(pairs, splits);
  Value outputSize = b.mul(b.mul(parts, paddedRows), paddedValueDim);
  Value stateSize = b.mul(parts, getStateSize());
  results = allocate(b.add(outputSize, stateSize));
  firstState = outputSize;
  Value work = b.mul(b.mul(pairs, keys), b.add(headDim, valueDim));
  emitTeam(threads, work, [&] {
    // Neighbouring parts to one thread: it reads on where it stopped.
    auto share = [&](Value thread) {
      return b.div(b.mul(parts, thread), teamSize);
    };
    b.forLoop(share(threadNumber), share(b.add(threadNumber, one)), one,
              [&](Value number) {
                Part part;
                Value pair = b.div(number, splits);
                part.number = number;
                part.batch = b.div(pair, keyHeads);
                part.keyHead = b.rem(pair, keyHeads);
                part.firstKey =
                    b.mul(b.rem(number, splits), b.index(kPartKeys));
                part.endKey =
                    b.min(b.add(part.firstKey, b.index(kPartKeys)), keys);
                emitPart(part);
              });
    omp::BarrierOp::create(b);
    b.forLoop(threadNumber, b.mul(pairs, rows), teamSize, [&](Value item) {
      mergeRow(b.div(item, rows), b.rem(item, rows));
    });
  });
  deallocate(results);
}

/// Rows are all queries of the first head of the group, then of the next.
Value DecodeKernel::getHead(Value keyHead, Value row) {
  return b.add(b.mul(keyHead, group), b.div(row, queries));
}

Value DecodeKernel::getQuery(Value row) { return b.rem(row, queries); }

Value DecodeKernel::getOutput(const Part &part, Value row) {
  return b.mul(b.add(b.mul(part.number, paddedRows), row), paddedValueDim);
}

void DecodeKernel::emitPart(const Part &part) {
  if (usesProducts)
    loadQueries(part);
  fill(originPart, b.index(kMaxRows), -std::numeric_limits<double>::infinity());
  fill(sumPart, b.index(kMaxRows), 0.0);
  if (maxPart)
    fill(maxPart, b.index(kMaxRows), -std::numeric_limits<double>::infinity());
  if (momentPart) {
    fill(momentPart, b.index(kMaxRows), 0.0);
    fill(momentLanePart, b.index(kMaxRows * vectorLength), 0.0);
  }
  // Rows that do not exist never get a maximum.
  fill(lanePart, b.index(kMaxRows * vectorLength),
       -std::numeric_limits<double>::infinity());
  Value nothing = b.constant(vectorType, 0.0);
  Value output = getOutput(part, zero);
  b.forLoop(zero, b.mul(paddedRows, paddedValueDim), b.index(vectorLength),
            [&](Value offset) {
              storeVector(nothing, results, b.add(output, offset));
            });

  KeyRange range = getKeyRange(part);
  b.forLoop(range.first, range.end, b.index(kStepKeys), [&](Value firstKey) {
    Step step;
    step.firstKey = firstKey;
    step.endKey = b.min(b.add(firstKey, b.index(kStepKeys)), part.endKey);
    step.columns = b.roundUp(b.sub(step.endKey, firstKey), vectorLength);
    attendStep(part, step);
  });

  if (isSoftmax)
    storeState(part);
}

/// The keys of the part that some row may see, from the first of a step on.
KeyRange DecodeKernel::getKeyRange(const Part &part) {
  if (!op.hasMask())
    return {part.firstKey, part.endKey};
  SmallVector<Value> seen = b.forLoop(
      zero, rows, one, ValueRange{part.endKey, part.firstKey},
      [&](Value row, ValueRange carried) -> SmallVector<Value> {
        Value query = getQuery(row);
        IndexBox box = {part.batch,    getHead(part.keyHead, row), query, query,
                        part.firstKey, b.sub(part.endKey, one)};
        KeyRange range = emitKeyRange(b, op.getMask(), box);
        // A row that sees nothing must not stretch the others' range.
        Value sees = b.cmp(arith::CmpIPredicate::slt, range.first, range.end);
        auto join = [&](Value joined, Value other) {
          return b.createOrFold<arith::SelectOp>(sees, joined, other);
        };
        return {join(b.min(range.first, carried[0]), carried[0]),
                join(b.max(range.end, carried[1]), carried[1])};
      });
  Value length = b.index(kStepKeys);
  Value steps = b.div(b.sub(seen[0], part.firstKey), length);
  return {b.add(part.firstKey, b.mul(steps, length)), seen[1]};
}

/// The scaled queries, padded with 0 to whole vectors and whole tiles of rows.
void DecodeKernel::loadQueries(const Part &part) {
  fill(queryPart, b.mul(paddedRows, paddedHeadDim), 0.0);
  Value together =
      arith::SelectOp::create(b, isSingleRow, one, b.index(rowsPerTile));
  Value scales = b.splat(vectorType, scale);
  b.forLoop(zero, rows, one, [&](Value row) {
    Value inTile = b.rem(row, together);
    Value head = getHead(part.keyHead, row), query = getQuery(row);
    b.forLoop(zero, headDim, b.index(vectorLength), [&](Value d) {
      Value live = b.laneMask(vectorLength, b.sub(headDim, d));
      Value values =
          loadElements(op.getQuery(), part.batch, head, query, d, live);
      Value place = getQueryPlace(b.sub(row, inTile), together, d);
      storeVector(arith::MulFOp::create(b, values, scales), scratch,
                  b.add(place, b.mul(inTile, b.index(vectorLength))));
    });
  });
}

/// Where the vectors from `d` on of the tile's rows are, side by side.
Value DecodeKernel::getQueryPlace(Value firstRow, Value tileRows, Value d) {
  Value tile = b.add(queryPart, b.mul(firstRow, paddedHeadDim));
  return b.add(tile, b.mul(d, tileRows));
}

void DecodeKernel::forEachTile(
    function_ref<void(Value row, int64_t tileRows)> body) {
  b.ifElse(
      isSingleRow, [&] { body(zero, 1); },
      [&] {
        b.forLoop(zero, rows, b.index(rowsPerTile),
                  [&](Value row) { body(row, rowsPerTile); });
      });
}

/// Rows of an operand that lie in one page, a power of two.
Value DecodeKernel::getRowsInPage(Value operand) {
  auto type = cast<MemRefType>(operand.getType());
  int64_t elements = 8 * kPageBytes / type.getElementTypeBitWidth();
  auto metadata = memref::ExtractStridedMetadataOp::create(b, operand);
  Value stride = metadata.getStrides()[type.getRank() - 2];
  Value rows = one;
  for (int64_t count = 2; count <= kMaxRowsInPage; count *= 2) {
    Value fits =
        b.cmp(arith::CmpIPredicate::sle, stride, b.index(elements / count));
    rows = arith::SelectOp::create(b, fits, b.index(count), rows);
  }
  return rows;
}

/// The row to ask for while row `key` is read. Of any kStreams neighbours each
/// asks for one in another of the pages that follow: memory answers several
/// pages at a time 1.5 times as fast as one after the other.
Value DecodeKernel::getRowToPrefetch(const Part &part, Value rowsInPage,
                                     Value key) {
  Value streams = b.index(kStreams);
  Value block = b.mul(rowsInPage, streams);
  // Divisions take longer than everything else that is done with a key.
  Value inBlock =
      arith::AndIOp::create(b, b.sub(key, part.firstKey), b.sub(block, one));
  Value next = b.add(b.sub(key, inBlock), block);
  Value page = b.mul(b.rem(inBlock, streams), rowsInPage);
  return b.add(b.add(next, page), b.div(inBlock, streams));
}

/// What lies beyond the last row is asked for in vain, without harm.
void DecodeKernel::prefetch(const Part &part, Value operand, Value row,
                            Value column) {
  memref::PrefetchOp::create(
      b, operand, place(operand, part.batch, part.keyHead, row, column),
      /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

/// Of the rows from `firstRow` to before `endRow`, which exist.
BoxClass DecodeKernel::classify(const Part &part, Value firstRow, Value endRow,
                                Value firstKey, Value endKey) {
  Value lastKey = b.sub(endKey, one);
  auto flag = [&](int64_t value) { return b.integer(b.getI1Type(), value); };
  SmallVector<Value> flags =
      b.forLoop(firstRow, endRow, one, ValueRange{flag(0), flag(1)},
                [&](Value row, ValueRange carried) -> SmallVector<Value> {
                  Value query = getQuery(row);
                  IndexBox box = {part.batch, getHead(part.keyHead, row),
                                  query,      query,
                                  firstKey,   lastKey};
                  BoxClass ofRow = classifyBox(b, op.getMask(), box);
                  return {b.logicalOr(carried[0], ofRow.possible),
                          b.logicalAnd(carried[1], ofRow.certain)};
                });
  return {flags[0], flags[1]};
}

void DecodeKernel::attendStep(const Part &part, const Step &step) {
  if (!op.hasMask())
    return attendAllowed(part, step);
  BoxClass all = classify(part, zero, rows, step.firstKey, step.endKey);
  Step classified = step;
  classified.allowsAll = all.certain;
  b.ifThen(all.possible, [&] { attendAllowed(part, classified); });
}

void DecodeKernel::attendAllowed(const Part &part, const Step &step) {
  Value length = b.index(vectorLength);
  if (usesProducts)
    b.forLoop(zero, step.columns, length,
              [&](Value column) { scoreVector(part, step, column); });
  b.forLoop(zero, rows, one, [&](Value row) { applyRules(part, step, row); });

  if (isSoftmax) {
    OnlineSoftmax softmax = getSoftmax();
    OnlineSoftmax::Rows state = {originPart, sumPart, maxPart, momentPart};
    softmax.begin(state, step.columns);
    b.forLoop(zero, rows, one,
              [&](Value row) { softmax.weighRow(row, step.columns); });
    softmax.end(state);
    b.forLoop(zero, rows, one, [&](Value row) { rescaleRow(part, row); });
  }
  if (op.hasFactor())
    b.forLoop(zero, rows, one,
              [&](Value row) { applyFactor(part, step, row); });
  b.forLoop(zero, step.columns, length, [&](Value column) {
    forEachTile([&](Value row, int64_t tileRows) {
      addValues(part, step, column, row, tileRows);
    });
  });
}

/// The scores of one vector of keys, for those tiles of rows to which the mask
/// may allow one of them.
void DecodeKernel::scoreVector(const Part &part, const Step &step,
                               Value column) {
  Value firstKey = b.add(step.firstKey, column);
  Value endKey = b.min(b.add(firstKey, b.index(vectorLength)), step.endKey);
  forEachTile([&](Value row, int64_t tileRows) {
    auto score = [&] { scoreTile(part, step, row, tileRows, column); };
    if (!op.hasMask())
      return score();
    Value endRow = b.min(b.add(row, b.index(tileRows)), rows);
    Value possible = b.choose(
        step.allowsAll, [&] { return SmallVector<Value>{step.allowsAll}; },
        [&] {
          return SmallVector<Value>{
              classify(part, row, endRow, firstKey, endKey).possible};
        })[0];
    b.ifThen(possible, score);
  });
}

/// Products of a tile of queries with a vector of keys, of as many at a time as
/// makes one vector of scores of all rows: one vector of sums for each, which
/// are then added up together.
void DecodeKernel::scoreTile(const Part &part, const Step &step, Value row,
                             int64_t tileRows, Value column) {
  int64_t keysTogether = vectorLength / tileRows;
  int64_t count = std::min(keysTogether, kTileKeys);
  auto add = [&](Value lhs, Value rhs) -> Value {
    return arith::AddFOp::create(b, lhs, rhs);
  };
  if (count == keysTogether) {
    b.forLoop(zero, b.index(vectorLength), b.index(count), [&](Value offset) {
      Value first = b.add(column, offset);
      Value scores = emitReduceEach(
          b, multiplyTile(part, step, row, tileRows, first, count), add);
      storeScores(scores, row, tileRows, first);
    });
    return;
  }
  // Few rows make less than a vector of sums at a time.
  auto getPlace = [&](Value key, int64_t number) {
    return b.add(productPart,
                 b.mul(b.add(key, b.index(number)), b.index(vectorLength)));
  };
  b.forLoop(zero, b.index(vectorLength), b.index(count), [&](Value offset) {
    SmallVector<Value> sums =
        multiplyTile(part, step, row, tileRows, b.add(column, offset), count);
    for (auto [number, sum] : llvm::enumerate(sums))
      storeVector(sum, scratch, getPlace(offset, number));
  });
  SmallVector<Value> sums;
  for (int64_t number = 0; number < vectorLength; ++number)
    sums.push_back(loadVector(scratch, getPlace(zero, number)));
  storeScores(emitReduceEach(b, sums, add), row, tileRows, column);
}

/// The products of `tileRows` queries with `count` keys from `column` of the
/// step on, summed up by lanes: the sums of the first row, then of the next.
SmallVector<Value> DecodeKernel::multiplyTile(const Part &part,
                                              const Step &step, Value row,
                                              int64_t tileRows, Value column,
                                              int64_t count) {
  Value length = b.index(vectorLength);
  Value whole = b.mul(b.div(headDim, length), length);
  Value firstKey = b.add(step.firstKey, column);
  Value lastKey = b.sub(step.endKey, one);
  SmallVector<Value> keyRows, laterRows;
  for (int64_t j = 0; j < count; ++j) {
    keyRows.push_back(b.min(b.add(firstKey, b.index(j)), lastKey));
    // What getRowToPrefetch says of the neighbour in the next stream.
    laterRows.push_back(j ? b.add(laterRows.back(), keyRowsInPage)
                          : getRowToPrefetch(part, keyRowsInPage, firstKey));
  }
  auto add = [&](Value d, ValueRange sums, Value live) {
    SmallVector<Value> keys, next;
    for (Value keyRow : keyRows)
      keys.push_back(
          loadElements(op.getKey(), part.batch, part.keyHead, keyRow, d, live));
    Value queries = getQueryPlace(row, b.index(tileRows), d);
    for (int64_t i = 0; i < tileRows; ++i) {
      Value query =
          loadVector(scratch, b.add(queries, b.index(i * vectorLength)));
      for (Value key : keys)
        next.push_back(vector::FMAOp::create(b, query, key, sums[next.size()]));
    }
    for (Value later : laterRows)
      prefetch(part, op.getKey(), later, d);
    return next;
  };
  SmallVector<Value> none(tileRows * count, b.constant(vectorType, 0.0));
  SmallVector<Value> sums =
      b.forLoop(zero, whole, length, none, [&](Value d, ValueRange carried) {
        return add(d, carried, Value());
      });
  return b.choose(
      b.cmp(arith::CmpIPredicate::slt, whole, headDim),
      [&] {
        return add(whole, sums,
                   b.laneMask(vectorLength, b.sub(headDim, whole)));
      },
      [&] { return sums; });
}

/// Stores the scores of `tileRows` rows, which share one vector.
void DecodeKernel::storeScores(Value scores, Value row, int64_t tileRows,
                               Value column) {
  int64_t count = vectorLength / tileRows;
  for (int64_t i = 0; i < tileRows; ++i) {
    auto lanes =
        llvm::to_vector(llvm::seq<int64_t>(i * count, (i + 1) * count));
    Value ofRow = vector::ShuffleOp::create(b, scores, scores, lanes);
    Value base = b.mul(b.add(row, b.index(i)), b.index(kStepKeys));
    vector::StoreOp::create(b, ofRow, scratch,
                            b.add(scorePart, b.add(base, column)));
  }
}

/// Applies the rules to a row's scores, and leaves their maxima by lanes. Keys
/// left out and those beyond the step's last get -inf; where scores are weights
/// they get 0 and a mark.
void DecodeKernel::applyRules(const Part &part, const Step &step, Value row) {
  Value lowest =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
  Value none = isSoftmax ? Value() : b.constant(vectorType, 0.0);
  auto mark = [&](Value allowed) -> Value {
    return arith::SelectOp::create(b, allowed, none, lowest);
  };
  Value base = b.add(scorePart, b.mul(row, b.index(kStepKeys)));
  RuleLanes lanes;
  lanes.batch = part.batch;
  lanes.head = getHead(part.keyHead, row);
  lanes.query = getQuery(row);
  lanes.length = vectorLength;
  Value highest = b.forLoop(
      zero, step.columns, b.index(vectorLength), lowest,
      [&](Value column, ValueRange carried) -> SmallVector<Value> {
        lanes.firstKey = b.add(step.firstKey, column);
        lanes.live =
            b.laneMask(vectorLength, b.sub(step.endKey, lanes.firstKey));
        Value place = b.add(base, column);
        Value score = usesProducts ? loadVector(scratch, place)
                                   : b.constant(vectorType, 0.0);
        if (op.hasScore())
          score = vectorizeRule(b, op.getScore(), lanes, score);
        Value allowed = lanes.live;
        if (op.hasMask())
          allowed = b.choose(
              step.allowsAll, [&] { return SmallVector<Value>{lanes.live}; },
              [&] {
                return SmallVector<Value>{
                    b.logicalAnd(lanes.live, vectorizeRule(b, op.getMask(),
                                                           lanes, Value()))};
              })[0];
        score = arith::SelectOp::create(b, allowed, score,
                                        isSoftmax ? lowest : none);
        storeVector(score, scratch, place);
        if (hasRules)
          storeVector(
              isSoftmax ? score : mark(allowed), scratch,
              b.add(keptPart, b.add(b.mul(row, b.index(kStepKeys)), column)));
        return {b.fastMax(score, carried[0])};
      })[0];
  storeVector(highest, scratch,
              b.add(lanePart, b.mul(row, b.index(vectorLength))));
}

/// Multiplies a row's weights with the factor rule.
void DecodeKernel::applyFactor(const Part &part, const Step &step, Value row) {
  Value base = b.add(scorePart, b.mul(row, b.index(kStepKeys)));
  RuleLanes lanes;
  lanes.batch = part.batch;
  lanes.head = getHead(part.keyHead, row);
  lanes.query = getQuery(row);
  lanes.length = vectorLength;
  b.forLoop(zero, step.columns, b.index(vectorLength), [&](Value column) {
    lanes.firstKey = b.add(step.firstKey, column);
    lanes.live = b.laneMask(vectorLength, b.sub(step.endKey, lanes.firstKey));
    Value place = b.add(base, column);
    Value factor = vectorizeRule(b, op.getFactor(), lanes, Value());
    storeVector(arith::MulFOp::create(b, loadVector(scratch, place), factor),
                scratch, place);
  });
}

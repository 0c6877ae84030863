//===- DecodeKernel.cpp - Attention of few queries --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/DecodeKernel.h"

#include "passes/analysis/MaskIntervals.h"
#include "passes/kernel/Exp2.h"
#include "passes/kernel/RuleVectorizer.h"
#include "passes/kernel/Shuffles.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Keys a thread takes at once; a part's results cost little beside them.
static constexpr int64_t kPartKeys = 512;
/// Keys between two updates of the running maximum and sum. Their rows stay in
/// L2 until the last query row has read them.
static constexpr int64_t kStepKeys = 128;
static constexpr int64_t kCacheLineBytes = 64;

bool DecodeKernel::supports(AttentionOp op) {
  return llvm::all_of(
      ValueRange{op.getKey(), op.getValue()}, [](Value operand) {
        return cast<MemRefType>(operand.getType()).isLastDimUnitStride();
      });
}

DecodeKernel::DecodeKernel(KernelBuilder &builder, AttentionOp op,
                           int64_t vectorLength)
    : AttentionBase(builder, op, vectorLength) {
  rows = b.mul(group, queries);
  paddedRows = b.roundUp(rows, 2);
  splits = b.ceilDiv(keys, b.index(kPartKeys));
  paddedHeadDim = b.roundUp(headDim, vectorLength);
  addPart(queryPart, b.mul(b.index(kMaxRows), paddedHeadDim));
  addPart(scorePart, b.index(kMaxRows * kStepKeys));
  addPart(keptPart, b.index(hasRules ? kMaxRows * kStepKeys : 0));
  addPart(lanePart, b.index(kMaxRows * vectorLength));
  for (Value *part :
       {&originPart, &sumPart, &rescalePart, &shiftPart, &floorPart})
    addPart(*part, b.index(kMaxRows));
}

Value DecodeKernel::emitTest(KernelBuilder &builder, AttentionOp op) {
  AttentionSizes sizes(builder, op);
  return builder.cmp(arith::CmpIPredicate::sle,
                     builder.mul(sizes.group, sizes.queries),
                     builder.index(kMaxRows));
}

OnlineSoftmax DecodeKernel::getSoftmax() {
  return {b,         vectorType, kMaxRows,    kStepKeys, 1,        scratch,
          scorePart, lanePart,   rescalePart, shiftPart, floorPart};
}

void DecodeKernel::emit(const ThreadFunctions &threads) {
  Value pairs = b.mul(batches, keyHeads);
  Value parts = b.mul(pairs, splits);
  Value outputSize = b.mul(b.mul(parts, paddedRows), paddedValueDim);
  Value stateSize = b.mul(parts, b.index(2 * kMaxRows));
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

Value DecodeKernel::getState(Value part) {
  return b.add(firstState, b.mul(part, b.index(2 * kMaxRows)));
}

Value DecodeKernel::getQuery(Value row) { return b.rem(row, queries); }

Value DecodeKernel::getOutput(const Part &part, Value row) {
  return b.mul(b.add(b.mul(part.number, paddedRows), row), paddedValueDim);
}

void DecodeKernel::emitPart(const Part &part) {
  loadQueries(part);
  fill(originPart, b.index(kMaxRows), -std::numeric_limits<double>::infinity());
  fill(sumPart, b.index(kMaxRows), 0.0);
  // Rows that do not exist never get a maximum.
  fill(lanePart, b.index(kMaxRows * vectorLength),
       -std::numeric_limits<double>::infinity());
  Value nothing = b.constant(vectorType, 0.0);
  Value output = getOutput(part, zero);
  b.forLoop(zero, b.mul(paddedRows, paddedValueDim), b.index(vectorLength),
            [&](Value offset) {
              storeVector(nothing, results, b.add(output, offset));
            });

  b.forLoop(
      part.firstKey, part.endKey, b.index(kStepKeys), [&](Value firstKey) {
        Step step;
        step.firstKey = firstKey;
        step.endKey = b.min(b.add(firstKey, b.index(kStepKeys)), part.endKey);
        step.columns = b.roundUp(b.sub(step.endKey, firstKey), vectorLength);
        attendStep(part, step);
      });

  Value state = getState(part.number);
  for (int64_t row = 0; row < kMaxRows; row += vectorLength) {
    Value first = b.index(row);
    storeVector(loadVector(scratch, b.add(originPart, first)), results,
                b.add(state, first));
    storeVector(loadVector(scratch, b.add(sumPart, first)), results,
                b.add(state, b.index(kMaxRows + row)));
  }
}

/// The scaled queries, padded with 0 to whole vectors and an even number of
/// rows.
void DecodeKernel::loadQueries(const Part &part) {
  fill(queryPart, b.mul(paddedRows, paddedHeadDim), 0.0);
  b.forLoop(zero, rows, one, [&](Value row) {
    Value base = b.add(queryPart, b.mul(row, paddedHeadDim));
    Value head = getHead(part.keyHead, row), query = getQuery(row);
    b.forLoop(zero, headDim, one, [&](Value d) {
      Value value = loadElement(op.getQuery(), part.batch, head, query, d);
      storeScalar(arith::MulFOp::create(b, value, scaleBefore), b.add(base, d));
    });
  });
}

/// Asks for rows of the vector of keys after `firstKey`'s: those read side by
/// side are more streams than processors follow by themselves. Each pair of
/// query rows asks for its share, since memory takes only so many at a time.
void DecodeKernel::prefetchNext(const Part &part, Value operand, Value extent,
                                Value firstKey, Value row) {
  auto type = cast<MemRefType>(operand.getType());
  int64_t line = 8 * kCacheLineBytes / type.getElementTypeBitWidth();
  Value length = b.index(vectorLength);
  Value next = b.add(firstKey, length);
  auto share = [&](Value row) {
    Value key = b.add(next, b.div(b.mul(length, row), paddedRows));
    return b.min(key, part.endKey);
  };
  b.forLoop(share(row), share(b.add(row, b.index(2))), one, [&](Value key) {
    b.forLoop(zero, extent, b.index(line), [&](Value column) {
      memref::PrefetchOp::create(
          b, operand, place(operand, part.batch, part.keyHead, key, column),
          /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
    });
  });
}

void DecodeKernel::attendStep(const Part &part, const Step &step) {
  Value length = b.index(vectorLength);
  b.forLoop(zero, step.columns, length,
            [&](Value column) { scoreVector(part, step, column); });
  b.forLoop(zero, rows, one, [&](Value row) { applyRules(part, step, row); });

  OnlineSoftmax softmax = getSoftmax();
  softmax.begin(originPart, zero, step.columns);
  b.forLoop(zero, rows, one,
            [&](Value row) { softmax.weighRow(row, zero, step.columns); });
  softmax.end(sumPart);

  b.forLoop(zero, rows, one, [&](Value row) { rescaleRow(part, row); });
  b.forLoop(zero, step.columns, length, [&](Value column) {
    b.forLoop(zero, rows, b.index(2), [&](Value row) {
      prefetchNext(part, op.getValue(), valueDim, b.add(step.firstKey, column),
                   row);
      addValues(part, step, column, row);
    });
  });
}

/// The scores of one vector of keys, for those rows to which the mask may allow
/// one of them.
void DecodeKernel::scoreVector(const Part &part, const Step &step,
                               Value column) {
  Value firstKey = b.add(step.firstKey, column);
  Value lastKey =
      b.sub(b.min(b.add(firstKey, b.index(vectorLength)), step.endKey), one);
  b.forLoop(zero, rows, b.index(2), [&](Value row) {
    prefetchNext(part, op.getKey(), headDim, firstKey, row);
    auto score = [&] { scorePairOfRows(part, row, firstKey, lastKey, column); };
    if (!op.hasMask())
      return score();
    Value last = b.min(b.add(row, one), b.sub(rows, one));
    auto mayAllow = [&](Value row) {
      Value query = getQuery(row);
      IndexBox box = {part.batch, getHead(part.keyHead, row),
                      query,      query,
                      firstKey,   lastKey};
      return classifyBox(b, op.getMask(), box).possible;
    };
    b.ifThen(b.logicalOr(mayAllow(row), mayAllow(last)), score);
  });
}

/// Products of two queries with a vector of keys, half of them at a time: one
/// vector of sums each, which are then added up together.
void DecodeKernel::scorePairOfRows(const Part &part, Value row, Value firstKey,
                                   Value lastKey, Value column) {
  int64_t half = vectorLength / 2;
  Value length = b.index(vectorLength);
  Value query = b.add(queryPart, b.mul(row, paddedHeadDim));
  Value whole = b.mul(b.div(headDim, length), length);
  b.forLoop(zero, length, b.index(half), [&](Value firstOfHalf) {
    SmallVector<Value> keyRows;
    for (int64_t key = 0; key < half; ++key)
      keyRows.push_back(
          b.min(b.add(firstKey, b.add(firstOfHalf, b.index(key))), lastKey));
    auto add = [&](Value d, ValueRange sums, Value live) {
      Value lhs = loadVector(scratch, b.add(query, d));
      Value rhs = loadVector(scratch, b.add(b.add(query, paddedHeadDim), d));
      SmallVector<Value> first, second;
      for (auto [number, keyRow] : llvm::enumerate(keyRows)) {
        Value elements = loadElements(op.getKey(), part.batch, part.keyHead,
                                      keyRow, d, live);
        first.push_back(vector::FMAOp::create(b, lhs, elements, sums[number]));
        second.push_back(
            vector::FMAOp::create(b, rhs, elements, sums[half + number]));
      }
      first.append(second);
      return first;
    };
    SmallVector<Value> none(vectorLength, b.constant(vectorType, 0.0));
    SmallVector<Value> sums =
        b.forLoop(zero, whole, length, none, [&](Value d, ValueRange carried) {
          return add(d, carried, Value());
        });
    sums = b.choose(
        b.cmp(arith::CmpIPredicate::slt, whole, headDim),
        [&] {
          return add(whole, sums,
                     b.laneMask(vectorLength, b.sub(headDim, whole)));
        },
        [&] { return sums; });
    Value both = emitReduceEach(b, sums, [&](Value lhs, Value rhs) -> Value {
      return arith::AddFOp::create(b, lhs, rhs);
    });
    for (int64_t number = 0; number < 2; ++number) {
      auto lanes = llvm::to_vector(
          llvm::seq<int64_t>(number * half, (number + 1) * half));
      Value scores = vector::ShuffleOp::create(b, both, both, lanes);
      Value place =
          b.add(b.mul(b.add(row, b.index(number)), b.index(kStepKeys)),
                b.add(column, firstOfHalf));
      vector::StoreOp::create(b, scores, scratch, b.add(scorePart, place));
    }
  });
}

/// Applies the rules to a row's scores, and leaves their maxima by lanes. Keys
/// beyond the step's last get -inf.
void DecodeKernel::applyRules(const Part &part, const Step &step, Value row) {
  Value lowest =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
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
        Value score = loadVector(scratch, place);
        if (op.hasScore()) {
          score = vectorizeRule(b, op.getScore(), lanes, score);
          score =
              arith::MulFOp::create(b, score, b.splat(vectorType, scaleAfter));
        }
        Value allowed = lanes.live;
        if (op.hasMask())
          allowed = b.logicalAnd(
              allowed, vectorizeRule(b, op.getMask(), lanes, Value()));
        score = arith::SelectOp::create(b, allowed, score, lowest);
        storeVector(score, scratch, place);
        if (hasRules)
          storeVector(
              score, scratch,
              b.add(keptPart, b.add(b.mul(row, b.index(kStepKeys)), column)));
        return {b.fastMax(score, carried[0])};
      })[0];
  storeVector(highest, scratch,
              b.add(lanePart, b.mul(row, b.index(vectorLength))));
}

void DecodeKernel::rescaleRow(const Part &part, Value row) {
  Value rescale = broadcast(scratch, b.add(rescalePart, row));
  Value output = getOutput(part, row);
  b.forLoop(zero, paddedValueDim, b.index(vectorLength), [&](Value column) {
    Value place = b.add(output, column);
    storeVector(arith::MulFOp::create(b, loadVector(results, place), rescale),
                results, place);
  });
}

/// Adds one vector of keys' weighted values to the output of two rows.
void DecodeKernel::addValues(const Part &part, const Step &step, Value column,
                             Value row) {
  Weights weights;
  weights.firstKey = b.add(step.firstKey, column);
  weights.keys =
      b.min(b.index(vectorLength), b.sub(step.endKey, weights.firstKey));
  weights.column = column;
  weights.row = row;
  weights.rows = 2;
  weights.tests = false;
  if (!hasRules)
    return addAllColumns(part, weights);

  Value lowest =
      b.constant(vectorType, -std::numeric_limits<double>::infinity());
  auto takesPart = [&](Value row) -> Value {
    Value place = b.add(b.mul(row, b.index(kStepKeys)), column);
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE,
                                 loadVector(scratch, b.add(keptPart, place)),
                                 lowest);
  };
  auto reduce = [&](vector::CombiningKind kind, Value flags) -> Value {
    return vector::ReductionOp::create(b, kind, flags);
  };
  Value last = b.min(b.add(row, one), b.sub(rows, one));
  Value both = b.logicalAnd(takesPart(row), takesPart(last));
  b.ifElse(
      reduce(vector::CombiningKind::AND, both),
      [&] { addAllColumns(part, weights); },
      [&] {
        // A key left out must not spread a value of NaN or infinity.
        weights.rows = 1;
        weights.tests = true;
        b.forLoop(row, b.add(last, one), one, [&](Value single) {
          weights.row = single;
          b.ifThen(reduce(vector::CombiningKind::OR, takesPart(single)),
                   [&] { addAllColumns(part, weights); });
        });
      });
}

void DecodeKernel::addAllColumns(const Part &part, const Weights &weights) {
  static constexpr int64_t vectors = 4;
  Value width = b.index(vectors * vectorLength);
  Value wide = b.mul(b.div(valueDim, width), width);
  b.forLoop(zero, wide, width, [&](Value first) {
    addColumns(part, weights, first, vectors, /*partial=*/false);
  });
  b.forLoop(wide, valueDim, b.index(vectorLength), [&](Value first) {
    addColumns(part, weights, first, 1, /*partial=*/true);
  });
}

void DecodeKernel::addColumns(const Part &part, const Weights &weights,
                              Value column, int64_t vectors, bool partial) {
  Value live;
  if (partial)
    live = b.laneMask(vectorLength, b.sub(valueDim, column));
  SmallVector<Value> places, inits;
  for (int64_t row = 0; row < weights.rows; ++row) {
    Value output =
        b.add(getOutput(part, b.add(weights.row, b.index(row))), column);
    for (int64_t j = 0; j < vectors; ++j) {
      places.push_back(b.add(output, b.index(j * vectorLength)));
      inits.push_back(loadVector(results, places.back()));
    }
  }
  auto getPlace = [&](Value part, int64_t row, Value key) {
    Value rowBase = b.mul(b.add(weights.row, b.index(row)), b.index(kStepKeys));
    return b.add(part, b.add(rowBase, b.add(weights.column, key)));
  };
  SmallVector<Value> sums = b.forLoop(
      zero, weights.keys, one, inits, [&](Value key, ValueRange carried) {
        auto add = [&] {
          SmallVector<Value> values, next;
          for (int64_t j = 0; j < vectors; ++j)
            values.push_back(
                loadElements(op.getValue(), part.batch, part.keyHead,
                             b.add(weights.firstKey, key),
                             b.add(column, b.index(j * vectorLength)), live));
          for (int64_t row = 0; row < weights.rows; ++row) {
            Value weight = broadcast(scratch, getPlace(scorePart, row, key));
            for (int64_t j = 0; j < vectors; ++j)
              next.push_back(vector::FMAOp::create(b, weight, values[j],
                                                   carried[row * vectors + j]));
          }
          return next;
        };
        if (!weights.tests)
          return add();
        Value lowest =
            b.constant(element, -std::numeric_limits<double>::infinity());
        Value score = loadScalar(getPlace(keptPart, 0, key));
        return b.choose(
            arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, score, lowest),
            add, [&] { return llvm::to_vector_of<Value>(carried); });
      });
  for (auto [sum, place] : llvm::zip_equal(sums, places))
    storeVector(sum, results, place);
}

/// Brings a row's parts to one origin, adds them up and divides by their sum; a
/// row without an allowed key is 0.
void DecodeKernel::mergeRow(Value pair, Value row) {
  Value lowest = b.constant(element, -std::numeric_limits<double>::infinity());
  Value none = b.constant(element, 0.0);
  Value firstPart = b.mul(pair, splits);
  auto loadState = [&](Value split, int64_t offset) -> Value {
    Value state = getState(b.add(firstPart, split));
    return memref::LoadOp::create(b, results,
                                  b.add(state, b.add(row, b.index(offset))));
  };
  Value highest =
      b.forLoop(zero, splits, one, lowest,
                [&](Value split, ValueRange carried) -> SmallVector<Value> {
                  return {b.fastMax(loadState(split, 0), carried[0])};
                })[0];
  Value isEmpty =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, highest, lowest);
  Value origin = arith::SelectOp::create(b, isEmpty, none, highest);
  auto getFactor = [&](Value split) {
    return emitExp2(b, arith::SubFOp::create(b, loadState(split, 0), origin));
  };
  Value sum =
      b.forLoop(zero, splits, one, none,
                [&](Value split, ValueRange carried) -> SmallVector<Value> {
                  Value term = arith::MulFOp::create(
                      b, getFactor(split), loadState(split, kMaxRows));
                  return {arith::AddFOp::create(b, carried[0], term)};
                })[0];
  isEmpty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, none);
  Value inverse = arith::DivFOp::create(b, b.constant(element, 1.0), sum);
  Value scale =
      b.splat(vectorType, arith::SelectOp::create(b, isEmpty, none, inverse));

  Value batch = b.div(pair, keyHeads);
  Value head = getHead(b.rem(pair, keyHeads), row);
  b.forLoop(zero, valueDim, b.index(vectorLength), [&](Value column) {
    Value total = b.forLoop(
        zero, splits, one, b.constant(vectorType, 0.0),
        [&](Value split, ValueRange carried) -> SmallVector<Value> {
          Part part;
          part.number = b.add(firstPart, split);
          Value output =
              loadVector(results, b.add(getOutput(part, row), column));
          return {vector::FMAOp::create(
              b, output, b.splat(vectorType, getFactor(split)), carried[0])};
        })[0];
    storeOutput(arith::MulFOp::create(b, total, scale), batch, head,
                getQuery(row), column, b.sub(valueDim, column));
  });
}

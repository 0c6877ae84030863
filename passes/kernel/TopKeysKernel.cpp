//===- TopKeysKernel.cpp - The keys with the largest weights ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/TopKeysKernel.h"

#include "passes/kernel/Exp2.h"
#include "passes/kernel/RuleVectorizer.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

TopKeysKernel::TopKeysKernel(KernelBuilder &builder, TopKeysOp op,
                             int64_t vectorLength)
    : AttentionSizes(builder, op.getQuery(), op.getKey(), op.getKey()),
      KernelBase(builder, op.getAccumulatorType(), vectorLength), op(op),
      scale(op.getScale()) {
  rows = b.mul(group, queries);
  count = b.index(op.getCount());
  paddedKeys = b.roundUp(keys, vectorLength * kTileVectors);
  paddedHeadDim = b.roundUp(headDim, vectorLength);
  addPart(queryPart, b.mul(b.index(kTileRows), paddedHeadDim));
  addPart(scorePart, b.mul(b.index(kTileRows), paddedKeys));
}

void TopKeysKernel::emit(const ThreadFunctions &threads) {
  Value pairs = b.mul(batches, keyHeads);
  packed = allocate(b.mul(headDim, paddedKeys));
  Value work = b.mul(b.mul(pairs, rows), b.mul(keys, headDim));
  emitTeam(threads, work, [&] {
    b.forLoop(zero, pairs, one, [&](Value number) {
      Pair pair = {b.div(number, keyHeads), b.rem(number, keyHeads)};
      packKeys(pair);
      omp::BarrierOp::create(b);
      Value step = b.index(kTileRows);
      b.forLoop(b.mul(threadNumber, step), rows, b.mul(teamSize, step),
                [&](Value row) { emitTile(pair, row); });
      omp::BarrierOp::create(b);
    });
  });
  deallocate(packed);
}

/// Rows are all queries of the first head of the group, then of the next.
Value TopKeysKernel::getHead(const Pair &pair, Value row) {
  return b.add(b.mul(pair.keyHead, group), b.div(row, queries));
}

Value TopKeysKernel::getQuery(Value row) { return b.rem(row, queries); }

Value TopKeysKernel::loadResult(Value results, const Pair &pair, const Row &row,
                                Value number) {
  return memref::LoadOp::create(
      b, results, place(results, pair.batch, row.head, row.query, number));
}

void TopKeysKernel::storeResult(Value value, Value results, const Pair &pair,
                                const Row &row, Value number) {
  memref::StoreOp::create(
      b, value, results,
      place(results, pair.batch, row.head, row.query, number));
}

/// Element d of all keys side by side.
void TopKeysKernel::packKeys(const Pair &pair) {
  // Whole vectors, so that threads do not write to the same cache lines.
  Value step = b.index(vectorLength);
  b.forLoop(
      b.mul(threadNumber, step), keys, b.mul(teamSize, step), [&](Value first) {
        Value end = b.min(b.add(first, step), keys);
        b.forLoop(first, end, one, [&](Value key) {
          b.forLoop(zero, headDim, one, [&](Value d) {
            Value value =
                loadElement(op.getKey(), pair.batch, pair.keyHead, key, d);
            memref::StoreOp::create(b, value, packed,
                                    b.add(b.mul(d, paddedKeys), key));
          });
        });
      });
}

void TopKeysKernel::emitTile(const Pair &pair, Value firstRow) {
  Value endRow = b.min(b.add(firstRow, b.index(kTileRows)), rows);
  Value last = b.sub(endRow, one);
  // Rows beyond the last one repeat it.
  for (int64_t i = 0; i < kTileRows; ++i) {
    Value row = b.min(b.add(firstRow, b.index(i)), last);
    copyRow(op.getQuery(), pair.batch, getHead(pair, row), getQuery(row),
            headDim, scratch,
            b.add(queryPart, b.mul(b.index(i), paddedHeadDim)), scale);
  }
  KeyRange range = getKeyRange(pair, firstRow, endRow);
  multiply(range);
  b.forLoop(firstRow, endRow, one, [&](Value number) {
    Row row = {getHead(pair, number), getQuery(number),
               b.add(scorePart, b.mul(b.sub(number, firstRow), paddedKeys))};
    Value highest = applyRules(pair, row, range);
    RowState state = sumUp(row, range, highest);
    select(pair, row, range);
    finish(pair, row, state);
  });
}

/// The keys that some row may see, from the first of a tile on.
KeyRange TopKeysKernel::getKeyRange(const Pair &pair, Value firstRow,
                                    Value endRow) {
  if (!op.hasMask())
    return {zero, keys};
  SmallVector<Value> seen =
      b.forLoop(firstRow, endRow, one, ValueRange{keys, zero},
                [&](Value row, ValueRange carried) -> SmallVector<Value> {
                  Value query = getQuery(row);
                  IndexBox box = {pair.batch, getHead(pair, row), query, query,
                                  zero,       b.sub(keys, one)};
                  KeyRange range = emitKeyRange(b, op.getMask(), box);
                  // A row that sees nothing must not stretch the others' range.
                  Value sees =
                      b.cmp(arith::CmpIPredicate::slt, range.first, range.end);
                  auto join = [&](Value joined, Value other) {
                    return b.createOrFold<arith::SelectOp>(sees, joined, other);
                  };
                  return {join(b.min(range.first, carried[0]), carried[0]),
                          join(b.max(range.end, carried[1]), carried[1])};
                });
  Value tile = b.index(vectorLength * kTileVectors);
  return {b.mul(b.div(seen[0], tile), tile), seen[1]};
}

/// The products of the tile's queries with the keys of the range.
void TopKeysKernel::multiply(const KeyRange &range) {
  Value step = b.index(vectorLength * kTileVectors);
  SmallVector<Value> sums(kTileRows * kTileVectors,
                          b.constant(vectorType, 0.0));
  b.forLoop(range.first, range.end, step, [&](Value key) {
    SmallVector<Value> products = b.forLoop(
        zero, headDim, one, sums,
        [&](Value d, ValueRange carried) -> SmallVector<Value> {
          Value base = b.add(b.mul(d, paddedKeys), key);
          SmallVector<Value> vectors, results;
          for (int64_t v = 0; v < kTileVectors; ++v)
            vectors.push_back(
                loadVector(packed, b.add(base, b.index(v * vectorLength))));
          for (int64_t row = 0; row < kTileRows; ++row) {
            Value query = broadcast(
                scratch,
                b.add(queryPart, b.add(b.mul(b.index(row), paddedHeadDim), d)));
            for (int64_t v = 0; v < kTileVectors; ++v)
              results.push_back(math::FmaOp::create(
                  b, query, vectors[v], carried[row * kTileVectors + v]));
          }
          return results;
        });
    for (int64_t row = 0; row < kTileRows; ++row)
      for (int64_t v = 0; v < kTileVectors; ++v) {
        Value base = b.add(scorePart, b.mul(b.index(row), paddedKeys));
        storeVector(products[row * kTileVectors + v], scratch,
                    b.add(base, b.add(key, b.index(v * vectorLength))));
      }
  });
}

/// Applies the rules to a row's scores and returns the maxima by lanes. Keys
/// that take no part get -inf.
Value TopKeysKernel::applyRules(const Pair &pair, const Row &row,
                                const KeyRange &range) {
  Value lowest = b.constant(vectorType, -kInfinity);
  RuleLanes lanes;
  lanes.batch = pair.batch;
  lanes.head = row.head;
  lanes.query = row.query;
  lanes.length = vectorLength;
  return b.forLoop(range.first, range.end, b.index(vectorLength), lowest,
                   [&](Value key, ValueRange carried) -> SmallVector<Value> {
                     lanes.firstKey = key;
                     lanes.live = b.laneMask(vectorLength, b.sub(keys, key));
                     Value place = b.add(row.scores, key);
                     Value score = loadVector(scratch, place);
                     if (op.hasScore())
                       score = vectorizeRule(b, op.getScore(), lanes, score);
                     Value allowed = lanes.live;
                     if (op.hasMask())
                       allowed =
                           b.logicalAnd(allowed, vectorizeRule(b, op.getMask(),
                                                               lanes, Value()));
                     score = arith::SelectOp::create(b, allowed, score, lowest);
                     storeVector(score, scratch, place);
                     return {b.fastMax(score, carried[0])};
                   })[0];
}

/// exp(score - origin), of scalars or vectors.
Value TopKeysKernel::getWeight(Value score, Value origin) {
  Value distance = arith::SubFOp::create(b, score, origin);
  return emitExp2(b, arith::MulFOp::create(
                         b, distance, b.constant(score.getType(), kLog2E)));
}

TopKeysKernel::RowState
TopKeysKernel::sumUp(const Row &row, const KeyRange &range, Value highest) {
  Value origin =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXNUMF, highest);
  Value isNothing = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, origin,
                                          b.constant(element, -kInfinity));
  origin =
      arith::SelectOp::create(b, isNothing, b.constant(element, 0.0), origin);
  Value origins = b.splat(vectorType, origin);
  Value sums = b.forLoop(
      range.first, range.end, b.index(vectorLength),
      b.constant(vectorType, 0.0),
      [&](Value key, ValueRange carried) -> SmallVector<Value> {
        Value scores = loadVector(scratch, b.add(row.scores, key));
        return {arith::AddFOp::create(b, carried[0], getWeight(scores, origins))
                    .getResult()};
      })[0];
  return {origin,
          vector::ReductionOp::create(b, vector::CombiningKind::ADD, sums)};
}

/// Puts a key into the list of a row, after those with the same score, in the
/// place of the last one; returns the last score of the list.
Value TopKeysKernel::insert(const Pair &pair, const Row &row, Value score,
                            Value key) {
  Value last = b.sub(count, one);
  auto shift = scf::WhileOp::create(
      b, TypeRange{b.getIndexType()}, ValueRange{last},
      [&](OpBuilder &nested, Location, ValueRange place) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(nested.saveInsertionPoint());
        Value before = b.max(b.sub(place[0], one), zero);
        Value above = arith::CmpFOp::create(
            b, arith::CmpFPredicate::OGT, score,
            loadResult(op.getWeightsInit(), pair, row, before));
        Value isFirst = b.cmp(arith::CmpIPredicate::eq, place[0], zero);
        scf::ConditionOp::create(b, b.logicalAnd(above, b.logicalNot(isFirst)),
                                 place);
      },
      [&](OpBuilder &nested, Location, ValueRange place) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(nested.saveInsertionPoint());
        Value before = b.sub(place[0], one);
        for (Value results : {op.getKeysInit(), op.getWeightsInit()})
          storeResult(loadResult(results, pair, row, before), results, pair,
                      row, place[0]);
        scf::YieldOp::create(b, ValueRange{before});
      });
  storeResult(key, op.getKeysInit(), pair, row, shift.getResult(0));
  storeResult(score, op.getWeightsInit(), pair, row, shift.getResult(0));
  return loadResult(op.getWeightsInit(), pair, row, last);
}

/// Leaves the list of a row's keys and their scores in its results.
void TopKeysKernel::select(const Pair &pair, const Row &row,
                           const KeyRange &range) {
  Value lowest = b.constant(element, -kInfinity);
  b.forLoop(zero, count, one, [&](Value number) {
    storeResult(b.integer(b.getI32Type(), -1), op.getKeysInit(), pair, row,
                number);
    storeResult(lowest, op.getWeightsInit(), pair, row, number);
  });
  auto isAbove = [&](Value scores, Value bound) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, scores, bound);
  };
  b.forLoop(
      range.first, range.end, b.index(vectorLength), lowest,
      [&](Value first, ValueRange carried) -> SmallVector<Value> {
        Value base = b.add(row.scores, first);
        Value above =
            isAbove(loadVector(scratch, base), b.splat(vectorType, carried[0]));
        Value any =
            vector::ReductionOp::create(b, vector::CombiningKind::OR, above);
        return b.choose(
            any,
            [&]() -> SmallVector<Value> {
              return b.forLoop(
                  zero, b.index(vectorLength), one, carried,
                  [&](Value lane, ValueRange bound) -> SmallVector<Value> {
                    Value score = loadScalar(b.add(base, lane));
                    Value key = arith::IndexCastOp::create(b, b.getI32Type(),
                                                           b.add(first, lane));
                    return b.choose(
                        isAbove(score, bound[0]),
                        [&]() -> SmallVector<Value> {
                          return {insert(pair, row, score, key)};
                        },
                        [&]() -> SmallVector<Value> { return {bound[0]}; });
                  });
            },
            [&]() -> SmallVector<Value> { return {carried[0]}; });
      });
}

/// Makes weights of the scores of a list.
void TopKeysKernel::finish(const Pair &pair, const Row &row,
                           const RowState &state) {
  Value isNaN =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, state.sum, state.sum);
  Value none = b.integer(b.getI32Type(), -1);
  b.forLoop(zero, count, one, [&](Value number) {
    Value score = loadResult(op.getWeightsInit(), pair, row, number);
    Value key = loadResult(op.getKeysInit(), pair, row, number);
    Value weight =
        arith::DivFOp::create(b, getWeight(score, state.origin), state.sum);
    Value isNone = b.cmp(arith::CmpIPredicate::eq, key, none);
    weight =
        arith::SelectOp::create(b, isNone, b.constant(element, 0.0), weight);
    storeResult(arith::SelectOp::create(b, isNaN, state.sum, weight),
                op.getWeightsInit(), pair, row, number);
    storeResult(arith::SelectOp::create(b, isNaN, none, key), op.getKeysInit(),
                pair, row, number);
  });
}

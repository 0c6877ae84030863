//===- AttentionTile.cpp - One register tile of attention -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "passes/kernel/KernelOutliner.h"
#include "passes/kernel/RuleVectorizer.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

static constexpr double kMinusInfinity =
    -std::numeric_limits<double>::infinity();

/// One block of keys for one tile of rows: scores, maximum, weights, output.
void AttentionKernel::attendTile(const Block &block, Tile current,
                                 Value careful) {
  current.panels = b.ceilDiv(current.keys, b.index(tile.getPanel()));
  auto emit = [&] {
    if (isSoftmax) {
      Value lowest = b.constant(vectorType, kMinusInfinity);
      for (int64_t row = 0; row < tile.rowTile; ++row)
        storeVector(lowest, scratch,
                    b.add(lanePart, b.index(row * tile.vectorLength)));
    } else if (careful) {
      // The keys left out are marked among these.
      b.ifThen(careful, [&] {
        fill(keptPart, b.index(tile.rowTile * tile.keyBlock), 0.0);
      });
    }
    b.forLoop(zero, current.panels, one,
              [&](Value slot) { scorePanel(block, current, slot); });
    if (careful && isSoftmax)
      b.ifThen(careful, [&] {
        // Weights overwrite the scores, which tell the keys left out.
        b.forLoop(zero, b.index(tile.rowTile * tile.keyBlock),
                  b.index(tile.vectorLength), [&](Value offset) {
                    storeVector(loadVector(scratch, b.add(scorePart, offset)),
                                scratch, b.add(keptPart, offset));
                  });
      });
    if (isSoftmax)
      takeWeights(current);
    if (op.hasFactor())
      applyFactor(block, current);
    if (careful)
      b.ifElse(
          careful, [&] { weighValuesCarefully(block, current); },
          [&] { weighValues(block, current); });
    else
      weighValues(block, current);
  };
  auto attend = [&] { emitPart(b, "attention.tile", emit); };
  if (!op.hasMask()) {
    attend();
    return;
  }
  current.reads = readQueries(block, current.firstQuery, current.lastQuery);
  listPanels(block, current);
  b.ifThen(b.cmp(arith::CmpIPredicate::sgt, current.panels, zero), attend);
}

/// The softmax's weights in the place of the scores.
void AttentionKernel::takeWeights(const Tile &current) {
  OnlineSoftmax softmax = getSoftmax();
  Value end = b.mul(current.panels, b.index(tile.getPanel()));
  Value rows = b.mul(current.number, b.index(softmax.getPaddedRows()));
  OnlineSoftmax::Rows state;
  state.origins = b.add(originPart, rows);
  if (maxPart)
    state.maxima = b.add(maxPart, rows);
  if (momentPart) {
    state.moments = b.add(momentPart, rows);
    state.sums = b.add(sumPart, rows);
  }
  softmax.begin(state, end);
  b.forLoop(zero, b.index(tile.rowTile), one,
            [&](Value row) { softmax.weighRow(row, end); });
  state.sums = b.add(sumPart, rows);
  softmax.end(state);
}

/// Multiplies the weights with the factor rule.
void AttentionKernel::applyFactor(const Block &block, const Tile &current) {
  Value width = b.index(tile.getPanel());
  b.forLoop(zero, current.panels, one, [&](Value slot) {
    Value firstKey = getFirstKey(current, slot);
    b.forLoop(zero, b.index(tile.rowTile), one, [&](Value row) {
      Value base = b.add(scorePart, b.add(b.mul(row, b.index(tile.keyBlock)),
                                          b.mul(slot, width)));
      b.forLoop(zero, width, b.index(tile.vectorLength), [&](Value column) {
        RuleLanes lanes =
            getLanes(block, current, row, b.add(firstKey, column));
        lanes.live = b.laneMask(tile.vectorLength,
                                b.max(b.sub(keys, lanes.firstKey), zero));
        Value offset = b.add(base, column);
        Value factor = vectorizeRule(b, op.getFactor(), lanes, Value());
        storeVector(
            arith::MulFOp::create(b, loadVector(scratch, offset), factor),
            scratch, offset);
      });
    });
  });
}

/// The keys from `firstKey` on; the caller says which of them exist.
RuleLanes AttentionKernel::getLanes(const Block &block, const Tile &current,
                                    Value row, Value firstKey) {
  RuleLanes lanes;
  lanes.batch = block.batch;
  lanes.head = block.head;
  // Rows beyond the last query repeat it.
  lanes.query = b.min(b.add(current.firstQuery, row), current.lastQuery);
  lanes.firstKey = firstKey;
  lanes.length = tile.vectorLength;
  return lanes;
}

/// The products of one panel, in registers and as the scores.
SmallVector<Value> AttentionKernel::multiplyPanel(const Block &block,
                                                  const Tile &current,
                                                  Value slot) {
  Value width = b.index(tile.getPanel());
  Value rowTile = b.index(tile.rowTile);
  Value firstKey = getFirstKey(current, slot);
  Value keyBase =
      b.add(b.mul(block.slot, packedKeySize), b.mul(firstKey, headDim));
  Value queryBase =
      b.add(queryPart, b.mul(b.mul(current.number, rowTile), headDim));

  int64_t sums = tile.rowTile * tile.panelVectors;
  SmallVector<Value> inits(sums, b.constant(vectorType, 0.0));
  SmallVector<Value> scores =
      b.forLoop(zero, headDim, one, inits, [&](Value d, ValueRange carried) {
        Value keyRow = b.add(keyBase, b.mul(d, width));
        SmallVector<Value> keyVectors;
        for (int64_t j = 0; j < tile.panelVectors; ++j)
          keyVectors.push_back(loadVector(
              packedKeys, b.add(keyRow, b.index(j * tile.vectorLength))));
        Value queryRow = b.add(queryBase, b.mul(d, rowTile));
        SmallVector<Value> next;
        for (int64_t row = 0; row < tile.rowTile; ++row) {
          Value query = broadcast(scratch, b.add(queryRow, b.index(row)));
          for (int64_t j = 0; j < tile.panelVectors; ++j)
            next.push_back(vector::FMAOp::create(
                b, query, keyVectors[j], carried[row * tile.panelVectors + j]));
        }
        return next;
      });

  Value column = b.mul(slot, width);
  for (int64_t row = 0; row < tile.rowTile; ++row) {
    Value rowBase =
        b.add(scorePart, b.add(b.index(row * tile.keyBlock), column));
    for (int64_t j = 0; j < tile.panelVectors; ++j)
      storeVector(scores[row * tile.panelVectors + j], scratch,
                  b.add(rowBase, b.index(j * tile.vectorLength)));
  }
  return scores;
}

/// The scores of one panel, with the rules applied, and their maximum.
void AttentionKernel::scorePanel(const Block &block, const Tile &current,
                                 Value slot) {
  SmallVector<Value> scores;
  if (usesProducts)
    scores = multiplyPanel(block, current, slot);

  // Without rules the maximum is taken while the scores are in registers.
  auto takeMaximum = [&] {
    for (int64_t row = 0; row < tile.rowTile; ++row) {
      Value offset = b.add(lanePart, b.index(row * tile.vectorLength));
      Value highest = loadVector(scratch, offset);
      for (int64_t j = 0; j < tile.panelVectors; ++j)
        highest = b.fastMax(scores[row * tile.panelVectors + j], highest);
      storeVector(highest, scratch, offset);
    }
  };
  b.ifElse(
      isWhole(current, slot),
      [&] {
        if (op.hasScore())
          applyRules(block, current, slot, /*masked=*/false);
        else if (isSoftmax)
          takeMaximum();
      },
      [&] { applyRules(block, current, slot, /*masked=*/true); });
}

/// Applies the score rule and, where `masked`, takes the keys out that the mask
/// forbids or that do not exist: for a softmax their scores are -inf, otherwise
/// 0 with a mark for each.
void AttentionKernel::applyRules(const Block &block, const Tile &current,
                                 Value slot, bool masked) {
  Value column = b.mul(slot, b.index(tile.getPanel()));
  Value firstKey = getFirstKey(current, slot);
  // As many keys at a time as a loop in the rule is good for.
  bool isWide = op.hasScore() && hasLoop(op.getScore());
  int64_t length = isWide ? tile.getPanel() : tile.vectorLength;
  auto keysType = VectorType::get(length, element);
  Value lowest = b.constant(keysType, kMinusInfinity);
  Value none = isSoftmax ? Value() : b.constant(keysType, 0.0);
  b.forLoop(zero, b.index(tile.rowTile), one, [&](Value row) {
    Value maxOffset = b.add(lanePart, b.mul(row, b.index(tile.vectorLength)));
    Value highest = isSoftmax ? loadVector(scratch, maxOffset) : Value();
    for (int64_t j = 0; j < tile.getPanel(); j += length) {
      Value offset = b.add(scorePart, b.add(b.mul(row, b.index(tile.keyBlock)),
                                            b.add(column, b.index(j))));
      RuleLanes lanes =
          getLanes(block, current, row, b.add(firstKey, b.index(j)));
      lanes.length = length;
      Value left = b.max(b.sub(keys, lanes.firstKey), zero);
      lanes.live = b.laneMask(length, masked ? left : b.index(length));
      Value score = b.constant(keysType, 0.0);
      if (usesProducts)
        score = vector::LoadOp::create(b, keysType, scratch, offset);
      if (op.hasScore())
        score = vectorizeRule(b, op.getScore(), lanes, score);
      if (masked) {
        Value allowed =
            op.hasMask() ? loadAllowed(slot, row, j, length) : lanes.live;
        score = arith::SelectOp::create(b, allowed, score,
                                        isSoftmax ? lowest : none);
        if (hasRules && !isSoftmax)
          storeVector(arith::SelectOp::create(b, allowed, none, lowest),
                      scratch, b.add(keptPart, b.sub(offset, scorePart)));
      }
      storeVector(score, scratch, offset);
      for (int64_t part = 0; isSoftmax && part < length;
           part += tile.vectorLength)
        highest = b.fastMax(
            vector::ExtractStridedSliceOp::create(
                b, score, part, tile.vectorLength, /*strides=*/int64_t(1)),
            highest);
    }
    if (isSoftmax)
      storeVector(highest, scratch, maxOffset);
  });
}

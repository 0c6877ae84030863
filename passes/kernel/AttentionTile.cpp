//===- AttentionTile.cpp - One register tile of attention -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "passes/kernel/RuleVectorizer.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

static constexpr double kMinusInfinity =
    -std::numeric_limits<double>::infinity();

/// One block of keys for one tile of rows: scores, maximum, weights, output.
void AttentionKernel::attendTile(const Block &block, Tile current,
                                 Value careful) {
  current.firstPanel = zero;
  current.lastPanel = b.ceilDiv(current.keys, b.index(tile.getPanel()));
  auto attend = [&] {
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
    b.forLoop(current.firstPanel, current.lastPanel, one,
              [&](Value panel) { scorePanel(block, current, panel); });
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
  if (!op.hasMask()) {
    attend();
    return;
  }
  current.reads = readQueries(block, current.firstQuery, current.lastQuery);
  findPanels(block, current);
  b.ifThen(
      b.cmp(arith::CmpIPredicate::slt, current.firstPanel, current.lastPanel),
      attend);
}

/// The softmax's weights in the place of the scores.
void AttentionKernel::takeWeights(const Tile &current) {
  OnlineSoftmax softmax = getSoftmax();
  Value width = b.index(tile.getPanel());
  Value first = b.mul(current.firstPanel, width);
  Value end = b.mul(current.lastPanel, width);
  Value rows = b.mul(current.number, b.index(softmax.getPaddedRows()));
  OnlineSoftmax::Rows state;
  state.origins = b.add(originPart, rows);
  if (maxPart)
    state.maxima = b.add(maxPart, rows);
  if (momentPart) {
    state.moments = b.add(momentPart, rows);
    state.sums = b.add(sumPart, rows);
  }
  softmax.begin(state, first, end);
  b.forLoop(zero, b.index(tile.rowTile), one,
            [&](Value row) { softmax.weighRow(row, first, end); });
  state.sums = b.add(sumPart, rows);
  softmax.end(state);
}

/// Multiplies the weights with the factor rule.
void AttentionKernel::applyFactor(const Block &block, const Tile &current) {
  Value width = b.index(tile.getPanel());
  Value first = b.mul(current.firstPanel, width);
  Value end = b.mul(current.lastPanel, width);
  b.forLoop(zero, b.index(tile.rowTile), one, [&](Value row) {
    Value base = b.add(scorePart, b.mul(row, b.index(tile.keyBlock)));
    b.forLoop(first, end, b.index(tile.vectorLength), [&](Value column) {
      RuleLanes lanes = getLanes(block, current, row, column);
      lanes.live = b.laneMask(tile.vectorLength,
                              b.max(b.sub(keys, lanes.firstKey), zero));
      Value offset = b.add(base, column);
      Value factor = vectorizeRule(b, op.getFactor(), lanes, Value());
      storeVector(arith::MulFOp::create(b, loadVector(scratch, offset), factor),
                  scratch, offset);
    });
  });
}

/// The keys from `column` of the tile on; the caller says which of them exist.
RuleLanes AttentionKernel::getLanes(const Block &block, const Tile &current,
                                    Value row, Value column) {
  RuleLanes lanes;
  lanes.batch = block.batch;
  lanes.head = block.head;
  // Rows beyond the last query repeat it.
  lanes.query = b.min(b.add(current.firstQuery, row), current.lastQuery);
  lanes.firstKey = b.add(current.firstKey, column);
  lanes.length = tile.vectorLength;
  return lanes;
}

/// Narrows the tile's panels to those from the first to the last one that the
/// mask does not leave empty.
void AttentionKernel::findPanels(const Block &block, Tile &current) {
  Value width = b.index(tile.getPanel());
  SmallVector<Value> range = b.forLoop(
      zero, current.lastPanel, one, ValueRange{current.lastPanel, zero},
      [&](Value panel, ValueRange carried) -> SmallVector<Value> {
        Value first = b.add(current.firstKey, b.mul(panel, width));
        Value possible = classifyPanel(block, current, first).possible;
        Value next = b.add(panel, one);
        return {b.createOrFold<arith::SelectOp>(
                    possible, b.min(carried[0], panel), carried[0]),
                b.createOrFold<arith::SelectOp>(possible, next, carried[1])};
      });
  current.firstPanel = range[0];
  current.lastPanel = range[1];
}

/// The scores of one panel, with the rules applied, and their maximum.
void AttentionKernel::scorePanel(const Block &block, const Tile &current,
                                 Value panel) {
  Value width = b.index(tile.getPanel());
  Value rowTile = b.index(tile.rowTile);
  Value firstKey = b.add(current.firstKey, b.mul(panel, width));
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

  Value column = b.mul(panel, width);
  for (int64_t row = 0; row < tile.rowTile; ++row) {
    Value rowBase =
        b.add(scorePart, b.add(b.index(row * tile.keyBlock), column));
    for (int64_t j = 0; j < tile.panelVectors; ++j)
      storeVector(scores[row * tile.panelVectors + j], scratch,
                  b.add(rowBase, b.index(j * tile.vectorLength)));
  }

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
  Value whole = b.cmp(arith::CmpIPredicate::sle, b.add(firstKey, width), keys);
  if (op.hasMask()) {
    whole =
        b.logicalAnd(whole, classifyPanel(block, current, firstKey).certain);
  }
  b.ifElse(
      whole,
      [&] {
        if (op.hasScore())
          applyRules(block, current, panel, /*masked=*/false);
        else if (isSoftmax)
          takeMaximum();
      },
      [&] { applyRules(block, current, panel, /*masked=*/true); });
}

/// Applies the score rule and, where `masked`, takes the keys out that the mask
/// forbids or that do not exist: for a softmax their scores are -inf, otherwise
/// 0 with a mark for each.
void AttentionKernel::applyRules(const Block &block, const Tile &current,
                                 Value panel, bool masked) {
  Value column = b.mul(panel, b.index(tile.getPanel()));
  Value lowest = b.constant(vectorType, kMinusInfinity);
  Value none = isSoftmax ? Value() : b.constant(vectorType, 0.0);
  b.forLoop(zero, b.index(tile.rowTile), one, [&](Value row) {
    Value maxOffset = b.add(lanePart, b.mul(row, b.index(tile.vectorLength)));
    Value highest = isSoftmax ? loadVector(scratch, maxOffset) : Value();
    for (int64_t j = 0; j < tile.panelVectors; ++j) {
      Value first = b.add(column, b.index(j * tile.vectorLength));
      Value offset =
          b.add(scorePart, b.add(b.mul(row, b.index(tile.keyBlock)), first));
      RuleLanes lanes = getLanes(block, current, row, first);
      Value left = b.max(b.sub(keys, lanes.firstKey), zero);
      lanes.live = b.laneMask(tile.vectorLength,
                              masked ? left : b.index(tile.vectorLength));
      Value score = loadVector(scratch, offset);
      if (op.hasScore()) {
        score = vectorizeRule(b, op.getScore(), lanes, score);
        if (scaleAfter)
          score =
              arith::MulFOp::create(b, score, b.splat(vectorType, scaleAfter));
      }
      if (masked) {
        Value allowed = lanes.live;
        if (op.hasMask())
          allowed = b.logicalAnd(
              allowed, vectorizeRule(b, op.getMask(), lanes, Value()));
        score = arith::SelectOp::create(b, allowed, score,
                                        isSoftmax ? lowest : none);
        if (hasRules && !isSoftmax)
          storeVector(arith::SelectOp::create(b, allowed, none, lowest),
                      scratch, b.add(keptPart, b.sub(offset, scorePart)));
      }
      storeVector(score, scratch, offset);
      if (isSoftmax)
        highest = b.fastMax(score, highest);
    }
    if (isSoftmax)
      storeVector(highest, scratch, maxOffset);
  });
}

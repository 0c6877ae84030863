//===- AttentionPanels.cpp - The panels of a tile that take part -*- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attn;

namespace {
/// What a mask allows of a panel.
enum Allowed : int64_t { kNone, kPart, kAll };
} // namespace

/// Integers in scratch have the width of its elements.
Value AttentionKernel::loadNumber(Value offset) {
  Type type = b.getIntegerType(element.getWidth());
  return arith::BitcastOp::create(b, type, loadScalar(offset));
}

void AttentionKernel::storeNumber(Value number, Value offset) {
  storeScalar(arith::BitcastOp::create(b, element, number), offset);
}

/// Lists the panels of a tile that the mask does not leave empty. What it says
/// of the whole panel comes first, then what it says of each pair, so that no
/// panel takes part in which no key is allowed.
void AttentionKernel::listPanels(const Block &block, Tile &current) {
  Value width = b.index(tile.getPanel());
  Type type = b.getIntegerType(element.getWidth());
  auto state = [&](Allowed allowed) { return b.integer(type, allowed); };
  current.panels = b.forLoop(
      zero, current.panels, one, zero,
      [&](Value panel, ValueRange carried) -> SmallVector<Value> {
        Value slot = carried[0];
        Value firstKey = b.add(current.firstKey, b.mul(panel, width));
        BoxClass all = classifyPanel(block, current, firstKey);
        // The packed keys go on beyond the last key.
        Value isFull =
            b.cmp(arith::CmpIPredicate::sle, b.add(firstKey, width), keys);
        isFull = b.logicalAnd(isFull, all.certain);
        Value allowed = b.choose(
            all.possible,
            [&]() -> SmallVector<Value> {
              return b.choose(
                  isFull, [&]() -> SmallVector<Value> { return {state(kAll)}; },
                  [&]() -> SmallVector<Value> {
                    return {storeAllowed(block, current, slot, firstKey)};
                  });
            },
            [&]() -> SmallVector<Value> { return {state(kNone)}; })[0];
        // Twice the number, and whether all keys are allowed.
        Value entry = b.createOrFold<arith::IndexCastOp>(type, panel);
        Value bit = b.createOrFold<arith::ExtUIOp>(
            type, b.cmp(arith::CmpIPredicate::eq, allowed, state(kAll)));
        storeNumber(b.add(b.add(entry, entry), bit), b.add(listPart, slot));
        Value isListed = b.cmp(arith::CmpIPredicate::ne, allowed, state(kNone));
        return {
            b.createOrFold<arith::SelectOp>(isListed, b.add(slot, one), slot)};
      })[0];
}

/// Keeps which keys of a panel the mask allows to each row, and says whether
/// any or all of them are.
Value AttentionKernel::storeAllowed(const Block &block, const Tile &current,
                                    Value slot, Value firstKey) {
  auto type = b.getIntegerType(element.getWidth());
  Type laneBits = b.getIntegerType(tile.vectorLength);
  auto widen = [&](Value bits) -> Value {
    return laneBits == type ? bits : arith::ExtUIOp::create(b, type, bits);
  };
  Value first = b.add(allowedPart, b.mul(slot, b.index(tile.rowTile)));
  Value none = b.integer(type, 0);
  Value every = b.integer(
      type,
      llvm::SignExtend64(llvm::maskTrailingOnes<uint64_t>(tile.getPanel()),
                         element.getWidth()));
  SmallVector<Value> joined = b.forLoop(
      zero, b.index(tile.rowTile), one, ValueRange{none, every},
      [&](Value row, ValueRange carried) -> SmallVector<Value> {
        Value bits = none;
        for (int64_t j = 0; j < tile.panelVectors; ++j) {
          RuleLanes lanes =
              getLanes(block, current, row,
                       b.add(firstKey, b.index(j * tile.vectorLength)));
          lanes.live = b.laneMask(tile.vectorLength,
                                  b.max(b.sub(keys, lanes.firstKey), zero));
          Value allowed = b.logicalAnd(
              lanes.live, vectorizeRule(b, op.getMask(), lanes, Value()));
          Value packed = vector::BitCastOp::create(
              b, VectorType::get(1, laneBits), allowed);
          Value own = widen(vector::ExtractOp::create(b, packed, 0));
          Value place = b.integer(type, j * tile.vectorLength);
          bits = b.logicalOr(bits, b.createOrFold<arith::ShLIOp>(own, place));
        }
        storeNumber(bits, b.add(first, row));
        return {b.logicalOr(carried[0], bits), b.logicalAnd(carried[1], bits)};
      });
  auto state = [&](Allowed allowed) { return b.integer(type, allowed); };
  Value isAll = b.cmp(arith::CmpIPredicate::eq, joined[1], every);
  Value isNone = b.cmp(arith::CmpIPredicate::eq, joined[0], none);
  Value some =
      b.createOrFold<arith::SelectOp>(isAll, state(kAll), state(kPart));
  return b.createOrFold<arith::SelectOp>(isNone, state(kNone), some);
}

/// `length` lanes of a panel's row, from `firstLane` on.
Value AttentionKernel::loadAllowed(Value slot, Value row, int64_t firstLane,
                                   int64_t length) {
  auto type = b.getIntegerType(element.getWidth());
  Type laneBits = b.getIntegerType(length);
  Value place =
      b.add(allowedPart, b.add(b.mul(slot, b.index(tile.rowTile)), row));
  Value bits = b.createOrFold<arith::ShRUIOp>(loadNumber(place),
                                              b.integer(type, firstLane));
  if (laneBits != type)
    bits = arith::TruncIOp::create(b, laneBits, bits);
  return vector::BitCastOp::create(b, VectorType::get(length, b.getI1Type()),
                                   b.splat(VectorType::get(1, laneBits), bits));
}

/// The first key of the panel in the tile's place `slot`.
Value AttentionKernel::getFirstKey(const Tile &current, Value slot) {
  Value panel = slot;
  if (op.hasMask()) {
    Value entry = loadNumber(b.add(listPart, slot));
    entry = arith::ShRUIOp::create(b, entry, b.integer(entry.getType(), 1));
    panel = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), entry);
  }
  return b.add(current.firstKey, b.mul(panel, b.index(tile.getPanel())));
}

/// Whether all of the panel's keys exist and are allowed.
Value AttentionKernel::isWhole(const Tile &current, Value slot) {
  if (op.hasMask())
    return arith::TruncIOp::create(b, b.getI1Type(),
                                   loadNumber(b.add(listPart, slot)));
  Value end = b.add(getFirstKey(current, slot), b.index(tile.getPanel()));
  return b.cmp(arith::CmpIPredicate::sle, end, keys);
}

/// The keys of the tile's panels in order, each with its column among the
/// scores.
SmallVector<Value> AttentionKernel::forEachKey(
    const Tile &current, ValueRange inits,
    function_ref<SmallVector<Value>(Value, Value, ValueRange)> body) {
  if (!op.hasMask())
    return b.forLoop(zero, current.keys, one, inits,
                     [&](Value key, ValueRange carried) {
                       return body(b.add(current.firstKey, key), key, carried);
                     });
  Value width = b.index(tile.getPanel());
  return b.forLoop(
      zero, current.panels, one, inits, [&](Value slot, ValueRange carried) {
        Value firstKey = getFirstKey(current, slot);
        Value firstColumn = b.mul(slot, width);
        return b.forLoop(zero, b.min(width, b.sub(keys, firstKey)), one,
                         carried, [&](Value key, ValueRange inner) {
                           return body(b.add(firstKey, key),
                                       b.add(firstColumn, key), inner);
                         });
      });
}

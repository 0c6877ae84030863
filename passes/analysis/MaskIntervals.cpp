//===- MaskIntervals.cpp - What a mask says about a box of indices --------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/MaskIntervals.h"

#include "dialect/AttnOps.h"
#include "passes/analysis/RuleIntervals.h"
#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace attn;

BoxClass attn::classifyBox(KernelBuilder &builder, Region &mask,
                           const IndexBox &box, const ReadBoundsMap &reads) {
  Value allowed = cast<YieldOp>(mask.front().getTerminator()).getValue();
  Bounds result =
      RuleIntervals(builder, mask, box, reads).getCondition(allowed);
  return {result.high, result.low};
}

//===----------------------------------------------------------------------===//
// Parts of a box
//===----------------------------------------------------------------------===//

/// What the mask divides a position by: the smallest constant that is at least
/// `least`, else a value from outside of the rule; null if there is neither.
static Value findDivisor(KernelBuilder &builder, Region &mask, Value position,
                         int64_t least) {
  Value outer;
  int64_t smallest = 0;
  for (Operation &op : mask.front()) {
    if (!isa<arith::FloorDivSIOp, arith::RemSIOp>(op))
      continue;
    Value dividend = op.getOperand(0), divisor = op.getOperand(1);
    while (auto cast = dividend.getDefiningOp<arith::IndexCastOp>())
      dividend = cast.getIn();
    if (dividend != position)
      continue;
    APInt constant;
    if (matchPattern(divisor, m_ConstantInt(&constant))) {
      int64_t number = constant.getSExtValue();
      if (number >= least && (smallest == 0 || number < smallest))
        smallest = number;
    } else if (!mask.isAncestor(divisor.getParentRegion())) {
      outer = divisor;
    }
  }
  if (smallest != 0)
    return builder.index(smallest);
  if (!outer)
    return Value();
  if (!outer.getType().isIndex())
    outer =
        builder.createOrFold<arith::IndexCastOp>(builder.getIndexType(), outer);
  // One part, where the number is too small.
  Value isLarge =
      builder.cmp(arith::CmpIPredicate::sge, outer, builder.index(least));
  return builder.createOrFold<arith::SelectOp>(isLarge, outer,
                                               builder.index(int64_t(1) << 40));
}

/// Calls `body` for each part of the positions from `first` to `last`, with its
/// own first and last one and the class of the parts before, and gives that of
/// all.
static BoxClass
forEachPart(KernelBuilder &builder, Value first, Value last, Value divisor,
            const BoxClass &before,
            function_ref<BoxClass(Value, Value, const BoxClass &)> body) {
  if (!divisor)
    return body(first, last, before);
  Value one = builder.index(1);
  Value end = builder.add(builder.div(last, divisor), one);
  SmallVector<Value> joined = builder.forLoop(
      builder.div(first, divisor), end, one,
      ValueRange{before.possible, before.certain},
      [&](Value number, ValueRange carried) -> SmallVector<Value> {
        Value start = builder.mul(number, divisor);
        Value next = builder.sub(builder.add(start, divisor), one);
        BoxClass all = body(builder.max(first, start), builder.min(last, next),
                            {carried[0], carried[1]});
        return {all.possible, all.certain};
      });
  return {joined[0], joined[1]};
}

PartLengths attn::getBlockParts() { return {32, 32}; }

PartLengths attn::getPanelParts(int64_t queries, int64_t keys) {
  return {queries / 2, keys / 2};
}

BoxClass attn::classifyParts(KernelBuilder &builder, Region &mask,
                             const IndexBox &box, const PartLengths &least,
                             const ReadBoundsMap &reads) {
  Block &body = mask.front();
  Value queries =
      findDivisor(builder, mask, body.getArgument(2), least.queries);
  Value keys = findDivisor(builder, mask, body.getArgument(3), least.keys);
  if (!queries && !keys)
    return classifyBox(builder, mask, box, reads);
  auto boolean = [&](bool value) -> Value {
    return arith::ConstantOp::create(builder, builder.getBoolAttr(value));
  };
  BoxClass none = {boolean(false), boolean(true)};
  return forEachPart(
      builder, box.firstQuery, box.lastQuery, queries, none,
      [&](Value firstQuery, Value lastQuery, const BoxClass &rows) {
        return forEachPart(
            builder, box.firstKey, box.lastKey, keys, rows,
            [&](Value firstKey, Value lastKey, const BoxClass &before) {
              IndexBox part = {box.batch, box.head, firstQuery,
                               lastQuery, firstKey, lastKey};
              BoxClass own = classifyBox(builder, mask, part, reads);
              return BoxClass{builder.logicalOr(before.possible, own.possible),
                              builder.logicalAnd(before.certain, own.certain)};
            });
      });
}

//===----------------------------------------------------------------------===//
// Reads along one position
//===----------------------------------------------------------------------===//

SetVector<Value> attn::getRuleInputs(Operation *op) {
  SetVector<Value> inputs(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), inputs);
  return inputs;
}

SetVector<Operation *> attn::getRuleSlice(Region &mask, Operation *op) {
  DenseSet<Operation *> needed = {op};
  SmallVector<Operation *> worklist = {op};
  while (!worklist.empty())
    for (Value input : getRuleInputs(worklist.pop_back_val()))
      if (Operation *producer = input.getDefiningOp())
        if (mask.isAncestor(producer->getParentRegion()) &&
            needed.insert(producer).second)
          worklist.push_back(producer);
  SetVector<Operation *> slice;
  for (Operation &candidate : mask.front())
    if (needed.contains(&candidate))
      slice.insert(&candidate);
  return slice;
}

SmallVector<PositionRead> attn::findPositionReads(Region &mask) {
  SmallVector<PositionRead> reads;
  Block &body = mask.front();
  for (Operation &candidate : body) {
    Operation *load = &candidate;
    if (!isa<memref::LoadOp, tensor::ExtractOp>(load) ||
        !load->getResult(0).getType().isIntOrIndex())
      continue;
    bool depends[4] = {};
    for (Operation *op : getRuleSlice(mask, load)) {
      for (Value input : getRuleInputs(op))
        if (auto argument = dyn_cast<BlockArgument>(input))
          if (argument.getOwner() == &body)
            depends[argument.getArgNumber()] = true;
    }
    if (depends[2] != depends[3])
      reads.push_back({load, depends[3] ? Position::Key : Position::Query,
                       depends[0], depends[1]});
  }
  return reads;
}

ReadBounds attn::joinBounds(KernelBuilder &builder, const ReadBounds &lhs,
                            const ReadBounds &rhs) {
  // As signed numbers the least i1 would be true.
  if (lhs.low.getType().isInteger(1))
    return {builder.logicalAnd(lhs.low, rhs.low),
            builder.logicalOr(lhs.high, rhs.high)};
  return {builder.min(lhs.low, rhs.low), builder.max(lhs.high, rhs.high)};
}

ReadBounds attn::scanRead(KernelBuilder &builder, Region &mask,
                          const PositionRead &read, Value batch, Value head,
                          Value first, Value last) {
  SetVector<Operation *> slice = getRuleSlice(mask, read.load);
  auto readAt = [&](Value position) -> Value {
    Block &body = mask.front();
    IRMapping mapping;
    mapping.map(body.getArgument(0), batch);
    mapping.map(body.getArgument(1), head);
    mapping.map(body.getArgument(read.position == Position::Key ? 3 : 2),
                position);
    for (Operation *op : slice)
      builder.clone(*op, mapping);
    return mapping.lookup(read.load->getResult(0));
  };
  Value start = readAt(first);
  Value one = builder.index(1);
  SmallVector<Value> bounds = builder.forLoop(
      builder.add(first, one), builder.add(last, one), one,
      ValueRange{start, start},
      [&](Value position, ValueRange carried) -> SmallVector<Value> {
        Value value = readAt(position);
        ReadBounds joined =
            joinBounds(builder, {carried[0], carried[1]}, {value, value});
        return {joined.low, joined.high};
      });
  return {bounds[0], bounds[1]};
}

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
// Reads along one position
//===----------------------------------------------------------------------===//

SetVector<Operation *> attn::getRuleSlice(Region &mask, Operation *op) {
  DenseSet<Operation *> needed = {op};
  SmallVector<Operation *> worklist = {op};
  while (!worklist.empty())
    for (Value operand : worklist.pop_back_val()->getOperands())
      if (Operation *producer = operand.getDefiningOp())
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
    bool isPlain = true;
    for (Operation *op : getRuleSlice(mask, load)) {
      isPlain &= op->getNumRegions() == 0;
      for (Value operand : op->getOperands())
        if (auto argument = dyn_cast<BlockArgument>(operand))
          if (argument.getOwner() == &body)
            depends[argument.getArgNumber()] = true;
    }
    if (isPlain && depends[2] != depends[3])
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

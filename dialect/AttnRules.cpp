//===- AttnRules.cpp - Regions over b, h, q, k ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnRules.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace attn;

LogicalResult attn::verifyRule(Operation *op, Region &region, StringRef name,
                               TypeRange scores, Type result) {
  SmallVector<Type> expected(scores);
  expected.append(4, IndexType::get(op->getContext()));
  Block &block = region.front();
  if (!llvm::equal(block.getArgumentTypes(), expected))
    return op->emitOpError()
           << "expects the " << name << " region to have arguments ("
           << expected << "), got (" << block.getArgumentTypes() << ")";
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError()
           << "expects the " << name << " region to end in "
           << YieldOp::getOperationName() << ", got " << block.back().getName();
  if (yield.getValue().getType() != result)
    return op->emitOpError()
           << "expects the " << name << " region to yield " << result
           << ", got " << yield.getValue().getType();
  return success();
}

LogicalResult attn::verifyMask(Operation *op, Region &region, StringRef name) {
  return verifyRule(op, region, name, TypeRange(),
                    IntegerType::get(op->getContext(), 1));
}

LogicalResult attn::verifyScore(Operation *op, Region &region, StringRef name,
                                Type score) {
  return verifyRule(op, region, name, score, score);
}

/// Whether what `op` itself does to memory is known to be reading at most. The
/// ops inside of it are asked separately; unregistered ops are trusted.
static bool readsAtMost(Operation *op) {
  if (!op->isRegistered())
    return true;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return op->hasTrait<OpTrait::HasRecursiveMemoryEffects>();
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::all_of(effects, [](MemoryEffects::EffectInstance &effect) {
    return isa<MemoryEffects::Read>(effect.getEffect());
  });
}

LogicalResult attn::verifyNoWrites(Operation *op, Region &region,
                                   StringRef name) {
  WalkResult result = region.walk([&](Operation *inner) {
    if (readsAtMost(inner))
      return WalkResult::advance();
    InFlightDiagnostic diagnostic = op->emitOpError()
                                    << "expects the " << name
                                    << " region to read memory at most, got "
                                    << inner->getName();
    diagnostic.attachNote(inner->getLoc()) << "this may write";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

void attn::nameRuleArguments(Region &region, OpAsmSetValueNameFn setName) {
  if (region.empty())
    return;
  static constexpr StringLiteral names[] = {"s", "b", "h", "q", "k"};
  unsigned skip = region.getNumArguments() == 5 ? 0 : 1;
  for (auto [argument, name] :
       llvm::zip(region.getArguments(), ArrayRef(names).drop_front(skip)))
    setName(argument, name);
}

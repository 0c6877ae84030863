//===- Fills.cpp - What the output of a reduction starts from ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Fills.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

linalg::FillOp attn::findFill(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0)
    return nullptr;
  Value output = op.getDpsInits().front();
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    auto fill = dyn_cast<linalg::FillOp>(before);
    if (fill && fill.output() == output)
      return fill;
    if (!isMemoryEffectFree(before) && !isa<memref::AllocOp>(before))
      break;
  }
  return nullptr;
}

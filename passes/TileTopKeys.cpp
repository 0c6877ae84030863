//===- TileTopKeys.cpp - The largest weights to vectors ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/kernel/KernelOutliner.h"
#include "passes/kernel/TileShape.h"
#include "passes/kernel/TopKeysKernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "attn-tile-top-keys"

namespace attn {
#define GEN_PASS_DEF_TILETOPKEYS
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

namespace {

struct TileTopKeys : attn::impl::TileTopKeysBase<TileTopKeys> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(checkVectorBits(getOperation(), vectorBits)))
      return signalPassFailure();
    SmallVector<TopKeysOp> ops = findOnBuffers<TopKeysOp>(getOperation());
    if (ops.empty())
      return;
    llvm::StringMap<func::FuncOp> known;
    ThreadFunctions threads = declareThreadFunctions(getOperation());
    SymbolTable symbols(getOperation());
    for (TopKeysOp op : ops) {
      LLVM_DEBUG(llvm::dbgs() << "tile top keys at " << op.getLoc() << "\n");
      KernelInputs inputs(op);
      func::FuncOp outlined = outlineKernel(op, inputs);
      auto [it, isNew] = known.try_emplace(getKernelText(outlined), outlined);
      if (isNew) {
        outlined.setName("top_keys");
        symbols.insert(outlined);
        emitKernel(outlined, threads);
      } else {
        outlined.erase();
      }
      OpBuilder builder(op);
      func::CallOp::create(builder, op.getLoc(), it->second, inputs.arguments);
      op.erase();
      ++numTiled;
    }
  }

private:
  void emitKernel(func::FuncOp kernel, const ThreadFunctions &threads) {
    auto op = *kernel.getOps<TopKeysOp>().begin();
    KernelBuilder builder(op.getLoc(), op);
    TileShape tile = chooseTileShape(
        {vectorBits, op.getAccumulatorType().getWidth()}, /*queryBlock=*/0,
        /*keyBlock=*/0);
    TopKeysKernel(builder, op, tile.vectorLength).emit(threads);
    op.erase();
  }
};

} // namespace

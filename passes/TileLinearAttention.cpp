//===- TileLinearAttention.cpp - Linear attention to vectors ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/kernel/KernelOutliner.h"
#include "passes/kernel/LinearKernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "attn-tile-linear-attention"

namespace attn {
#define GEN_PASS_DEF_TILELINEARATTENTION
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

namespace {

struct TileLinearAttention
    : attn::impl::TileLinearAttentionBase<TileLinearAttention> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(checkVectorBits(getOperation(), vectorBits)))
      return signalPassFailure();
    auto ops = llvm::to_vector_of<Operation *>(
        findOnBuffers<LinearAttentionOp>(getOperation()));
    replaceByKernels(getOperation(), ops, "linear_attention",
                     [&](func::FuncOp kernel, const ThreadFunctions &threads) {
                       LLVM_DEBUG(llvm::dbgs()
                                  << "kernel of linear attention at "
                                  << kernel.getLoc() << "\n");
                       emitKernel(kernel, threads);
                     });
    numTiled += ops.size();
  }

private:
  void emitKernel(func::FuncOp kernel, const ThreadFunctions &threads) {
    auto op = *kernel.getOps<LinearAttentionOp>().begin();
    KernelBuilder builder(op.getLoc(), op);
    TileShape tile = chooseTileShape(
        {vectorBits, op.getAccumulatorType().getWidth()}, /*queryBlock=*/0,
        /*keyBlock=*/0);
    LinearKernel(builder, op, tile).emit(threads);
    op.erase();
  }
};

} // namespace

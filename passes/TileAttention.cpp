//===- TileAttention.cpp - Lowers attn.attention to loops and vectors *- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/kernel/AttentionKernel.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#define DEBUG_TYPE "attn-tile-attention"

namespace attn {
#define GEN_PASS_DEF_TILEATTENTION
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

namespace {

struct TileAttention : attn::impl::TileAttentionBase<TileAttention> {
  using Base::Base;

  void runOnOperation() override {
    if (vectorBits != 128 && vectorBits != 256 && vectorBits != 512) {
      getOperation().emitError("vector-bits must be 128, 256 or 512, got ")
          << vectorBits.getValue();
      return signalPassFailure();
    }
    // Before bufferization there is nothing to tile yet.
    SmallVector<AttentionOp> ops;
    getOperation().walk([&](AttentionOp op) {
      if (!op.hasPureTensorSemantics())
        ops.push_back(op);
    });
    if (ops.empty())
      return;
    ThreadFunctions threads = {declare("omp_get_max_threads"),
                               declare("omp_get_thread_num"),
                               declare("omp_get_num_threads")};
    for (AttentionOp op : ops) {
      KernelBuilder builder(op.getLoc(), op);
      int64_t bits = op.getAccumulatorType().getWidth();
      AttentionKernel(builder, op,
                      chooseTileShape({vectorBits, bits}, queryBlock, keyBlock))
          .emit(threads);
      op.erase();
      ++numTiled;
    }
  }

private:
  /// An OpenMP query function, `() -> i32`.
  FlatSymbolRefAttr declare(StringRef name) {
    ModuleOp module = getOperation();
    auto symbol = FlatSymbolRefAttr::get(&getContext(), name);
    if (module.lookupSymbol(name))
      return symbol;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto function =
        func::FuncOp::create(builder, module.getLoc(), name,
                             builder.getFunctionType({}, builder.getI32Type()));
    function.setPrivate();
    return symbol;
  }
};

} // namespace

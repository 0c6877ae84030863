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
#include "passes/analysis/MaskReport.h"
#include "passes/kernel/AttentionKernel.h"
#include "passes/kernel/DecodeKernel.h"
#include "passes/kernel/KernelOutliner.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringMap.h"

#define DEBUG_TYPE "attn-tile-attention"

namespace attn {
#define GEN_PASS_DEF_TILEATTENTION
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kMaskRemark =
    remark::RemarkOpts::name("attn-tile-attention").category("attn-mask");

namespace {

struct TileAttention : attn::impl::TileAttentionBase<TileAttention> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(checkVectorBits(getOperation(), vectorBits)))
      return signalPassFailure();
    SmallVector<AttentionOp> ops = findOnBuffers<AttentionOp>(getOperation());
    if (ops.empty())
      return;
    known.clear();
    threads = declareThreadFunctions(getOperation());
    for (AttentionOp op : ops) {
      emitCall(op);
      op.erase();
      ++numTiled;
    }
  }

private:
  /// The kernels of one attention; `decode` is null where its layout does not
  /// suit.
  struct Kernels {
    func::FuncOp blocked;
    func::FuncOp decode;
  };

  /// Calls the kernel that suits the number of queries.
  void emitCall(AttentionOp op) {
    OutlineInputs inputs(op.getOperation());
    Kernels kernels = getKernels(op, inputs);

    KernelBuilder builder(op.getLoc(), op);
    auto call = [&](func::FuncOp kernel) {
      func::CallOp::create(builder, kernel, inputs.arguments);
    };
    if (!kernels.decode)
      return call(kernels.blocked);
    builder.ifElse(
        DecodeKernel::emitTest(builder, op), [&] { call(kernels.decode); },
        [&] { call(kernels.blocked); });
  }

  /// The kernels of attentions like `op`: the layers of a model share theirs.
  Kernels getKernels(AttentionOp op, const OutlineInputs &inputs) {
    func::FuncOp outlined = outlineKernel(op, inputs);
    auto [it, isNew] = known.try_emplace(getFunctionText(outlined));
    Kernels &kernels = it->second;
    if (!isNew) {
      outlined.erase();
      return kernels;
    }
    remarkOnMask(op);
    SymbolTable symbols(getOperation());
    int64_t length = vectorBits / op.getAccumulatorType().getWidth();
    if (DecodeKernel::supports(op)) {
      kernels.decode = outlined.clone();
      kernels.decode.setName("attention.decode");
      symbols.insert(kernels.decode);
      replace(kernels.decode, [&](KernelBuilder &builder, AttentionOp inner) {
        DecodeKernel(builder, inner, length).emit(threads);
      });
    }
    kernels.blocked = outlined;
    kernels.blocked.setName("attention.blocked");
    symbols.insert(kernels.blocked);
    TileShape tile = chooseTileShape(
        {vectorBits, op.getAccumulatorType().getWidth()}, queryBlock, keyBlock);
    replace(kernels.blocked, [&](KernelBuilder &builder, AttentionOp inner) {
      AttentionKernel(builder, inner, tile).emit(threads);
    });
    outlineParts(kernels.blocked, symbols);
    return kernels;
  }

  /// Says which conditions of a mask are tested for each pair, and why.
  void remarkOnMask(AttentionOp op) {
    if (!op.hasMask() || !op.getContext()->getRemarkEngine())
      return;
    auto noName = [](Value) { return std::string(); };
    for (const UndecidedCondition &condition :
         reportMask(op.getMask(), "Tk", noName).undecided)
      if (!condition.isDecidedByBlock)
        remark::analysis(condition.loc, kMaskRemark)
            << "this condition is tested for each pair, since " +
                   condition.reason;
  }

  /// Puts a loop nest in the place of the function's attention.
  void replace(func::FuncOp kernel,
               function_ref<void(KernelBuilder &, AttentionOp)> emit) {
    auto inner = *kernel.getOps<AttentionOp>().begin();
    KernelBuilder builder(inner.getLoc(), inner);
    emit(builder, inner);
    inner.erase();
  }

  ThreadFunctions threads;
  llvm::StringMap<Kernels> known;
};

} // namespace

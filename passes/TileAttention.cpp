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
#include "passes/kernel/DecodeKernel.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringMap.h"

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
    known.clear();
    threads = {declare("omp_get_max_threads"), declare("omp_get_thread_num"),
               declare("omp_get_num_threads")};
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
    // What the rules take from around them, and constants nowhere else.
    SetVector<Value> inputs(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), inputs);
    SmallVector<Value> arguments =
        llvm::to_vector(llvm::make_filter_range(inputs, [](Value value) {
          return !matchPattern(value, m_Constant());
        }));
    Kernels kernels = getKernels(op, inputs.getArrayRef(), arguments);

    KernelBuilder builder(op.getLoc(), op);
    auto call = [&](func::FuncOp kernel) {
      func::CallOp::create(builder, kernel, arguments);
    };
    if (!kernels.decode)
      return call(kernels.blocked);
    builder.ifElse(
        DecodeKernel::emitTest(builder, op), [&] { call(kernels.decode); },
        [&] { call(kernels.blocked); });
  }

  /// The kernels of attentions like `op`: the layers of a model share theirs.
  Kernels getKernels(AttentionOp op, ArrayRef<Value> inputs,
                     ArrayRef<Value> arguments) {
    auto outlined = outline(op, inputs, arguments);
    std::string text;
    llvm::raw_string_ostream stream(text);
    outlined.print(stream, OpPrintingFlags().useLocalScope());
    auto [it, isNew] = known.try_emplace(text);
    Kernels &kernels = it->second;
    if (!isNew) {
      outlined.erase();
      return kernels;
    }
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
    return kernels;
  }

  /// A function without a place in the module that computes `op` from its
  /// arguments.
  func::FuncOp outline(AttentionOp op, ArrayRef<Value> inputs,
                       ArrayRef<Value> arguments) {
    OpBuilder builder(&getContext());
    auto type = builder.getFunctionType(ValueRange(arguments).getTypes(), {});
    auto kernel = func::FuncOp::create(op.getLoc(), "attention", type);
    kernel.setPrivate();
    // The runtime compiles kernels when they are first called.
    kernel->setAttr("passthrough", builder.getStrArrayAttr({"attn-kernel"}));
    Block *body = kernel.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping mapping;
    mapping.map(arguments, body->getArguments());
    for (Value input : inputs)
      if (!mapping.contains(input))
        builder.clone(*input.getDefiningOp(), mapping);
    builder.clone(*op, mapping);
    func::ReturnOp::create(builder, op.getLoc());
    return kernel;
  }

  /// Puts a loop nest in the place of the function's attention.
  void replace(func::FuncOp kernel,
               function_ref<void(KernelBuilder &, AttentionOp)> emit) {
    auto inner = *kernel.getOps<AttentionOp>().begin();
    KernelBuilder builder(inner.getLoc(), inner);
    emit(builder, inner);
    inner.erase();
  }

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

  ThreadFunctions threads;
  llvm::StringMap<Kernels> known;
};

} // namespace

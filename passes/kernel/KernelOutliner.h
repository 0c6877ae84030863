//===- KernelOutliner.h - Kernels as functions ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_KERNELOUTLINER_H
#define ATTN_PASSES_KERNEL_KERNELOUTLINER_H

#include "passes/kernel/KernelBase.h"
#include "passes/utils/Outline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace attn {

/// Whether kernels can be made for vectors of `vectorBits`; reports an error at
/// `op` if not.
llvm::LogicalResult checkVectorBits(mlir::Operation *op, int64_t vectorBits);

/// The ops of a kind that are on buffers: before bufferization there is nothing
/// to make kernels of.
template <typename OpTy>
llvm::SmallVector<OpTy> findOnBuffers(mlir::ModuleOp module) {
  llvm::SmallVector<OpTy> ops;
  module.walk([&](OpTy op) {
    if (!op.hasPureTensorSemantics())
      ops.push_back(op);
  });
  return ops;
}

/// A function without a place in the module that computes `op` from the
/// arguments. The runtime compiles it when it is first called.
mlir::func::FuncOp outlineKernel(mlir::Operation *op,
                                 const OutlineInputs &inputs);

/// Emits a piece of a kernel that outlineParts() makes a function of.
void emitPart(KernelBuilder &builder, llvm::StringRef name,
              llvm::function_ref<void()> emit);

/// Makes kernels of a kernel's parts, which it calls. The runtime compiles them
/// at the same time, which takes as long as the longest.
void outlineParts(mlir::func::FuncOp kernel, mlir::SymbolTable &symbols);

/// Whether `function` was made by outlineKernel() or outlineParts().
bool isKernel(mlir::func::FuncOp function);

/// Calls a kernel in the place of each of some ops on buffers, which are
/// erased. `emit` computes the op of the kernel given to it; ops that are alike
/// but for their operands share one.
void replaceByKernels(
    mlir::ModuleOp module, llvm::ArrayRef<mlir::Operation *> ops,
    llvm::StringRef name,
    llvm::function_ref<void(mlir::func::FuncOp, const ThreadFunctions &)> emit);

/// Declares in `module` the OpenMP functions that kernels call.
ThreadFunctions declareThreadFunctions(mlir::ModuleOp module);

} // namespace attn

#endif // ATTN_PASSES_KERNEL_KERNELOUTLINER_H

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

#include "mlir/Dialect/Func/IR/FuncOps.h"

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

/// What an op on buffers and its regions take from around them.
struct KernelInputs {
  explicit KernelInputs(mlir::Operation *op);

  llvm::SmallVector<mlir::Value> all;
  /// Those that are no constants, which a kernel has of its own.
  llvm::SmallVector<mlir::Value> arguments;
};

/// A function without a place in the module that computes `op` from the
/// arguments. The runtime compiles it when it is first called.
mlir::func::FuncOp outlineKernel(mlir::Operation *op,
                                 const KernelInputs &inputs);

/// Whether `function` was made by outlineKernel().
bool isKernel(mlir::func::FuncOp function);

/// The same for two kernels that compute the same from other arguments.
std::string getKernelText(mlir::func::FuncOp kernel);

/// Declares in `module` the OpenMP functions that kernels call.
ThreadFunctions declareThreadFunctions(mlir::ModuleOp module);

} // namespace attn

#endif // ATTN_PASSES_KERNEL_KERNELOUTLINER_H

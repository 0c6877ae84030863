//===- KernelBase.h - Scratch and threads of a kernel -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_KERNELBASE_H
#define ATTN_PASSES_KERNEL_KERNELBASE_H

#include "passes/kernel/KernelBuilder.h"

namespace attn {

/// The OpenMP functions a kernel calls, declared in its module.
struct ThreadFunctions {
  mlir::FlatSymbolRefAttr maxThreads;
  mlir::FlatSymbolRefAttr threadNumber;
  mlir::FlatSymbolRefAttr teamSize;
};

/// What kernels do with memory, and the team of threads that works on one.
/// Operands are `[batch, head, row, column]`, rank 3 without the head, rank 2
/// without the batch.
class KernelBase {
protected:
  /// Vectors have `vectorLength` elements of `element`, the accumulation type.
  KernelBase(KernelBuilder &builder, mlir::FloatType element,
             int64_t vectorLength);

  /// Emits a parallel region in which each thread has a piece of scratch of
  /// the parts laid out so far. Small `work`, in multiply-adds, is left to one
  /// thread.
  void emitTeam(const ThreadFunctions &threads, mlir::Value work,
                llvm::function_ref<void()> body);
  /// Reserves `elements` in each thread's scratch. `offset` is set to the
  /// part's place in the team.
  void addPart(mlir::Value &offset, mlir::Value elements);

  mlir::Value allocate(mlir::Value elements);
  void deallocate(mlir::Value buffer);

  llvm::SmallVector<mlir::Value> place(mlir::Value operand, mlir::Value batch,
                                       mlir::Value head, mlir::Value row,
                                       mlir::Value column);
  /// One element, and a vector of them from `column` on, in the accumulation
  /// type. Lanes outside of `live`, where that is given, are 0 and not read.
  mlir::Value loadElement(mlir::Value operand, mlir::Value batch,
                          mlir::Value head, mlir::Value row,
                          mlir::Value column);
  mlir::Value loadElements(mlir::Value operand, mlir::Value batch,
                           mlir::Value head, mlir::Value row,
                           mlir::Value column, mlir::Value live = {});
  /// Stores the first `count` lanes as elements of `operand`.
  void storeElements(mlir::Value vector, mlir::Value operand, mlir::Value batch,
                     mlir::Value head, mlir::Value row, mlir::Value column,
                     mlir::Value count);

  /// Covers the last axis of an operand: by vectors, of which the last one may
  /// overlap the one before, or element by element where there is not one whole
  /// vector of neighbours.
  void forEachChunk(mlir::Value operand, mlir::Value extent,
                    llvm::function_ref<void(mlir::Value)> whole,
                    llvm::function_ref<void(mlir::Value)> single);
  /// Copies the `extent` elements of a row to `buffer`, in the accumulation
  /// type and times `factor`, where that is given.
  void copyRow(mlir::Value operand, mlir::Value batch, mlir::Value head,
               mlir::Value row, mlir::Value extent, mlir::Value buffer,
               mlir::Value offset, mlir::Value factor = {});

  mlir::Value loadVector(mlir::Value buffer, mlir::Value offset);
  void storeVector(mlir::Value vector, mlir::Value buffer, mlir::Value offset);
  mlir::Value loadScalar(mlir::Value offset);
  void storeScalar(mlir::Value scalar, mlir::Value offset);
  mlir::Value broadcast(mlir::Value buffer, mlir::Value offset);
  /// Fills whole vectors of scratch.
  void fill(mlir::Value offset, mlir::Value elements, double value);

  KernelBuilder &b;
  int64_t vectorLength;
  mlir::FloatType element;
  mlir::VectorType vectorType;
  mlir::Value zero, one;

  mlir::Value scratch;
  mlir::Value threadNumber, teamSize;

private:
  /// Elements of scratch a thread has, and its parts.
  mlir::Value scratchSize;
  llvm::SmallVector<std::pair<mlir::Value *, mlir::Value>> parts;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_KERNELBASE_H

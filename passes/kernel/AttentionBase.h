//===- AttentionBase.h - What all attention kernels share -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_ATTENTIONBASE_H
#define ATTN_PASSES_KERNEL_ATTENTIONBASE_H

#include "dialect/AttnOps.h"
#include "passes/kernel/KernelBuilder.h"

namespace attn {

/// The OpenMP functions a kernel calls, declared in its module.
struct ThreadFunctions {
  mlir::FlatSymbolRefAttr maxThreads;
  mlir::FlatSymbolRefAttr threadNumber;
  mlir::FlatSymbolRefAttr teamSize;
};

/// The sizes of an attn.attention on buffers, as index values.
struct AttentionSizes {
  mlir::Value batches, heads, keyHeads;
  /// Query heads to a key head.
  mlir::Value group;
  mlir::Value queries, keys, headDim, valueDim;

  AttentionSizes(KernelBuilder &builder, AttentionOp op);
};

/// Sizes, operands and scratch of one attn.attention on buffers, and the
/// team of threads that works on it.
class AttentionBase : protected AttentionSizes {
protected:
  /// Vectors have `vectorLength` elements of the accumulation type.
  AttentionBase(KernelBuilder &builder, AttentionOp op, int64_t vectorLength);

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
  /// Stores the first `count` lanes as elements of the output.
  void storeOutput(mlir::Value vector, mlir::Value batch, mlir::Value head,
                   mlir::Value query, mlir::Value column, mlir::Value count);

  mlir::Value loadVector(mlir::Value buffer, mlir::Value offset);
  void storeVector(mlir::Value vector, mlir::Value buffer, mlir::Value offset);
  mlir::Value loadScalar(mlir::Value offset);
  void storeScalar(mlir::Value scalar, mlir::Value offset);
  mlir::Value broadcast(mlir::Value buffer, mlir::Value offset);
  /// Fills whole vectors of scratch.
  void fill(mlir::Value offset, mlir::Value elements, double value);

  KernelBuilder &b;
  AttentionOp op;
  int64_t vectorLength;
  mlir::FloatType element;
  mlir::VectorType vectorType;
  /// Whether a key can be left out, so that its value must not be multiplied.
  bool hasRules;

  mlir::Value zero, one;
  /// The value dim in whole vectors.
  mlir::Value paddedValueDim;
  /// What a score is multiplied with before the rules and after them.
  mlir::Value scaleBefore, scaleAfter;

  mlir::Value scratch;
  mlir::Value threadNumber, teamSize;

private:
  /// Elements of scratch a thread has, and its parts.
  mlir::Value scratchSize;
  llvm::SmallVector<std::pair<mlir::Value *, mlir::Value>> parts;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_ATTENTIONBASE_H

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
#include "passes/kernel/KernelBase.h"

namespace attn {

/// The sizes of an attention on buffers, as index values.
struct AttentionSizes {
  mlir::Value batches, heads, keyHeads;
  /// Query heads to a key head.
  mlir::Value group;
  mlir::Value queries, keys, headDim, valueDim;

  AttentionSizes(KernelBuilder &builder, mlir::Value query, mlir::Value key,
                 mlir::Value value);
  AttentionSizes(KernelBuilder &builder, AttentionOp op)
      : AttentionSizes(builder, op.getQuery(), op.getKey(), op.getValue()) {}
};

/// Sizes and operands of one attn.attention on buffers.
class AttentionBase : protected AttentionSizes, protected KernelBase {
protected:
  /// Vectors have `vectorLength` elements of the accumulation type.
  AttentionBase(KernelBuilder &builder, AttentionOp op, int64_t vectorLength);

  /// What the softmax knows of a row after its last key (OnlineSoftmax::Rows).
  /// What is not asked for is null.
  struct RowState {
    mlir::Value sum, origin, maximum, moment;
  };
  /// The same with the sink, and what the row's output is multiplied with.
  struct RowEnd {
    mlir::Value factor;
    RowState state;
  };
  /// A row without an allowed key becomes 0. `sink` is null where there is
  /// none.
  RowEnd finishRow(RowState state, mlir::Value sink);
  /// The sink of a head to base 2, or null.
  mlir::Value loadSink(mlir::Value head);
  bool needsOrigin() {
    return op.getSink() || op.getLseInit() || op.getEntropyInit();
  }
  /// Stores what is asked for of a row's statistics.
  void storeStatistics(const RowEnd &end, mlir::Value batch, mlir::Value head,
                       mlir::Value query);
  /// Stores the first `count` lanes as elements of the output.
  void storeOutput(mlir::Value vector, mlir::Value batch, mlir::Value head,
                   mlir::Value query, mlir::Value column, mlir::Value count);

  AttentionOp op;
  /// Softmax, or scores as weights.
  bool isSoftmax;
  /// Whether a score depends on the product of query and key: a rule may make
  /// one of other things.
  bool usesProducts;
  /// Whether a key can be left out, so that its value must not be multiplied.
  bool hasRules;

  /// The value dim in whole vectors.
  mlir::Value paddedValueDim;
  /// What a product of query and key is multiplied with.
  mlir::Value scale;

private:
  void joinSink(RowState &state, mlir::Value sink, mlir::Value &rescale);
  void storeStatistic(mlir::Value number, mlir::Value rows, mlir::Value batch,
                      mlir::Value head, mlir::Value query);
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_ATTENTIONBASE_H

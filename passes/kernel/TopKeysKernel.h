//===- TopKeysKernel.h - The keys with the largest weights ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_TOPKEYSKERNEL_H
#define ATTN_PASSES_KERNEL_TOPKEYSKERNEL_H

#include "passes/analysis/KeyRange.h"
#include "passes/kernel/AttentionBase.h"

namespace attn {

/// Emits attn.top_keys: for each (batch, key head) pair the keys are packed by
/// columns, then the threads share the rows out, the queries of all heads that
/// share the keys, some at a time. The scores of these rows are all there at
/// once, and of nothing else: memory is that of a few rows a thread and of one
/// pair's keys. The list of a row is where its results go.
class TopKeysKernel : AttentionSizes, KernelBase {
public:
  /// Rows whose products are summed up side by side, each for this many vectors
  /// of keys.
  static constexpr int64_t kTileRows = 4;
  static constexpr int64_t kTileVectors = 2;

  TopKeysKernel(KernelBuilder &builder, TopKeysOp op, int64_t vectorLength);

  void emit(const ThreadFunctions &threads);

private:
  /// One (batch, key head) pair.
  struct Pair {
    mlir::Value batch, keyHead;
  };
  /// One row, and where it is in a tile.
  struct Row {
    mlir::Value head, query, scores;
  };
  /// What the softmax knows of a row.
  struct RowState {
    mlir::Value origin, sum;
  };

  void packKeys(const Pair &pair);
  void emitTile(const Pair &pair, mlir::Value firstRow);
  KeyRange getKeyRange(const Pair &pair, mlir::Value firstRow,
                       mlir::Value endRow);
  void multiply(const KeyRange &range);
  mlir::Value applyRules(const Pair &pair, const Row &row,
                         const KeyRange &range);
  RowState sumUp(const Row &row, const KeyRange &range, mlir::Value highest);
  void select(const Pair &pair, const Row &row, const KeyRange &range);
  mlir::Value insert(const Pair &pair, const Row &row, mlir::Value score,
                     mlir::Value key);
  void finish(const Pair &pair, const Row &row, const RowState &state);
  mlir::Value getWeight(mlir::Value score, mlir::Value origin);

  mlir::Value loadResult(mlir::Value results, const Pair &pair, const Row &row,
                         mlir::Value number);
  void storeResult(mlir::Value value, mlir::Value results, const Pair &pair,
                   const Row &row, mlir::Value number);
  mlir::Value getHead(const Pair &pair, mlir::Value row);
  mlir::Value getQuery(mlir::Value row);

  TopKeysOp op;
  mlir::Value scale;
  mlir::Value rows, count;
  /// Keys in whole tiles: what packed columns and scores of rows are apart.
  mlir::Value paddedKeys, paddedHeadDim;
  mlir::Value packed;
  mlir::Value queryPart, scorePart;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_TOPKEYSKERNEL_H

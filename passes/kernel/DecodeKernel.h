//===- DecodeKernel.h - Attention of few queries ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_DECODEKERNEL_H
#define ATTN_PASSES_KERNEL_DECODEKERNEL_H

#include "passes/analysis/KeyRange.h"
#include "passes/kernel/AttentionBase.h"
#include "passes/kernel/OnlineSoftmax.h"

namespace attn {

/// Emits attention for so few queries that reading the keys and values is what
/// takes the time: each is read once, in place, for all queries of all query
/// heads that share it. These are the rows; there may be at most `kMaxRows`.
///
/// The keys are split into parts of a fixed length, which the threads share
/// out (Dao et al. 2023, "Flash-Decoding"); the parts' results are merged in
/// their order. So results do not depend on the number of threads.
class DecodeKernel : AttentionBase {
public:
  static constexpr int64_t kMaxRows = 16;
  /// Keys a thread takes at once; a part's results cost little beside them.
  static constexpr int64_t kPartKeys = 512;
  /// Keys between two updates of the running maximum and sum. Their rows stay
  /// in L2 until the last query row has read them.
  static constexpr int64_t kStepKeys = 128;

  /// Whether the operands' layout suits.
  static bool supports(AttentionOp op);
  /// Emits the test whether there are few enough rows.
  static mlir::Value emitTest(KernelBuilder &builder, AttentionOp op);

  DecodeKernel(KernelBuilder &builder, AttentionOp op, int64_t vectorLength);

  void emit(const ThreadFunctions &threads);

private:
  /// Pages that are asked for at a time.
  static constexpr int64_t kStreams = 4;

  /// One part of the keys for one (batch, key head) pair.
  struct Part {
    mlir::Value batch, keyHead;
    /// Place of the part's results.
    mlir::Value number;
    mlir::Value firstKey, endKey;
  };
  /// Some of a part's keys, those from `firstKey` to before `endKey`; `columns`
  /// are the scores, in whole vectors. If there is a mask, `allowsAll` says
  /// whether it surely allows all of them to all rows.
  struct Step {
    mlir::Value firstKey, endKey, columns, allowsAll;
  };
  /// Weights of some neighbouring rows and of up to a vector of keys; the first
  /// of them is in `column` of the scores. With `tests`, for one row, keys left
  /// out are skipped.
  struct Weights {
    mlir::Value firstKey, keys, column, row;
    int64_t rows;
    bool tests;
  };

  void emitPart(const Part &part);
  KeyRange getKeyRange(const Part &part);
  void loadQueries(const Part &part);
  mlir::Value getQueryPlace(mlir::Value firstRow, mlir::Value tileRows,
                            mlir::Value d);
  /// Emits `body` for a single row, and for tiles of several.
  void
  forEachTile(llvm::function_ref<void(mlir::Value row, int64_t tileRows)> body);
  mlir::Value getRowsInPage(mlir::Value operand);
  mlir::Value getRowToPrefetch(const Part &part, mlir::Value rowsInPage,
                               mlir::Value key);
  void prefetch(const Part &part, mlir::Value operand, mlir::Value row,
                mlir::Value column);
  BoxClass classify(const Part &part, mlir::Value firstRow, mlir::Value endRow,
                    mlir::Value firstKey, mlir::Value endKey);
  void attendStep(const Part &part, const Step &step);
  void attendAllowed(const Part &part, const Step &step);
  void scoreVector(const Part &part, const Step &step, mlir::Value column);
  void scoreTile(const Part &part, const Step &step, mlir::Value row,
                 int64_t tileRows, mlir::Value column);
  llvm::SmallVector<mlir::Value>
  multiplyTile(const Part &part, const Step &step, mlir::Value row,
               int64_t tileRows, mlir::Value column, int64_t count);
  void storeScores(mlir::Value scores, mlir::Value row, int64_t tileRows,
                   mlir::Value column);
  void applyRules(const Part &part, const Step &step, mlir::Value row);
  void applyFactor(const Part &part, const Step &step, mlir::Value row);

  // DecodeValues.cpp
  void addValues(const Part &part, const Step &step, mlir::Value column,
                 mlir::Value row, int64_t tileRows);
  void addAllColumns(const Part &part, const Weights &weights);
  void addColumns(const Part &part, const Weights &weights, mlir::Value column,
                  int64_t vectors, bool partial);
  void rescaleRow(const Part &part, mlir::Value row);

  // DecodeMerge.cpp: the end of a part and of a row.
  void storeState(const Part &part);
  void mergeRow(mlir::Value pair, mlir::Value row);
  void storeMerged(mlir::Value pair, mlir::Value row,
                   llvm::function_ref<mlir::Value(mlir::Value)> getColumns);
  mlir::Value addParts(mlir::Value firstPart, mlir::Value row,
                       mlir::Value column,
                       llvm::function_ref<mlir::Value(mlir::Value)> getFactor);
  /// What of each row a part leaves for the merge.
  llvm::SmallVector<mlir::Value> getStateParts();
  /// Numbers in that order.
  static constexpr int64_t kOrigins = 0, kSums = 1, kMaxima = 2;
  mlir::Value getStateSize();
  mlir::Value getState(mlir::Value part);

  mlir::Value getHead(mlir::Value keyHead, mlir::Value row);
  mlir::Value getQuery(mlir::Value row);
  mlir::Value getOutput(const Part &part, mlir::Value row);
  OnlineSoftmax getSoftmax();

  /// Rows of a tile, unless there is only one row.
  int64_t rowsPerTile;
  /// Rows are taken in tiles.
  mlir::Value rows, isSingleRow, paddedRows, splits, paddedHeadDim;
  mlir::Value keyRowsInPage, valueRowsInPage;
  /// Results of the parts, `[pair][split][row][value dim]`, and after them,
  /// from `firstState` on, the state of their softmax,
  /// `[pair][split][origins, sums, maxima, moments][row]`, the last two where
  /// they are asked for.
  mlir::Value results, firstState;
  mlir::Value queryPart, productPart, scorePart, keptPart, lanePart, originPart,
      sumPart, rescalePart, shiftPart, floorPart, maxPart, momentPart,
      momentLanePart;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_DECODEKERNEL_H

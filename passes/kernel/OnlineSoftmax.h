//===- OnlineSoftmax.h - Running softmax over blocks of keys ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_ONLINESOFTMAX_H
#define ATTN_PASSES_KERNEL_ONLINESOFTMAX_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace attn {

class KernelBuilder;

/// Emits the online softmax (Milakov and Gimelshein 2018; Dao et al. 2022) of
/// a few rows of scores, to base 2, against origins instead of maxima: an
/// origin is the running maximum rounded to a whole number. Weights are powers
/// of two around 1 all the same, subtracting a whole number is free in the
/// exponential, and rescaling by powers of two is exact.
///
/// All state is in one buffer; members are offsets into it.
struct OnlineSoftmax {
  KernelBuilder &b;
  mlir::VectorType vectorType;
  /// Rows of a tile, and scores from one row to the next.
  int64_t rows, rowStride;
  /// Vectors of a row that one step takes.
  int64_t stepVectors;

  mlir::Value buffer;
  /// [row][rowStride]: scores in, weights out.
  mlir::Value scores;
  /// [row][lane]: the caller leaves the lanes' maxima of the scores here.
  mlir::Value lanes;
  /// [row], one tile's: what older results are multiplied with, and the terms
  /// of the exponentials.
  mlir::Value rescales, shifts, floors;

  /// Vectors that hold one element for each row.
  int64_t getRowVectors() const;
  /// Elements of those.
  int64_t getPaddedRows() const;

  /// Brings origins up to date with the maxima. `origins` and `sums` are
  /// places of the tile's rows; both are whole vectors, -inf and 0 at first.
  /// Scores are those in the columns from `first` to before `end`.
  void begin(mlir::Value origins, mlir::Value first, mlir::Value end) const;
  /// Turns a row's scores into weights, and leaves their sum by lanes.
  void weighRow(mlir::Value row, mlir::Value first, mlir::Value end) const;
  /// Brings sums up to date.
  void end(mlir::Value sums) const;

private:
  void moveScores(mlir::Value moved, mlir::Value firstRow, mlir::Value first,
                  mlir::Value end) const;
  llvm::SmallVector<mlir::Value> loadLanes(int64_t firstRow) const;
  mlir::Value load(mlir::Value offset) const;
  void store(mlir::Value vector, mlir::Value offset) const;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_ONLINESOFTMAX_H

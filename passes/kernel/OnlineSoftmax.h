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
/// a few rows of scores, against origins instead of maxima: an origin is the
/// whole number near the running maximum times log2(e). Weights, e^score /
/// 2^origin, are around 1 all the same, subtracting a whole number is free in
/// the exponential, and rescaling by powers of two is exact.
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
  /// [row][lane], for the moments; null where they are not asked for.
  mlir::Value momentLanes;

  /// What is known of each row of a tile: places of whole vectors, one element
  /// a row. `maxima` and `moments` may be null; without `moments`, `sums` too
  /// at the beginning of a tile.
  struct Rows {
    /// -inf at first.
    mlir::Value origins;
    /// Of the weights; 0 at first.
    mlir::Value sums;
    /// Of the scores; -inf at first.
    mlir::Value maxima;
    /// The sums of weight times (score log2(e) - origin); 0 at first.
    mlir::Value moments;
  };

  /// Vectors that hold one element for each row.
  int64_t getRowVectors() const;
  /// Elements of those.
  int64_t getPaddedRows() const;

  /// Brings origins and maxima up to date, and moments to the new origins.
  /// Scores are those in the columns before `end`.
  void begin(const Rows &state, mlir::Value end) const;
  /// Turns a row's scores into weights, and leaves their sums by lanes.
  void weighRow(mlir::Value row, mlir::Value end) const;
  /// Brings sums and moments up to date.
  void end(const Rows &state) const;

private:
  void moveScores(mlir::Value moved, mlir::Value firstRow,
                  mlir::Value end) const;
  void moveMoments(const Rows &state, mlir::Value row, mlir::Value before,
                   mlir::Value origin, mlir::Value rescale) const;
  llvm::SmallVector<mlir::Value> loadLanes(mlir::Value from,
                                           int64_t firstRow) const;
  mlir::Value addLanes(mlir::Value from, int64_t firstRow) const;
  mlir::Value load(mlir::Value offset) const;
  void store(mlir::Value vector, mlir::Value offset) const;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_ONLINESOFTMAX_H

//===- VectorKernels.h - Vector code for this processor ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Probes and the rows of the baseline, compiled for several vector widths from
// VectorKernels.inc; the processor at hand decides which run.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_VECTORKERNELS_H
#define ATTN_BENCHMARKS_VECTORKERNELS_H

#include <cstdint>

namespace attn::benchmarks {

struct VectorKernels {
  const char *name;
  /// Floats a vector.
  int64_t lanes;
  /// Rows of the register tile of multiplyTiles; it has 2 * lanes columns.
  int64_t tileRows;

  /// Multiply-adds in registers only. Returns how many it did, about
  /// `multiplyAdds`.
  int64_t (*multiplyAdd)(int64_t multiplyAdds, float *sink);

  /// c += a b, with a in panels [depth][tileRows], b in panels
  /// [depth][2 * lanes], and c in row panels, `columnTiles * 2 * lanes` wide;
  /// all aligned to 64 bytes.
  void (*multiplyTiles)(const float *a, const float *b, float *c,
                        int64_t rowTiles, int64_t columnTiles, int64_t depth);

  /// The sum of `count` floats, read as 1, 4 or 8 streams at a time.
  float (*sum)(const float *data, int64_t count, int streams);

  /// The largest element; `count` is at least 1.
  float (*rowMax)(const float *row, int64_t count);
  /// row = exp(row - max); returns the sum.
  float (*rowExp)(float *row, int64_t count, float max);
  /// row *= factor
  void (*rowScale)(float *row, int64_t count, float factor);
  /// row[i] += first + i * step
  void (*rowAddRamp)(float *row, int64_t count, float first, float step);
  /// row[i] += table[-i]
  void (*rowAddReversed)(float *row, int64_t count, const float *table);
  /// row = cap * tanh(row / cap)
  void (*rowSoftcap)(float *row, int64_t count, float cap);
};

/// The widest kind that this processor runs.
const VectorKernels &vectorKernels();

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_VECTORKERNELS_H

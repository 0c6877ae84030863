//===- Outcome.h - What was measured of a case ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_OUTCOME_H
#define ATTN_BENCHMARKS_OUTCOME_H

#include "benchmarks/Cases.h"
#include "benchmarks/Statistics.h"

#include <optional>

namespace attn::benchmarks {

/// What was measured with one number of threads. Summaries are of seconds a
/// call and empty where there was nothing to measure; rates are per second, the
/// best of all turns, and 0 where not measured.
struct Outcome {
  Case measured;
  int threads = 1;
  Summary ours;
  /// Case::other.
  Summary other;
  /// Attention without a compiler, see Baseline.h.
  Summary baseline;
  /// Mode::Unfused and Mode::Reference.
  Summary unfused;
  Summary reference;
  double multiplyAddPeak = 0;
  double tilePeak = 0;
  double readBandwidth = 0;
  int64_t temporaryBytes = 0;
  int64_t arrayBytes = 0;
  /// The largest difference of a result from the baseline's.
  double difference = 0;
  /// The best time with one thread, for Figure::Speedup.
  double oneThread = 0;
  /// Case::neededTiles(), for Figure::TileRatio.
  double neededTiles = 0;

  /// Needed multiply-adds a second, as a part of `peak`.
  double partOf(double peak) const;

  /// In the unit of the case's Figure; 0 where it cannot be told.
  double figure() const;

  /// Whether a smaller figure is a better one.
  bool isLessBetter() const;

  /// Nothing where the bar is not for this number of threads. A fraction of
  /// the peak also meets its bar as a fraction of what tiles reach: tiles in a
  /// quiet machine come to kQuietTiles of the peak, and less where neighbours
  /// slow the caches down.
  std::optional<bool> isMet() const;
};

constexpr double kQuietTiles = 0.93;

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_OUTCOME_H

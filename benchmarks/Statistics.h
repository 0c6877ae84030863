//===- Statistics.h - What to say of many timings ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_STATISTICS_H
#define ATTN_BENCHMARKS_STATISTICS_H

#include <cstddef>
#include <vector>

namespace attn::benchmarks {

/// Of timings in seconds. All are 0 where there were none.
struct Summary {
  size_t count = 0;
  double best = 0;
  double lowerQuartile = 0;
  double median = 0;
  double upperQuartile = 0;

  /// The distance of the quartiles as a part of the median.
  double spread() const {
    return median > 0 ? (upperQuartile - lowerQuartile) / median : 0;
  }
};

/// Quartiles lie between neighbouring samples in proportion, as NumPy's do.
Summary summarise(std::vector<double> seconds);

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_STATISTICS_H

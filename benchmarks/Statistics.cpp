//===- Statistics.cpp - What to say of many timings -----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Statistics.h"

#include <algorithm>

using namespace attn::benchmarks;

/// The value below which the part `fraction` of the samples lies.
static double quantile(const std::vector<double> &sorted, double fraction) {
  double position = fraction * double(sorted.size() - 1);
  size_t below = size_t(position);
  size_t above = std::min(below + 1, sorted.size() - 1);
  double weight = position - double(below);
  return sorted[below] + weight * (sorted[above] - sorted[below]);
}

Summary attn::benchmarks::summarise(std::vector<double> seconds) {
  Summary summary;
  if (seconds.empty())
    return summary;
  std::sort(seconds.begin(), seconds.end());
  summary.count = seconds.size();
  summary.best = seconds.front();
  summary.lowerQuartile = quantile(seconds, 0.25);
  summary.median = quantile(seconds, 0.5);
  summary.upperQuartile = quantile(seconds, 0.75);
  return summary;
}

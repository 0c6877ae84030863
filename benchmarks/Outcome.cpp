//===- Outcome.cpp - What was measured of a case --------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Outcome.h"

#include <algorithm>

using namespace attn::benchmarks;

static double divide(double a, double b) { return b > 0 ? a / b : 0; }

double Outcome::partOf(double peak) const {
  double work =
      measured.work.problem.multiplyAdds() * double(measured.work.calls);
  return divide(divide(work, ours.best), peak);
}

double Outcome::figure() const {
  switch (measured.figure) {
  case Figure::PeakFraction:
    return partOf(multiplyAddPeak);
  case Figure::TimeRatio:
    return divide(ours.best, other.best);
  case Figure::TileRatio:
    return divide(divide(ours.best, other.best), neededTiles);
  case Figure::Speedup:
    return divide(oneThread, ours.best);
  case Figure::Bandwidth:
    return divide(
        divide(double(measured.work.problem.keyValueBytes()), ours.best),
        readBandwidth);
  case Figure::Memory:
    return double(temporaryBytes);
  case Figure::Process:
    return ours.best;
  case Figure::Unfused: {
    double best = reference.best;
    if (unfused.count)
      best = std::min(best, unfused.best);
    return divide(ours.best, best);
  }
  }
  return 0;
}

bool Outcome::isLessBetter() const {
  switch (measured.figure) {
  case Figure::PeakFraction:
  case Figure::Speedup:
  case Figure::Bandwidth:
    return false;
  case Figure::TimeRatio:
  case Figure::TileRatio:
  case Figure::Memory:
  case Figure::Process:
  case Figure::Unfused:
    return true;
  }
  return true;
}

std::optional<bool> Outcome::isMet() const {
  if (!measured.isJudged(threads))
    return std::nullopt;
  double bar = measured.bar;
  if (isLessBetter())
    return figure() <= bar;
  if (measured.figure == Figure::PeakFraction &&
      partOf(tilePeak) >= bar / kQuietTiles)
    return true;
  return figure() >= bar;
}

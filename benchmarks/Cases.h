//===- Cases.h - What is measured, and how fast it is to be -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_CASES_H
#define ATTN_BENCHMARKS_CASES_H

#include "benchmarks/Problem.h"

#include <string>
#include <vector>

namespace attn::benchmarks {

/// What a case is judged by; `Case::bar` is in the unit given here.
enum class Figure {
  /// Multiply-adds a second as a part of the peak: at least.
  PeakFraction,
  /// Time over that of `Case::other`: at most.
  TimeRatio,
  /// Time with one thread over that with two: at least.
  Speedup,
  /// Bytes of keys and values a second as a part of what reading them alone
  /// reaches: at least.
  Bandwidth,
  /// Bytes of temporaries: at most.
  Memory,
  /// Seconds of a process that compiles, runs and ends: at most.
  Process,
  /// Time over that of the faster of the two unfused ways: at most.
  Unfused,
  /// Time for each needed tile (Problem::countTiles) over that of
  /// `Case::other`: at most.
  TileRatio,
};

/// A program and what it computes; several calls in turn where `calls` is more
/// than 1, each on arrays of its own.
struct Work {
  std::string program;
  Problem problem;
  int64_t calls = 1;
  /// Multiply-adds of a pair as a multiple of those of plain attention with
  /// heads of `other`.
  double factor = 1;
  /// Whether the problem says what the program computes, and not only how much
  /// of it.
  bool isProblem = true;
};

struct Case {
  /// For --case: letters, digits, '-', '=', '.'.
  std::string name;
  Figure figure;
  double bar;
  Work work;
  /// What TimeRatio and TileRatio compare with.
  Work other = {};
  /// The numbers of threads that the bar is for; others are shown only.
  std::vector<int> judgedThreads = {1};

  bool isJudged(int threads) const;
  bool hasOther() const { return !other.program.empty(); }
  /// Tiles that the work needs as a multiple of those that `other` needs, by
  /// the multiply-adds of each.
  double neededTiles() const;
};

/// The cases that have bars of their own, in the order of the report.
std::vector<Case> allCases();

/// Every mask, score, normaliser and statistic of the library against plain
/// attention.
std::vector<Case> variantCases();

/// Attention in linear time at 16 times the length.
std::vector<Case> linearCases();

/// The case with every problem shrunk.
Case shrunk(Case c);

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_CASES_H

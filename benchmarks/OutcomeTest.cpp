//===- OutcomeTest.cpp - When a bar is met --------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Outcome.h"

#include "gtest/gtest.h"

using namespace attn::benchmarks;

namespace {

Outcome make(Figure figure, double bar) {
  Outcome outcome;
  outcome.measured = {"case", figure, bar, {"program", {}}};
  Problem &problem = outcome.measured.work.problem;
  problem.sizes.queries = problem.sizes.keys = 10;
  problem.sizes.headDim = problem.sizes.valueDim = 5;
  outcome.ours = summarise({2, 3, 4});
  return outcome;
}

TEST(Outcome, FractionOfThePeak) {
  Outcome outcome = make(Figure::PeakFraction, 0.75);
  // 100 pairs of 10 multiply-adds in 2 s.
  outcome.multiplyAddPeak = 625;
  outcome.tilePeak = 625;
  EXPECT_DOUBLE_EQ(outcome.figure(), 0.8);
  EXPECT_EQ(outcome.isMet(), true);
  outcome.multiplyAddPeak = 1000;
  outcome.tilePeak = 630;
  EXPECT_DOUBLE_EQ(outcome.figure(), 0.5);
  EXPECT_EQ(outcome.isMet(), false) << "500 of 630 is less than 0.75 / 0.93";
  outcome.tilePeak = 615;
  EXPECT_EQ(outcome.isMet(), true) << "500 of 615 is more than 0.75 / 0.93";
}

TEST(Outcome, SeveralCallsAreSoMuchWork) {
  Outcome outcome = make(Figure::PeakFraction, 0.5);
  outcome.measured.work.calls = 3;
  EXPECT_DOUBLE_EQ(outcome.partOf(1500), 1);
}

TEST(Outcome, TimeRatioIsOfTheBest) {
  Outcome outcome = make(Figure::TimeRatio, 0.55);
  outcome.other = summarise({4, 100});
  EXPECT_DOUBLE_EQ(outcome.figure(), 0.5);
  EXPECT_EQ(outcome.isMet(), true);
  outcome.other = summarise({3, 100});
  EXPECT_EQ(outcome.isMet(), false);
}

TEST(Outcome, TileRatioIsOfNeededTiles) {
  Outcome outcome = make(Figure::TileRatio, 1.5);
  outcome.other = summarise({4});
  outcome.neededTiles = 0.4;
  EXPECT_DOUBLE_EQ(outcome.figure(), 1.25);
  EXPECT_EQ(outcome.isMet(), true);
  outcome.neededTiles = 0.3;
  EXPECT_EQ(outcome.isMet(), false);
}

TEST(Outcome, SpeedupIsForTwoThreads) {
  Outcome outcome = make(Figure::Speedup, 1.85);
  outcome.measured.judgedThreads = {2};
  outcome.oneThread = 3.8;
  EXPECT_EQ(outcome.isMet(), std::nullopt);
  outcome.threads = 2;
  EXPECT_DOUBLE_EQ(outcome.figure(), 1.9);
  EXPECT_EQ(outcome.isMet(), true);
}

TEST(Outcome, BandwidthIsOfKeysAndValues) {
  Outcome outcome = make(Figure::Bandwidth, 0.85);
  // 400 bytes in 2 s.
  outcome.readBandwidth = 250;
  EXPECT_DOUBLE_EQ(outcome.figure(), 0.8);
  EXPECT_EQ(outcome.isMet(), false);
}

TEST(Outcome, UnfusedIsTheFasterOfTwo) {
  Outcome outcome = make(Figure::Unfused, 1);
  outcome.unfused = summarise({1.6});
  outcome.reference = summarise({5});
  EXPECT_DOUBLE_EQ(outcome.figure(), 1.25);
  EXPECT_EQ(outcome.isMet(), false);
  outcome.unfused = summarise({2.5});
  EXPECT_EQ(outcome.isMet(), true);
}

TEST(Outcome, MemoryAndProcess) {
  Outcome memory = make(Figure::Memory, 32e6);
  memory.temporaryBytes = 31e6;
  EXPECT_EQ(memory.isMet(), true);
  memory.temporaryBytes = 33e6;
  EXPECT_EQ(memory.isMet(), false);
  Outcome process = make(Figure::Process, 2.5);
  EXPECT_EQ(process.isMet(), true) << "the best counts, as everywhere";
}

} // namespace

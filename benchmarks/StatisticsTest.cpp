//===- StatisticsTest.cpp - What is said of timings -----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Statistics.h"

#include "gtest/gtest.h"

using namespace attn::benchmarks;

namespace {

TEST(Statistics, NothingMeasured) {
  Summary summary = summarise({});
  EXPECT_EQ(summary.count, 0u);
  EXPECT_EQ(summary.best, 0);
  EXPECT_EQ(summary.spread(), 0);
}

TEST(Statistics, OneSample) {
  Summary summary = summarise({3});
  EXPECT_EQ(summary.count, 1u);
  EXPECT_EQ(summary.best, 3);
  EXPECT_EQ(summary.median, 3);
  EXPECT_EQ(summary.spread(), 0);
}

TEST(Statistics, QuartilesOnSamples) {
  Summary summary = summarise({5, 1, 4, 2, 3});
  EXPECT_EQ(summary.count, 5u);
  EXPECT_EQ(summary.best, 1);
  EXPECT_EQ(summary.lowerQuartile, 2);
  EXPECT_EQ(summary.median, 3);
  EXPECT_EQ(summary.upperQuartile, 4);
  EXPECT_DOUBLE_EQ(summary.spread(), 2.0 / 3);
}

TEST(Statistics, QuartilesBetweenSamples) {
  Summary summary = summarise({40, 10, 20, 30});
  EXPECT_DOUBLE_EQ(summary.lowerQuartile, 17.5);
  EXPECT_DOUBLE_EQ(summary.median, 25);
  EXPECT_DOUBLE_EQ(summary.upperQuartile, 32.5);
}

TEST(Statistics, OutliersMoveNeitherBestNorMedian) {
  Summary summary = summarise({1, 1, 1, 1, 1000});
  EXPECT_EQ(summary.best, 1);
  EXPECT_EQ(summary.median, 1);
  EXPECT_EQ(summary.spread(), 0);
}

} // namespace

//===- VectorKernelsTest.cpp - Vector code against loops ------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/VectorKernels.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

using namespace attn::benchmarks;

namespace {

const std::vector<int64_t> kCounts = {1, 3, 15, 16, 17, 64, 333};

std::vector<float> ramp(int64_t count, float first, float step) {
  std::vector<float> row(count);
  for (int64_t i = 0; i < count; ++i)
    row[i] = first + float(i) * step;
  return row;
}

TEST(VectorKernels, MaxIsFoundAnywhere) {
  for (int64_t count : kCounts)
    for (int64_t at : {int64_t(0), count / 2, count - 1}) {
      std::vector<float> row = ramp(count, -9, -1);
      row[at] = -2;
      EXPECT_EQ(vectorKernels().rowMax(row.data(), count), -2);
    }
}

TEST(VectorKernels, ExpAndItsSum) {
  for (int64_t count : kCounts) {
    std::vector<float> row = ramp(count, 3, -0.37f);
    std::vector<float> result = row;
    float sum = vectorKernels().rowExp(result.data(), count, 3);
    double expected = 0;
    for (int64_t i = 0; i < count; ++i) {
      double e = std::exp(double(row[i]) - 3);
      expected += e;
      // Below the normal numbers it is 0.
      EXPECT_NEAR(result[i], e, std::max(e * 4e-6, 1.2e-38)) << row[i];
    }
    EXPECT_NEAR(sum, expected, expected * 1e-6);
  }
}

TEST(VectorKernels, ExpOfWhatIsFarBelowTheMaximumIsZero) {
  std::vector<float> row(40, -std::numeric_limits<float>::infinity());
  row[7] = -200;
  EXPECT_EQ(vectorKernels().rowExp(row.data(), 40, 1), 0);
  for (float x : row)
    EXPECT_EQ(x, 0);
}

TEST(VectorKernels, ScoreRules) {
  for (int64_t count : kCounts) {
    const std::vector<float> row = ramp(count, -30, 0.4f);
    std::vector<float> table = ramp(count, 5, -0.25f);
    std::vector<float> sloped = row, biased = row, capped = row, scaled = row;
    vectorKernels().rowAddRamp(sloped.data(), count, -4, 0.5f);
    vectorKernels().rowAddReversed(biased.data(), count, &table[count - 1]);
    vectorKernels().rowSoftcap(capped.data(), count, 20);
    vectorKernels().rowScale(scaled.data(), count, 3);
    for (int64_t i = 0; i < count; ++i) {
      // The ramp may round once or twice.
      EXPECT_NEAR(sloped[i], row[i] - 4 + 0.5f * float(i), 1e-4);
      EXPECT_FLOAT_EQ(biased[i], row[i] + table[count - 1 - i]);
      EXPECT_NEAR(capped[i], 20 * std::tanh(row[i] / 20), 2e-5);
      EXPECT_FLOAT_EQ(scaled[i], row[i] * 3);
    }
  }
}

TEST(VectorKernels, SumOverStreams) {
  for (int64_t count : {int64_t(0), int64_t(7), int64_t(1000), int64_t(4099)}) {
    std::vector<float> data(count);
    std::iota(data.begin(), data.end(), 1.0f);
    for (int streams : {1, 4, 8})
      EXPECT_FLOAT_EQ(vectorKernels().sum(data.data(), count, streams),
                      float(double(count) * double(count + 1) / 2));
  }
}

TEST(VectorKernels, TilesMultiply) {
  const VectorKernels &kernels = vectorKernels();
  constexpr int64_t kRowTiles = 2, kColumnTiles = 3, kDepth = 5;
  int64_t rows = kernels.tileRows, columns = 2 * kernels.lanes;
  std::vector<float> a(kRowTiles * kDepth * rows);
  std::vector<float> b(kColumnTiles * kDepth * columns);
  std::vector<float> c(kRowTiles * rows * kColumnTiles * columns, 1);
  for (size_t i = 0; i < a.size(); ++i)
    a[i] = float(i % 7);
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = float(i % 5);
  kernels.multiplyTiles(a.data(), b.data(), c.data(), kRowTiles, kColumnTiles,
                        kDepth);
  for (int64_t i = 0; i < kRowTiles * rows; ++i)
    for (int64_t j = 0; j < kColumnTiles * columns; ++j) {
      float expected = 1;
      for (int64_t d = 0; d < kDepth; ++d)
        expected += a[(i / rows * kDepth + d) * rows + i % rows] *
                    b[(j / columns * kDepth + d) * columns + j % columns];
      ASSERT_EQ(c[i * kColumnTiles * columns + j], expected);
    }
}

TEST(VectorKernels, ProbeDoesWhatItSays) {
  float factor = 0.5f;
  int64_t done = vectorKernels().multiplyAdd(1000000, &factor);
  EXPECT_NEAR(double(done), 1e6, 1e3);
  EXPECT_FLOAT_EQ(factor, 0.5f) << "the numbers must stay normal ones";
}

} // namespace

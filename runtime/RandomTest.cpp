//===- RandomTest.cpp - Reproducible inputs -------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Random.h"

#include "runtime/Tensor.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

using namespace attn::runtime;

namespace {

std::vector<double> draw(DType dtype, int64_t count, uint64_t seed,
                         llvm::StringRef name, int64_t bound = 0) {
  Tensor tensor = llvm::cantFail(Tensor::create(dtype, {count}));
  fillRandom(tensor, seed, name, bound);
  return tensor.toDoubles();
}

// The known answers that come with the authors' own implementation.
TEST(Philox, KnownAnswers) {
  using Counter = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, DependsOnSeedAndNameOnly) {
  EXPECT_EQ(draw(DType::F32, 100, 0, "q"), draw(DType::F32, 100, 0, "q"));
  EXPECT_NE(draw(DType::F32, 100, 0, "q"), draw(DType::F32, 100, 1, "q"));
  EXPECT_NE(draw(DType::F32, 100, 0, "q"),
            draw(DType::F32, 100, uint64_t(1) << 32, "q"));
  EXPECT_NE(draw(DType::F32, 100, 0, "q"), draw(DType::F32, 100, 0, "k"));
}

TEST(Random, LongerArraysBeginWithShorterOnes) {
  for (DType dtype : {DType::F32, DType::I32}) {
    std::vector<double> shorter = draw(dtype, 33, 7, "x", 50);
    std::vector<double> longer = draw(dtype, 100, 7, "x", 50);
    longer.resize(33);
    EXPECT_EQ(shorter, longer);
  }
}

TEST(Random, IsNormal) {
  constexpr int64_t kCount = 1 << 20;
  std::vector<double> values = draw(DType::F32, kCount, 0, "q");
  double moments[5] = {};
  int64_t within = 0;
  for (double x : values) {
    ASSERT_TRUE(std::isfinite(x));
    for (int power = 1; power <= 4; ++power)
      moments[power] += std::pow(x, power) / kCount;
    within += std::abs(x) < 1;
  }
  // Five standard errors each.
  EXPECT_NEAR(moments[1], 0, 0.005);
  EXPECT_NEAR(moments[2], 1, 0.007);
  EXPECT_NEAR(moments[3], 0, 0.019);
  EXPECT_NEAR(moments[4], 3, 0.048);
  EXPECT_NEAR(double(within) / kCount, 0.6826895, 0.0023);
  // Neighbours come from one block and must still be independent.
  double correlation = 0;
  for (int64_t i = 0; i + 1 < kCount; i += 2)
    correlation += values[i] * values[i + 1] / (kCount / 2);
  EXPECT_NEAR(correlation, 0, 0.007);
}

TEST(Random, TypesRoundTheSameValues) {
  std::vector<double> exact = draw(DType::F64, 64, 3, "v");
  std::vector<double> single = draw(DType::F32, 64, 3, "v");
  std::vector<double> half = draw(DType::F16, 64, 3, "v");
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(single[i], static_cast<float>(exact[i]));
    EXPECT_EQ(half[i], halfToFloat(doubleToHalf(exact[i])));
  }
}

TEST(Random, IntegersCoverTheirRange) {
  std::vector<double> values = draw(DType::I32, 10000, 0, "len", 4);
  for (int value = 0; value <= 4; ++value)
    EXPECT_NEAR(std::count(values.begin(), values.end(), value), 2000, 250);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), 4);
  EXPECT_EQ(draw(DType::I64, 3, 0, "x", 0), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(draw(DType::I64, 3, 0, "x", -5), (std::vector<double>{0, 0, 0}));
  for (double value :
       draw(DType::I32, 1000, 0, "x", std::numeric_limits<int64_t>::max()))
    EXPECT_GE(value, 0);
}

TEST(Random, BoolsAreZeroOrOne) {
  std::vector<double> values = draw(DType::Bool, 10000, 0, "b", 100);
  EXPECT_NEAR(std::count(values.begin(), values.end(), 1), 5000, 250);
  EXPECT_EQ(std::count(values.begin(), values.end(), 0) +
                std::count(values.begin(), values.end(), 1),
            10000);
}

TEST(Random, IsFast) {
  Tensor tensor = llvm::cantFail(Tensor::create(DType::F32, {10'000'000}));
  auto begin = std::chrono::steady_clock::now();
  fillRandom(tensor, 0, "q", 0);
  std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - begin;
  RecordProperty("milliseconds", static_cast<int>(elapsed.count() * 1000));
  // Ten times what it takes on a machine of 2023, so that a busy one passes.
  EXPECT_LT(elapsed.count(), 5);
}

} // namespace

//===- ReferenceTest.cpp - The oracle in double precision -----------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Reference.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace attn::runtime::reference;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

void expectNear(const Values &got, const Values &expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], 1e-14) << "element " << i;
}

AttentionSizes oneHead(int64_t queries, int64_t keys) {
  AttentionSizes sizes;
  sizes.queries = queries;
  sizes.keys = keys;
  sizes.headDim = 1;
  sizes.valueDim = 1;
  return sizes;
}

TEST(Attention, WeighsValues) {
  // Scores 0 and log 3: weights 1/4 and 3/4.
  expectNear(attention(oneHead(1, 2), {1}, {0, std::log(3.0)}, {8, 4}, 1), {5});
  // The same with the score halved and the scale doubled.
  expectNear(attention(oneHead(1, 2), {1}, {0, std::log(3.0) / 2}, {8, 4}, 2),
             {5});
}

TEST(Attention, AppliesMaskAndScore) {
  MaskRule causal = [](int64_t, int64_t, int64_t q, int64_t k) {
    return k <= q;
  };
  expectNear(
      attention(oneHead(3, 3), {0, 0, 0}, {0, 0, 0}, {3, 5, 10}, 1, causal),
      {3, 4, 6});
  ScoreRule favour = [](double s, int64_t, int64_t, int64_t, int64_t k) {
    return s + (k == 1 ? std::log(2.0) : 0);
  };
  expectNear(attention(oneHead(1, 2), {0}, {0, 0}, {3, 6}, 1, {}, favour), {5});
}

TEST(Attention, PassesIndicesAndMapsHeads) {
  AttentionSizes sizes;
  sizes.batch = 2;
  sizes.heads = 4;
  sizes.kvHeads = 2;
  sizes.queries = 1;
  sizes.keys = 1;
  sizes.headDim = 1;
  sizes.valueDim = 2;
  std::vector<int64_t> seen;
  MaskRule record = [&](int64_t b, int64_t h, int64_t q, int64_t k) {
    seen.push_back(b * 100 + h * 10 + q + k);
    return true;
  };
  Values v = {0, 1, 2, 3, 4, 5, 6, 7};
  expectNear(attention(sizes, Values(8, 1), Values(4, 1), v, 1, record),
             {0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7});
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 10, 20, 30, 100, 110, 120, 130}));
}

TEST(Attention, MaskedRowsAreZero) {
  MaskRule nothing = [](int64_t, int64_t, int64_t, int64_t) { return false; };
  EXPECT_EQ(attention(oneHead(2, 2), {1, 1}, {1, 1}, {1, 1}, 1, nothing),
            (Values{0, 0}));
  EXPECT_EQ(attention(oneHead(2, 0), {1, 1}, {}, {}, 1), (Values{0, 0}));
  ScoreRule low = [](double, int64_t, int64_t, int64_t, int64_t) {
    return -kInfinity;
  };
  EXPECT_EQ(attention(oneHead(1, 2), {1}, {1, 1}, {kNaN, 1}, 1, {}, low),
            (Values{0}));
}

TEST(Attention, MaskedKeysDoNotLeak) {
  MaskRule first = [](int64_t, int64_t, int64_t, int64_t k) { return k == 0; };
  EXPECT_EQ(attention(oneHead(1, 3), {1}, {1, kNaN, kInfinity},
                      {7, kInfinity, kNaN}, 1, first),
            (Values{7}));
}

TEST(Attention, FollowsIEEEForAllowedKeys) {
  // A NaN key, a NaN value, and a score of +inf.
  EXPECT_TRUE(
      std::isnan(attention(oneHead(1, 2), {1}, {kNaN, 1}, {1, 1}, 1)[0]));
  EXPECT_TRUE(
      std::isnan(attention(oneHead(1, 2), {1}, {1, kNaN}, {1, 1}, 1)[0]));
  EXPECT_TRUE(
      std::isnan(attention(oneHead(1, 2), {1}, {1, 1}, {1, kNaN}, 1)[0]));
  EXPECT_TRUE(
      std::isnan(attention(oneHead(1, 2), {1}, {kInfinity, 1}, {1, 1}, 1)[0]));
  // A key whose score is -inf takes no part, whatever its value is.
  EXPECT_EQ(attention(oneHead(1, 2), {1}, {-kInfinity, 1}, {1, 3}, 1),
            (Values{3}));
  EXPECT_EQ(attention(oneHead(1, 2), {1}, {-kInfinity, 1}, {kInfinity, 3}, 1),
            (Values{3}));
}

TEST(Attention, LargeScoresDoNotOverflow) {
  expectNear(attention(oneHead(1, 2), {1e300}, {1, 1}, {2, 4}, 1), {3});
}

TEST(Reference, Matmul) {
  EXPECT_EQ(matmul(2, 1, 2, 2, {1, 2, 3, 4}, {1, 2, 3, 4, 1, 0, 0, 1}),
            (Values{7, 10, 3, 4}));
  EXPECT_EQ(matmul(1, 2, 0, 1, {}, {}), (Values{0, 0}));
}

TEST(Reference, Softmax) {
  expectNear(softmax(2, 2, {0, std::log(3.0), -kInfinity, -kInfinity}),
             {0.25, 0.75, 0, 0});
  EXPECT_TRUE(std::isnan(softmax(1, 2, {0, kNaN})[0]));
  EXPECT_TRUE(softmax(3, 0, {}).empty());
}

TEST(Reference, Norms) {
  expectNear(layerNorm(1, 2, {1, 3}, {}, {}, 0), {-1, 1});
  expectNear(layerNorm(1, 2, {1, 3}, {2, 4}, {10, 20}, 0), {8, 24});
  expectNear(layerNorm(1, 2, {1, 3}, {}, {}, 3), {-0.5, 0.5});
  expectNear(rmsNorm(1, 2, {1, 7}, {}, 0), {0.2, 1.4});
  expectNear(rmsNorm(1, 2, {1, 7}, {10, 5}, 0), {2, 7});
}

} // namespace

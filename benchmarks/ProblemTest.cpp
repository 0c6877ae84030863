//===- ProblemTest.cpp - Pairs counted one by one -------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Problem.h"

#include "gtest/gtest.h"

#include <functional>

using namespace attn::benchmarks;

namespace {

Problem square(int64_t length) {
  Problem problem;
  problem.sizes.batch = 2;
  problem.sizes.heads = 6;
  problem.sizes.kvHeads = 3;
  problem.sizes.queries = problem.sizes.keys = length;
  problem.sizes.headDim = 5;
  problem.sizes.valueDim = 7;
  return problem;
}

/// Expects the pairs for which `allowed(q, k)` holds, and no others.
void expectPairs(const Problem &problem,
                 const std::function<bool(int64_t, int64_t)> &allowed) {
  int64_t pairs = 0;
  for (int64_t q = 0; q < problem.sizes.queries; ++q)
    for (int64_t k = 0; k < problem.sizes.keys; ++k) {
      KeyRange range = problem.keysOf(q);
      ASSERT_EQ(range.begin <= k && k < range.end, allowed(q, k))
          << "query " << q << ", key " << k << " of " << problem.sizes.keys;
      pairs += allowed(q, k);
    }
  pairs *= problem.sizes.batch * problem.sizes.heads;
  EXPECT_EQ(problem.countPairs(), pairs);
  EXPECT_EQ(problem.multiplyAdds(), double(pairs) * 12);
}

TEST(Problem, NoMask) {
  expectPairs(square(9), [](int64_t, int64_t) { return true; });
}

TEST(Problem, Causal) {
  for (int64_t length : {1, 2, 33}) {
    Problem problem = square(length);
    problem.causal = true;
    expectPairs(problem, [](int64_t q, int64_t k) { return k <= q; });
  }
}

TEST(Problem, CausalWithMoreKeys) {
  Problem problem = square(20);
  problem.sizes.queries = 3;
  problem.causal = true;
  expectPairs(problem, [](int64_t q, int64_t k) { return k <= q + 17; });
}

TEST(Problem, Window) {
  for (int64_t width : {1, 4, 50}) {
    Problem problem = square(31);
    problem.causal = true;
    problem.window = width;
    expectPairs(problem, [width](int64_t q, int64_t k) {
      return k <= q && q - k < width;
    });
  }
}

TEST(Problem, Documents) {
  for (int64_t length : {3, 8, 17, 64}) {
    Problem problem = square(length);
    problem.causal = true;
    problem.documents = 8;
    expectPairs(problem, [&](int64_t q, int64_t k) {
      return k <= q && problem.documentOf(q) == problem.documentOf(k);
    });
  }
}

TEST(Problem, Padding) {
  Problem problem = square(16);
  problem.length = 9;
  expectPairs(problem, [](int64_t, int64_t k) { return k < 9; });
}

TEST(Problem, KeysAndValuesInBytes) {
  Problem problem = square(10);
  EXPECT_EQ(problem.keyValueBytes(), 2 * 3 * 10 * 12 * 4);
  problem.dtype = attn::runtime::DType::BF16;
  EXPECT_EQ(problem.keyValueBytes(), 2 * 3 * 10 * 12 * 2);
}

TEST(Problem, ShrunkKeepsWhatMatters) {
  Problem problem = square(4096);
  problem.sizes.queries = 1;
  problem.sizes.heads = 32;
  problem.sizes.kvHeads = 8;
  problem.window = 512;
  Problem small = problem.shrunk();
  EXPECT_EQ(small.sizes.queries, 1);
  EXPECT_EQ(small.sizes.heads / small.sizes.kvHeads, 4);
  EXPECT_EQ(small.sizes.headDim, problem.sizes.headDim);
  EXPECT_LT(small.window, small.sizes.keys);
}

TEST(Problem, MaskStandsForRanges) {
  Problem problem = square(40);
  problem.causal = true;
  problem.mask = [](const Problem &, int64_t q, int64_t k) {
    return (q + k) % 2 == 0;
  };
  EXPECT_TRUE(problem.allows(1, 3));
  EXPECT_FALSE(problem.allows(1, 2));
  EXPECT_EQ(problem.countPairs(), 12 * 40 * 40 / 2);
}

TEST(Problem, CountsTiles) {
  Problem problem = square(64);
  EXPECT_EQ(problem.countTiles(), 6 * 2);
  // The first two tiles of queries end before the second tile of keys begins.
  problem.causal = true;
  EXPECT_EQ(problem.countTiles(), 6 + 4);
  problem.mask = [](const Problem &, int64_t q, int64_t k) {
    return q == 63 && k == 0;
  };
  EXPECT_EQ(problem.countTiles(), 1);
}

TEST(Problem, TreeHasATrunkAndBranches) {
  Problem problem = square(300);
  EXPECT_EQ(problem.lastDescendant(0), 299);
  EXPECT_EQ(problem.lastDescendant(149), 299);
  EXPECT_EQ(problem.lastDescendant(150), 191);
  EXPECT_EQ(problem.lastDescendant(290), 299);
}

} // namespace

//===- Variants.cpp - Kinds of attention against the plain one ------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Cases.h"

#include <algorithm>
#include <cstdlib>

using namespace attn::benchmarks;

/// At most this many times the time of plain attention for each needed tile.
static constexpr double kBar = 1.5;
/// Time at 16 times the length, where it is linear in that.
static constexpr double kLinearBar = 17;

//===----------------------------------------------------------------------===//
// Masks, as std/masks has them and the programs use them
//===----------------------------------------------------------------------===//

namespace {

bool causal(const Problem &, int64_t q, int64_t k) { return k <= q; }

bool isNear(int64_t q, int64_t k, int64_t distance) {
  return std::abs(q - k) <= distance;
}

bool local(const Problem &, int64_t q, int64_t k) { return isNear(q, k, 256); }

bool dilated(const Problem &, int64_t q, int64_t k) {
  return isNear(q, k, 512) && (q - k) % 4 == 0;
}

bool sinks(const Problem &, int64_t q, int64_t k) {
  return k <= q && (q - k < 512 || k < 4);
}

bool prefix(const Problem &problem, int64_t q, int64_t k) {
  return k <= q || k < problem.length;
}

bool blockCausal(const Problem &, int64_t q, int64_t k) {
  return k / 100 <= q / 100;
}

bool chunked(const Problem &, int64_t q, int64_t k) {
  return k <= q && k / 500 == q / 500;
}

bool strided(const Problem &, int64_t q, int64_t k) {
  return k <= q && (q - k < 64 || (q - k) % 64 == 0);
}

bool fixedChunks(const Problem &, int64_t q, int64_t k) {
  return k <= q && (q / 64 == k / 64 || k % 64 >= 56);
}

bool neighbourhood(const Problem &, int64_t q, int64_t k) {
  return isNear(q / 64, k / 64, 7) && isNear(q % 64, k % 64, 7);
}

/// Whether `k` is one of the 15 places around `q` of `length`.
bool isAround(int64_t q, int64_t k, int64_t length) {
  int64_t first = std::max<int64_t>(std::min(q - 7, length - 15), 0);
  return first <= k && k <= first + 14;
}

bool fullNeighbourhood(const Problem &problem, int64_t q, int64_t k) {
  return isAround(q / 64, k / 64, problem.sizes.keys / 64) &&
         isAround(q % 64, k % 64, 64);
}

bool gridWindows(const Problem &, int64_t q, int64_t k) {
  return q / 512 == k / 512 && q % 64 / 8 == k % 64 / 8;
}

bool longformer(const Problem &, int64_t q, int64_t k) {
  return isNear(q, k, 256) || q < 16 || k < 16;
}

bool randomBlocks(const Problem &problem, int64_t q, int64_t k) {
  int64_t x = q / 64 * 7919 + k / 64 * 104729 + 1299709 + 12345;
  int64_t blocks = (problem.sizes.keys + 63) / 64;
  return x * x % 1000003 * blocks < 3 * 1000003;
}

bool bigBird(const Problem &problem, int64_t q, int64_t k) {
  return isNear(q, k, 96) || q < 64 || k < 64 || randomBlocks(problem, q, k);
}

bool documents(const Problem &problem, int64_t q, int64_t k) {
  return k <= q && problem.documentOf(q) == problem.documentOf(k);
}

bool tree(const Problem &problem, int64_t q, int64_t k) {
  return k <= q && q <= problem.lastDescendant(k);
}

struct Variant {
  const char *name;
  Problem::Mask mask;
  double factor = 1;
  /// Whether it is a mask and nothing else.
  bool isMask = false;
};

} // namespace

static const Variant kVariants[] = {
    {"local", local, 1, true},
    {"dilated", dilated, 1, true},
    {"sinks", sinks, 1, true},
    {"prefix", prefix, 1, true},
    {"block_causal", blockCausal, 1, true},
    {"chunked", chunked, 1, true},
    {"chunked_argument", chunked, 1, true},
    {"strided", strided, 1, true},
    {"fixed_chunks", fixedChunks, 1, true},
    {"neighbourhood", neighbourhood, 1, true},
    {"full_neighbourhood", fullNeighbourhood, 1, true},
    {"grid_windows", gridWindows, 1, true},
    {"longformer", longformer, 1, true},
    {"random_blocks", randomBlocks, 1, true},
    {"big_bird", bigBird, 1, true},
    {"documents", documents, 1, true},
    {"tree", tree, 1, true},
    {"from_table", causal, 1, true},
    {"alibi_symmetric", nullptr},
    {"alibi_published", causal},
    {"softcap", causal},
    {"temperature", causal},
    {"relative_bias", causal},
    {"transformer_xl", causal},
    {"shaw", causal},
    {"score_bias", causal},
    {"t5_bias", nullptr},
    {"t5_causal_bias", causal},
    {"t5_biases", nullptr},
    {"softmax1", causal},
    {"sink", causal},
    {"sigmoid", causal},
    {"relu2", causal},
    {"none", causal},
    {"dropout", causal},
    {"lse", causal},
    {"max", causal},
    {"entropy", causal},
    // Two maps of 32 and 64 multiply-adds a pair, where plain attention has 64
    // and 64; one of 96 and 64.
    {"differential", causal, 1.5},
    {"latent", causal, 1.25},
};

static Problem makeProblem(int64_t heads, int64_t length) {
  Problem problem;
  problem.sizes.heads = problem.sizes.kvHeads = heads;
  problem.sizes.queries = problem.sizes.keys = length;
  problem.sizes.headDim = problem.sizes.valueDim = 64;
  return problem;
}

std::vector<Case> attn::benchmarks::variantCases() {
  std::vector<Case> cases;
  for (const Variant &variant : kVariants)
    for (int64_t length : {2048, 4096}) {
      Problem plain = makeProblem(4, length);
      Work ours = {"variants/" + std::string(variant.name), plain};
      bool hasMask = variant.mask != nullptr;
      if (hasMask) {
        ours.problem.mask = variant.mask;
        ours.problem.documents = 8;
        ours.problem.length = length / 4;
        ours.problem.window = 500;
      }
      ours.factor = variant.factor;
      ours.isProblem = variant.isMask;
      if (variant.name == std::string("latent"))
        ours.problem.sizes.headDim = 96;
      plain.causal = hasMask;
      cases.push_back(
          {std::string(variant.name) + "-T=" + std::to_string(length),
           Figure::TileRatio,
           kBar,
           ours,
           {hasMask ? "causal" : "full", plain}});
    }
  return cases;
}

std::vector<Case> attn::benchmarks::linearCases() {
  std::vector<Case> cases;
  for (const char *name : {"transformer", "causal_transformer", "performer",
                           "causal_performer", "retention", "gated"}) {
    auto work = [&](int64_t length) {
      Work result = {"linear/" + std::string(name), makeProblem(4, length)};
      result.isProblem = false;
      return result;
    };
    cases.push_back(
        {name, Figure::TimeRatio, kLinearBar, work(65536), work(4096)});
  }
  return cases;
}

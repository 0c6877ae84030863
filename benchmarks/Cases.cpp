//===- Cases.cpp - What is measured, and how fast it is to be -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Cases.h"

#include <algorithm>

using namespace attn::benchmarks;
using attn::runtime::DType;

bool Case::isJudged(int threads) const {
  return std::find(judgedThreads.begin(), judgedThreads.end(), threads) !=
         judgedThreads.end();
}

/// As many heads as make a call take some tens of milliseconds.
double Case::neededTiles() const {
  return double(work.problem.countTiles()) * work.factor /
         (double(other.problem.countTiles()) * other.factor);
}

static Problem square(int64_t heads, int64_t length, int64_t width) {
  Problem problem;
  problem.sizes.heads = problem.sizes.kvHeads = heads;
  problem.sizes.queries = problem.sizes.keys = length;
  problem.sizes.headDim = problem.sizes.valueDim = width;
  return problem;
}

static Problem causal(int64_t heads, int64_t length, int64_t width) {
  Problem problem = square(heads, length, width);
  problem.causal = true;
  return problem;
}

static Problem with(Problem problem, Score score) {
  problem.score = score;
  return problem;
}

static Problem with(Problem problem, DType dtype) {
  problem.dtype = dtype;
  return problem;
}

/// One query for each of 32 heads and 4096 keys 128 wide.
static Problem decoding(int64_t kvHeads) {
  Problem problem = causal(32, 4096, 128);
  problem.sizes.kvHeads = kvHeads;
  problem.sizes.queries = 1;
  return problem;
}

static void addPeakFractions(std::vector<Case> &cases) {
  auto add = [&](std::string name, double bar, std::string program,
                 Problem problem) {
    cases.push_back({name, Figure::PeakFraction, bar, {program, problem}});
  };
  add("full-D=64-T=2048", 0.73, "full", square(4, 2048, 64));
  add("full-D=64-T=4096", 0.73, "full", square(2, 4096, 64));
  add("causal-D=64-T=1024", 0.64, "causal", causal(12, 1024, 64));
  add("causal-D=64-T=4096", 0.70, "causal", causal(4, 4096, 64));
  add("causal-D=64-T=16384", 0.72, "causal", causal(1, 16384, 64));
  add("causal-D=128-T=2048", 0.76, "causal", causal(4, 2048, 128));
  for (int64_t width : {80, 96, 72, 40})
    add("full-D=" + std::to_string(width) + "-T=2048", 0.55, "full",
        square(4, 2048, width));
  Problem window = causal(4, 8192, 64);
  window.window = 512;
  add("window=512-T=8192", 0.52, "window", window);
}

static void addRules(std::vector<Case> &cases) {
  auto addRatio = [&](std::string name, double bar, Work work, Work other) {
    cases.push_back({name, Figure::TimeRatio, bar, work, other});
  };
  Problem plain = causal(4, 2048, 64);
  Work toCompare = {"causal", plain};
  addRatio("alibi", 1.10, {"alibi", with(plain, Score::Alibi)}, toCompare);
  addRatio("softcap", 1.35, {"softcap", with(plain, Score::Softcap)},
           toCompare);
  addRatio("table", 1.35, {"table", with(plain, Score::Table)}, toCompare);

  Problem documents = causal(4, 8192, 64);
  documents.documents = 8;
  addRatio("documents", 1.10, {"documents", documents},
           {"causal", causal(4, 1024, 64), 8});

  Problem padded = square(4, 2048, 64);
  padded.length = 1024;
  addRatio("padding", 0.55, {"padding", padded}, {"full", square(4, 2048, 64)});

  Problem full = square(2, 4096, 64);
  addRatio("full-f16", 1.10, {"full_f16", with(full, DType::F16)},
           {"full", full});
  addRatio("full-bf16", 1.10, {"full_bf16", with(full, DType::BF16)},
           {"full", full});
}

static void addDecoding(std::vector<Case> &cases) {
  std::vector<int> both = {1, 2};
  Work plain = {"decode", decoding(32)};
  cases.push_back({"decode", Figure::Bandwidth, 0.85, plain, {}, both});
  cases.push_back({"decode-grouped",
                   Figure::Bandwidth,
                   0.85,
                   {"decode", decoding(8)},
                   {},
                   both});
  cases.push_back({"decode-f16",
                   Figure::TimeRatio,
                   0.6,
                   {"decode_f16", with(decoding(32), DType::F16)},
                   plain,
                   both});
  cases.push_back({"decode-bf16",
                   Figure::TimeRatio,
                   0.6,
                   {"decode_bf16", with(decoding(32), DType::BF16)},
                   plain,
                   both});
}

std::vector<Case> attn::benchmarks::allCases() {
  std::vector<Case> cases;
  addPeakFractions(cases);
  cases.push_back({"threads",
                   Figure::Speedup,
                   1.85,
                   {"causal", causal(12, 1024, 64)},
                   {},
                   {2}});
  addRules(cases);
  addDecoding(cases);
  cases.push_back({"memory",
                   Figure::Memory,
                   32e6,
                   {"full", square(8, 16384, 64)},
                   {},
                   {1, 2}});
  cases.push_back(
      {"process", Figure::Process, 0.2, {"causal", causal(1, 128, 64)}});
  for (int64_t length :
       {1, 2, 3, 4, 7, 8, 16, 17, 32, 64, 100, 128, 256, 512, 1000, 1024})
    for (bool isCausal : {false, true})
      cases.push_back(
          {std::string(isCausal ? "unfused-causal-T=" : "unfused-T=") +
               std::to_string(length),
           Figure::Unfused,
           1.0,
           {isCausal ? "formula_causal" : "formula",
            isCausal ? causal(4, length, 64) : square(4, length, 64)},
           {},
           {1, 2}});
  return cases;
}

Case attn::benchmarks::shrunk(Case c) {
  c.work.problem = c.work.problem.shrunk();
  if (c.hasOther())
    c.other.problem = c.other.problem.shrunk();
  c.work.calls = std::min<int64_t>(c.work.calls, 2);
  c.other.calls = std::min<int64_t>(c.other.calls, 2);
  return c;
}

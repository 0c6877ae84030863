//===- SemaAttentionTest.cpp - Errors in calls of attention -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"KeyAndValueDisagreeOnSequence",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, S, D], v: f32[B, H, T, D]) = attention(q, k, v))",
     R"(1:84-85: error: key and value disagree on sequence length: expected S, got T
1:26-27: note: key 'k' has type f32[B, H, S, D], declared here
1:46-47: note: value 'v' has type f32[B, H, T, D], declared here
)"},
    {"QueryAndKeyDisagreeOnHead",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, E], v: f32[B, H, T, D]) = attention(q, k, v))",
     R"(1:81-82: error: query and key disagree on head dim: expected D, got E
1:6-7: note: query 'q' has type f32[B, H, T, D], declared here
1:26-27: note: key 'k' has type f32[B, H, T, E], declared here
)"},
    {"QueryAndKeyDisagreeOnBatch",
     R"(fn f(q: f32[B, H, T, D], k: f32[C, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v))",
     R"(1:81-82: error: query and key disagree on batch size: expected B, got C
1:6-7: note: query 'q' has type f32[B, H, T, D], declared here
1:26-27: note: key 'k' has type f32[C, H, T, D], declared here
)"},
    {"KeyAndValueDisagreeOnThe",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, G, T, D], v: f32[B, H, T, D]) = attention(q, k, v))",
     R"(1:84-85: error: key and value disagree on the number of heads: expected G, got H
1:26-27: note: key 'k' has type f32[B, G, T, D], declared here
1:46-47: note: value 'v' has type f32[B, H, T, D], declared here
)"},
    {"QueryAndKeyDisagreeOnThe",
     R"(fn f(q: f32[B, 6, T, D], k: f32[B, 4, T, D], v: f32[B, 4, T, D]) = attention(q, k, v))",
     R"(1:81-82: error: query and key disagree on the number of heads: expected a divisor of 6, got 4
1:6-7: note: query 'q' has type f32[B, 6, T, D], declared here
1:26-27: note: key 'k' has type f32[B, 4, T, D], declared here
)"},
    {"QueryAndKeyDisagreeOnThe2",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, T, D], v: f32[B, H, T, D]) = attention(q, k, v))",
     R"(1:78-79: error: query and key disagree on the number of axes: expected 4, got 3
1:6-7: note: query 'q' has type f32[B, H, T, D], declared here
1:26-27: note: key 'k' has type f32[B, T, D], declared here
)"},
    {"QueryAndKeyDisagreeOnThe3",
     R"(fn f(q: f32[B, H, T, D], k: f16[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v))",
     R"(1:81-82: error: query and key disagree on the type of elements: expected f32, got f16
1:6-7: note: query 'q' has type f32[B, H, T, D], declared here
1:26-27: note: key 'k' has type f16[B, H, T, D], declared here
)"},
    {"ExpectsFloatsGotIBH",
     R"(fn f(q: i32[B, H, T, D], k: i32[B, H, T, D], v: i32[B, H, T, D]) = attention(q, k, v))",
     R"(1:78-79: error: 'attention' expects floats, got i32[B, H, T, D]
)"},
    {"ExpectsTensorsOfShapeBH",
     R"(fn f(q: f32[T], k: f32[T], v: f32[T]) = attention(q, k, v))",
     R"(1:51-52: error: 'attention' expects tensors of shape [B, H, T, D], [B, T, D] or [T, D], got f32[T]
1:6-7: note: 'q' is declared here
)"},
    {"ExpectsArgumentsGot",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k))",
     R"(1:68-83: error: 'attention' expects 3 arguments, got 2
)"},
    {"HasNoArgument",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v, msk: 1))",
     R"(1:87-90: error: 'attention' has no argument 'msk'; it has mask, score, scale, normalize, sink, dropout, seed, return
1:87: hint: did you mean 'mask'?
)"},
    {"MustBeAMaskRuleGotACondition",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v, mask: k <= q))",
     R"(1:93-99: error: 'mask' must be a mask rule, got bool[B, H, T, D]
1:93: hint: give the condition a name: 'mask NAME(b, h, q, k) = ...'
)"},
    {"MustBeAMaskRuleGot",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v, mask: q))",
     R"(1:93-94: error: 'mask' must be a mask rule, got f32[B, H, T, D]
)"},
    {"MustBeAScoreRuleGot", R"(mask m(q, k) = k <= q
fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v, score: m))",
     R"(2:94-95: error: 'score' must be a score rule, got a mask rule
)"},
    {"MustBeAMaskRuleGot2", R"(score m(s) = s
fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v, mask: m))",
     R"(2:93-94: error: 'mask' must be a mask rule, got a score rule
)"},
    {"MustBeANumberGotH",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) = attention(q, k, v, scale: q))",
     R"(1:94-95: error: 'scale' must be a number, got f32[B, H, T, D]
)"},
    {"MustBeAsTheScoresAre",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], c: f64) = attention(q, k, v, scale: c))",
     R"(1:102-103: error: 'scale' must be f32 as the scores are, got f64
)"},
    {"NormalizeMustBe",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, normalize: softmx))",
     R"(1:117-123: error: 'normalize' must be softmax, softmax1, sigmoid, relu2 or none, got 'softmx'
1:117: hint: did you mean 'softmax'?
)"},
    {"NormalizeMustBeAWord",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, normalize: 1))",
     R"(1:117-118: error: 'normalize' must be softmax, softmax1, sigmoid, relu2 or none
)"},
    {"ReturnMustBe",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, return: entrop))",
     R"(1:114-120: error: 'return' must be lse, max, entropy or a list of them in parentheses, got 'entrop'
1:114: hint: did you mean 'entropy'?
)"},
    {"ReturnedTwice",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, return: (lse, lse)))",
     R"(1:120-123: error: 'lse' is returned twice
)"},
    {"ReturnIsForSoftmax",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, normalize: none, return: lse))",
     R"(1:123-129: error: 'return' is only for 'normalize: softmax' and 'softmax1'
)"},
    {"SinkIsForSoftmax",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, normalize: sigmoid, sink: 1))",
     R"(1:126-130: error: 'sink' is only for 'normalize: softmax'
)"},
    {"SinkIsKnown",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, normalize: softmax1, sink: 1))",
     R"(1:127-131: error: 'sink' is 0 with 'normalize: softmax1'
)"},
    {"SinkMustBe",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, sink: s))",
     R"(1:112-113: error: 'sink' must be a number or f32[H], got f32[D]
)"},
    {"DropoutIsBelowOne",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, dropout: 1, seed: n))",
     R"(1:115-116: error: 'dropout' must be at least 0 and less than 1
)"},
    {"DropoutIsNotNegative",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, dropout: -0.25, seed: n))",
     R"(1:115-120: error: 'dropout' must be at least 0 and less than 1
)"},
    {"DropoutNeedsSeed",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, dropout: 0.25))",
     R"(1:106-113: error: 'dropout' needs the argument 'seed'
)"},
    {"SeedNeedsDropout",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, seed: n))",
     R"(1:106-110: error: 'seed' is of no use without 'dropout'
)"},
    {"SeedIsAnInteger",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, dropout: 0.1, seed: 0.5))",
     R"(1:126-129: error: 'seed' must be a whole number, got f32
)"},
    {"DropoutIsANumber",
     R"(fn f(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D], s: f32[D], n: i64) = attention(q, k, v, dropout: s, seed: n))",
     R"(1:115-116: error: 'dropout' must be a number, got f32[D]
)"},
};

INSTANTIATE_TEST_SUITE_P(Attention, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

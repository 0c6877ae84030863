//===- SemaWeightsTest.cpp - Errors in top_keys and validate ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"TopKeysNeedsACount", R"(fn f(q: f32[T, D]) = top_keys(q, q))",
     R"(1:22-36: error: 'top_keys' needs the argument 'count'
)"},
    {"TopKeysOfNone", R"(fn f(q: f32[T, D]) = top_keys(q, q, count: 0))",
     R"(1:44-45: error: 'count' must be 1 to 1024, got 0
)"},
    {"TopKeysOfTooMany", R"(fn f(q: f32[T, D]) = top_keys(q, q, count: 1025))",
     R"(1:44-48: error: 'count' must be 1 to 1024, got 1025
)"},
    {"TopKeysOfARule", R"(mask m(q, k) = k <= q
fn f(q: f32[T, D]) = top_keys(q, q, count: m))",
     R"(2:44-45: error: 'count' must be a number, got a mask rule
)"},
    {"TopKeysOfWidths",
     R"(fn f(q: f32[T, D], k: f32[S, E]) = top_keys(q, k, count: 2))",
     R"(1:48-49: error: query and key disagree on head dim: expected D, got E
1:6-7: note: query 'q' has type f32[T, D], declared here
1:20-21: note: key 'k' has type f32[S, E], declared here
)"},
    {"TopKeysHasNoValues",
     R"(fn f(q: f32[T, D]) = top_keys(q, q, q, count: 2))",
     R"(1:22-49: error: 'top_keys' expects 2 arguments, got 3
)"},
    {"TopKeysOfIntegers", R"(fn f(q: i32[T, D]) = top_keys(q, q, count: 2))",
     R"(1:31-32: error: 'top_keys' expects floats, got i32[T, D]
)"},
    {"TopKeysMisspelt", R"(fn f(q: f32[T, D]) = top_keys(q, q, cuont: 2))",
     R"(1:37-42: error: 'top_keys' has no argument 'cuont'; it has count, mask, score, scale
1:37: hint: did you mean 'count'?
)"},
    {"ValidateNumbers", R"(fn f(x: i32[T]) = validate(x))",
     R"(1:28-29: error: 'validate' expects floats, got i32[T]
)"},
    {"ValidateAScalar", R"(fn f(x: f32) = validate(x))",
     R"(1:25-26: error: 'validate' expects a tensor of weights of 1 to 4 axes, got f32
1:6-7: note: 'x' is declared here
)"},
};

INSTANTIATE_TEST_SUITE_P(Weights, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

//===- SemaLinearAttentionTest.cpp - Errors in linear_attention -*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"DecayHasTheTypeOfSums",
     R"(fn f(q: f32[B, H, T, D], g: f16[B, H, T]) = linear_attention(q, q, q, causal: true, decay: g))",
     R"(1:92-93: error: 'decay' of 'linear_attention' must be f32, f32[H] or f32[B, H, T], got f16[B, H, T]
1:6-7: note: query 'q' has type f32[B, H, T, D], declared here
)"},
    {"DecayOfHeadsOrPositions",
     R"(fn f(q: f32[B, H, T, D], g: f32[B, T]) = linear_attention(q, q, q, causal: true, decay: g))",
     R"(1:89-90: error: 'decay' of 'linear_attention' must be f32, f32[H] or f32[B, H, T], got f32[B, T]
1:6-7: note: query 'q' has type f32[B, H, T, D], declared here
)"},
    {"DecayWithoutHeads",
     R"(fn f(q: f32[B, T, D], g: f32[T]) = linear_attention(q, q, q, causal: true, decay: g))",
     R"(1:83-84: error: 'decay' of 'linear_attention' must be f32 or f32[B, T], got f32[T]
1:6-7: note: query 'q' has type f32[B, T, D], declared here
)"},
    {"DecayIsARule",
     R"(mask m(q, k) = k <= q
fn f(q: f32[T, D]) = linear_attention(q, q, q, causal: true, decay: m))",
     R"(2:69-70: error: 'decay' of 'linear_attention' must be f32 or f32[T], got a mask rule
2:6-7: note: query 'q' has type f32[T, D], declared here
)"},
    {"DecayNeedsCausal",
     R"(fn f(q: f32[T, D], g: f32[T]) = linear_attention(q, q, q, decay: g))",
     R"(1:59-64: error: 'decay' of 'linear_attention' needs an order of positions
1:59: hint: add 'causal: true'
)"},
    {"StateNeedsCausal",
     R"(fn f(q: f32[T, D], s: f32[D, D]) = linear_attention(q, q, q, causal: false, state: s))",
     R"(1:77-82: error: 'state' of 'linear_attention' needs an order of positions
)"},
    {"CausalNeedsOneLength",
     R"(fn f(q: f32[T, D], k: f32[S, D]) = linear_attention(q, k, k, causal: true))",
     R"(1:56-57: error: query and key disagree on sequence length with 'causal: true': expected T, got S
1:6-7: note: query 'q' has type f32[T, D], declared here
1:20-21: note: key 'k' has type f32[S, D], declared here
)"},
    {"StateHasTheTypeOfSums",
     R"(fn f(q: f16[T, D], s: f16[D, D]) = linear_attention(q, q, q, causal: true, state: s))",
     R"(1:83-84: error: 'state' of 'linear_attention' must be f32[D, D], got f16[D, D]
1:6-7: note: query 'q' has type f16[T, D], declared here
)"},
    {"StateIsKeysByValues",
     R"(fn f(q: f32[T, D], v: f32[T, E], s: f32[E, D]) = linear_attention(q, q, v, causal: true, state: s))",
     R"(1:97-98: error: 'state' of 'linear_attention' must be f32[D, E], got f32[E, D]
1:6-7: note: query 'q' has type f32[T, D], declared here
)"},
    {"CausalIsALiteral",
     R"(fn f(q: f32[T, D]) = linear_attention(q, q, q, causal: 1))",
     R"(1:56-57: error: 'causal' must be true or false, got i64
)"},
    {"HeadDims",
     R"(fn f(q: f32[T, D], k: f32[T, E]) = linear_attention(q, k, k))",
     R"(1:56-57: error: query and key disagree on head dim: expected D, got E
1:6-7: note: query 'q' has type f32[T, D], declared here
1:20-21: note: key 'k' has type f32[T, E], declared here
)"},
    {"Floats", R"(fn f(q: i32[T, D]) = linear_attention(q, q, q))",
     R"(1:39-40: error: 'linear_attention' expects floats, got i32[T, D]
)"},
    {"HasNoMask",
     R"(mask m(q, k) = k <= q
fn f(q: f32[T, D]) = linear_attention(q, q, q, mask: m))",
     R"(2:48-52: error: 'linear_attention' has no argument 'mask'; it has causal, decay, state, scale
)"},
    {"WithAStateIsAPair",
     R"(fn f(q: f32[T, D], s: f32[D, D]) -> f32[T, D] = linear_attention(q, q, q, causal: true, state: s))",
     R"(1:49-98: error: expected f32[T, D], got (f32[T, D], f32[D, D])
1:37-46: note: the result of 'f' is declared here
)"},
};

INSTANTIATE_TEST_SUITE_P(LinearAttention, BadPrograms,
                         ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

//===- SemaDimTest.cpp - Errors about dimensions ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"ArgumentOfMustBeAGot", R"(fn g(x: f32[A, A]) = x
fn f(x: f32[A, B]) = g(x))",
     R"(2:24-25: error: argument 'x' of 'g' must be f32[A, A], got f32[A, B]: expected A, got B
1:6-7: note: 'x' is declared here as f32[A, A]
2:13-14: note: 'A' is bound here
2:16-17: note: 'B' is bound here
)"},
    {"ArgumentOfMustBeGotB", R"(fn g(x: f32[A]) = x
fn f(x: f32[A, B]) = g(x))",
     R"(2:24-25: error: argument 'x' of 'g' must be f32[A], got f32[A, B]
1:6-7: note: 'x' is declared here as f32[A]
)"},
    {"ArgumentOfMustBeGotF", R"(fn g(x: f32[A]) = x
fn f(x: f64[A]) = g(x))",
     R"(2:21-22: error: argument 'x' of 'g' must be f32[A], got f64[A]
1:6-7: note: 'x' is declared here as f32[A]
)"},
    {"ExpectsArgumentXGot", R"(fn g(x: f32[A]) = x
fn f(x: f32[A]) = g(x, x))",
     R"(2:19-26: error: 'g' expects 1 argument (x), got 2
1:4-5: note: 'g' is declared here
)"},
    {"HasNoParameter", R"(fn g(x: f32[A]) = x
fn f(x: f32[A]) = g(y: x))",
     R"(2:21-22: error: 'g' has no parameter 'y'
1:4-5: note: 'g' is declared here
)"},
    {"ArgumentOfMustBeGotExpected", R"(fn g(x: f32[A, 4]) = x
fn f(x: f32[A, 5]) = g(x))",
     R"(2:24-25: error: argument 'x' of 'g' must be f32[A, 4], got f32[A, 5]: expected 4, got 5
1:6-7: note: 'x' is declared here as f32[A, 4]
)"},
    {"ExpectedAMultipleOfGot", R"(fn g(x: f32[2 * A]) = x
fn f(x: f32[5]) = g(x))",
     R"(2:21-22: error: expected a multiple of 2, got 5
1:6-7: note: required here
)"},
    {"CannotFindAAndBFrom", R"(fn f(x: f32[A * B]) = x)",
     R"(1:13-18: error: cannot find A and B from dimension A * B
1:13: hint: make 'A' a dimension of its own in some parameter
)"},
    {"CannotDivideABy", R"(fn f(x: f32[A / 0]) = x)",
     R"(1:13-18: error: cannot divide A by 0
)"},
    {"CannotDivideABy2", R"(fn f(x: f32[A]) -> f32[A / 0] = x)",
     R"(1:24-29: error: cannot divide A by 0
)"},
    {"DividesByZero", R"(fn f(x: f32[A]) = A % 0)",
     R"(1:21-22: error: '%' divides by zero
)"},
    {"ATensorDividesByZero", R"(fn f(x: i32[A]) = x div (A - A))",
     R"(1:21-24: error: 'div' divides by zero
)"},
    {"DividesByAZeroOfAType", R"(fn f(x: i32[A]) = x % i32(0))",
     R"(1:21-22: error: '%' divides by zero
)"},
    {"ExpectedADimensionGot", R"(fn f(x: f32[2 - 3]) = x)",
     R"(1:13-18: error: expected a dimension, got -1
)"},
    {"ArgumentOfMustBeGotExpected2", R"(fn g(x: f32[T], y: f32[T]) = x
fn f(a: f32[A], b: f32[B]) = g(a, b))",
     R"(2:35-36: error: argument 'y' of 'g' must be f32[A], got f32[B]: expected A, got B
1:17-18: note: 'y' is declared here as f32[T]
2:13-14: note: 'A' is bound here
2:24-25: note: 'B' is bound here
)"},
    {"ArgumentOfMustBeCGot", R"(fn g(x: f32[C, 3 * C]) = x
fn f(a: f32[C, 2 * C]) = g(a))",
     R"(2:28-29: error: argument 'x' of 'g' must be f32[C, 3 * C], got f32[C, 2 * C]: expected 3 * C, got 2 * C
1:6-7: note: 'x' is declared here as f32[C, 3 * C]
2:13-14: note: 'C' is bound here
)"},
    {"UnknownDimensionNoParameterBindsIt", R"(fn f(x: f32[A]) {
  let y: f32[Aa] = x
  y
})",
     R"(2:14-16: error: unknown dimension 'Aa': no parameter binds it
2:14: hint: did you mean 'A'?
)"},
    {"CannotFindAFromDimensionA", R"(fn f(x: f32[A % 2]) = x)",
     R"(1:13-18: error: cannot find A from dimension A % 2
1:13: hint: make 'A' a dimension of its own in some parameter
)"},
    {"ExpectedAMultipleOfGot2",
     R"(fn g(x: f32[B, T, C], y: f32[H]) = heads(x, H)
fn f(x: f32[1, 2, 10], y: f32[4]) = g(x, y))",
     R"(2:37-44: error: expected a multiple of 4, got 10
1:36-47: note: required here: C must be divisible by H
)"},
};

INSTANTIATE_TEST_SUITE_P(Dim, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

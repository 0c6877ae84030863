//===- SemaNameTest.cpp - Errors about names --------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"UnknownName", R"(fn f(x: f32[T]) = y)",
     R"(1:19-20: error: unknown name 'y'
)"},
    {"UnknownName2", R"(fn f(x: f32[T]) = xx + x)",
     R"(1:19-21: error: unknown name 'xx'
1:19: hint: did you mean 'x'?
)"},
    {"UnknownFunction", R"(fn f(x: f32[T]) = sofmax(x))",
     R"(1:19-25: error: unknown function 'sofmax'
1:19: hint: did you mean 'softmax'?
)"},
    {"UnknownName3", R"(fn f(scores: f32[T]) = score1 + scroes)",
     R"(1:24-30: error: unknown name 'score1'
1:24: hint: did you mean 'scores'?
1:33-39: error: unknown name 'scroes'
1:33: hint: did you mean 'scores'?
)"},
    {"UnknownNamesAreReportedOnce",
     R"(mask m(k) = q < k and q > 0
fn f(x: f32[M]) -> (f32[N], f32[N]) {
 let a = g(x) + g(x)
 let b = range(N) + N
 (a, b)
}
fn h(x: f32[M]) = x + N)",
     R"(1:13-14: error: mask 'm' uses index 'q', but its list names only (k)
1:8-9: note: the list is here
2:25-26: error: unknown dimension 'N': no parameter binds it
3:10-11: error: unknown function 'g'
7:23-24: error: unknown name 'N'
)"},
    {"ParameterIsDeclaredTwice", R"(fn f(x: f32[T], x: f32[T]) = x)",
     R"(1:17-18: error: parameter 'x' is declared twice
1:6-7: note: first declared here
)"},
    {"IsBoundAlreadyANameIs", R"(fn f(x: f32[T]) {
 let x = x
 x })",
     R"(2:6-7: error: 'x' is bound already; a name is bound once
1:6-7: note: 'x' is bound here
)"},
    {"IsADimensionANameIs", R"(fn f(x: f32[T]) {
 let T = 2
 x })",
     R"(2:6-7: error: 'T' is a dimension; a name is bound once
1:13-14: note: 'T' is bound here
)"},
    {"IsBoundAlreadyANameIs2", R"(fn f(x: f32[T]) {
 let y = x
 let y = x
 y })",
     R"(3:6-7: error: 'y' is bound already; a name is bound once
2:6-7: note: 'y' is bound here
)"},
    {"IsDeclaredTwice", R"(fn f(x: f32[T]) = x
fn f(y: f32[T]) = y)",
     R"(2:4-5: error: 'f' is declared twice
1:4-5: note: first declared here
)"},
    {"FunctionHasTheNameOfA", R"(fn softmax(x: f32[T]) = x)",
     R"(1:4-11: error: function 'softmax' has the name of a built-in function
)"},
    {"ParameterHasTheNameOfA", R"(mask m(q, k) = k <= q
fn f(m: f32[T]) = m)",
     R"(2:6-7: error: parameter 'm' has the name of a mask
1:6-7: note: 'm' is declared here
)"},
    {"ParametersHaveTheNameOfA", R"(fn f(m: f32[T], n: f32) = m
mask m(q, k) = k <= q
fn g(m: f32[T], x: f32) = m * x
fn h(y: f32, n: i32) = y
mask n(q, k) = k < q)",
     R"(1:6-7: error: parameter 'm' has the name of a mask
2:6-7: note: 'm' is declared here
3:6-7: note: so has this one
1:17-18: error: parameter 'n' has the name of a mask
5:6-7: note: 'n' is declared here
4:14-15: note: so has this one
)"},
    {"IsBothAParameterAndA", R"(fn f(T: i64, x: f32[T]) = x)",
     R"(1:6-7: error: 'T' is both a parameter and a dimension
1:21-22: note: the dimension is here
)"},
    {"IsItCannotBeCalled", R"(fn f(x: f32[A]) = x(0))",
     R"(1:19-20: error: 'x' is f32[A], it cannot be called
1:6-7: note: 'x' is bound here
)"},
    {"IsADimensionItCannotBe", R"(fn f(x: f32[A]) = A(0))",
     R"(1:19-20: error: 'A' is a dimension, it cannot be called
1:13-14: note: 'A' is bound here
)"},
    {"IsAFunctionNotAValue", R"(fn f(x: f32[A]) = f)",
     R"(1:19-20: error: 'f' is a function, not a value
1:4-5: note: 'f' is declared here
)"},
    {"FunctionUsesItself", R"(fn f(x: f32[A]) = f(x))",
     R"(1:19-20: error: function 'f' uses itself
1:4-5: note: 'f' is declared here
)"},
    {"FunctionUsesItself2", R"(fn f(x: f32[A]) = g(x)
fn g(x: f32[A]) = h(x)
fn h(x: f32[A]) = f(x))",
     R"(1:19-20: error: function 'f' uses itself: 'f' -> 'g' -> 'h' -> 'f'
2:19-20: note: 'g' uses 'h' here
3:19-20: note: 'h' uses 'f' here
)"},
    {"UnknownName4", R"(fn f(y: f32[A]) {
 let a = zz
 let b = a + y
 let c = yy
 b })",
     R"(2:10-12: error: unknown name 'zz'
4:10-12: error: unknown name 'yy'
4:10: hint: did you mean 'y'?
)"},
    {"UnknownName5", R"(fn g(y: f32[A]) = zz
fn f(y: f32[A]) = g(y) + g(y))",
     R"(1:19-21: error: unknown name 'zz'
)"},
    {"IsASecondEntryAProgram", R"(entry fn f(y: f32[A]) = y
entry fn g(y: f32[A]) = y)",
     R"(2:10-11: error: 'g' is a second entry; a program has one
1:10-11: note: the first one is here
)"},
    {"UnknownName6", R"(fn f(x: f32[T]) = T + unknwon)",
     R"(1:23-30: error: unknown name 'unknwon'
)"},
    {"IsBoundAlreadyANameIs3", R"(fn f(x: f32[T]) {
  let y, z = (x, x)
  let z = y
  z
})",
     R"(3:7-8: error: 'z' is bound already; a name is bound once
2:10-11: note: 'z' is bound here
)"},
    {"ParameterIsDeclaredTwice2", R"(fn f(x: f32[T], x: f32[S]) = y
fn g(x: f32[T]) = f(x))",
     R"(1:17-18: error: parameter 'x' is declared twice
1:6-7: note: first declared here
)"},
    {"UnknownName7", R"(mask m(q) = g
fn f(x: f32[T]) = x)",
     R"(1:13-14: error: unknown name 'g'
)"},
    {"IsTheNameOfAFunction", R"(fn g(x: f32[T]) = x
fn f(x: f32[T]) {
  let g = x
  g
})",
     R"(3:7-8: error: 'g' is the name of a function
1:4-5: note: 'g' is declared here
)"},
};

INSTANTIATE_TEST_SUITE_P(Name, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

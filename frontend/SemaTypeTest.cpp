//===- SemaTypeTest.cpp - Errors about types of values ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"CannotCombineAndExpectedTGot", R"(fn f(x: f32[T], y: f32[S]) = x + y)",
     R"(1:32-33: error: '+' cannot combine f32[T] and f32[S]: expected T, got S
1:13-14: note: 'T' is bound here
1:24-25: note: 'S' is bound here
)"},
    {"CannotMixAndFT", R"(fn f(x: f32[T], y: f64[T]) = x + y)",
     R"(1:32-33: error: '+' cannot mix f32[T] and f64[T]
1:32: hint: convert one side: f32(...) or f64(...)
)"},
    {"ExpectsNumbersGotBoolT", R"(fn f(x: f32[T], y: bool[T]) = x + y)",
     R"(1:33-34: error: '+' expects numbers, got bool[T]
)"},
    {"ExpectsBoolGot", R"(fn f(x: f32[T]) = x and x)",
     R"(1:21-24: error: 'and' expects bool, got f32[T]
)"},
    {"NeedsTheLastAxisOfThe", R"(fn f(x: f32[A, B], y: f32[A, B]) = x @ y)",
     R"(1:38-39: error: '@' needs the last axis of the left side to match the next-to-last axis of the right side: expected B, got A
1:6-7: note: the left side 'x' has type f32[A, B], declared here
1:20-21: note: the right side 'y' has type f32[A, B], declared here
)"},
    {"ExpectsTensorsWithAtLeastAxes",
     R"(fn f(x: f32[A], y: f32[A, B]) = x @ y)",
     R"(1:33-34: error: '@' expects tensors with at least 2 axes, got f32[A]
)"},
    {"ExpectsFloatsGotIAB", R"(fn f(x: i32[A, B], y: i32[B, C]) = x @ y)",
     R"(1:38-39: error: '@' expects floats, got i32[A, B] and i32[B, C]
)"},
    {"ExpectedAGotB", R"(fn f(x: f32[A, B]) -> f32[B, A] = x)",
     R"(1:35-36: error: expected f32[B, A], got f32[A, B]
1:23-32: note: the result of 'f' is declared here
1:16-17: note: 'B' is bound here
1:13-14: note: 'A' is bound here
)"},
    {"ExpectedAGotB2", R"(fn f(x: f32[A, B]) -> f32[A] {
 let y: f32[B, A] = x
 sum(y, axis: 1) })",
     R"(2:21-22: error: expected f32[B, A], got f32[A, B]
2:9-18: note: the type is declared here
1:16-17: note: 'B' is bound here
1:13-14: note: 'A' is bound here
)"},
    {"UnknownDimensionNoParameterBindsIt",
     R"(fn f(x: f32[A, B]) -> f32[A, Z] = x)",
     R"(1:30-31: error: unknown dimension 'Z': no parameter binds it
)"},
    {"ExpectedBGotB", R"(fn f(x: f32[A, B]) -> (f32[A, B], f32[A]) = x)",
     R"(1:45-46: error: expected (f32[A, B], f32[A]), got f32[A, B]
1:24-33: note: the result of 'f' is declared here
1:13-14: note: 'A' is bound here
1:16-17: note: 'B' is bound here
)"},
    {"ResultIsDeclaredTwice",
     R"(fn f(x: f32[A, B]) -> (a: f32[A, B], a: f32[A, B]) = (x, x))",
     R"(1:38-39: error: result 'a' is declared twice
1:24-25: note: first declared here
)"},
    {"ExpectedValuesForNamesGotB", R"(fn f(x: f32[A, B]) {
 let a, b = x
 a })",
     R"(2:6-7: error: expected 2 values for 2 names, got f32[A, B]
)"},
    {"ExpectedValuesForNamesGotValues", R"(fn f(x: f32[A, B]) {
 let a, b = split(x, 3)
 a })",
     R"(2:6-7: error: expected 2 values for 2 names, got 3 values
)"},
    {"ExpectsABoolGot", R"(fn f(x: f32[A]) = if x { x } else { x })",
     R"(1:22-23: error: 'if' expects a bool, got f32[A]
)"},
    {"BothSidesOfMustHaveOne",
     R"(fn f(x: f32[A], y: f32[B]) = if A > 1 { x } else { y })",
     R"(1:52-53: error: both sides of 'if' must have one type: expected f32[A], got f32[B]
1:41-42: note: this side has type f32[A]
1:13-14: note: 'A' is bound here
1:24-25: note: 'B' is bound here
)"},
    {"IfCannotMixFloats",
     R"(fn f(x: f32[A], y: f64[A]) = if A > 1 { x } else { y })",
     R"(1:52-53: error: 'if' cannot mix f32[A] and f64[A]
1:52: hint: convert one side: f32(...) or f64(...)
)"},
    {"ExpectedANumberThatFitsI", R"(fn f(x: i32[T]) = x + 5000000000)",
     R"(1:23-33: error: expected a number that fits i32, got 5000000000
)"},
    {"ATupleHoldsScalarsAndTensors", R"(fn f(x: f32[T]) = (x, (x, x)))",
     R"(1:23-29: error: a tuple holds scalars and tensors, got a tuple
)"},
    {"ExpectsNumbersGot", R"(fn f(x: f32[T]) = x + (x, x))",
     R"(1:21-22: error: '+' expects numbers, got (f32[T], f32[T])
)"},
    {"ExpectsNumbersGotBoolT2", R"(fn f(x: f32[T]) = -(x > 1))",
     R"(1:19-27: error: '-' expects numbers, got bool[T]
)"},
    {"ExpectsBoolGot2", R"(fn f(x: f32[T]) = not x)",
     R"(1:19-24: error: 'not' expects bool, got f32[T]
)"},
    {"ExpectsNumbersGotBoolT3", R"(fn f(x: f32[T]) = exp(x > 0))",
     R"(1:19-29: error: 'exp' expects numbers, got bool[T]
)"},
    {"ExpectsNumbersGotBoolT4", R"(fn f(x: bool[T]) = sum(x))",
     R"(1:24-25: error: 'sum' expects numbers, got bool[T]
)"},
    {"ExpectsABoolOrAMask", R"(fn f(x: f32[T]) = where(x, x, x))",
     R"(1:25-26: error: 'where' expects a bool or a mask as its condition, got f32[T]
)"},
    {"TheResultOfDoesNotFit", R"(fn f(x: f32[T]) = 9223372036854775807 * 2)",
     R"(1:39-40: error: the result of '*' does not fit 64 bits
)"},
    {"ExpectedIGotI", R"(fn f(x: f32[T]) -> i32 = T)",
     R"(1:26-27: error: expected i32, got i64
1:20-23: note: the result of 'f' is declared here
)"},
    {"ExpectedGot", R"(fn f(x: f32[T]) -> f32 = x)",
     R"(1:26-27: error: expected f32, got f32[T]
1:20-23: note: the result of 'f' is declared here
1:13-14: note: 'T' is bound here
)"},
    {"ExpectedFTGot", R"(fn f(x: f32[T]) {
  let a: f64[T] = x
  a
})",
     R"(2:19-20: error: expected f64[T], got f32[T]
2:10-16: note: the type is declared here
)"},
    {"ExpectedGot2", R"(fn f(x: f32[T]) -> (f32[T], f32[T]) = (x, x, x))",
     R"(1:39-48: error: expected (f32[T], f32[T]), got (f32[T], f32[T], f32[T])
1:21-27: note: the result of 'f' is declared here
)"},
    {"ATransposeNeedsAtLeastAxes", R"(fn f(x: f32[T], y: f32[T, S]) = x' + y)",
     R"(1:33-35: error: a transpose needs at least 2 axes, got f32[T]
)"},
    {"CannotCombineBoolTAndExpected",
     R"(fn f(x: f32[T], y: f32[S]) = where(x > 0, x, y))",
     R"(1:30-48: error: 'where' cannot combine bool[T] and f32[S]: expected T, got S
1:13-14: note: 'T' is bound here
1:24-25: note: 'S' is bound here
)"},
    {"ExpectsABoolGotI", R"(fn f(x: f32[T]) = if T { x } else { x })",
     R"(1:22-23: error: 'if' expects a bool, got i64
)"},
    {"CannotCombineTAndTExpected",
     R"(fn f(x: f32[B, T], y: f32[S, T]) = f32(x + y))",
     R"(1:42-43: error: '+' cannot combine f32[B, T] and f32[S, T]: expected B, got S
1:13-14: note: 'B' is bound here
1:27-28: note: 'S' is bound here
)"},
    {"CannotMixFTAndBf", R"(fn f(x: f16[T], y: bf16[T]) = max(x, y))",
     R"(1:31-40: error: 'max' cannot mix f16[T] and bf16[T]
1:31: hint: convert one side: f16(...) or bf16(...)
)"},
};

INSTANTIATE_TEST_SUITE_P(Type, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

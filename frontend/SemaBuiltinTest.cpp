//===- SemaBuiltinTest.cpp - Errors in calls of built-in functions -*- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"ExpectedAMultipleOfGot", R"(fn f(x: f32[A, 7]) = split(x, 3))",
     R"(1:22-33: error: expected a multiple of 3, got 7
)"},
    {"TheNumberOfPartsMustBe", R"(fn f(x: f32[A, 7]) = split(x, 0))",
     R"(1:31-32: error: the number of parts must be 1 to 1024, got 0
)"},
    {"ThePartsMustAddUp", R"(fn f(x: f32[A, B]) = split(x, (B, 3)))",
     R"(1:31-37: error: the parts of 'split' must add up to the axis: expected B, got B + 3
1:6-7: note: the tensor 'x' has type f32[A, B], declared here
)"},
    {"TheSizeOfAPartMustBeMadeOf",
     R"(fn f(x: f32[A, 7], n: i64) = split(x, (3, n)))",
     R"(1:43-44: error: the size of a part must be made of integers and dimensions, got i64
)"},
    {"TheSizeOfAPartMustNotBeNegative",
     R"(fn f(x: f32[A, 7]) = split(x, (-1, 8)))",
     R"(1:32-34: error: the size of a part must not be negative, got -1
)"},
    {"APartIsNegativeInACall",
     R"(fn f(x: f32[A], y: f32[B]) = split(x, (B, A - B))
fn g(x: f32[3], y: f32[4]) = f(x, y))",
     R"(2:30-37: error: -1 must not be negative
1:43-48: note: required here: A - B must not be negative
)"},
    {"TheSizesMustBeWrittenOut", R"(fn f(x: f32[A, 7]) {
  let sizes = (3, 4)
  split(x, sizes)
})",
     R"(3:12-17: error: the sizes of the parts must be written out: (A, B)
)"},
    {"IsOutOfRangeExpectedTo", R"(fn f(x: f32[A, B]) = softmax(x, axis: 2))",
     R"(1:39-40: error: 'axis' is out of range: expected -2 to 1, got 2
)"},
    {"HasNoArgument", R"(fn f(x: f32[A, B]) = softmax(x, axes: 1))",
     R"(1:33-37: error: 'softmax' has no argument 'axes'; it has axis
1:33: hint: did you mean 'axis'?
)"},
    {"ExpectsArgumentGot", R"(fn f(x: f32[A, B]) = softmax(x, 1))",
     R"(1:22-35: error: 'softmax' expects 1 argument, got 2
1:22: hint: name the last argument: 'axis: ...'
)"},
    {"ExpectsArgumentGot2", R"(fn f(x: f32[A, B]) = softmax(x, x, x))",
     R"(1:22-38: error: 'softmax' expects 1 argument, got 3
)"},
    {"MustBeALiteralIntegerGot", R"(fn f(x: f32[A, B]) = sum(x, axis: A))",
     R"(1:35-36: error: 'axis' must be a literal integer, got A
)"},
    {"ArgumentIsGivenTwice", R"(fn f(x: f32[A, B]) = sum(x, axis: 0, axis: 1))",
     R"(1:38-42: error: argument 'axis' is given twice
)"},
    {"MustBeTrueOrFalseGot", R"(fn f(x: f32[A, B]) = sum(x, keep: 1))",
     R"(1:35-36: error: 'keep' must be true or false, got i64
)"},
    {"NeedsTheArgument", R"(fn f(x: f32[A, B]) = concat(x, x))",
     R"(1:22-34: error: 'concat' needs the argument 'axis'
)"},
    {"JoinsTensorsThatDifferOnlyAlong",
     R"(fn f(x: f32[A, B], y: f32[A, C]) = concat(x, y, axis: 0))",
     R"(1:46-47: error: 'concat' joins tensors that differ only along axis 0: expected f32[A, B], got f32[A, C]
1:6-7: note: the first one 'x' has type f32[A, B], declared here
)"},
    {"KeepsTheNumberOfElementsExpected",
     R"(fn f(x: f32[A, B]) = reshape(x, A, A))",
     R"(1:22-38: error: 'reshape' keeps the number of elements: expected A * B, got A * A
1:6-7: note: the tensor 'x' has type f32[A, B], declared here
)"},
    {"ADimensionMustBeMadeOf",
     R"(fn f(x: f32[A, B], n: i64) = reshape(x, n, B))",
     R"(1:41-42: error: a dimension must be made of integers and dimensions, got i64
)"},
    {"ADimensionMustNotBeNegative", R"(fn f(x: f32[A, B]) = reshape(x, -1, B))",
     R"(1:33-35: error: a dimension must not be negative, got -1
)"},
    {"ExpectsATensorOfShapeB", R"(fn f(x: f32[A, B]) = heads(x, 2))",
     R"(1:28-29: error: 'heads' expects a tensor of shape [B, T, C], got f32[A, B]
1:6-7: note: 'x' is declared here
)"},
    {"ExpectedAMultipleOfGot2", R"(fn f(x: f32[A, B, 10]) = heads(x, 3))",
     R"(1:26-37: error: expected a multiple of 3, got 10
)"},
    {"ATransposeNeedsAtLeastAxes", R"(fn f(x: f32[A]) = x')",
     R"(1:19-21: error: a transpose needs at least 2 axes, got f32[A]
)"},
    {"TheAxisIsOutOfRange", R"(fn f(x: f32[A, B, C]) = transpose(x, 0, 3))",
     R"(1:41-42: error: the axis is out of range: expected -3 to 2, got 3
)"},
    {"NamesAxisTwice", R"(fn f(x: f32[A, B, C]) = permute(x, 0, 0, 1))",
     R"(1:39-40: error: 'permute' names axis 0 twice
)"},
    {"ExpectsAxesForBCGot", R"(fn f(x: f32[A, B, C]) = permute(x, 0, 1))",
     R"(1:25-41: error: 'permute' expects 3 axes for f32[A, B, C], got 2
)"},
    {"ReadingAnArrayWithIsFor", R"(fn f(x: f32[A]) = x[0])",
     R"(1:19-23: error: reading an array with [ ] is for rules only
)"},
    {"ExpectedAMultipleOfGot3",
     R"(fn f(x: f32[B, 2, T, D]) = repeat_heads(x, 3))",
     R"(1:28-46: error: expected a multiple of 2, got 3
)"},
    {"TheSizeMustBeMadeOf", R"(fn f(n: i64) = range(n))",
     R"(1:22-23: error: the size must be made of integers and dimensions, got i64
)"},
    {"TakeExpectsATable", R"(fn f(x: f32[T], i: i64[T]) = take(x, i))",
     R"(1:35-36: error: 'take' expects [N, C], got f32[T]
1:6-7: note: 'x' is declared here
)"},
    {"TakeExpectsFloats", R"(fn f(x: i64[T, C], i: i64[T]) = take(x, i))",
     R"(1:38-39: error: 'take' expects floats, got i64[T, C]
)"},
    {"TakeExpectsIntegers", R"(fn f(x: f32[T, C], i: f32[T]) = take(x, i))",
     R"(1:41-42: error: 'take' expects integers, got f32[T]
)"},
    {"TakeExpectsATensor", R"(fn f(x: f32[T, C], i: i64) = take(x, i))",
     R"(1:38-39: error: 'take' expects [T], [B, T] or [B, H, T], got i64
1:20-21: note: 'i' is declared here
)"},
    {"TakeOfNothing", R"(fn f(x: f32[0, 3], i: i64[2]) = take(x, i))",
     R"(1:33-43: error: the table of 'take' must not be empty
)"},
};

INSTANTIATE_TEST_SUITE_P(Builtin, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

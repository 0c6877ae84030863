//===- SemaRuleTest.cpp - Errors in rules -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"MaskUsesIndexButItsList", R"(mask causal(k) = k <= q
fn f(x: f32[A]) = x)",
     R"(1:23-24: error: mask 'causal' uses index 'q', but its list names only (k)
1:13-14: note: the list is here
)"},
    {"ScoreMustNameTheScoreAmong", R"(score r(q) = q
fn f(x: f32[A]) = x)",
     R"(1:7-8: error: score 'r' must name the score 's' among its indices
)"},
    {"MaskCannotUseTheScore", R"(mask r(s, q) = q > 1
fn f(x: f32[A]) = x)",
     R"(1:8-9: error: mask 'r' cannot use the score 's'
)"},
    {"IndexIsNamedTwice", R"(mask r(q, q) = q > 1
fn f(x: f32[A]) = x)",
     R"(1:11-12: error: index 'q' is named twice
1:8-9: note: first named here
)"},
    {"UnknownIndexExpectedBHQ", R"(mask r(i, q) = q > 1
fn f(x: f32[A]) = x)",
     R"(1:8-9: error: unknown index 'i', expected b, h, q, k
1:8: hint: parameters come in parentheses of their own, before the indices
)"},
    {"MaskMustGiveABoolGot", R"(mask x(q, k) = q + k
fn f(y: f32[A]) = y)",
     R"(1:16-21: error: mask 'x' must give a bool, got i64
)"},
    {"ScoreMustGiveANumberGot", R"(score x(s) = s > 1
fn f(y: f32[A]) = y)",
     R"(1:14-19: error: score 'x' must give a number, got bool
)"},
    {"MaskCannotUseTheScore2", R"(mask m(q)= s > 1
fn f(y: f32[A]) = y)",
     R"(1:12-13: error: mask 'm' cannot use the score 's'
)"},
    {"MaskUsesItself", R"(mask a(q)= b1
mask b1(q) = a
fn f(y: f32[A]) = y)",
     R"(1:12-14: error: mask 'a' uses itself: 'a' -> 'b1' -> 'a'
2:14-15: note: 'b1' uses 'a' here
)"},
    {"MaskUsesItself2", R"(mask a(q)= a
fn f(y: f32[A]) = y)",
     R"(1:12-13: error: mask 'a' uses itself
1:6-7: note: 'a' is declared here
)"},
    {"MaskNeedsItsParametersWW", R"(mask w(W)(q, k)= q - k < W
fn f(y: f32[A, B]) = where(w, y, 0))",
     R"(2:28-29: error: mask 'w' needs its parameters: w(W)
1:6-7: note: 'w' is declared here
)"},
    {"MaskExpectsArgumentWGot", R"(mask w(W)(q, k)= q - k < W
fn f(y: f32[A, B]) = where(w(1, 2), y, 0))",
     R"(2:28-35: error: mask 'w' expects 1 argument (W), got 2
1:6-7: note: mask 'w' is declared here
)"},
    {"ArgumentOfMaskMustBeA", R"(mask w(W)(q, k)= q - k < W
fn f(y: f32[A, B]) = where(w(y), y, 0))",
     R"(2:30-31: error: argument 'W' of mask 'w' must be a number, got f32[A, B]
1:8-9: note: 'W' is declared here
)"},
    {"MaskHasNoParametersItsIndices", R"(mask w(q, k)= q < k
fn f(y: f32[A, B]) = where(w(3), y, 0))",
     R"(2:28-32: error: mask 'w' has no parameters: its indices come from where it is used
1:6-7: note: mask 'w' is declared here
2:28: hint: write 'w'
)"},
    {"AMaskAppliesToTensorsOf", R"(mask w(q, k)= q < k
fn f(y: f32[A]) = where(w, y, 0))",
     R"(2:19-33: error: a mask applies to tensors of shape [q, k], [b, q, k] or [b, h, q, k], got f32[A]
)"},
    {"CannotMixAMaskRuleAnd", R"(mask w(q, k)= q < k
fn f(y: f32[A, B]) = w and y > 0)",
     R"(2:24-27: error: 'and' cannot mix a mask rule and bool[A, B]
)"},
    {"ExpectsNumbersGotAMaskRule", R"(mask w(q, k)= q < k
fn f(y: f32[A, B]) = w + 1)",
     R"(2:24-25: error: '+' expects numbers, got a mask rule
)"},
    {"AFunctionGivesScalarsAndTensors", R"(mask w(q, k)= q < k
fn f(y: f32[A, B]) = w)",
     R"(2:22-23: error: a function gives scalars and tensors, got a mask rule
2:22: hint: declare it with 'mask' or 'score'
)"},
    {"CannotMixAndF", R"(score c(x)(s) = x * s
fn f(y: f64[A, B], z: f32) = c(z)(y))",
     R"(1:19-20: error: '*' cannot mix f32 and f64
2:30-34: note: in the use of score 'c' here
1:19: hint: convert one side: f32(...) or f64(...)
)"},
    {"ScoreExpectsScoresOfShapeQ", R"(score c(s) = s
fn f(y: f32[A]) = c(y))",
     R"(2:21-22: error: score 'c' expects scores of shape [q, k], [b, q, k] or [b, h, q, k], got f32[A]
)"},
    {"ScoreExpectsTheScoresAsIts", R"(score c(s) = s
fn f(y: f32[A, B]) = c(y, y))",
     R"(2:22-29: error: score 'c' expects the scores as its one argument, got 2 arguments
)"},
    {"ExpectsANumberInARule", R"(mask p(len: i32[B])(b, k) = k < len
fn f(y: f32[A]) = y)",
     R"(1:31-32: error: '<' expects a number in a rule, got i32[B]
1:31: hint: read one element: len[...]
)"},
    {"ExpectedIndicesForIBGot", R"(mask p(len: i32[B])(b, k) = k < len[b, k]
fn f(y: f32[A]) = y)",
     R"(1:33-42: error: expected 1 index for i32[B], got 2
1:8-11: note: 'len' is declared here
)"},
    {"AnIndexMustBeAnInteger", R"(mask p(len: i32[B])(b, k) = k < len[0.5]
fn f(y: f32[A]) = y)",
     R"(1:37-40: error: an index must be an integer, got f32
)"},
    {"ExpectedAnArrayToReadFrom", R"(mask p(len: i32[B])(b, k) = k < b[0]
fn f(y: f32[A]) = y)",
     R"(1:33-34: error: expected an array to read from, got i64
)"},
    {"ArgumentOfMaskMustBeI", R"(mask p(len: i32[B])(b, k) = k < len[b]
fn f(y: f32[A, C], len: f32[A]) = where(p(len), y, 0))",
     R"(2:43-46: error: argument 'len' of mask 'p' must be i32[A], got f32[A]
1:8-11: note: 'len' is declared here as i32[B]
)"},
    {"ArraysOfAnotherBatch", R"(mask p(len: i32[B])(b, k) = k < len[b]
mask m(n: i32[N])(b, q, k) = p(n) and k <= q
fn f(y: f32[A, C, D], n: i32[D]) = where(m(n), y, 0))",
     R"(2:30-34: error: the arrays of mask 'p' do not have 'B' as the number of sequences in the batch: expected A, got D
3:42-46: note: in the use of mask 'm' here
1:6-7: note: mask 'p' is declared here
)"},
    {"ArraysOfOtherHeads", R"(score r(t: f32[H, N])(s, h, q, k) = s + t[h, k - q]
fn f(q: f32[B, 8, T, D], k: f32[B, 2, T, D], t: f32[2, N]) = attention(q, k, k, score: r(t)))",
     R"(2:88-92: error: the arrays of score 'r' do not have 'H' as the number of query heads: expected 8, got 2
1:7-8: note: score 'r' is declared here
)"},
    {"DividesByZero", R"(mask m(q, k) = q div 0 == k
fn f(y: f32[A]) = y)",
     R"(1:18-21: error: 'div' divides by zero
)"},
    {"AnIndexDividesByZero", R"(mask m(t: bool[N])(q, k) = t[k % 0]
fn f(y: f32[A]) = y)",
     R"(1:32-33: error: '%' divides by zero
)"},
    {"DimensionHasTheNameOfAnIndex", R"(mask m(t: bool[k])(q) = t[q]
fn f(y: f32[A]) = y)",
     R"(1:16-17: error: dimension 'k' has the name of an index
)"},
    {"WorksOnTensorsARuleComputes",
     R"(mask p(len: i32[B])(b, k) = k < softmax(len)
fn f(y: f32[A]) = y)",
     R"(1:33-45: error: 'softmax' works on tensors; a rule computes with numbers
)"},
    {"ParameterHasTheNameOfAn", R"(mask p(q)(b, k) = k < 1
fn f(y: f32[A]) = y)",
     R"(1:8-9: error: parameter 'q' has the name of an index
1:8: hint: indices come in parentheses of their own, after the parameters
)"},
    {"FunctionCannotBeCalledInA", R"(fn g(x: f32[A]) = x
mask p(b, k) = g(k) > 1
fn f(y: f32[A]) = y)",
     R"(2:16-20: error: function 'g' cannot be called in a rule
1:4-5: note: 'g' is declared here
)"},
    {"ArgumentOfMaskMustBeI2", R"(mask m(table: i32[N])(q) = table[q] > 0
fn f(x: f32[A, B], t: i32[A, B]) = where(m(t), x, 0))",
     R"(2:44-45: error: argument 'table' of mask 'm' must be i32[N], got i32[A, B]
1:8-13: note: 'table' is declared here as i32[N]
)"},
    {"ExpectsNumbersGotAScoreRule", R"(score s1(s) = s
score s2(s) = s1 + 1
fn f(x: f32[A]) = x)",
     R"(2:18-19: error: '+' expects numbers, got a score rule
)"},
    {"UnknownName", R"(mask m(q, k) = k < T
fn f(x: f32[A]) = x)",
     R"(1:20-21: error: unknown name 'T'
)"},
    {"MultipliesTensorsARuleComputesWith", R"(mask m(q, k) = q @ k > 1
fn f(x: f32[A]) = x)",
     R"(1:18-19: error: '@' multiplies tensors; a rule computes with numbers
)"},
    {"ARuleComputesWithNumbersNot", R"(mask m(q, k) = (q, k)
fn f(x: f32[A]) = x)",
     R"(1:16-22: error: a rule computes with numbers, not with tuples
)"},
    {"BothSidesOfMustHaveOne", R"(score r(s, q) = if q > 1 { s } else { q > 2 }
fn f(x: f32[A]) = x)",
     R"(1:39-44: error: both sides of 'if' must have one type: expected number, got bool
1:28-29: note: this side has type number
)"},
    {"LiteralsTakeTheTypeOfTheScore",
     R"(score r(z: f64[A])(s, q) = z[0] + 0.5 * s + max(s, 3.0)
score c(z: f64[A])(s, q) = z[0] + (if q > 1 { s } else { 0.5 })
fn f(x: f64[T, S], z: f64[A]) = r(z)(c(z)(x)))",
     ""},
    {"ArrayOfAnotherTypeThanTheScore", R"(score r(z: f32[A])(s) = z[0] + 0.5 * s
fn f(x: f64[T, S], z: f32[A]) = r(z)(x))",
     R"(1:30-31: error: '+' cannot mix f32 and f64
2:33-37: note: in the use of score 'r' here
1:30: hint: convert one side: f32(...) or f64(...)
)"},
    {"BoundIsNoInteger", R"(score r(x: f32[A])(s) = sum(x[i] for i in 2.5)
fn f(x: f32[A]) = x)",
     R"(1:43-46: error: the number of values of 'i' must be an integer, got f32
)"},
    {"BoundIsARealQuotient", R"(score r(x: f32[A])(s) = sum(x[i] for i in A / 2)
fn f(x: f32[A]) = x)",
     R"(1:43-48: error: the number of values of 'i' must be an integer, got f32
1:43: hint: integer division is 'div'
)"},
    {"BoundIsATensor", R"(score r(x: f32[A])(s) = sum(x[i] for i in x)
fn f(x: f32[A]) = x)",
     R"(1:43-44: error: the number of values of 'i' must be an integer, got f32[A]
)"},
    {"BoundHasItsOwnIndex", R"(score r(x: f32[A])(s) = sum(x[i] for i in i)
fn f(x: f32[A]) = x)",
     R"(1:43-44: error: unknown name 'i'
)"},
    {"BoundOfOneUseIsNoInteger", R"(mask r(n)(k) = k < sum(2 for i in n)
fn g(x: f32[A, B], n: f32) = where(r(n), x, 0))",
     R"(1:35-36: error: the number of values of 'i' must be an integer, got f32
2:36-40: note: in the use of mask 'r' here
)"},
    {"MaximumOfAnArray", R"(score r(x: f32[A])(s) = max(x for i in A)
fn f(x: f32[A]) = x)",
     R"(1:29-30: error: 'max' expects a number in a rule, got f32[A]
1:29: hint: read one element: x[...]
)"},
    {"SumOfBools", R"(score r(x: f32[A])(s) = sum(i > 2 for i in A)
fn f(x: f32[A]) = x)",
     R"(1:29-34: error: 'sum' expects numbers, got bool
)"},
    {"MinimumOfMasks", R"(mask m(k) = k > 1
score r(x: f32[A])(s) = min(m for i in A)
fn f(x: f32[A]) = x)",
     R"(2:29-30: error: 'min' expects numbers, got bool
)"},
    {"IndexHidesAParameter", R"(score r(x: f32[A])(s) = sum(x[0] for x in A)
fn f(x: f32[A]) = x)",
     R"(1:38-39: error: 'x' is bound already; a name is bound once
1:9-10: note: 'x' is bound here
)"},
    {"IndexHidesADimension", R"(score r(x: f32[A])(s) = sum(x[A] for A in 3)
fn f(x: f32[A]) = x)",
     R"(1:38-39: error: 'A' is a dimension; a name is bound once
1:16-17: note: 'A' is bound here
)"},
    {"IndexHidesAnotherOne",
     R"(score r(x: f32[A])(s) = sum(sum(x[i] for i in A) for i in A)
fn f(x: f32[A]) = x)",
     R"(1:42-43: error: 'i' is bound already; a name is bound once
1:54-55: note: 'i' is bound here
)"},
    {"IndexHidesARule", R"(mask m(k) = k > 1
score r(x: f32[A])(s) = sum(x[m] for m in A)
fn f(x: f32[A]) = x)",
     R"(2:38-39: error: 'm' is the name of a mask
1:6-7: note: 'm' is declared here
)"},
    {"IndexIsNamedLikeAPosition",
     R"(score r(x: f32[A])(s) = sum(x[q] for q in A)
fn f(x: f32[A]) = x)",
     R"(1:38-39: error: 'q' is an index of rules; a name is bound once
)"},
    {"IndexIsNamedLikeASize", R"(score r(x: f32[A])(s) = sum(x[Tk] for Tk in A)
fn f(x: f32[A]) = x)",
     R"(1:39-41: error: 'Tk' is the size of an axis; a name is bound once
)"},
    {"IndexOutsideOfItsSum", R"(score r(x: f32[A])(s) = sum(x[i] for i in A) + i
fn f(x: f32[A]) = x)",
     R"(1:48-49: error: unknown name 'i'
)"},
    {"SumOverAnIndexInAFunction", R"(fn f(x: f32[A, B]) = sum(x for i in A))",
     R"(1:22-39: error: 'sum' over an index is for rules only
)"},
};

INSTANTIATE_TEST_SUITE_P(Rule, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

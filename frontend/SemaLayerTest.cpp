//===- SemaLayerTest.cpp - Errors in the declaration of layers
//----------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"WrongCountOfHeads", R"(layer A(C, heads) {
  w: f32[C, C]
  fn forward(x: f32[B, T, C]) {
    let y = heads(x @ w, heads)
    merge(attention(y, y, y))
  }
}
model M(C = 10, n_head = 3) {
  a: A(C, n_head)
  fn forward(x: f32[B, T, C]) = a(x)
})",
     R"(4:13-32: error: C must be divisible by n_head, got C = 10, n_head = 3
8:9-10: note: 'C' is bound here
8:17-23: note: 'n_head' is bound here
)"},
    {"WrongCountOfHeadsInAShape", R"(layer A(C, heads) {
  w: f32[C, C / heads]
}
model M {
  a: A(10, 3)
})",
     R"(5:3-14: error: expected a multiple of 3, got 10
2:13-22: note: required here: C must be divisible by heads
)"},
    {"MaskAsAScore", R"(mask causal(q, k) = k <= q
layer A(C, bias: score) {
  fn forward(q: f32[T, C]) = attention(q, q, q, score: bias)
}
model M(C) {
  a: A(C, causal)
})",
     R"(6:11-17: error: expected a score rule, got a mask rule
2:12-16: note: 'bias' is declared here as a score rule
)"},
    {"MaskAsAScoreInACall", R"(mask causal(q, k) = k <= q
fn f(q: f32[T, C], s: score) = attention(q, q, q, score: s)
fn g(q: f32[T, C]) = f(q, causal))",
     R"(3:27-33: error: argument 's' of 'f' must be a score rule, got a mask rule
2:20-21: note: 's' is declared here as a score rule
)"},
    {"RuleAsAResult", R"(fn f(x: f32[T], mask: mask) = mask)",
     R"(1:31-35: error: a function gives scalars and tensors, got a mask rule
1:31: hint: declare it with 'mask' or 'score'
)"},
    {"ErrorInAFunctionWrittenOut", R"(score sharp(c: f32)(s) = s * c
fn f(x: f64[T, D], m: score) = m(x)
fn g(x: f64[T, D], c: f32) = f(x, sharp(c)))",
     R"(1:28-29: error: '*' cannot mix f64 and f32
3:35-43: note: in the use of score 'sharp' here
3:30-44: note: in the use of 'f' here
1:28: hint: convert one side: f64(...) or f32(...)
)"},
    {"NameOfARule", R"(mask causal(q, k) = k <= q
layer A(causal) {
}
layer B(C) {
  causal: f32[C]
}
layer D {
  fn causal(x: f32) = x
})",
     R"(2:9-15: error: 'causal' is the name of a mask
1:6-12: note: 'causal' is declared here
5:3-9: error: 'causal' is the name of a mask
1:6-12: note: 'causal' is declared here
8:6-12: error: 'causal' is the name of a mask
1:6-12: note: 'causal' is declared here
)"},
    {"NameOfABuiltIn", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  sum: Linear(C, C)
  fn softmax(x: f32[C]) = x
})",
     R"(8:3-6: error: 'sum' is the name of a built-in function
9:6-13: error: function 'softmax' has the name of a built-in function
)"},
    {"SizeTwice", R"(layer A(C, C) {
})",
     R"(1:12-13: error: 'C' is a dimension; a name is bound once
1:9-10: note: 'C' is bound here
)"},
    {"PartTwice", R"(layer A(D) {
  x: f32[D]
  x: f32[D]
  fn D(y: f32) = y
  fn f(y: f32) = y
  fn f(y: f32) = y
})",
     R"(3:3-4: error: 'x' is bound already; a name is bound once
2:3-4: note: 'x' is bound here
4:6-7: error: 'D' is a dimension; a name is bound once
1:9-10: note: 'D' is bound here
6:6-7: error: 'f' is declared twice
5:6-7: note: first declared here
)"},
    {"LayerTwice", R"(layer A {
}
fn A(x: f32) = x)",
     R"(3:4-5: error: 'A' is declared twice
1:7-8: note: first declared here
)"},
    {"NameBoundInTheLayer", R"(layer A(C) {
  w: f32[C]
  fn f(w: f32[C]) = w
  fn g(x: f32[C]) {
    let w = x
    w
  }
  fn i(C: i64) = C
  fn j(x: f32[w]) = x
})",
     R"(3:8-9: error: 'w' is bound already; a name is bound once
2:3-4: note: 'w' is bound here
8:8-9: error: 'C' is bound already; a name is bound once
1:9-10: note: 'C' is bound here
9:15-16: error: 'w' is bound already; a name is bound once
2:3-4: note: 'w' is bound here
5:9-10: error: 'w' is bound already; a name is bound once
2:3-4: note: 'w' is bound here
)"},
    {"UnknownSize", R"(layer A(C) {
  w: f32[D, C]
})",
     R"(2:10-11: error: unknown dimension 'D': the constructor has no such size
)"},
    {"TensorInAConstructor", R"(layer A(C: f32[3]) {
})",
     R"(1:12-18: error: a constructor takes sizes, numbers and rules, got a tensor
1:12: hint: a tensor is a parameter of the layer: declare it in the body
)"},
    {"BadSizes", R"(layer A(C, x: f32 = 1) {
}
model M(C = 2.5, D = -1) {
}
model N(C) {
  w: f32[C]
  a: A(w)
  b: A(2.5)
  c: A(1, true)
  d: repeat (1 - 2) A(1)
  e: A(C / 0)
})",
     R"(3:13-16: error: size 'C' must be made of integers and dimensions, got f32
7:8-9: error: size 'C' must be made of integers and dimensions, got f32[C]
8:8-11: error: size 'C' must be made of integers and dimensions, got f32
9:11-15: error: expected f32, got bool
1:12-13: note: 'x' is declared here as f32
10:14-19: error: the number of layers must not be negative, got -1
11:10-11: error: '/' divides by zero
)"},
    {"BadDefaults",
     R"(fn f(x: f32[T], y: f32[T] = 3, z: f32 = true, w: i64 = 2.5, u: f32 = x) = x)",
     R"(1:29-30: error: a parameter with a default is a scalar or a rule, 'y' is f32[T]
1:41-45: error: expected f32, got bool
1:32-33: note: 'z' is declared here as f32
1:56-59: error: expected i64, got f32
1:47-48: note: 'w' is declared here as i64
1:70-71: error: unknown name 'x'
)"},
    {"TooFewArguments", R"(fn f(x: f32[T], y: f32 = 3) = x * y
fn g(x: f32[T]) = f() + f(x, 1, 2) + f(x, z: 1) + f(y: 2))",
     R"(2:19-22: error: 'f' expects 1 to 2 arguments (x, y), got 0
1:4-5: note: 'f' is declared here
2:25-35: error: 'f' expects 1 to 2 arguments (x, y), got 3
1:4-5: note: 'f' is declared here
2:43-44: error: 'f' has no parameter 'z'
1:4-5: note: 'f' is declared here
2:51-58: error: 'f' expects 1 to 2 arguments (x, y), got 1
1:4-5: note: 'f' is declared here
)"},
    {"UnknownNameMask", R"(fn f(x: f32[T]) = f2(mask)
fn f2(x: f32[T]) = x)",
     R"(1:22-26: error: unknown name 'mask'
)"},
};

INSTANTIATE_TEST_SUITE_P(Layer, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

//===- SemaMemberTest.cpp - Errors in the use of layers
//-----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

static const BadProgram programs[] = {
    {"MissingArgument", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  b: Linear(C)
})",
     R"(8:6-15: error: layer 'Linear' expects 2 arguments (C, N), got 1
1:7-13: note: layer 'Linear' is declared here
)"},
    {"ExtraArgument", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  b: Linear(C, C, C)
})",
     R"(8:6-21: error: layer 'Linear' expects 2 arguments (C, N), got 3
1:7-13: note: layer 'Linear' is declared here
)"},
    {"ArgumentTwice", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  b: Linear(C, C, C: C)
})",
     R"(8:19-20: error: argument 'C' is given twice
)"},
    {"UnknownArgument", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  b: Linear(C, M: C)
})",
     R"(8:16-17: error: layer 'Linear' has no parameter 'M'
1:7-13: note: layer 'Linear' is declared here
)"},
    {"UnknownLayer", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  b: Linaer(C, C)
})",
     R"(8:6-12: error: unknown layer 'Linaer'
8:6: hint: did you mean 'Linear'?
)"},
    {"NotALayer", R"(fn f(x: f32) = x
layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  b: f(C)
})",
     R"(9:6-7: error: expected a layer, got function 'f'
1:4-5: note: 'f' is declared here
)"},
    {"LayerIsCalled", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = Linear(x)
})",
     R"(8:27-33: error: 'Linear' is a layer, it cannot be called
1:7-13: note: 'Linear' is declared here
8:27: hint: make it a part of a layer and call that: part: Linear(...)
)"},
    {"LayerIsNoValue", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = x + a
})",
     R"(8:31-32: error: 'a' is a layer, not a value
6:3-4: note: 'a' is declared here
)"},
    {"LayerNameIsNoValue", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = x + Linear
})",
     R"(8:31-37: error: 'Linear' is a layer, not a value
1:7-13: note: 'Linear' is declared here
)"},
    {"ListIsNoLayer", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = x @ h.weight
})",
     R"(8:31-32: error: 'h' is a list of layers
8:31: hint: name one of them: h[0]
)"},
    {"NoSuchPart", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = x @ a.wieght
  fn g(x: f32[B, T, C]) = a.nothing(x)
})",
     R"(8:33-39: error: layer 'Linear' has no part 'wieght'
1:7-13: note: 'Linear' is declared here
8:33: hint: did you mean 'weight'?
9:29-36: error: layer 'Linear' has no part 'nothing'
1:7-13: note: 'Linear' is declared here
)"},
    {"FunctionIsNoValue", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = x + a.forward
})",
     R"(8:31-40: error: 'forward' is a function, not a value
)"},
    {"PartOfATensor", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = x.a
})",
     R"(8:27-30: error: expected a layer before '.a', got f32[B, T, C]
)"},
    {"TheTransposeIsNoMember", "fn f(x: f32[T, D]) = x @ x.T",
     R"(1:26-29: error: expected a layer before '.T', got f32[T, D]
1:26: hint: the transpose of x is x'
)"},
    {"ParameterIsCalled", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = a.weight(x)
})",
     R"(8:27-35: error: 'weight' is a parameter, not a layer
)"},
    {"FunctionHasNoParts", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = a.forward.weight + a.forward.g(x)
})",
     R"(8:27-36: error: 'forward' is a function, not a layer
8:46-55: error: 'forward' is a function, not a layer
)"},
    {"IndexOutOfTheList", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = h[2](x)
})",
     R"(8:29-30: error: index 2 must be less than 2, the number of layers of list 'h'
)"},
    {"IndexOfNoList", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = a[0](x)
})",
     R"(8:27-31: error: 'a' is one layer, not a list
)"},
    {"IndexIsNotConstant", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = h[B](x)
  fn g(x: f32[B, T, C]) = h[-1](x)
  fn i(x: f32[B, T, C]) = h[0.5](x)
})",
     R"(8:29-30: error: the index of a list of layers must be a constant of 0 or more, got B
9:29-31: error: the index of a list of layers must be a constant of 0 or more, got -1
10:29-32: error: the index of a list of layers must be a constant of 0 or more, got f32
)"},
    {"OneIndex", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, C]) = h[0, 1](x)
})",
     R"(8:27-34: error: expected one index, got 2
)"},
    {"ListOfOtherShape", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  w: repeat 2 Linear(C, 2 * C)
  fn f(x: f32[B, T, C]) = w(x)
})",
     R"(9:27-31: error: each layer of list 'w' takes what the one before gives: expected f32[B, T, C], got f32[B, T, 2 * C]
5:9-10: note: 'C' is bound here
)"},
    {"ListOfNothing", R"(layer A {
  fn forward() = 1
}
model M {
  h: repeat 2 A()
  fn forward() = h()
})",
     R"(6:18-21: error: list 'h' needs a tensor or a number to begin with
)"},
    {"NoForward", R"(layer A(C) {
  w: f32[C]
  fn go(x: f32[C]) = x * w
}
model M(C = 3) {
  a: A(C)
  fn f(x: f32[C]) = a(x)
})",
     R"(7:21-22: error: layer 'A' has no function 'forward'
1:7-8: note: 'A' is declared here
)"},
    {"CallOfOtherShape", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, T, D]) = a(x)
})",
     R"(8:29-30: error: argument 'x' of 'forward' of layer 'Linear' must be f32[B, T, C], got f32[B, T, D]: expected C, got D
3:14-15: note: 'x' is declared here as f32[B, T, C]
5:9-10: note: 'C' is bound here
8:21-22: note: 'D' is bound here
)"},
    {"CallOfOtherRank", R"(layer Linear(C, N) {
  weight: f32[N, C]
  fn forward(x: f32[B, T, C]) -> f32[B, T, N] = x @ weight'
}
model M(C = 8) {
  a: Linear(C, C)
  h: repeat 2 Linear(C, C)
  fn f(x: f32[B, C]) = a(x)
})",
     R"(8:26-27: error: argument 'x' of 'forward' of layer 'Linear' must be f32[B, T, C], got f32[B, C]
3:14-15: note: 'x' is declared here as f32[B, T, C]
)"},
    {"LayerUsesItself", R"(layer A(C) {
  b: B(C)
}
layer B(C) {
  a: A(C)
})",
     R"(2:6-7: error: layer 'A' uses itself: 'A' -> 'B' -> 'A'
5:6-7: note: 'B' uses 'A' here
)"},
    {"LayerUsesItselfAtOnce", R"(layer A(C) {
  a: repeat 2 A(C)
})",
     R"(2:15-16: error: layer 'A' uses itself
1:7-8: note: 'A' is declared here
)"},
    {"FunctionsOfALayerUseThemselves", R"(layer A(C) {
  fn f(x: f32[C]) = g(x)
  fn g(x: f32[C]) = f(x)
})",
     R"(2:21-22: error: function 'f' uses itself: 'f' -> 'g' -> 'f'
3:21-22: note: 'g' uses 'f' here
)"},
};

INSTANTIATE_TEST_SUITE_P(Member, BadPrograms, ::testing::ValuesIn(programs),
                         [](const auto &info) { return info.param.name; });

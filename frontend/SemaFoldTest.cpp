//===- SemaFoldTest.cpp - Lists of layers with a memory each --------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

using namespace attn::frontend;

/// Layers with what stands in a model after them.
static std::string program(llvm::StringRef body) {
  return R"(layer Keep(C, step: f32 = 1) {
  w: f32[C]
  fn forward(x: f32[T, C], memory: f32[M, C], scale: f32 = 1) -> (y: f32[T, C], memory: f32[M + T, C]) =
    (x * w * step * scale, concat(memory, x, axis: 0))
}
layer Count(C) {
  fn forward(x: f32[T, C], n: i64) -> (y: f32[T, C], n: i64) = (x, n + T)
}
layer Wider(C) {
  fn forward(x: f32[T, C], memory: f32[M, C]) -> (y: f32[T, M], memory: f32[M, C]) = (x @ memory', memory)
}
layer Masked(C) {
  fn forward(x: f32[T, C], memory: f32[M, C], mask: mask) -> (y: f32[T, C], memory: f32[M, C]) =
    (attention(x, memory, memory, mask: mask), memory)
}
mask causal(q, k) = k <= q
model M(C = 8, n = 3) {
  h: repeat n Keep(C)
  two: repeat 2 Keep(C)
  counts: repeat n Count(C)
  wide: repeat n Wider(C)
  masked: repeat n Masked(C)
)" + body.str() +
         "\n}";
}

TEST(SemaFoldTest, PartsAndStacks) {
  for (llvm::StringRef body :
       {// A memory for each layer, in and out.
        "fn f(x: f32[T, C], m: f32[n, S, C]) -> (f32[T, C], f32[n, S + T, C]) "
        "= h(x, m)",
        "fn f(x: f32[T, C], m: f32[2, S, C]) -> (f32[T, C], f32[2, T + S, C]) "
        "= two(x, m)",
        // By name, and a number for each.
        "fn f(x: f32[T, C], m: f32[n, S, C], s: f32[n]) = h(x, scale: s, "
        "memory: m)",
        // One for all: its results are stacked all the same.
        "fn f(x: f32[T, C], m: f32[S, C]) -> (f32[T, C], f32[n, S + T, C]) = "
        "h(x, m, 0.5)",
        // Numbers.
        "fn f(x: f32[T, C], c: i64[n]) -> (f32[T, C], i64[n]) = counts(x, c)",
        "fn f(x: f32[T, C]) -> (f32[T, C], i64[n]) = counts(x, 7)",
        // A function that takes rules.
        "fn f(x: f32[T, C], m: f32[n, S, C]) -> (f32[T, C], f32[n, S, C]) = "
        "masked(x, m, causal)",
        // The stack of one list goes into another.
        R"(fn f(x: f32[T, C], m: f32[2, S, C]) {
    let y, a = two(x, m)
    let z, b = two(y, a)
    let s: f32[2, S + 2 * T, C] = b
    z + sum(s)
  })"})
    EXPECT_EQ(checkText(program(body)), "") << body.str();
}

// A list of layers that have a list each: the outer axis comes first.
TEST(SemaFoldTest, ListsOfLists) {
  EXPECT_EQ(checkText(R"(layer Keep(C) {
  fn forward(x: f32[T, C], m: f32[S, C]) -> (f32[T, C], f32[S, C]) = (x + sum(m), m * 2)
}
layer Stage(C, n) {
  h: repeat n Keep(C)
  fn forward(x: f32[T, C], m: f32[n, S, C]) = h(x, m)
}
model M(C = 8, stages = 3) {
  s: repeat stages Stage(C, 2)
  fn forward(x: f32[T, C], m: f32[stages, 2, S, C]) -> (f32[T, C], f32[stages, 2, S, C]) = s(x, m)
})"),
            "");
}

namespace {
struct Mistake {
  const char *name;
  const char *body;
  const char *expected;
};
class SemaFoldErrors : public ::testing::TestWithParam<Mistake> {};
} // namespace

TEST_P(SemaFoldErrors, AreReported) {
  EXPECT_EQ(checkText(program(GetParam().body)), GetParam().expected);
}

static const Mistake mistakes[] = {
    {"OtherDimension", "fn f(x: f32[T, C], m: f32[L, S, C]) = h(x, m)",
     R"(23:44-45: error: argument 'memory' of list 'h' must be f32[n, S, C], a part for each layer, got f32[L, S, C]: expected n, got L
3:28-34: note: 'memory' is declared here as f32[M, C]
17:16-17: note: 'n' is bound here
23:27-28: note: 'L' is bound here
)"},
    {"OtherNumber", "fn f(x: f32[T, C], m: f32[3, S, C]) = two(x, m)",
     R"(23:46-47: error: argument 'memory' of list 'two' must be f32[2, S, C], a part for each layer, got f32[3, S, C]: expected 2, got 3
3:28-34: note: 'memory' is declared here as f32[M, C]
)"},
    {"OtherShapeOfAPart", "fn f(x: f32[T, C], m: f32[n, S, T]) = h(x, m)",
     R"(23:44-45: error: argument 'memory' of 'forward' of layer 'Keep' must be f32[S, C], got f32[S, T]: expected C, got T
3:28-34: note: 'memory' is declared here as f32[M, C]
17:9-10: note: 'C' is bound here
23:13-14: note: 'T' is bound here
)"},
    {"TwoAxesMore", "fn f(x: f32[T, C], m: f32[n, n, S, C]) = h(x, m)",
     R"(23:47-48: error: argument 'memory' of 'forward' of layer 'Keep' must be f32[M, C], got f32[n, n, S, C]
3:28-34: note: 'memory' is declared here as f32[M, C]
)"},
    {"AxisOfNumbers",
     "fn f(x: f32[T, C], m: f32[n, S, C], s: f32[T]) = h(x, m, s)",
     R"(23:58-59: error: argument 'scale' of list 'h' must be f32[n], a part for each layer, got f32[T]: expected n, got T
3:47-52: note: 'scale' is declared here as f32
17:16-17: note: 'n' is bound here
23:13-14: note: 'T' is bound here
)"},
    {"OneLayerOfAList", "fn f(x: f32[T, C], m: f32[n, S, C]) = h[0](x, m)",
     R"(23:47-48: error: argument 'memory' of 'forward' of layer 'Keep' must be f32[M, C], got f32[n, S, C]
3:28-34: note: 'memory' is declared here as f32[M, C]
)"},
    {"StackOfTheFirst", "fn f(x: f32[n, T, C], m: f32[n, S, C]) = h(x, m)",
     R"(23:44-45: error: argument 'x' of 'forward' of layer 'Keep' must be f32[T, C], got f32[n, T, C]
3:14-15: note: 'x' is declared here as f32[T, C]
)"},
    {"FirstResultOfOtherShape",
     "fn f(x: f32[T, C], m: f32[n, S, C]) = wide(x, m)",
     R"(23:39-49: error: each layer of list 'wide' takes what the one before gives as its first result: expected f32[T, C], got f32[T, S]
17:9-10: note: 'C' is bound here
23:30-31: note: 'S' is bound here
)"},
    {"StackIsNoPart",
     "fn f(x: f32[T, C], m: f32[n, S, C]) -> (f32[T, C], f32[S + T, C]) = h(x, "
     "m)",
     R"(23:69-76: error: expected (f32[T, C], f32[S + T, C]), got (f32[T, C], f32[n, S + T, C])
23:41-50: note: the result of 'f' is declared here
17:16-17: note: 'n' is bound here
)"},
    {"TwoValues",
     R"(fn f(x: f32[T, C], m: f32[n, S, C]) {
    let y = h(x, m)
    y + 1
  })",
     R"(25:7-8: error: '+' expects numbers, got (f32[T, C], f32[n, S + T, C])
)"},
};

INSTANTIATE_TEST_SUITE_P(Fold, SemaFoldErrors, ::testing::ValuesIn(mistakes),
                         [](const auto &info) { return info.param.name; });

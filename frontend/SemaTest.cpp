//===- SemaTest.cpp - Checked programs --------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Sema.h"
#include "frontend/Entry.h"

#include "frontend/Diagnostics.h"
#include "frontend/Parser.h"
#include "frontend/SourceManager.h"
#include "frontend/testing/SemaTesting.h"

#include "llvm/ADT/StringExtras.h"

using namespace attn::frontend;

namespace {

/// A checked program with everything that it points into.
class SemaTest : public ::testing::Test {
protected:
  /// Checks a program that has no errors.
  void load(llvm::StringRef text) {
    uint32_t file = sources.addBuffer("test.attn", text);
    std::optional<SourceFile> parsed = parseFile(sources, file, diags);
    ASSERT_TRUE(parsed);
    program.files.push_back(std::move(*parsed));
    checked = check(program, diags);
    ASSERT_TRUE(checked) << diags.getDiagnostics().front().message;
  }

  /// The types of the results of the last function.
  std::string results() {
    const CheckedFunction &fn = checked->functions.back();
    return llvm::join(
        llvm::map_range(fn.results,
                        [](const CheckedResult &r) { return r.type.str(); }),
        " ");
  }

  std::string dims() {
    const CheckedFunction &fn = checked->functions.back();
    return llvm::join(llvm::map_range(fn.dims,
                                      [](const BoundDim &d) {
                                        return d.name + "=" + d.value.str();
                                      }),
                      " ");
  }

  std::string conditions() {
    const CheckedFunction &fn = checked->functions.back();
    return llvm::join(
        llvm::map_range(fn.conditions,
                        [](const Condition &c) { return c.str(); }),
        "; ");
  }

  std::string entry(llvm::StringRef name = "") {
    const CheckedFunction *fn = selectEntry(*checked, name, "test.attn", diags);
    return fn ? fn->getName().str()
              : "error: " + diags.getDiagnostics().back().message;
  }

  SourceManager sources;
  DiagnosticEngine diags{sources};
  Program program;
  std::optional<CheckedProgram> checked;
};

//===----------------------------------------------------------------------===//
// Types of results
//===----------------------------------------------------------------------===//

TEST_F(SemaTest, BroadcastsAtTheRight) {
  load("fn f(x: f32[A, 1, C], y: f32[B, C], z: f32) = x + y * z");
  EXPECT_EQ(results(), "f32[A, B, C]");
}

TEST_F(SemaTest, LiteralsTakeTheOtherType) {
  load("fn f(a: f16[T], b: f64[T], c: i32[T]) = (a * 2, b + 0.5, c - 1, c * "
       "0.5)");
  EXPECT_EQ(results(), "f16[T] f64[T] i32[T] f32[T]");
}

TEST_F(SemaTest, LiteralsAlone) {
  load("fn f(x: f32[T]) = (1, 0.5, true, 1 / 2, 7 div 2, 2 ^ 3, 2.0 ^ 3)");
  EXPECT_EQ(results(), "i64 f32 bool f32 i64 i64 f32");
}

TEST_F(SemaTest, SizesAdapt) {
  load("fn f(a: f16[T], b: f64[T], c: i32[T]) =\n"
       "  (a / sqrt(T), b / sqrt(T), c + T, T, T / 2, T div 2)");
  EXPECT_EQ(results(), "f16[T] f64[T] i64[T] i64 f32 i64");
}

TEST_F(SemaTest, ARuleMayHaveTheNameOfAnIndex) {
  load("score s(n)(s, q) = where(q > n, s, 0)\n"
       "fn f(x: f32[T, D]) = s(3)(x)");
  EXPECT_EQ(results(), "f32[T, D]");
}

TEST_F(SemaTest, SizesInTensorsAreIntegers) {
  load("fn f(x: f32[T], c: bool) = (where(x > 0, T, 2 * T), where(c, T, 1), x "
       "> T)");
  EXPECT_EQ(results(), "i64[T] i64 bool[T]");
  EXPECT_EQ(checked->functions.back().results[0].type.element, Scalar::I64);
}

TEST_F(SemaTest, RealNumbersFollowThroughLet) {
  load("fn f(b: f64[T]) {\n  let scale = 1 / sqrt(T)\n  b * scale\n}");
  EXPECT_EQ(results(), "f64[T]");
}

TEST_F(SemaTest, IntegersAndFloats) {
  load("fn f(a: i32[T], b: i64[T], c: f64[T]) = (a + b, a / b, a * c, a < c)");
  EXPECT_EQ(results(), "i64[T] f32[T] f64[T] bool[T]");
}

TEST_F(SemaTest, Products) {
  load("fn f(a: f32[B, H, T, D], b: f32[D, E], c: f32[H, D, S]) = (a @ b, a @ "
       "c, a @ a')");
  EXPECT_EQ(results(), "f32[B, H, T, E] f32[B, H, T, S] f32[B, H, T, T]");
}

TEST_F(SemaTest, Reductions) {
  load("fn f(a: f32[A, B], b: i32[A]) =\n"
       "  (sum(a), max(a, axis: 0), min(a, axis: -1, keep: true), mean(b), "
       "sum(b))");
  EXPECT_EQ(results(), "f32 f32[B] f32[A, 1] f32 i32");
}

TEST_F(SemaTest, Shapes) {
  load("fn f(x: f32[B, T, C], y: f32[B, H, T, D]) {\n"
       "  let a, b = split(x, 2)\n"
       "  (a, reshape(x, B * T, C), concat(x, x, a, axis: -1), heads(x, 4),\n"
       "   merge(y), repeat_heads(y, 2 * H), permute(x, 2, 0, 1), range(T + "
       "1))\n}");
  EXPECT_EQ(results(), "f32[B, T, C / 2] f32[B * T, C] f32[B, T, 5 * C / 2] "
                       "f32[B, 4, T, C / 4] f32[B, T, D * H] "
                       "f32[B, 2 * H, T, D] f32[C, B, T] i64[T + 1]");
  EXPECT_EQ(conditions(), "C must be divisible by 2; C must be divisible by 4");
}

TEST_F(SemaTest, MergeUndoesHeads) {
  load("fn f(x: f32[B, T, C], y: f32[H]) -> f32[B, T, C] = merge(heads(x, H))");
  EXPECT_EQ(conditions(), "C must be divisible by H");
}

TEST_F(SemaTest, LetsAreDimensions) {
  load("fn f(x: f32[B, C], w: f32[H]) {\n  let d = C / H\n"
       "  let y: f32[B, H, C / H] = reshape(x, B, H, d)\n  y\n}");
  EXPECT_EQ(results(), "f32[B, H, C / H]");
  EXPECT_EQ(conditions(), "C must be divisible by H");
}

TEST_F(SemaTest, AttentionGivesTheWidthOfValues) {
  load("fn f(q: f16[B, H, Tq, D], k: f16[B, G, Tk, D], v: f16[B, G, Tk, E]) =\n"
       "  attention(q, k, v, scale: 0.5)");
  EXPECT_EQ(results(), "f16[B, H, Tq, E]");
  EXPECT_EQ(conditions(), "H must be divisible by G");
}

TEST_F(SemaTest, GroupsThatFitNeedNoCondition) {
  load("fn f(q: f32[B, 4 * G, T, D], k: f32[B, G, T, D]) = attention(q, k, k)");
  EXPECT_EQ(conditions(), "");
}

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

TEST_F(SemaTest, DimsAreBoundLeftToRight) {
  load("fn f(x: f32[T, 3 * C], y: f32[C, T]) = x");
  EXPECT_EQ(dims(), "T= C=");
}

TEST_F(SemaTest, DimsAreSolvedFor) {
  load("fn f(x: f32[3 * C + 1], y: f32[H * D], z: f32[H]) = D");
  EXPECT_EQ(checked->functions.back().dims.size(), 3u);
  EXPECT_EQ(checked->functions.back().dims[0].name, "H");
  EXPECT_EQ(checked->functions.back().dims[1].name, "C");
  EXPECT_EQ(checked->functions.back().dims[2].name, "D");
}

TEST_F(SemaTest, CallsBindDims) {
  load("fn g(x: f32[M, N], y: f32[N, M + 1]) = x @ y\n"
       "fn f(x: f32[4, T], y: f32[T, 5]) = g(x, y)");
  EXPECT_EQ(results(), "f32[4, 5]");
}

TEST_F(SemaTest, ConditionsOfACalleeAreThoseOfTheCaller) {
  load("fn g(x: f32[B, T, C], w: f32[H]) = heads(x, H)\n"
       "fn f(x: f32[B, T, 3 * E], w: f32[2 * K]) = g(x, w)");
  EXPECT_EQ(results(), "f32[B, 2 * K, T, 3 * E / (2 * K)]");
  EXPECT_EQ(conditions(), "3 * E must be divisible by 2 * K");
}

TEST_F(SemaTest, SolvedDimsMakeConditionsOfTheCaller) {
  load("fn g(x: f32[2 * M]) = M\nfn f(x: f32[T]) = g(x)");
  EXPECT_EQ(conditions(), "T must be divisible by 2");
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

TEST_F(SemaTest, RulesAreValues) {
  load("mask causal(q, k) = k <= q\nmask window(W)(q, k) = q - k < W\n"
       "score cap(c)(s) = c * tanh(s / c)\n"
       "fn f(x: f32[B, H, T, S], n: i32) {\n"
       "  let m = causal and not window(n) or window(T div 2)\n"
       "  let c = cap(30)\n  where(m, c(x), -inf)\n}");
  EXPECT_EQ(results(), "f32[B, H, T, S]");
}

TEST_F(SemaTest, RulesUseRules) {
  load("mask causal(q, k) = k <= q\n"
       "mask pad(len: i32[B])(b, k) = k < len[b]\n"
       "mask both(len: i32[N])(b, q, k) = causal and pad(len)\n"
       "score alibi(s, h, q, k) = s - exp2(-8 * (h + 1) / H) * (q - k)\n"
       "score cap(c)(s) = c * tanh(s / c)\n"
       "score all(c)(s) = cap(c)(alibi(s))\n"
       "fn f(q: f64[B, H, T, D], len: i32[B]) =\n"
       "  attention(q, q, q, mask: both(len), score: all(50))");
  EXPECT_EQ(results(), "f64[B, H, T, D]");
}

TEST_F(SemaTest, ArraysThatMayBeEmptyAreConditions) {
  load("mask table(t: bool[N, M])(q, k) = t[q div 2, k]\n"
       "fn f(x: f32[T, S], t: bool[A, S]) = where(table(t), x, 0)");
  EXPECT_EQ(conditions(), "array 't' of mask 'table' must not be empty");
}

//===----------------------------------------------------------------------===//
// The entry
//===----------------------------------------------------------------------===//

TEST_F(SemaTest, TheEntryIsTheFunctionThatNoneCalls) {
  load("fn g(x: f32[T]) = x\nfn f(x: f32[T]) = g(x)");
  EXPECT_EQ(entry(), "f");
  EXPECT_EQ(entry("g"), "g");
}

TEST_F(SemaTest, TheEntryIsMarked) {
  load("fn g(x: f32[T]) = x\nentry fn f(x: f32[T]) = x");
  EXPECT_EQ(entry(), "f");
}

TEST_F(SemaTest, SeveralEntries) {
  load("fn g(x: f32[T]) = x\nfn f(x: f32[T]) = x");
  EXPECT_EQ(entry(), "error: several functions could be the entry: 'g', 'f'");
}

TEST_F(SemaTest, UnknownEntry) {
  load("fn gate(x: f32[T]) = x");
  EXPECT_EQ(entry("gatee"), "error: no function 'gatee'");
  ASSERT_EQ(diags.getDiagnostics().back().notes.size(), 1u);
  EXPECT_EQ(diags.getDiagnostics().back().notes.back().message,
            "did you mean 'gate'?");
}

TEST_F(SemaTest, NoFunction) {
  load("mask m(q, k) = k <= q");
  EXPECT_EQ(entry(), "error: no function to run");
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

TEST(SemaLimitsTest, RulesThatDoubleAreRefused) {
  std::string text = "mask m0(W)(q, k) = q < k + W\n";
  for (int i = 0; i < 40; ++i)
    text += "mask m" + std::to_string(i + 1) + "(W)(q, k) = m" +
            std::to_string(i) + "(W) or m" + std::to_string(i) + "(W + 1)\n";
  EXPECT_NE(checkText(text).find("is too large when the rules it uses are"),
            std::string::npos);
}

TEST(SemaLimitsTest, LongChainsOfCallsAreFine) {
  std::string text = "fn g0(x: f32[T]) = x\n";
  for (int i = 0; i < 3000; ++i)
    text += "fn g" + std::to_string(i + 1) + "(x: f32[T]) = g" +
            std::to_string(i) + "(x)\n";
  EXPECT_EQ(checkText(text), "");
}

} // namespace

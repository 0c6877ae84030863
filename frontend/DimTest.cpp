//===- DimTest.cpp - Tests of dimension algebra -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Dim.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace attn::frontend;

namespace {

const Dim a = Dim::name("A"), b = Dim::name("B"), c = Dim::name("C"),
          h = Dim::name("H"), t = Dim::name("T");

Dim add(const Dim &l, const Dim &r) { return *Dim::add(l, r); }
Dim sub(const Dim &l, const Dim &r) { return *Dim::sub(l, r); }
Dim mul(const Dim &l, const Dim &r) { return *Dim::mul(l, r); }
Dim exact(const Dim &l, const Dim &r) { return *Dim::exactDiv(l, r); }
Dim floorDiv(const Dim &l, const Dim &r) { return *Dim::floorDiv(l, r); }
Dim mod(const Dim &l, const Dim &r) { return *Dim::mod(l, r); }

TEST(DimTest, SumsAreCanonical) {
  EXPECT_EQ(mul(3, c), add(c, add(c, c)));
  EXPECT_EQ(add(a, b), add(b, a));
  EXPECT_EQ(mul(add(a, 1), sub(a, 1)), sub(mul(a, a), 1));
  EXPECT_EQ(sub(add(a, b), b), a);
  EXPECT_EQ(sub(a, a), Dim(0));
  EXPECT_NE(a, b);
  EXPECT_NE(mul(2, a), a);
}

TEST(DimTest, ExactDivisionCancels) {
  EXPECT_EQ(mul(h, exact(c, h)), c);
  EXPECT_EQ(exact(mul(3, c), 3), c);
  EXPECT_EQ(mul(2, exact(c, 2)), c);
  EXPECT_EQ(exact(exact(c, h), 2), exact(c, mul(2, h)));
  EXPECT_EQ(exact(mul(c, add(h, 1)), add(h, 1)), c);
  EXPECT_EQ(mul(add(h, 1), exact(c, add(h, 1))), c);
  EXPECT_EQ(exact(exact(c, h), exact(c, h)), Dim(1));
}

TEST(DimTest, WhatIsIntegral) {
  EXPECT_TRUE(exact(mul(3, c), 3).isIntegral());
  EXPECT_TRUE(mul(h, exact(c, h)).isIntegral());
  EXPECT_FALSE(exact(c, h).isIntegral());
  EXPECT_FALSE(exact(c, 2).isIntegral());
}

TEST(DimTest, FloorDivisionAndRemainder) {
  EXPECT_EQ(floorDiv(-7, 2), Dim(-4));
  EXPECT_EQ(mod(-7, 2), Dim(1));
  EXPECT_EQ(mod(7, -2), Dim(-1));
  EXPECT_EQ(floorDiv(mul(4, t), 2), mul(2, t));
  EXPECT_EQ(mod(mul(4, t), 2), Dim(0));
  EXPECT_EQ(floorDiv(t, 2), floorDiv(t, 2));
  EXPECT_NE(floorDiv(t, 2), exact(t, 2));
  EXPECT_NE(floorDiv(t, 2), floorDiv(t, 3));
}

TEST(DimTest, DivisionByZeroAndOverflowFail) {
  EXPECT_FALSE(Dim::exactDiv(c, 0));
  EXPECT_FALSE(Dim::floorDiv(c, 0));
  EXPECT_FALSE(Dim::mod(c, sub(h, h)));
  EXPECT_FALSE(Dim::mul(Dim(INT64_MAX), 2));
  EXPECT_FALSE(Dim::add(Dim(INT64_MAX), 1));
  EXPECT_FALSE(Dim::mul(Dim(INT64_MAX), c)->evaluate({{"C", 2}}));
}

TEST(DimTest, PrintsAsWritten) {
  EXPECT_EQ(Dim(0).str(), "0");
  EXPECT_EQ(Dim(-3).str(), "-3");
  EXPECT_EQ(mul(3, c).str(), "3 * C");
  EXPECT_EQ(exact(c, h).str(), "C / H");
  EXPECT_EQ(exact(c, mul(2, h)).str(), "C / (2 * H)");
  EXPECT_EQ(sub(Dim::name("Tk"), Dim::name("Tq")).str(), "Tk - Tq");
  EXPECT_EQ(sub(a, b).str(), "A - B");
  EXPECT_EQ(sub(b, a).str(), "B - A");
  EXPECT_EQ(add(t, 1).str(), "T + 1");
  EXPECT_EQ(sub(mul(2, t), 1).str(), "2 * T - 1");
  EXPECT_EQ(sub(0, t).str(), "-T");
  EXPECT_EQ(floorDiv(add(t, 1), 2).str(), "(T + 1) div 2");
  EXPECT_EQ(mul(2, mod(t, h)).str(), "2 * (T % H)");
  EXPECT_EQ(exact(c, add(h, 1)).str(), "C / (H + 1)");
}

TEST(DimTest, SubstitutesAllAtOnce) {
  EXPECT_EQ(sub(a, b).substitute({{"A", b}, {"B", a}}), sub(b, a));
  EXPECT_EQ(exact(c, h).substitute({{"C", mul(h, t)}}), t);
  EXPECT_EQ(floorDiv(c, 2).substitute({{"C", 7}}), Dim(3));
  EXPECT_EQ(exact(c, add(h, 1)).substitute({{"C", 12}, {"H", 3}}), Dim(3));
  EXPECT_FALSE(exact(c, h).substitute({{"H", 0}}));
}

TEST(DimTest, Evaluates) {
  std::map<std::string, int64_t> sizes = {{"C", 12}, {"H", 3}, {"T", 5}};
  EXPECT_EQ(exact(c, h).evaluate(sizes), 4);
  EXPECT_EQ(add(exact(t, 2), exact(h, 2)).evaluate(sizes), 4);
  EXPECT_EQ(exact(t, h).evaluate(sizes), std::nullopt);
  EXPECT_EQ(mod(t, h).evaluate(sizes), 2);
  EXPECT_EQ(a.evaluate(sizes), std::nullopt);
}

TEST(DimTest, SolvesWhatIsAffine) {
  EXPECT_EQ(mul(3, c).solve("C", t), exact(t, 3));
  EXPECT_EQ(add(mul(h, c), 1).solve("C", t), exact(sub(t, 1), h));
  EXPECT_EQ(mul(c, c).solve("C", t), std::nullopt);
  EXPECT_EQ(floorDiv(c, 2).solve("C", t), std::nullopt);
  EXPECT_EQ(exact(h, c).solve("C", t), std::nullopt);
  EXPECT_EQ(mul(3, c).solve("H", t), std::nullopt);
}

TEST(DimTest, FractionsHaveOneDenominator) {
  auto fraction = add(exact(c, h), exact(t, 2)).getFraction();
  ASSERT_TRUE(fraction);
  EXPECT_EQ(fraction->first, add(mul(2, c), mul(h, t)));
  EXPECT_EQ(fraction->second, mul(2, h));
}

TEST(DimTest, NamesInOrder) {
  EXPECT_EQ(add(mul(h, c), floorDiv(t, a)).getNames(),
            (std::vector<std::string>{"C", "H", "T", "A"}));
}

std::string affine(const Dim &dim) {
  mlir::MLIRContext context;
  std::string text;
  llvm::raw_string_ostream(text) << dim.toAffine(&context, {"C", "H", "T"});
  return text;
}

TEST(DimTest, BecomesAffine) {
  EXPECT_EQ(affine(c), "s0");
  EXPECT_EQ(affine(mul(3, c)), "s0 * 3");
  EXPECT_EQ(affine(exact(c, h)), "s0 floordiv s1");
  EXPECT_EQ(affine(mod(c, h)), "s0 mod s1");
  EXPECT_EQ(affine(add(exact(c, 2), exact(t, 2))), "(s0 + s2) floordiv 2");
  EXPECT_EQ(affine(sub(t, 64)), "s2 - 64");
  EXPECT_EQ(affine(7), "7");
}

} // namespace

//===- LoweringTest.cpp - Every op but the products, in numbers -----------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/passes/numeric/LoweringFixture.h"

using namespace attn::test;

namespace {

constexpr DType kFloats[] = {DType::F16, DType::BF16, DType::F32, DType::F64};

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// Half a unit in the last place of each float type, with some room.
double precision(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return 5e-4;
  case DType::BF16:
    return 4e-3;
  case DType::F32:
    return 1.3e-7;
  default:
    return 3e-16;
  }
}

TEST(Unary, MatchesTheCLibrary) {
  struct Function {
    const char *name;
    double (*of)(double);
  };
  const Function functions[] = {
      {"neg", [](double x) { return -x; }},
      {"abs", [](double x) { return std::fabs(x); }},
      {"exp", [](double x) { return std::exp(x); }},
      {"exp2", [](double x) { return std::exp2(x); }},
      {"log", [](double x) { return std::log(x); }},
      {"log2", [](double x) { return std::log2(x); }},
      {"tanh", [](double x) { return std::tanh(x); }},
      {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"erf", [](double x) { return std::erf(x); }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"rsqrt", [](double x) { return 1 / std::sqrt(x); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"floor", [](double x) { return std::floor(x); }},
      {"ceil", [](double x) { return std::ceil(x); }}};
  // Values that every float type holds.
  std::vector<double> points = {0.125, 0.5, 1, 1.5, 2.75, 5};
  for (DType dtype : kFloats) {
    std::string body;
    std::vector<Array> results;
    for (auto [i, function] : llvm::enumerate(functions)) {
      std::vector<double> expected;
      for (double x : points)
        expected.push_back(function.of(x));
      results.push_back({dtype, {6}, expected});
      body += "%r" + std::to_string(i) + " = attn.unary " + function.name +
              " %a0 : $0\n";
    }
    // sigmoid and rsqrt are made of several operations.
    check(body, {{dtype, {6}, points}}, results, 3 * precision(dtype));
  }
}

TEST(Unary, Edges) {
  check("%r = attn.unary exp %a0 : $0", {f32({4}, {-kInf, kInf, 1000, kNaN})},
        {f32({4}, {0, kInf, kInf, kNaN})});
  check("%r = attn.unary log %a0 : $0", {f32({3}, {0, -1, kInf})},
        {f32({3}, {-kInf, kNaN, kInf})});
  check("%r = attn.unary sigmoid %a0 : $0", {f32({2}, {-200, 200})},
        {f32({2}, {0, 1})});
  check("%r = attn.unary not %a0 : $0", {{DType::Bool, {2}, {0, 1}}},
        {{DType::Bool, {2}, {1, 0}}});
  check("%r = attn.unary neg %a0 : $0", {{DType::I32, {2}, {7, -3}}},
        {{DType::I32, {2}, {-7, 3}}});
  // No elements, and no axes.
  check("%r = attn.unary exp %a0 : $0", {f32({0, 3}, {})}, {f32({0, 3}, {})});
  check("%r = attn.unary neg %a0 : $0", {f32({}, {2})}, {f32({}, {-2})});
}

TEST(Binary, Arithmetic) {
  auto both = [](const char *kind, double x, double y, double result) {
    for (DType dtype : kFloats)
      check("%r = attn.binary " + std::string(kind) + " %a0, %a1 : $0, $1",
            {{dtype, {2}, {x, x}}, {dtype, {2}, {y, y}}},
            {{dtype, {2}, {result, result}}});
  };
  both("add", 1.5, 2, 3.5);
  both("sub", 1.5, 2, -0.5);
  both("mul", 1.5, -2, -3);
  both("div", 3, -2, -1.5);
  both("floordiv", -7, 2, -4);
  both("mod", -7, 2, 1);
  both("mod", 7, -2, -1);
  both("pow", 3, 2, 9);
  both("max", 3, 2, 3);
  both("min", 3, 2, 2);
  both("max", kNaN, 2, kNaN);
  both("min", 2, kNaN, kNaN);
}

TEST(Binary, Integers) {
  for (DType dtype : {DType::I32, DType::I64}) {
    Array x = {dtype, {4}, {7, -7, 7, -7}}, y = {dtype, {4}, {2, 2, -2, -2}};
    check("%r = attn.binary floordiv %a0, %a1 : $0, $1", {x, y},
          {{dtype, {4}, {3, -4, -4, 3}}});
    check("%r = attn.binary mod %a0, %a1 : $0, $1", {x, y},
          {{dtype, {4}, {1, 1, -1, -1}}});
    check("%r = attn.binary max %a0, %a1 : $0, $1", {x, y},
          {{dtype, {4}, {7, 2, 7, -2}}});
    // What processors trap on.
    double least = dtype == DType::I32 ? -2147483648.0 : -9223372036854775808.0;
    Array p = {dtype, {4}, {5, -5, least, 6}}, q = {dtype, {4}, {0, 0, -1, -1}};
    check("%r0 = attn.binary floordiv %a0, %a1 : $0, $1\n"
          "%r1 = attn.binary mod %a0, %a1 : $0, $1",
          {p, q},
          {{dtype, {4}, {0, 0, least, -6}}, {dtype, {4}, {0, 0, 0, 0}}});
  }
}

TEST(Binary, ComparisonsAndLogic) {
  Array x = f32({4}, {1, 2, 3, kNaN}), y = f32({4}, {2, 2, 2, 2});
  auto compare = [&](const char *kind, std::vector<double> expected) {
    check("%r = attn.binary " + std::string(kind) + " %a0, %a1 : $0, $1",
          {x, y}, {{DType::Bool, {4}, std::move(expected)}});
  };
  compare("eq", {0, 1, 0, 0});
  compare("ne", {1, 0, 1, 1});
  compare("lt", {1, 0, 0, 0});
  compare("le", {1, 1, 0, 0});
  compare("gt", {0, 0, 1, 0});
  compare("ge", {0, 1, 1, 0});
  Array p = {DType::Bool, {4}, {0, 0, 1, 1}},
        q = {DType::Bool, {4}, {0, 1, 0, 1}};
  check("%r = attn.binary and %a0, %a1 : $0, $1", {p, q},
        {{DType::Bool, {4}, {0, 0, 0, 1}}});
  check("%r = attn.binary or %a0, %a1 : $0, $1", {p, q},
        {{DType::Bool, {4}, {0, 1, 1, 1}}});
}

TEST(Binary, Broadcasts) {
  check("%r = attn.binary add %a0, %a1 : $0, $1",
        {f32({2, 1}, {10, 20}), f32({1, 3}, {1, 2, 3})},
        {f32({2, 3}, {11, 12, 13, 21, 22, 23})});
  check("%r = attn.binary sub %a0, %a1 : $0, $1",
        {f32({3}, {1, 2, 3}),
         f32({2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})},
        {f32({2, 2, 3}, {0, 0, 0, -3, -3, -3, -6, -6, -6, -9, -9, -9})});
  check("%r = attn.binary div %a0, %a1 : $0, $1",
        {scalar(DType::F32, 6), f32({2}, {2, 4})}, {f32({2}, {3, 1.5})});
  check("%r = attn.binary mul %a0, %a1 : $0, $1",
        {f32({}, {3}), f32({2, 1}, {2, 4})}, {f32({2, 1}, {6, 12})});
  // A stretched axis of no elements.
  check("%r = attn.binary mul %a0, %a1 : $0, $1",
        {f32({2, 1}, {1, 2}), f32({2, 0}, {})}, {f32({2, 0}, {})});
}

TEST(Select, TheOtherValueHasNoEffect) {
  check("%r = attn.select %a0, %a1, %a2 : $0, $1, $2",
        {{DType::Bool, {2, 1}, {1, 0}},
         f32({2, 2}, {1, kNaN, kNaN, kNaN}),
         scalar(DType::F32, -kInf)},
        {f32({2, 2}, {1, kNaN, -kInf, -kInf})});
}

TEST(Cast, RoundsAndSaturates) {
  auto cast = [](Array from, Array to) {
    check("%r = attn.cast %a0 : $0 -> $r", {std::move(from)}, {std::move(to)});
  };
  std::vector<double> points = {1.9, -1.9, 1e30, -1e30, kNaN, kInf};
  cast(
      f32({6}, points),
      {DType::I32, {6}, {1, -1, 2147483647.0, -2147483648.0, 0, 2147483647.0}});
  cast({DType::F64, {6}, points},
       {DType::I64,
        {6},
        {1, -1, 9223372036854775807.0, -9223372036854775808.0, 0,
         9223372036854775807.0}});
  cast({DType::F16, {3}, {-1.5, kInf, kNaN}},
       {DType::I32, {3}, {-1, 2147483647.0, 0}});
  cast({DType::BF16, {2}, {3.5, -kInf}}, {DType::I32, {2}, {3, -2147483648.0}});
  cast({DType::I64, {3}, {-5, 0, 7}}, {DType::BF16, {3}, {-5, 0, 7}});
  cast({DType::I32, {3}, {-5, 0, 7}}, {DType::Bool, {3}, {1, 0, 1}});
  cast(f32({3}, {0, kNaN, -0.5}), {DType::Bool, {3}, {0, 1, 1}});
  cast({DType::Bool, {2}, {0, 1}}, {DType::F16, {2}, {0, 1}});
  cast({DType::Bool, {2}, {0, 1}}, {DType::I64, {2}, {0, 1}});
  // To nearest even: ties, overflow, the smallest numbers.
  cast(f32({4}, {2049, 2051, 65520, 65519}),
       {DType::F16, {4}, {2048, 2052, kInf, 65504}});
  cast(f32({3}, {257, 259, kNaN}), {DType::BF16, {3}, {256, 260, kNaN}});
  // One rounding only: f32 would round both to a tie first.
  double above = 257 + std::ldexp(1.0, -30), below = 259 - std::ldexp(1.0, -30);
  cast({DType::F64, {3}, {above, below, 257}},
       {DType::BF16, {3}, {258, 258, 256}});
  cast({DType::F64, {3}, {-above, 1e300, kNaN}},
       {DType::BF16, {3}, {-258, kInf, kNaN}});
  double half = 2049 + std::ldexp(1.0, -30);
  cast({DType::F64, {2}, {half, 2049}}, {DType::F16, {2}, {2050, 2048}});
  cast({DType::BF16, {2}, {1, -kInf}}, {DType::F64, {2}, {1, -kInf}});
  cast({DType::F16, {2}, {1.5, 65504}}, {DType::BF16, {2}, {1.5, 65536}});
}

//===----------------------------------------------------------------------===//
// Rules and shapes
//===----------------------------------------------------------------------===//

TEST(Rules, MaskAndScoreOverTheIndices) {
  check(R"(%c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %m = attn.mask(%c2, %c3) {
    ^bb0(%b: index, %h: index, %q: index, %k: index):
      %y = arith.cmpi sle, %k, %q : index
      attn.yield %y : i1
    } : tensor<?x?xi1>
    %r = tensor.cast %m : tensor<?x?xi1> to $r)",
        {}, {{DType::Bool, {2, 3}, {1, 0, 0, 1, 1, 0}}});
  // 1000 * b + 100 * h + 10 * q + k + s, with no head axis: h is 0.
  check(R"(%r = attn.score %a0 {
    ^bb0(%s: f32, %b: index, %h: index, %q: index, %k: index):
      %c10 = arith.constant 10 : index
      %b10 = arith.muli %b, %c10 : index
      %bh = arith.addi %b10, %h : index
      %bh10 = arith.muli %bh, %c10 : index
      %bhq = arith.addi %bh10, %q : index
      %bhq10 = arith.muli %bhq, %c10 : index
      %all = arith.addi %bhq10, %k : index
      %i = arith.index_cast %all : index to i64
      %f = arith.sitofp %i : i64 to f32
      %y = arith.addf %s, %f : f32
      attn.yield %y : f32
    } : $0)",
        {f32({2, 2, 2}, {0, 0, 0, 0, 0, 0, 0, 0.5})},
        {f32({2, 2, 2}, {0, 1, 10, 11, 1000, 1001, 1010, 1011.5})});
}

TEST(Rules, ReadTables) {
  for (DType dtype : {DType::BF16, DType::F32}) {
    std::string element = elementType(dtype);
    check("%r = attn.score %a0 {\n^bb0(%s: " + element +
              ", %b: index, %h: index, %q: index, %k: index):\n"
              "%t = tensor.extract %a1[%k] : $1\n"
              "%y = arith.addf %s, %t : " +
              element + "\nattn.yield %y : " + element + "\n} : $0",
          {{dtype, {2, 2}, {1, 2, 3, 4}}, {dtype, {2}, {10, 20}}},
          {{dtype, {2, 2}, {11, 22, 13, 24}}});
  }
}

TEST(Shapes, TransposeRepeatRange) {
  check("%r = attn.transpose %a0 [2, 0, 1] : $0",
        {f32({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})},
        {f32({2, 2, 3}, {0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11})});
  check("%n = arith.constant 4 : index\n"
        "%r = attn.repeat %a0 axis 1 size %n : $0 -> $r",
        {f32({1, 2, 2}, {1, 2, 3, 4})},
        {f32({1, 4, 2}, {1, 2, 1, 2, 3, 4, 3, 4})});
  check("%n = arith.constant 0 : index\n"
        "%r = attn.repeat %a0 axis 0 size %n : $0 -> $r",
        {f32({0, 2}, {})}, {f32({0, 2}, {})});
  check("%n = arith.constant 3 : index\n%r = attn.range %n : $r", {},
        {{DType::I64, {3}, {0, 1, 2}}});
}

TEST(Shapes, SlicesAndConcatenation) {
  // Halves of the last axis are not contiguous; both become results.
  check(R"(%c1 = arith.constant 1 : index
    %s0 = tensor.extract_slice %a0[0, 0] [2, 2] [1, 1] : $0 to tensor<2x2xf32>
    %s1 = tensor.extract_slice %a0[0, 2] [2, 2] [1, 1] : $0 to tensor<2x2xf32>
    %r0 = tensor.cast %s0 : tensor<2x2xf32> to $r0
    %r1 = tensor.cast %s1 : tensor<2x2xf32> to $r1)",
        {f32({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})},
        {f32({2, 2}, {1, 2, 5, 6}), f32({2, 2}, {3, 4, 7, 8})});
  check("%r = tensor.concat dim(1) %a0, %a1 : ($0, $1) -> $r",
        {f32({2, 2}, {1, 2, 3, 4}), f32({2, 3}, {5, 6, 7, 8, 9, 10})},
        {f32({2, 5}, {1, 2, 5, 6, 7, 3, 4, 8, 9, 10})});
}

//===----------------------------------------------------------------------===//
// Reductions, softmax, norms
//===----------------------------------------------------------------------===//

TEST(Reduce, KindsAndAxes) {
  Array x = f32({2, 3}, {1, 5, 3, -1, 0, 4});
  check("%r = attn.reduce sum %a0 axes [1] : $0", {x}, {f32({2}, {9, 3})});
  check("%r = attn.reduce mean %a0 axes [1] keep : $0", {x},
        {f32({2, 1}, {3, 1})});
  check("%r = attn.reduce max %a0 axes [0] : $0", {x}, {f32({3}, {1, 5, 4})});
  check("%r = attn.reduce min %a0 axes [0] keep : $0", {x},
        {f32({1, 3}, {-1, 0, 3})});
  check("%r = attn.reduce sum %a0 axes [0, 1] : $0", {x}, {f32({}, {12})});
  check("%r = attn.reduce mean %a0 axes [0, 1] keep : $0", {x},
        {f32({1, 1}, {2})});
  check("%r = attn.reduce sum %a0 axes [] : $0", {x}, {x});
  check("%r = attn.reduce sum %a0 axes [0, 2] : $0",
        {f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})}, {f32({2}, {14, 22})});
  check("%r = attn.reduce max %a0 axes [0] : $0",
        {{DType::I64, {3}, {-4, -2, -9}}}, {{DType::I64, {}, {-2}}});
  check("%r = attn.reduce sum %a0 axes [0] : $0",
        {{DType::I32, {3}, {-4, -2, 9}}}, {{DType::I32, {}, {3}}});
}

TEST(Reduce, OfNothing) {
  auto reduce = [](const char *kind, DType dtype, double expected) {
    check("%r = attn.reduce " + std::string(kind) + " %a0 axes [1] : $0",
          {{dtype, {2, 0}, {}}}, {{dtype, {2}, {expected, expected}}});
  };
  reduce("sum", DType::F32, 0);
  reduce("max", DType::F16, -kInf);
  reduce("min", DType::BF16, kInf);
  reduce("mean", DType::F64, kNaN);
  reduce("max", DType::I32, -2147483648.0);
  reduce("min", DType::I64, 9223372036854775807.0);
}

TEST(Reduce, NaNSpreads) {
  for (const char *kind : {"sum", "max", "min", "mean"})
    check("%r = attn.reduce " + std::string(kind) + " %a0 axes [1] : $0",
          {f32({2, 3}, {1, kNaN, 2, 1, 1, 1})},
          {f32({2}, {kNaN, std::string(kind) == "sum" ? 3.0 : 1.0})});
}

TEST(Reduce, NarrowFloatsSumInF32) {
  // 2048 + 1 is 2048 in f16, 256 + 1 is 256 in bf16.
  check("%r = attn.reduce sum %a0 axes [0] : $0",
        {{DType::F16, {5}, {2048, 1, 1, 1, 1}}}, {{DType::F16, {}, {2052}}});
  check("%r = attn.reduce sum %a0 axes [0] : $0",
        {{DType::BF16, {5}, {256, 1, 1, 1, 1}}}, {{DType::BF16, {}, {260}}});
}

TEST(Softmax, RowsAndEdges) {
  double e = std::exp(1.0);
  check("%r = attn.softmax %a0 axis 1 : $0",
        {f32({5, 2}, {0, 1, 1000, 1001, -kInf, -kInf, -kInf, 3, kNaN, 1})},
        {f32({5, 2}, {1 / (1 + e), e / (1 + e), 1 / (1 + e), e / (1 + e), 0, 0,
                      0, 1, kNaN, kNaN})},
        1e-6);
  check("%r = attn.softmax %a0 axis 0 : $0", {f32({2, 2}, {0, 5, 1, 5})},
        {f32({2, 2}, {1 / (1 + e), 0.5, e / (1 + e), 0.5})}, 1e-6);
  check("%r = attn.softmax %a0 axis 1 : $0", {f32({2, 0}, {})},
        {f32({2, 0}, {})});
  check("%r = attn.softmax %a0 axis 0 : $0", {{DType::F16, {4}, {1, 1, 1, 1}}},
        {{DType::F16, {4}, {0.25, 0.25, 0.25, 0.25}}});
}

TEST(Norms, LayerAndRms) {
  double d = std::sqrt(1.25 + 1e-5);
  check("%r = attn.layer_norm %a0 weight %a1 bias %a2 {epsilon = 1.0e-5 : f64} "
        ": $0, $1, $2",
        {f32({1, 4}, {1, 2, 3, 4}), f32({4}, {1, 1, 2, 1}),
         f32({4}, {0, 0, 0, 5})},
        {f32({1, 4}, {-1.5 / d, -0.5 / d, 1 / d, 1.5 / d + 5})}, 1e-6);
  double r = std::sqrt(12.5 + 1e-5);
  check("%r = attn.rms_norm %a0 weight %a1 {epsilon = 1.0e-5 : f64} : $0, $1",
        {f32({2, 2}, {3, 4, -3, 4}), f32({2}, {1, 10})},
        {f32({2, 2}, {3 / r, 40 / r, -3 / r, 40 / r})}, 1e-6);
  // The squares overflow f16, the result does not.
  check("%r = attn.rms_norm %a0 {epsilon = 1.0e-5 : f64} : $0",
        {{DType::F16, {1, 2}, {1000, -1000}}}, {{DType::F16, {1, 2}, {1, -1}}},
        1e-3);
}

//===----------------------------------------------------------------------===//
// The boundary
//===----------------------------------------------------------------------===//

TEST(Boundary, ArgumentsAsResults) {
  Array x = f32({2}, {1, 2});
  check("%r0 = tensor.cast %a0 : $0 to $0\n%r1 = attn.unary neg %a0 : $0", {x},
        {x, f32({2}, {-1, -2})});
  check("%r0 = attn.unary neg %a0 : $0\n%r1 = tensor.cast %r0 : $0 to $0", {x},
        {f32({2}, {-1, -2}), f32({2}, {-1, -2})});
}

TEST(Boundary, ScalarsAndBools) {
  check(
      "%r0 = arith.xori %a0, %a1 : i1\n%r1 = arith.addf %a2, %a2 : f64",
      {scalar(DType::Bool, 1), scalar(DType::Bool, 0), scalar(DType::F64, 1.5)},
      {scalar(DType::Bool, 1), scalar(DType::F64, 3)});
  check("%r = attn.binary or %a0, %a1 : $0, i1",
        {{DType::Bool, {3}, {0, 1, 0}}, scalar(DType::Bool, 0)},
        {{DType::Bool, {3}, {0, 1, 0}}});
}

TEST(Boundary, Constants) {
  check("%c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>\n"
        "%d = tensor.cast %c : tensor<2xf32> to $0\n"
        "%r0 = attn.binary add %a0, %d : $0, $0\n"
        "%r1 = tensor.cast %c : tensor<2xf32> to $r1",
        {f32({2}, {10, 20})}, {f32({2}, {11, 22}), f32({2}, {1, 2})});
}

TEST(Boundary, Branches) {
  for (bool first : {false, true})
    check("%r = scf.if %a0 -> ($r) {\n%x = attn.unary neg %a1 : $1\n"
          "scf.yield %x : $1\n} else {\nscf.yield %a1 : $1\n}",
          {scalar(DType::Bool, first), f32({2}, {1, 2})},
          {f32({2}, first ? std::vector<double>{-1, -2}
                          : std::vector<double>{1, 2})});
}

} // namespace

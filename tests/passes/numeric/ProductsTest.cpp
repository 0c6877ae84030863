//===- ProductsTest.cpp - Products and attention, in numbers --------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/passes/numeric/LoweringFixture.h"

using namespace attn::test;

namespace {

TEST(Matmul, ShapesAndBroadcasts) {
  Array a = f32({2, 3}, {1, 2, 3, 4, 5, 6}),
        b = f32({3, 2}, {1, 0, 0, 1, 1, 1});
  check("%r = attn.matmul %a0, %a1 : $0, $1", {a, b},
        {f32({2, 2}, {4, 5, 10, 11})});
  check("%r = attn.matmul %a0, %a1 : $0, $1",
        {f32({2, 1, 1, 2}, {1, 2, 3, 4}), f32({1, 2, 2, 1}, {1, 1, 0, 1})},
        {f32({2, 2, 1, 1}, {3, 2, 7, 4})});
  check("%r = attn.matmul %a0, %a1 : $0, $1",
        {f32({2, 2}, {1, 0, 0, 2}), f32({2, 2, 1}, {1, 2, 3, 4})},
        {f32({2, 2, 1}, {1, 4, 3, 8})});
  check("%r = attn.matmul %a0, %a1 : $0, $1",
        {f32({1, 1, 2}, {1, 2}), f32({1, 2, 1}, {3, 4})},
        {f32({1, 1, 1}, {11})});
  // An empty sum, and an empty result.
  check("%r = attn.matmul %a0, %a1 : $0, $1",
        {f32({2, 0}, {}), f32({0, 2}, {})}, {f32({2, 2}, {0, 0, 0, 0})});
  check("%r = attn.matmul %a0, %a1 : $0, $1",
        {f32({0, 2}, {}), f32({2, 3}, {1, 2, 3, 4, 5, 6})}, {f32({0, 3}, {})});
  check(
      "%t = attn.transpose %a1 [1, 0] : $1\n%r = attn.matmul %a0, %t : $0, $0",
      {f32({2, 2}, {1, 2, 3, 4}), f32({2, 2}, {5, 6, 7, 8})},
      {f32({2, 2}, {17, 23, 39, 53})});
}

TEST(Matmul, NarrowFloatsSumInF32) {
  check("%r = attn.matmul %a0, %a1 : $0, $1",
        {{DType::F16, {1, 3}, {2048, 1, 1}}, {DType::F16, {3, 1}, {1, 1, 1}}},
        {{DType::F16, {1, 1}, {2050}}});
  check("%r = attn.matmul %a0, %a1 : $0, $1",
        {{DType::BF16, {1, 3}, {256, 1, 1}}, {DType::BF16, {3, 1}, {1, 1, 1}}},
        {{DType::BF16, {1, 1}, {258}}});
}

/// The weight of the second of two keys whose scores differ by `x`.
double second(double x) { return std::exp(x) / (1 + std::exp(x)); }

const char *const kCausal = R"( mask {
    ^bb0(%b: index, %h: index, %q: index, %k: index):
      %y = arith.cmpi sle, %k, %q : index
      attn.yield %y : i1
    })";

std::string attention(const std::string &rules, const std::string &scale = "") {
  return "%r = attn.attention %a0, %a1, %a2" + scale + rules +
         " : $0, $1, $2 -> $r";
}

TEST(Attention, RanksTypesAndWidths) {
  for (DType dtype : {DType::F32, DType::F64, DType::F16, DType::BF16}) {
    double tolerance = dtype == DType::F64   ? 1e-15
                       : dtype == DType::F32 ? 1e-6
                       : dtype == DType::F16 ? 1e-3
                                             : 8e-3;
    double w = second(1);
    // Two keys, values of width 3.
    Array q = {dtype, {1, 2}, {1, 0}}, k = {dtype, {2, 2}, {0, 5, 1, 7}},
          v = {dtype, {2, 3}, {0, 2, 4, 1, 2, 0}};
    std::vector<double> row = {w, 2, 4 * (1 - w)};
    check(attention(""), {q, k, v}, {{dtype, {1, 3}, row}}, tolerance);
    q.shape = {1, 1, 2}, k.shape = {1, 2, 2}, v.shape = {1, 2, 3};
    check(attention(""), {q, k, v}, {{dtype, {1, 1, 3}, row}}, tolerance);
  }
}

TEST(Attention, GroupedHeads) {
  // Four query heads, two key heads: heads 0 and 1 read key head 0.
  Array q = f32({1, 4, 1, 1}, {1, 2, 1, 2});
  Array k = f32({1, 2, 2, 1}, {0, 1, 0, 0}),
        v = f32({1, 2, 2, 1}, {0, 1, 0, 10});
  check(attention(""), {q, k, v},
        {f32({1, 4, 1, 1}, {second(1), second(2), 5, 5})}, 1e-6);
}

TEST(Attention, ScaleMaskScore) {
  Array q = f32({2, 1}, {1, 1}), k = f32({2, 1}, {0, 1}),
        v = f32({2, 1}, {0, 1});
  Array scale = scalar(DType::F32, 3);
  check(attention(kCausal, " scale %a3 : f32"), {q, k, v, scale},
        {f32({2, 1}, {0, second(3)})}, 1e-6);
  // The score rule sees the scaled score.
  check(attention(R"( score {
    ^bb0(%s: f32, %b: index, %h: index, %q: index, %k: index):
      %t = tensor.extract %a4[%k] : $4
      %y = arith.mulf %s, %t : f32
      attn.yield %y : f32
    })",
                  " scale %a3 : f32"),
        {q, k, v, scale, f32({2}, {7, 0.5})},
        {f32({2, 1}, {second(1.5), second(1.5)})}, 1e-6);
}

TEST(Attention, RowsWithoutKeysAreZero) {
  Array q = f32({1, 1}, {1}), none = f32({0, 1}, {});
  check(attention(""), {q, none, f32({0, 2}, {})}, {f32({1, 2}, {0, 0})});
  const char *nothing = R"( mask {
    ^bb0(%b: index, %h: index, %q: index, %k: index):
      %y = arith.cmpi slt, %k, %q : index
      attn.yield %y : i1
    })";
  Array k = f32({2, 1}, {1, 2}), v = f32({2, 1}, {kNaN, 4});
  check(attention(nothing), {f32({3, 1}, {1, 1, 1}), k, f32({2, 1}, {3, 4})},
        {f32({3, 1}, {0, 3, 3 + second(1)})}, 1e-6);
  check(attention(nothing), {q, k, v}, {f32({1, 1}, {0})});
  // Allowed keys whose scores are all -inf.
  const char *minusInf = R"( score {
    ^bb0(%s: f32, %b: index, %h: index, %q: index, %k: index):
      %y = arith.constant 0xFF800000 : f32
      attn.yield %y : f32
    })";
  check(attention(minusInf), {q, k, f32({2, 1}, {3, 4})}, {f32({1, 1}, {0})});
}

TEST(Attention, MaskedKeysAndValuesDoNotLeak) {
  // The only weight of a row is divided by itself, after the product.
  constexpr double tolerance = 1e-6;
  for (double bad : {kNaN, kInf}) {
    Array q = f32({2, 1}, {1, 1});
    check(attention(kCausal), {q, f32({2, 1}, {2, bad}), f32({2, 1}, {3, 4})},
          {f32({2, 1}, {3, kNaN})}, tolerance);
    check(attention(kCausal), {q, f32({2, 1}, {2, 2}), f32({2, 1}, {3, bad})},
          {f32({2, 1}, {3, bad})}, tolerance);
  }
}

} // namespace

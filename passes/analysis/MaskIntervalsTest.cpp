//===- MaskIntervalsTest.cpp - Boxes against all of their pairs -*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emitted code folds away when a box has constant ends, so its answers can
// be read off the IR: those for whole boxes are compared with those for all of
// their pairs.
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/MaskIntervals.h"
#include "passes/analysis/KeyRange.h"

#include "dialect/AttnDialect.h"
#include "dialect/AttnOps.h"
#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace attn;

namespace {

struct Mask {
  const char *name;
  /// Of the indices %b, %h, %q, %k, to %r.
  const char *body;
  /// Whether the answers for boxes are exact.
  bool isTight;
  /// Whether the range of keys is the shortest.
  bool isTightRange = true;
};

const Mask kMasks[] = {
    {"causal", "%r = arith.cmpi sle, %k, %q : index", true},
    {"future", "%r = arith.cmpi sgt, %k, %q : index", true},
    {"diagonal", "%r = arith.cmpi eq, %k, %q : index", true},
    {"not_diagonal", "%r = arith.cmpi ne, %k, %q : index", true},
    {"offset_causal",
     "%c = arith.constant 5 : index\n%l = arith.addi %q, %c : index\n"
     "%r = arith.cmpi sle, %k, %l : index",
     true},
    {"window",
     "%c = arith.constant 4 : index\n%d = arith.subi %q, %k : index\n"
     "%r = arith.cmpi slt, %d, %c : index",
     true},
    {"causal_window",
     "%c = arith.constant 4 : index\n%d = arith.subi %q, %k : index\n"
     "%n = arith.cmpi slt, %d, %c : index\n"
     "%p = arith.cmpi sle, %k, %q : index\n%r = arith.andi %n, %p : i1",
     false},
    {"length",
     "%c = arith.constant 11 : index\n%r = arith.cmpi slt, %k, %c : index",
     true},
    {"prefix",
     "%c = arith.constant 6 : index\n%n = arith.cmpi slt, %k, %c : index\n"
     "%p = arith.cmpi sle, %k, %q : index\n%r = arith.ori %n, %p : i1",
     false},
    {"block_causal",
     "%c = arith.constant 4 : index\n%i = arith.floordivsi %q, %c : index\n"
     "%j = arith.floordivsi %k, %c : index\n"
     "%r = arith.cmpi sle, %j, %i : index",
     true},
    {"chunked",
     "%c = arith.constant 8 : index\n%i = arith.floordivsi %q, %c : index\n"
     "%j = arith.floordivsi %k, %c : index\n"
     "%r = arith.cmpi eq, %j, %i : index",
     true},
    {"remainder",
     "%c = arith.constant 3 : index\n%m = arith.remsi %k, %c : index\n"
     "%z = arith.constant 1 : index\n%r = arith.cmpi eq, %m, %z : index",
     false, false},
    {"dilated",
     "%c = arith.constant 3 : index\n%d = arith.subi %q, %k : index\n"
     "%f = arith.floordivsi %d, %c : index\n%t = arith.muli %f, %c : index\n"
     "%m = arith.subi %d, %t : index\n%z = arith.constant 0 : index\n"
     "%r = arith.cmpi eq, %m, %z : index",
     false, false},
    {"global_and_window",
     "%c = arith.constant 2 : index\n%w = arith.constant 5 : index\n"
     "%g = arith.cmpi slt, %k, %c : index\n"
     "%e = arith.cmpi slt, %q, %c : index\n%o = arith.ori %g, %e : i1\n"
     "%d = arith.subi %q, %k : index\n%n = arith.cmpi slt, %d, %w : index\n"
     "%r = arith.ori %o, %n : i1",
     false, false},
    {"neighbourhood",
     "%c = arith.constant 5 : index\n%t = arith.constant true\n"
     "%one = arith.constant 1 : index\n"
     "%qr = arith.floordivsi %q, %c : index\n"
     "%kr = arith.floordivsi %k, %c : index\n"
     "%qc = arith.remsi %q, %c : index\n%kc = arith.remsi %k, %c : index\n"
     "%dr = arith.subi %qr, %kr : index\n%dc = arith.subi %qc, %kc : index\n"
     "%a = arith.cmpi sle, %dr, %one : index\n"
     "%e = arith.cmpi sle, %dc, %one : index\n%r = arith.andi %a, %e : i1",
     false, false},
    {"negated",
     "%t = arith.constant true\n%p = arith.cmpi sle, %k, %q : index\n"
     "%r = arith.xori %p, %t : i1",
     true},
    {"head_window",
     "%o = arith.constant 1 : index\n%w = arith.addi %h, %o : index\n"
     "%d = arith.subi %q, %k : index\n%r = arith.cmpi sle, %d, %w : index",
     true},
    {"selected",
     "%z = arith.constant 0 : index\n%e = arith.cmpi eq, %h, %z : index\n"
     "%p = arith.cmpi sle, %k, %q : index\n"
     "%n = arith.cmpi sge, %k, %q : index\n"
     "%r = arith.select %e, %p, %n : i1",
     true},
    {"clamped",
     "%c = arith.constant 7 : index\n%m = arith.minsi %q, %c : index\n"
     "%x = arith.maxsi %k, %c : index\n%r = arith.cmpi sle, %x, %m : index",
     true},
    {"product",
     "%c = arith.constant -2 : index\n%x = arith.muli %k, %c : index\n"
     "%y = arith.muli %q, %c : index\n%r = arith.cmpi sle, %y, %x : index",
     true},
    {"distance",
     "%c = arith.constant 3 : index\n%z = arith.constant 0 : index\n"
     "%d = arith.subi %q, %k : index\n%n = arith.subi %z, %d : index\n"
     "%a = arith.maxsi %d, %n : index\n%r = arith.cmpi slt, %a, %c : index",
     false},
    {"beyond_distance",
     "%c = arith.constant 3 : index\n%z = arith.constant 0 : index\n"
     "%d = arith.subi %q, %k : index\n%n = arith.subi %z, %d : index\n"
     "%a = arith.maxsi %d, %n : index\n%r = arith.cmpi sge, %a, %c : index",
     false, false},
    {"block_of_distance",
     "%c = arith.constant 4 : index\n%one = arith.constant 1 : index\n"
     "%d = arith.subi %q, %k : index\n"
     "%f = arith.floordivsi %d, %c : index\n"
     "%r = arith.cmpi eq, %f, %one : index",
     true},
    {"past_blocks",
     "%c = arith.constant 4 : index\n%i = arith.floordivsi %q, %c : index\n"
     "%j = arith.floordivsi %k, %c : index\n"
     "%r = arith.cmpi slt, %j, %i : index",
     true},
    {"future_blocks",
     "%c = arith.constant 4 : index\n%i = arith.floordivsi %q, %c : index\n"
     "%j = arith.floordivsi %k, %c : index\n"
     "%r = arith.cmpi sgt, %j, %i : index",
     true},
    {"multiple",
     "%c = arith.constant 3 : index\n%x = arith.muli %k, %c : index\n"
     "%r = arith.cmpi slt, %x, %q : index",
     true},
    {"not_both",
     "%c = arith.constant 9 : index\n%t = arith.constant true\n"
     "%p = arith.cmpi sge, %k, %q : index\n"
     "%n = arith.cmpi slt, %k, %c : index\n%a = arith.andi %p, %n : i1\n"
     "%r = arith.xori %a, %t : i1",
     false, false},
    {"either",
     "%c = arith.constant 9 : index\n"
     "%p = arith.cmpi sge, %k, %q : index\n"
     "%n = arith.cmpi slt, %k, %c : index\n%r = arith.xori %p, %n : i1",
     false, false},
    {"all", "%r = arith.constant true", true},
    {"none", "%r = arith.constant false", true},
};

void PrintTo(const Mask &mask, std::ostream *os) { *os << mask.name; }

class MaskIntervals : public ::testing::TestWithParam<Mask> {
protected:
  void SetUp() override {
    context.loadDialect<AttnDialect, arith::ArithDialect, func::FuncDialect,
                        memref::MemRefDialect>();
    std::string type = "memref<?x?xf32>";
    std::string text = "func.func @f(%data: " + type +
                       ") {\nattn.attention %data, %data, %data mask {\n"
                       "^bb0(%b: index, %h: index, %q: index, %k: index):\n" +
                       std::string(GetParam().body) +
                       "\nattn.yield %r : i1\n} outs(%data : " + type +
                       ") : " + type + ", " + type + ", " + type +
                       "\nreturn\n}";
    module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    module->walk([&](AttentionOp op) { attention = op; });
  }

  /// (possible, certain) of a box with constant ends.
  std::pair<bool, bool> classify(int64_t head, int64_t firstQuery,
                                 int64_t lastQuery, int64_t firstKey,
                                 int64_t lastKey) {
    KernelBuilder builder(attention.getLoc(), attention);
    auto index = [&](int64_t value) { return builder.index(value); };
    // One value where the ends are one: that makes a point.
    Value query = index(firstQuery), key = index(firstKey);
    IndexBox box = {
        index(0), index(head),
        query,    lastQuery == firstQuery ? query : index(lastQuery),
        key,      lastKey == firstKey ? key : index(lastKey)};
    BoxClass result = classifyBox(builder, attention.getMask(), box);
    return {value(result.possible), value(result.certain)};
  }

  /// The range that was found, first and end.
  std::pair<int64_t, int64_t> range(int64_t head, int64_t firstQuery,
                                    int64_t lastQuery, int64_t keys) {
    KernelBuilder builder(attention.getLoc(), attention);
    auto index = [&](int64_t value) { return builder.index(value); };
    Value query = index(firstQuery);
    IndexBox box = {
        index(0), index(head),
        query,    lastQuery == firstQuery ? query : index(lastQuery),
        index(0), index(keys - 1)};
    KeyRange result = emitKeyRange(builder, attention.getMask(), box);
    return {number(result.first), number(result.end)};
  }

  int64_t number(Value value) {
    APInt result;
    EXPECT_TRUE(matchPattern(value, m_ConstantInt(&result))) << "did not fold";
    return value.getType().isInteger(1) ? result.getZExtValue()
                                        : result.getSExtValue();
  }

  bool value(Value condition) { return number(condition); }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  AttentionOp attention;
};

TEST_P(MaskIntervals, AgreesWithPairs) {
  std::mt19937 random(1);
  auto draw = [&](int64_t end) {
    return std::uniform_int_distribution<int64_t>(0, end - 1)(random);
  };
  for (int round = 0; round < 60; ++round) {
    int64_t head = draw(3), q0 = draw(24), k0 = draw(24);
    int64_t q1 = q0 + draw(6), k1 = k0 + draw(6);
    bool any = false, all = true;
    for (int64_t q = q0; q <= q1; ++q)
      for (int64_t k = k0; k <= k1; ++k) {
        auto [possible, certain] = classify(head, q, q, k, k);
        ASSERT_EQ(possible, certain) << "a pair is no interval";
        any |= possible;
        all &= certain;
      }
    SCOPED_TRACE(::testing::Message()
                 << "head " << head << " queries " << q0 << " to " << q1
                 << " keys " << k0 << " to " << k1);
    auto [possible, certain] = classify(head, q0, q1, k0, k1);
    EXPECT_TRUE(possible || !any) << "drops a pair that is allowed";
    EXPECT_TRUE(!certain || all) << "allows a pair that is masked";
    if (GetParam().isTight) {
      EXPECT_EQ(possible, any);
      EXPECT_EQ(certain, all);
    }
  }
}

TEST_P(MaskIntervals, RangeHoldsTheKeys) {
  std::mt19937 random(2);
  auto draw = [&](int64_t end) {
    return std::uniform_int_distribution<int64_t>(0, end - 1)(random);
  };
  for (int round = 0; round < 40; ++round) {
    int64_t head = draw(3), q0 = draw(24), q1 = q0 + draw(6);
    int64_t keys = 1 + draw(30), first = keys, end = 0;
    for (int64_t q = q0; q <= q1; ++q)
      for (int64_t k = 0; k < keys; ++k)
        if (classify(head, q, q, k, k).first) {
          first = std::min(first, k);
          end = std::max(end, k + 1);
        }
    SCOPED_TRACE(::testing::Message()
                 << "head " << head << " queries " << q0 << " to " << q1
                 << " of " << keys << " keys");
    auto [from, to] = range(head, q0, q1, keys);
    EXPECT_GE(from, 0);
    EXPECT_LE(to, keys);
    if (end <= first) {
      if (GetParam().isTightRange)
        EXPECT_LE(to, from) << "keys where there are none";
      continue;
    }
    EXPECT_LE(from, first);
    EXPECT_GE(to, end);
    if (GetParam().isTightRange) {
      EXPECT_EQ(from, first);
      EXPECT_EQ(to, end);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, MaskIntervals, ::testing::ValuesIn(kMasks),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace

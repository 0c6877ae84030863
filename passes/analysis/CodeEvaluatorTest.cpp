//===- CodeEvaluatorTest.cpp - Emitted integer code on numbers ------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/CodeEvaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <limits>

using namespace mlir;
using namespace attn;

namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

class CodeEvaluatorTest : public ::testing::Test {
protected:
  CodeEvaluatorTest() {
    context
        .loadDialect<arith::ArithDialect, func::FuncDialect, scf::SCFDialect>();
  }

  /// What a function of two indices gives.
  std::optional<int64_t> run(StringRef body, std::optional<int64_t> x,
                             std::optional<int64_t> y, int64_t maxOps = 10000) {
    std::string text = ("func.func @f(%x: index, %y: index, %f: f32) {\n" +
                        body + "\nreturn\n}")
                           .str();
    auto module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    auto function = *module->getOps<func::FuncOp>().begin();
    CodeEvaluator evaluator(maxOps);
    evaluator.bind(function.getArgument(0), x);
    evaluator.bind(function.getArgument(1), y);
    completed = evaluator.run(function.front());
    Operation *last = function.front().getTerminator()->getPrevNode();
    return evaluator.get(last->getResult(0));
  }

  bool completed = false;
  MLIRContext context;
};

TEST_F(CodeEvaluatorTest, Divisions) {
  auto divide = [&](StringRef name, int64_t x, int64_t y) {
    return run(("%r = arith." + name + " %x, %y : index").str(), x, y);
  };
  EXPECT_EQ(divide("divsi", -7, 2), -3);
  EXPECT_EQ(divide("floordivsi", -7, 2), -4);
  EXPECT_EQ(divide("ceildivsi", 7, 2), 4);
  EXPECT_EQ(divide("remsi", -7, 2), -1);
  EXPECT_EQ(divide("divui", -1, 2), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(divide("remui", 7, 4), 3);
  for (StringRef name : {"divsi", "floordivsi", "remsi", "divui", "remui"})
    EXPECT_EQ(divide(name, 5, 0), std::nullopt) << name.str();
  EXPECT_EQ(divide("floordivsi", kLeast, -1), std::nullopt);
}

TEST_F(CodeEvaluatorTest, NumbersWrap) {
  EXPECT_EQ(run("%r = arith.subi %x, %y : index", kLeast, 1),
            std::numeric_limits<int64_t>::max());
  EXPECT_EQ(run(R"(%a = arith.index_cast %x : index to i32
                   %r = arith.muli %a, %a : i32)",
                1 << 16, 0),
            0);
  EXPECT_EQ(run(R"(%b = arith.cmpi slt, %x, %y : index
                   %r = arith.extsi %b : i1 to i64)",
                1, 2),
            -1);
  EXPECT_EQ(run(R"(%b = arith.cmpi slt, %x, %y : index
                   %r = arith.extui %b : i1 to i64)",
                1, 2),
            1);
}

TEST_F(CodeEvaluatorTest, OneSideMayDecide) {
  StringRef both = R"(%a = arith.cmpi slt, %x, %x : index
                      %b = arith.cmpi slt, %x, %y : index
                      %r = arith.andi %a, %b : i1)";
  StringRef either = R"(%a = arith.cmpi sle, %x, %x : index
                        %b = arith.cmpi slt, %y, %x : index
                        %r = arith.ori %b, %a : i1)";
  EXPECT_EQ(run(both, 1, std::nullopt), 0);
  EXPECT_EQ(run(either, 1, std::nullopt), 1);
  EXPECT_EQ(run(both, std::nullopt, 1), std::nullopt);
  EXPECT_EQ(run("%r = arith.fptosi %f : f32 to i64", 1, 1), std::nullopt);
}

TEST_F(CodeEvaluatorTest, LoopsAndBranches) {
  StringRef sum = R"(%c1 = arith.constant 1 : index
                     %r = scf.for %i = %c1 to %x step %c1 iter_args(%s = %y) -> index {
                       %odd = arith.remui %i, %x : index
                       %b = arith.cmpi ne, %odd, %c1 : index
                       %n = scf.if %b -> index {
                         %t = arith.addi %s, %i : index
                         scf.yield %t : index
                       } else {
                         scf.yield %s : index
                       }
                       scf.yield %n : index
                     })";
  EXPECT_EQ(run(sum, 5, 100), 109);
  EXPECT_EQ(run(sum, 1, 100), 100);
  EXPECT_EQ(run(sum, 5, std::nullopt), std::nullopt);
  EXPECT_EQ(run(sum, std::nullopt, 3), std::nullopt);
  EXPECT_TRUE(completed);
  run(sum, 1'000'000, 0);
  EXPECT_FALSE(completed);
}

// What the last round of a loop knew is not known when the next one does not.
TEST_F(CodeEvaluatorTest, ForgetsWhatALoopKnew) {
  EXPECT_EQ(run(R"(%c0 = arith.constant 0 : index
                   %c1 = arith.constant 1 : index
                   %c2 = arith.constant 2 : index
                   %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%s = %c1) -> index {
                     %d = arith.divui %s, %i : index
                     scf.yield %d : index
                   })",
                0, 0),
            std::nullopt);
}

} // namespace

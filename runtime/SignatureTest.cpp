//===- SignatureTest.cpp - What a compiled function takes and gives -------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <limits>

using namespace attn::runtime;

namespace {

using Kind = ShapeExpr::Kind;
using Sizes = std::vector<int64_t>;

ShapeExpr c(int64_t value) { return ShapeExpr::constant(value); }
ShapeExpr d(unsigned index) { return ShapeExpr::dim(index); }
ShapeExpr add(ShapeExpr a, ShapeExpr b) {
  return ShapeExpr::binary(Kind::Add, std::move(a), std::move(b));
}
ShapeExpr mul(ShapeExpr a, ShapeExpr b) {
  return ShapeExpr::binary(Kind::Mul, std::move(a), std::move(b));
}
ShapeExpr binary(Kind kind, ShapeExpr a, ShapeExpr b) {
  return ShapeExpr::binary(kind, std::move(a), std::move(b));
}

template <typename T> std::string messageOf(llvm::Expected<T> result) {
  return result ? "no error" : llvm::toString(result.takeError());
}
std::string messageOf(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "no error";
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

TEST(ShapeExpr, Prints) {
  std::vector<std::string> names = {"C", "H", "T"};
  auto print = [&](const ShapeExpr &expr) { return expr.toString(names); };
  EXPECT_EQ(print(mul(d(0), c(3))), "3 * C");
  EXPECT_EQ(print(add(d(2), c(-5))), "T - 5");
  EXPECT_EQ(print(add(d(2), mul(d(0), c(-1)))), "T - C");
  EXPECT_EQ(print(add(d(2), mul(d(0), c(-2)))), "T - 2 * C");
  EXPECT_EQ(print(mul(add(d(2), c(1)), c(2))), "2 * (T + 1)");
  EXPECT_EQ(print(add(d(2), mul(add(d(0), c(1)), c(-1)))), "T - (C + 1)");
  EXPECT_EQ(print(binary(Kind::FloorDiv, add(d(2), c(1)), c(2))),
            "(T + 1) // 2");
  EXPECT_EQ(print(mul(binary(Kind::ExactDiv, d(0), d(1)), c(3))),
            "3 * (C / H)");
  EXPECT_EQ(print(binary(Kind::ExactDiv, mul(d(0), c(3)), d(1))), "3 * C / H");
  EXPECT_EQ(print(binary(Kind::ExactDiv, d(0), mul(d(1), d(2)))),
            "C / (H * T)");
  EXPECT_EQ(print(binary(Kind::Mod, d(0), c(-2))), "C % (-2)");
  EXPECT_EQ(print(binary(Kind::CeilDiv, d(0), c(2))), "ceil(C / 2)");
}

TEST(ShapeExpr, RoundsTowardsMinusInfinity) {
  auto eval = [](Kind kind, int64_t a, int64_t b) {
    return *binary(kind, c(a), c(b)).evaluate(Sizes{});
  };
  EXPECT_EQ(eval(Kind::FloorDiv, -7, 2), -4);
  EXPECT_EQ(eval(Kind::FloorDiv, 7, -2), -4);
  EXPECT_EQ(eval(Kind::FloorDiv, -6, 2), -3);
  EXPECT_EQ(eval(Kind::CeilDiv, 7, 2), 4);
  EXPECT_EQ(eval(Kind::CeilDiv, -7, 2), -3);
  EXPECT_EQ(eval(Kind::CeilDiv, 6, 2), 3);
  EXPECT_EQ(eval(Kind::Mod, -7, 2), 1);
  EXPECT_EQ(eval(Kind::Mod, 7, -2), -1);
  EXPECT_EQ(eval(Kind::Mod, -6, 2), 0);
}

TEST(ShapeExpr, KnowsWhatItCannotCompute) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  EXPECT_FALSE(mul(d(0), d(0)).evaluate(Sizes{kLargest / 2}));
  EXPECT_FALSE(add(d(0), c(1)).evaluate(Sizes{kLargest}));
  EXPECT_FALSE(binary(Kind::Mod, c(1), d(0)).evaluate(Sizes{0}));
  EXPECT_FALSE(
      binary(Kind::FloorDiv, c(std::numeric_limits<int64_t>::min()), c(-1))
          .evaluate(Sizes{}));
  EXPECT_FALSE(d(1).evaluate(Sizes{1}));
}

TEST(ShapeExpr, Solves) {
  using Solution = ShapeExpr::Solution;
  std::vector<std::optional<int64_t>> sizes = {std::nullopt, 4};
  auto solve = [&](const ShapeExpr &expr, int64_t value) -> std::string {
    Solution solution = expr.solve(0, value, sizes);
    return solution.status == Solution::Solved ? std::to_string(solution.value)
           : solution.status == Solution::NoSolution ? "none"
                                                     : "undetermined";
  };
  EXPECT_EQ(solve(mul(d(0), c(3)), 12), "4");
  EXPECT_EQ(solve(mul(d(0), c(3)), 13), "none");
  EXPECT_EQ(solve(add(mul(d(0), d(1)), c(2)), 14), "3");
  EXPECT_EQ(solve(add(d(0), mul(d(0), d(1))), 15), "3");
  EXPECT_EQ(solve(add(d(1), mul(d(0), c(-1))), 1), "3");
  EXPECT_EQ(solve(binary(Kind::ExactDiv, d(0), d(1)), 3), "12");
  EXPECT_EQ(solve(mul(binary(Kind::ExactDiv, d(0), d(1)), c(2)), 6), "12");
  EXPECT_EQ(solve(binary(Kind::ExactDiv, d(1), d(0)), 2), "2");
  EXPECT_EQ(solve(binary(Kind::FloorDiv, d(0), d(1)), 3), "undetermined");
  EXPECT_EQ(solve(mul(d(0), d(0)), 9), "undetermined");
  EXPECT_EQ(solve(mul(d(0), c(0)), 0), "undetermined");
  EXPECT_EQ(solve(mul(d(0), c(0)), 1), "none");
  EXPECT_EQ(solve(add(d(0), c(-1)), std::numeric_limits<int64_t>::max()),
            "none");
  EXPECT_EQ(solve(mul(d(0), c(-1)), std::numeric_limits<int64_t>::min()),
            "none");
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

class ReadSignature : public ::testing::Test {
protected:
  ReadSignature() {
    context.loadDialect<mlir::func::FuncDialect, mlir::LLVM::LLVMDialect>();
    context.allowUnregisteredDialects();
  }

  llvm::Expected<Signature> read(llvm::StringRef text) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return readSignature(*module);
  }

  mlir::MLIRContext context;
};

void expectProjection(const Signature &signature) {
  EXPECT_EQ(signature.function, "project");
  EXPECT_EQ(signature.dims, (std::vector<std::string>{"T", "C", "H"}));
  ASSERT_EQ(signature.inputs.size(), 2u);
  EXPECT_EQ(signature.inputs[0].name, "x");
  EXPECT_EQ(signature.typeToString(signature.inputs[0]), "f32[T, C, H]");
  EXPECT_EQ(signature.typeToString(signature.inputs[1]), "i64");
  ASSERT_EQ(signature.results.size(), 1u);
  EXPECT_EQ(signature.results[0].name, "out");
  EXPECT_EQ(signature.typeToString(signature.results[0]),
            "bf16[T, 3 * C, C / H, T // H, 8]");
  ASSERT_EQ(signature.requirements.size(), 1u);
  EXPECT_EQ(signature.requirements[0].message, "C must be divisible by H");
}

TEST_F(ReadSignature, FromArguments) {
  expectProjection(llvm::cantFail(read(R"(
    func.func private @helper()
    func.func private @project(
        tensor<?x?x?xf32> {attn.name = "x", attn.dtype = "f32",
          attn.shape = affine_map<()[s0, s1, s2] -> (s0, s1, s2)>},
        i64 {attn.name = "n", attn.dtype = "i64",
          attn.shape = affine_map<()[s0, s1, s2] -> ()>})
      -> (tensor<?x?x?x?x8xbf16> {attn.dtype = "bf16",
          attn.shape = affine_map<()[s0, s1, s2] ->
            (s0, s1 * 3, s1 floordiv s2, s0 floordiv s2, 8)>})
      attributes {attn.entry, attn.dims = ["T", "C", "H"],
        attn.requires = [{map = affine_map<()[s0, s1, s2] -> (s1 mod s2)>,
                          message = "C must be divisible by H"}]}
  )")));
}

TEST_F(ReadSignature, FromTheAttributeAtMachineLevel) {
  constexpr llvm::StringLiteral kSignature = R"(
      attn.entry, attn.signature = {
        dims = ["T", "C", "H"],
        arguments = [
          {name = "x", dtype = "f32",
           shape = affine_map<()[s0, s1, s2] -> (s0, s1, s2)>},
          {name = "n", dtype = "i64", shape = affine_map<()[s0, s1, s2] -> ()>}],
        results = [{name = "out", dtype = "bf16",
           shape = affine_map<()[s0, s1, s2] ->
             (s0, s1 * 3, s1 floordiv s2, s0 floordiv s2, 8)>}],
        requires = [{map = affine_map<()[s0, s1, s2] -> (s1 mod s2)>,
                     message = "C must be divisible by H"}]})";
  expectProjection(llvm::cantFail(
      read(("func.func private @project(memref<f32>) attributes {" +
            kSignature + "}")
               .str())));
  // The C interface inherits the attributes of the function it calls.
  expectProjection(llvm::cantFail(read(
      ("llvm.func @_mlir_ciface_project(!llvm.ptr) attributes {" + kSignature +
       "}\n llvm.func @project(!llvm.ptr, i64) attributes {" + kSignature + "}")
          .str())));
}

TEST_F(ReadSignature, ReportsWhatIsMissing) {
  EXPECT_EQ(messageOf(read("func.func private @f()")),
            "internal error: no function is marked attn.entry");
  EXPECT_EQ(messageOf(read(R"(
    func.func private @f() attributes {attn.entry}
    func.func private @g() attributes {attn.entry})")),
            "internal error: both f and g are marked attn.entry");
  EXPECT_EQ(messageOf(read("llvm.func @f() attributes {attn.entry}")),
            "internal error: f does not name its dimensions");
  EXPECT_EQ(messageOf(read(R"(func.func private @f(i64)
              attributes {attn.entry, attn.dims = []})")),
            "internal error: argument 0 has no attributes");
  EXPECT_EQ(messageOf(read(R"(llvm.func @f() attributes {attn.entry,
              attn.signature = {dims = [], results = [],
                arguments = [{dtype = "u8"}]}})")),
            "internal error: entry 0 of arguments has no valid dtype");
  EXPECT_EQ(messageOf(read(R"(llvm.func @f() attributes {attn.entry,
              attn.signature = {dims = [], results = [],
                arguments = [{dtype = "f32",
                  shape = affine_map<()[s0] -> (s0)>}]}})")),
            "internal error: a shape uses symbol 0 of 0");
}

//===----------------------------------------------------------------------===//
// Binding
//===----------------------------------------------------------------------===//

/// q: f32[B, T, D], k: f32[B, T, D]; tests put other expressions in.
class Binding : public ::testing::Test {
protected:
  Binding() {
    signature.function = "f";
    signature.dims = {"B", "T", "D"};
    signature.inputs = {{"q", DType::F32, {d(0), d(1), d(2)}},
                        {"k", DType::F32, {d(0), d(1), d(2)}}};
    signature.results = {{"out", DType::F32, {d(0), add(d(1), c(-5))}}};
  }

  std::string bind(std::vector<Sizes> shapes) {
    auto dims = bindAll(shapes);
    return dims ? shapeToString(*dims) : llvm::toString(dims.takeError());
  }

  llvm::Expected<Sizes> bindAll(llvm::ArrayRef<Sizes> shapes) {
    DimBinder binder(signature);
    for (size_t i = 0; i < shapes.size(); ++i)
      if (llvm::Error error =
              binder.bindInput(i, signature.inputs[i].dtype, shapes[i]))
        return std::move(error);
    return binder.finish();
  }

  Signature signature;
};

TEST_F(Binding, UnifiesShapes) {
  EXPECT_EQ(bind({{2, 128, 64}, {2, 128, 64}}), "[2, 128, 64]");
  EXPECT_EQ(bind({{0, 0, 0}, {0, 0, 0}}), "[0, 0, 0]");
  EXPECT_EQ(bind({{2, 128, 64}, {2, 96, 64}}),
            "k has 96 where the program says T, but q bound T to 128");
}

TEST_F(Binding, ChecksRankAndType) {
  EXPECT_EQ(bind({{128, 64}}),
            "q: expected 3 dimensions [B, T, D], got 2 [128, 64]");
  EXPECT_EQ(bind({{}}), "q: expected 3 dimensions [B, T, D], got a scalar");
  signature.inputs[0].shape = {d(0)};
  EXPECT_EQ(bind({{2, 3}}), "q: expected 1 dimension [B], got 2 [2, 3]");
  signature.inputs[0].shape = {};
  EXPECT_EQ(bind({{3}}), "q: expected a scalar, got 1 dimension [3]");
  DimBinder binder(signature);
  EXPECT_EQ(messageOf(binder.bindInput(1, DType::F64, {2, 128, 64})),
            "k: expected f32, got f64");
}

TEST_F(Binding, CountsInputs) {
  Tensor q = llvm::cantFail(Tensor::create(DType::F32, {1, 2, 3}));
  EXPECT_EQ(messageOf(signature.bindDims({&q})),
            "expected 2 inputs (q, k), got 1");
  EXPECT_EQ(*signature.bindDims({&q, &q}), (Sizes{1, 2, 3}));
}

TEST_F(Binding, ChecksExpressions) {
  signature.inputs[1].shape = {d(0), c(64), mul(d(2), c(3))};
  EXPECT_EQ(bind({{2, 1, 32}, {2, 64, 96}}), "[2, 1, 32]");
  EXPECT_EQ(bind({{2, 1, 32}, {2, 32, 96}}),
            "k has 32 where the program says 64");
  EXPECT_EQ(bind({{2, 1, 32}, {2, 64, 100}}),
            "k has 100 where the program says 3 * D, which is 96 (q bound D to "
            "32)");
  signature.inputs[1].shape[2] = mul(d(2), d(2));
  EXPECT_EQ(bind({{2, 1, int64_t(1) << 32}, {2, 64, 5}}),
            "k has 5 where the program says D * D, which cannot be computed (q "
            "bound D to 4294967296)");
}

TEST_F(Binding, SolvesExpressions) {
  signature.inputs[0].shape = {d(0), d(0), mul(d(2), c(3))};
  signature.inputs[1].shape = {add(d(1), d(2)), d(0), d(0)};
  // T follows only once D is known.
  EXPECT_EQ(bind({{2, 2, 12}, {10, 2, 2}}), "[2, 6, 4]");
  EXPECT_EQ(bind({{2, 2, 13}, {10, 2, 2}}),
            "q has 13 where the program says 3 * D, which no D satisfies");
  EXPECT_EQ(bind({{2, 2, 12}, {3, 2, 2}}),
            "k has 3 where the program says T + D, which no T satisfies (q "
            "bound D to 4)");
}

TEST_F(Binding, SaysWhatItCannotSolve) {
  signature.inputs[1].shape =
      signature.inputs[0].shape = {d(0), mul(d(1), d(1)), d(0)};
  EXPECT_EQ(bind({{2, 9, 2}, {2, 9, 2}}),
            "the size of T does not follow from the inputs: q has 9 where the "
            "program says T * T");
  signature.inputs[0].shape[1] = signature.inputs[1].shape[1] = d(1);
  EXPECT_EQ(bind({{2, 9, 2}, {2, 9, 2}}),
            "the size of D does not follow from the inputs: none of them has "
            "it");
}

TEST_F(Binding, ChecksRequirements) {
  signature.requirements = {
      {{binary(Kind::Mod, d(2), d(0))}, "D must be divisible by B"}};
  EXPECT_EQ(bind({{2, 1, 64}, {2, 1, 64}}), "[2, 1, 64]");
  EXPECT_EQ(bind({{12, 1, 100}, {12, 1, 100}}),
            "D must be divisible by B, got D = 100 from q, B = 12 from q");
  EXPECT_EQ(bind({{0, 1, 64}, {0, 1, 64}}),
            "D must be divisible by B, got D = 64 from q, B = 0 from q");
  signature.requirements = {
      {{add(d(2), c(-64))}, "D is 64 in this compilation"}};
  EXPECT_EQ(bind({{2, 1, 32}, {2, 1, 32}}),
            "D is 64 in this compilation, got D = 32 from q");
}

TEST_F(Binding, TakesSizesFromElsewhere) {
  DimBinder binder(signature);
  EXPECT_EQ(messageOf(binder.bind("T", 128, "--dim")), "no error");
  EXPECT_EQ(messageOf(binder.bind("T", 64, "--dim")),
            "--dim says T is 64, but --dim bound it to 128");
  EXPECT_EQ(messageOf(binder.bind("S", 1, "--dim")),
            "--dim: f has no dimension S; it has B, T, D");
  EXPECT_EQ(messageOf(binder.bind("B", -1, "--dim")),
            "--dim: expected a size of at least 0 for B, got -1");
  EXPECT_EQ(messageOf(binder.bindInput(0, DType::F32, {2, 96, 64})),
            "q has 96 where the program says T, but --dim bound T to 128");
}

TEST_F(Binding, KnowsWhatIsStillUnbound) {
  signature.requirements = {
      {{add(d(2), c(-64))}, "D is 64 in this compilation"}};
  DimBinder binder(signature);
  EXPECT_EQ(binder.unbound(), (std::vector<std::string>{"B", "T", "D"}));
  ASSERT_FALSE(binder.bind("B", 2, "--dim"));
  ASSERT_FALSE(binder.solve());
  EXPECT_EQ(binder.unbound(), (std::vector<std::string>{"T"}));
  EXPECT_EQ(messageOf(binder.finish()),
            "the size of T does not follow from the inputs: none of them has "
            "it");
}

TEST_F(Binding, EvaluatesResults) {
  const Parameter &out = signature.results[0];
  EXPECT_EQ(*signature.evaluateShape(out, {2, 7, 1}), (Sizes{2, 2}));
  EXPECT_EQ(messageOf(signature.evaluateShape(out, {2, 3, 1})),
            "out: the size T - 5 would be -2 with T = 3");
  signature.results[0].shape = {mul(d(0), d(0))};
  EXPECT_EQ(messageOf(signature.evaluateShape(out, {int64_t(1) << 40, 3, 1})),
            "out: the size B * B cannot be computed with B = 1099511627776");
}

} // namespace

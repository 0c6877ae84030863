//===- LoweringFixture.h - One small computation at every level -*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A case is a piece of the attn stage with its inputs and the results worked
// out by hand. It runs at both optimisation levels, with the extents in the
// types and with open ones (extents of 1 stay static: only those stretch).
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TESTS_PASSES_NUMERIC_LOWERINGFIXTURE_H
#define ATTN_TESTS_PASSES_NUMERIC_LOWERINGFIXTURE_H

#include "dialect/AttnDialect.h"
#include "passes/Pipelines.h"
#include "runtime/Engine.h"
#include "runtime/Tensor.h"
#include "tools/Register.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

namespace attn::test {

using runtime::DType;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Array {
  DType dtype;
  std::vector<int64_t> shape;
  std::vector<double> values;
  bool scalar = false;
};

/// A scalar argument or result, which is no tensor in the IR.
inline Array scalar(DType dtype, double value) {
  return {dtype, {}, {value}, /*scalar=*/true};
}
inline Array f32(std::vector<int64_t> shape, std::vector<double> values) {
  return {DType::F32, std::move(shape), std::move(values)};
}

inline std::string elementType(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::F32:
    return "f32";
  case DType::F64:
    return "f64";
  case DType::I32:
    return "i32";
  case DType::I64:
    return "i64";
  case DType::Bool:
    return "i1";
  }
  return "";
}

inline std::string dtypeName(DType dtype) {
  return dtype == DType::Bool ? "bool" : elementType(dtype);
}

inline std::string irType(const Array &array, bool open) {
  if (array.scalar)
    return elementType(array.dtype);
  std::string type = "tensor<";
  for (int64_t extent : array.shape)
    type += (open && extent != 1 ? "?" : std::to_string(extent)) + "x";
  return type + elementType(array.dtype) + ">";
}

inline std::string portAttributes(const Array &array, const std::string &name) {
  std::string map = "affine_map<() -> (";
  for (auto [i, extent] : llvm::enumerate(array.shape))
    map += (i ? ", " : "") + std::to_string(extent);
  return " {attn.name = \"" + name + "\", attn.dtype = \"" +
         dtypeName(array.dtype) + "\", attn.shape = " + map + ")>}";
}

inline runtime::Tensor toTensor(const Array &array) {
  runtime::Tensor tensor =
      llvm::cantFail(runtime::Tensor::create(array.dtype, array.shape));
  tensor.fromDoubles(array.values);
  return tensor;
}

/// A function of `inputs` (%a0, %a1, …) whose body ends before the return of
/// `results` (%r, or %r0, %r1, …). In `body`, $0, $1, … stand for the types of
/// the inputs and $r (or $r0, …) for those of the results.
inline std::string makeModule(std::string body, llvm::ArrayRef<Array> inputs,
                              llvm::ArrayRef<Array> results, bool open) {
  auto replace = [&](const std::string &from, const std::string &to) {
    for (size_t at = 0; (at = body.find(from, at)) != std::string::npos;
         at += to.size())
      body.replace(at, from.size(), to);
  };
  std::string arguments, types, attributed, values;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    std::string number = std::to_string(i), type = irType(input, open);
    replace("$" + number, type);
    arguments += (i ? ", %a" : "%a") + number + ": " + type +
                 portAttributes(input, "a" + number);
  }
  for (auto [i, result] : llvm::enumerate(results)) {
    std::string number = results.size() > 1 ? std::to_string(i) : "";
    std::string type = irType(result, open);
    replace("$r" + number, type);
    attributed += (i ? ", " : "") + type + portAttributes(result, "r" + number);
    types += (i ? ", " : "") + type;
    values += (i ? ", %r" : "%r") + number;
  }
  return "func.func @f(" + arguments + ") -> (" + attributed +
         ") attributes {attn.entry, attn.dims = []} {\n" + body + "\nreturn " +
         values + " : " + types + "\n}\n";
}

inline void expectEqual(const runtime::Tensor &actual, const Array &expected,
                        double tolerance) {
  ASSERT_EQ(actual.numElements(), static_cast<int64_t>(expected.values.size()));
  for (int64_t i = 0; i < actual.numElements(); ++i) {
    double got = actual.at(i), want = expected.values[i];
    if (std::isnan(want))
      EXPECT_TRUE(std::isnan(got)) << "element " << i << " is " << got;
    else if (std::isinf(want) || tolerance == 0)
      EXPECT_EQ(got, want) << "element " << i;
    else
      EXPECT_NEAR(got, want, tolerance * std::max(1.0, std::fabs(want)))
          << "element " << i;
  }
}

/// Runs the case in all variants. `tolerance` is relative above 1.
inline void check(const std::string &body, const std::vector<Array> &inputs,
                  const std::vector<Array> &results, double tolerance = 0) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  for (int level : {0, 3})
    for (bool open : {false, true}) {
      std::string text = makeModule(body, inputs, results, open);
      SCOPED_TRACE("level " + std::to_string(level) + "\n" + text);
      mlir::MLIRContext context(registry,
                                mlir::MLIRContext::Threading::DISABLED);
      auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
      ASSERT_TRUE(module);
      mlir::PassManager passes(&context);
      TilePipelineOptions options;
      options.optLevel = level;
      buildPipeline(passes, Stage::LLVM, options);
      ASSERT_TRUE(mlir::succeeded(passes.run(*module)));
      auto executable = runtime::Executable::create(*module);
      ASSERT_TRUE(static_cast<bool>(executable))
          << toString(executable.takeError());

      std::vector<runtime::Tensor> in, out;
      std::vector<const runtime::Tensor *> inPointers;
      std::vector<runtime::Tensor *> outPointers;
      for (const Array &input : inputs)
        in.push_back(toTensor(input));
      for (const Array &result : results) {
        // What a kernel forgets to write shows as -77.
        Array poison = result;
        poison.values.assign(result.values.size(), -77);
        out.push_back(toTensor(poison));
      }
      for (runtime::Tensor &tensor : in)
        inPointers.push_back(&tensor);
      for (runtime::Tensor &tensor : out)
        outPointers.push_back(&tensor);
      llvm::Error error = (*executable)->run(inPointers, outPointers, 2);
      ASSERT_FALSE(error) << toString(std::move(error));
      for (auto [actual, expected] : llvm::zip_equal(out, results))
        expectEqual(actual, expected, tolerance);
      for (auto [tensor, input] : llvm::zip_equal(in, inputs)) {
        runtime::Tensor original = toTensor(input);
        EXPECT_EQ(
            std::memcmp(tensor.data(), original.data(), tensor.numBytes()), 0)
            << "an argument was written";
      }
    }
}

} // namespace attn::test

#endif // ATTN_TESTS_PASSES_NUMERIC_LOWERINGFIXTURE_H

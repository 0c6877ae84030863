//===- VectorMathTest.cpp - attn-approximate-math against libm --*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Pipelines.h"
#include "runtime/Engine.h"
#include "runtime/Tensor.h"
#include "tools/Register.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace attn;
using namespace attn::runtime;

namespace {

struct Function {
  const char *name;
  double (*exact)(double);
  double ulps;
};

/// In units of the last place of the exact result, at least those of the least
/// normal number.
double distance(float actual, double exact) {
  if (std::isnan(exact) || std::isinf(static_cast<float>(exact)))
    return std::isnan(actual) == std::isnan(exact) &&
                   (std::isnan(actual) || actual == static_cast<float>(exact))
               ? 0
               : INFINITY;
  int exponent = std::max(std::ilogb(exact ? exact : 1e-300), -126);
  return std::fabs(actual - exact) / std::ldexp(1.0, exponent - 23);
}

class VectorMath : public ::testing::TestWithParam<Function> {};

/// The function of every 16 floats of an array.
std::unique_ptr<Executable> compile(const std::string &name) {
  std::string signature =
      "attn.entry, attn.signature = {arguments = [{dtype = \"f32\", name = "
      "\"x\", shape = #map}], dims = [\"N\"], requires = [], results = [{dtype "
      "= \"f32\", name = \"y\", shape = #map}]}, llvm.emit_c_interface";
  std::string text =
      "#map = affine_map<()[s0] -> (s0)>\n"
      "func.func @attn.f(%x: memref<?xf32>, %y: memref<?xf32>) attributes {" +
      signature +
      "} {\n%c0 = arith.constant 0 : index\n%c16 = arith.constant 16 : index\n"
      "%n = memref.dim %x, %c0 : memref<?xf32>\n"
      "scf.for %i = %c0 to %n step %c16 {\n"
      "%v = vector.load %x[%i] : memref<?xf32>, vector<16xf32>\n"
      "%r = math." +
      name +
      " %v : vector<16xf32>\n"
      "vector.store %r, %y[%i] : memref<?xf32>, vector<16xf32>\n}\nreturn\n}";
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return nullptr;
  mlir::PassManager passes(&context);
  buildLLVMPipeline(passes);
  if (mlir::failed(passes.run(*module)))
    return nullptr;
  auto executable = Executable::create(*module);
  if (!executable) {
    ADD_FAILURE() << toString(executable.takeError());
    return nullptr;
  }
  return std::move(*executable);
}

TEST_P(VectorMath, MatchesLibm) {
  const Function &function = GetParam();
  std::unique_ptr<Executable> executable = compile(function.name);
  ASSERT_TRUE(executable);
  // Bit patterns all over the format, and the special ones.
  std::vector<double> values = {
      0.0,  -0.0, INFINITY, -INFINITY, NAN,    88.7228, 88.7229, -87.34, -103.9,
      1.0,  -1.0, 1.17e-38, 1e-45,     -1e-45, 128.0,   127.999, -149.0, -126.5,
      7.99, 9.5,  -9.5,     3.402e+38, 0.0004, 0.00039, 0.5};
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 20011) {
    auto word = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &word, sizeof(value));
    values.push_back(value);
  }
  for (double x = -110; x < 110; x += 0.00271)
    values.push_back(x);
  while (values.size() % 16)
    values.push_back(0);
  Tensor x = llvm::cantFail(
      Tensor::create(DType::F32, {static_cast<int64_t>(values.size())}));
  Tensor y = llvm::cantFail(Tensor::create(DType::F32, x.shape()));
  x.fromDoubles(values);
  llvm::Error error = executable->run({&x}, {&y}, 1);
  ASSERT_FALSE(error) << toString(std::move(error));
  double worst = 0, at = 0;
  for (int64_t i = 0; i < x.numElements(); ++i) {
    double ulps = distance(y.at(i), function.exact(x.at(i)));
    if (ulps > worst) {
      worst = ulps;
      at = x.at(i);
    }
  }
  EXPECT_LE(worst, function.ulps) << function.name << " of " << at;
  RecordProperty("ulps", std::to_string(worst));
}

INSTANTIATE_TEST_SUITE_P(Functions, VectorMath,
                         ::testing::Values(Function{"exp", std::exp, 2},
                                           Function{"exp2", std::exp2, 2},
                                           Function{"tanh", std::tanh, 4},
                                           Function{"expm1", std::expm1, 4},
                                           Function{"log", std::log, 4},
                                           Function{"log1p", std::log1p, 4},
                                           Function{"log2", std::log2, 4},
                                           Function{"erf", std::erf, 4}),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace

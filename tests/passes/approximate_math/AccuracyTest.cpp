//===- AccuracyTest.cpp - Functions of vectors against doubles --*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Holds attn-approximate-math to the errors that its description states, for
// processors with and without multiply-adds.
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
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace attn;
using namespace attn::runtime;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Function {
  const char *name;
  double (*exact)(double);
  /// The bound on the error.
  double ulps;
};

const Function kFunctions[] = {
    {"exp", std::exp, 1.1},   {"exp2", std::exp2, 1.2},
    {"log", std::log, 1.0},   {"log2", std::log2, 2.0},
    {"tanh", std::tanh, 2.0}, {"expm1", std::expm1, 1.6},
    {"erf", std::erf, 1.5},   {"log1p", std::log1p, 1.0},
    {"sin", std::sin, 1.7},   {"cos", std::cos, 1.7}};

/// A function of `arity` arrays, applied to vectors of `type`. Null where this
/// machine cannot run the code.
std::unique_ptr<Executable> compile(const std::string &name, unsigned arity,
                                    const std::string &cpu = "",
                                    const std::string &type = "vector<16xf32>",
                                    unsigned length = 16) {
  std::string arrays, ports, loads, operands, types;
  std::string element = type.substr(type.find('x') + 1);
  element.pop_back();
  std::string array = "memref<?x" + element + ">";
  for (unsigned i = 0; i < arity; ++i) {
    std::string number = std::to_string(i), comma = i ? ", " : "";
    arrays += "%x" + number + ": " + array + ", ";
    ports += comma + "{dtype = \"" + element + "\", name = \"x" + number +
             "\", shape = #map}";
    loads += "%v" + number + " = vector.load %x" + number + "[%i] : " + array +
             ", " + type + "\n";
    operands += comma + "%v" + number;
  }
  std::string text =
      "#map = affine_map<()[s0] -> (s0)>\n"
      "func.func @attn.f(" +
      arrays + "%y: " + array +
      ") attributes {attn.entry, attn.signature = {arguments = [" + ports +
      "], dims = [\"N\"], requires = [], results = [{dtype = \"" + element +
      "\", name = \"y\", shape = #map}]}, llvm.emit_c_interface} {\n"
      "%c0 = arith.constant 0 : index\n%step = arith.constant " +
      std::to_string(length) + " : index\n%n = memref.dim %y, %c0 : " + array +
      "\nscf.for %i = %c0 to %n step %step {\n" + loads + "%r = math." + name +
      " " + operands + " : " + type + "\nvector.store %r, %y[%i] : " + array +
      ", " + type + "\n}\nreturn\n}";
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  mlir::PassManager passes(&context);
  buildLLVMPipeline(passes);
  if (!module || mlir::failed(passes.run(*module))) {
    ADD_FAILURE() << text;
    return nullptr;
  }
  EngineOptions options;
  options.targetCpu = cpu;
  auto executable = Executable::create(*module, options);
  if (executable)
    return std::move(*executable);
  std::string message = toString(executable.takeError());
  if (cpu.empty())
    ADD_FAILURE() << message;
  return nullptr;
}

/// The results for as many values as make whole vectors.
std::vector<double> run(Executable &executable,
                        std::vector<std::vector<double>> inputs,
                        DType dtype = DType::F32) {
  std::vector<Tensor> tensors;
  for (std::vector<double> &input : inputs) {
    tensors.push_back(llvm::cantFail(
        Tensor::create(dtype, {static_cast<int64_t>(input.size())})));
    tensors.back().fromDoubles(input);
  }
  Tensor y = llvm::cantFail(Tensor::create(dtype, tensors.front().shape()));
  std::vector<const Tensor *> pointers;
  for (Tensor &tensor : tensors)
    pointers.push_back(&tensor);
  llvm::Error error = executable.run(pointers, {&y}, 1);
  EXPECT_FALSE(error) << toString(std::move(error));
  std::vector<double> results;
  for (int64_t i = 0; i < y.numElements(); ++i)
    results.push_back(y.at(i));
  return results;
}

/// In units of the last place of the exact result; f32 goes on to 2^128, which
/// is infinity.
double distance(double actual, double exact) {
  if (std::isnan(exact) || std::isnan(actual))
    return std::isnan(exact) && std::isnan(actual) ? 0 : kInf;
  if (exact == 0)
    return actual == 0 && std::signbit(actual) == std::signbit(exact) ? 0
                                                                      : kInf;
  auto cut = [](double x) { return std::clamp(x, -0x1p128, 0x1p128); };
  int exponent = std::clamp(std::ilogb(exact), -126, 127);
  return std::fabs(cut(actual) - cut(exact)) / std::ldexp(1.0, exponent - 23);
}

/// Floats of all exponents, and more where functions change.
std::vector<double> getSamples() {
  std::vector<double> samples = {
      0.0,       -0.0,     kInf,          -kInf,    kNaN,     0x1p-149,
      -0x1p-149, 0x1p-126, -0x1p-126,     88.72283, 88.72284, -103.97,
      127.99999, 128,      -149,          -150,     1,        -1,
      0x1p20,    -0x1p20,  0x1.fffffep127};
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 14983)
    samples.push_back(llvm::bit_cast<float>(static_cast<uint32_t>(bits)));
  for (double x = -110; x < 135; x += 0.00131)
    samples.push_back(static_cast<float>(x));
  for (double x = -1.5; x < 1.5; x += 0.0000173)
    samples.push_back(static_cast<float>(x));
  samples.resize(samples.size() / 16 * 16);
  for (double &sample : samples)
    sample = static_cast<float>(sample);
  return samples;
}

class Accuracy : public ::testing::TestWithParam<const char *> {};

TEST_P(Accuracy, OfOneOperand) {
  std::vector<double> samples = getSamples();
  for (const Function &function : kFunctions) {
    auto executable = compile(function.name, 1, GetParam());
    if (!executable)
      GTEST_SKIP() << "no such processor";
    std::vector<double> results = run(*executable, {samples});
    double worst = 0, at = 0;
    for (auto [x, y] : llvm::zip_equal(samples, results)) {
      double error = distance(y, function.exact(x));
      if (error > worst) {
        worst = error;
        at = x;
      }
    }
    EXPECT_LE(worst, function.ulps) << function.name << " of " << at;
    RecordProperty(function.name, std::to_string(worst));
  }
}

TEST_P(Accuracy, OfPowers) {
  std::vector<double> exponents = {
      0,    -0.0,  1,      -1,       0.5,       -0.5,     2,    3,
      -3,   1.75,  -40.25, 33,       0x1p-100,  0x1p24,   1e30, 0x1.000002p20,
      kInf, -kInf, kNaN,   16777215, -16777215, 0.1015625};
  std::vector<double> x, y;
  for (double base : getSamples()) {
    x.push_back(base);
    y.push_back(exponents[x.size() % exponents.size()]);
  }
  // Where large powers are neither 0 nor infinite.
  for (int i = -400; i < 400; ++i)
    for (double exponent : {-9e6, -12345.0, 77777.0, 5e6}) {
      x.push_back(1 + i * 0x1p-24 * (i < 0 ? 1 : 2));
      y.push_back(exponent);
    }
  for (double base : {0.0, -0.0, 1.0, -1.0, kInf, -kInf, kNaN, -2.0, 0.25})
    for (double exponent : exponents) {
      x.push_back(base);
      y.push_back(exponent);
    }
  while (x.size() % 16) {
    x.push_back(2);
    y.push_back(2);
  }
  auto executable = compile("powf", 2, GetParam());
  if (!executable)
    GTEST_SKIP() << "no such processor";
  std::vector<double> results = run(*executable, {x, y});
  for (size_t i = 0; i < x.size(); ++i) {
    double exact =
        std::pow(static_cast<float>(x[i]), double(static_cast<float>(y[i])));
    ASSERT_LE(distance(results[i], exact), 0.6)
        << x[i] << " ^ " << y[i] << " is " << results[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Processors, Accuracy,
                         ::testing::Values("", "x86-64", "x86-64-v3",
                                           "x86-64-v4"));

/// Large angles take all lanes of their vector to the library, in place.
TEST(ApproximateMath, KeepsLanesApart) {
  std::vector<double> x;
  for (int i = 0; i < 16; ++i)
    x.push_back(i % 5 == 3 ? std::ldexp(1.25f, 20 + 6 * i) : 0.3 * i - 2);
  for (const char *name : {"sin", "cos"}) {
    auto executable = compile(name, 1);
    ASSERT_TRUE(executable);
    std::vector<double> results = run(*executable, {x});
    for (int i = 0; i < 16; ++i) {
      double angle = static_cast<float>(x[i]);
      double exact = *name == 's' ? std::sin(angle) : std::cos(angle);
      EXPECT_LE(distance(results[i], exact), 1.7) << name << " of " << x[i];
    }
  }
}

TEST(ApproximateMath, NarrowFloatsAndOddLengths) {
  struct Case {
    const char *type;
    unsigned length;
    DType dtype;
    double tolerance;
  };
  const Case cases[] = {{"vector<16xf16>", 16, DType::F16, 0x1.01p-11},
                        {"vector<7xf16>", 7, DType::F16, 0x1.01p-11},
                        {"vector<8xbf16>", 8, DType::BF16, 0x1.01p-8},
                        {"vector<1xf32>", 1, DType::F32, 0x1p-22},
                        {"vector<13xf32>", 13, DType::F32, 0x1p-22},
                        {"vector<48xf32>", 48, DType::F32, 0x1p-22},
                        {"vector<4xf64>", 4, DType::F64, 0x1p-51}};
  for (const Case &config : cases)
    for (const Function &function : kFunctions) {
      auto executable =
          compile(function.name, 1, "", config.type, config.length);
      ASSERT_TRUE(executable) << config.type;
      std::vector<double> x;
      for (unsigned i = 0; i < 3 * config.length; ++i)
        x.push_back(0.375 + 0.03125 * (i % 64));
      std::vector<double> results = run(*executable, {x}, config.dtype);
      for (size_t i = 0; i < x.size(); ++i) {
        double exact = function.exact(x[i]);
        EXPECT_NEAR(results[i], exact, std::fabs(exact) * config.tolerance)
            << function.name << " of " << x[i] << " in " << config.type;
      }
    }
}

} // namespace

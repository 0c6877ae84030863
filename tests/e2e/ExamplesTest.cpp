//===- ExamplesTest.cpp - Every example, both ways --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Compiles each program of examples/ once at each level and compares the two on
// the same inputs, at several sizes.
//
//===----------------------------------------------------------------------===//

#include "runtime/Engine.h"
#include "runtime/Random.h"
#include "runtime/Signature.h"
#include "runtime/Tensor.h"
#include "tools/Compilation.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace attn;
using namespace attn::runtime;

namespace {

std::vector<std::string> examples() {
  std::vector<std::string> paths;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator file("examples", error), end;
       file != end && !error; file.increment(error))
    if (llvm::StringRef(file->path()).ends_with(".attn"))
      paths.push_back(file->path());
  llvm::sort(paths);
  return paths;
}

std::unique_ptr<Executable> compile(const std::string &path, int level) {
  tools::CompilationOptions options;
  options.path = path;
  options.optLevel = level;
  tools::Compilation compilation(options);
  if (compilation.compile(Stage::LLVM) != tools::ExitCode::Success)
    return nullptr;
  return llvm::cantFail(Executable::create(compilation.getModule()));
}

class Example : public ::testing::TestWithParam<std::string> {};

/// Lengths first, then everything else: heads divide each other and widths.
int64_t chooseSize(llvm::StringRef dim, int64_t length) {
  if (dim == "B")
    return 2;
  if (dim == "Hkv")
    return 2;
  if (dim == "H")
    return 4;
  if (dim.starts_with("T") || dim.starts_with("S"))
    return length;
  return 32;
}

/// Numbers that depend on the seed alone; matrices, which are weights, of a
/// size that keeps sums of products at 1, as in a model.
void fill(Tensor &tensor, const std::string &name, int64_t length) {
  fillRandom(tensor, 7, name, length);
  if (tensor.rank() != 2 || tensor.dtype() != DType::F32)
    return;
  double scale = 1 / std::sqrt(double(tensor.shape().back()));
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    tensor.set(i, scale * tensor.at(i));
}

TEST_P(Example, LevelsAgree) {
  std::unique_ptr<Executable> plain = compile(GetParam(), 0);
  std::unique_ptr<Executable> fused = compile(GetParam(), 3);
  ASSERT_TRUE(plain && fused);
  const Signature &signature = fused->signature();
  for (int64_t length : {1, 7, 64, 300}) {
    SCOPED_TRACE(length);
    DimBinder binder(signature);
    llvm::cantFail(binder.solve());
    for (const std::string &dim : binder.unbound())
      llvm::cantFail(binder.bind(dim, chooseSize(dim, length), "the test"));
    std::vector<int64_t> dims = llvm::cantFail(binder.finish());
    std::vector<Tensor> inputs, expected, actual;
    auto allocate = [&](const Parameter &parameter) {
      return llvm::cantFail(Tensor::create(
          parameter.dtype,
          llvm::cantFail(signature.evaluateShape(parameter, dims))));
    };
    for (const Parameter &parameter : signature.inputs) {
      inputs.push_back(allocate(parameter));
      fill(inputs.back(), parameter.name, length);
    }
    for (const Parameter &parameter : signature.results) {
      expected.push_back(allocate(parameter));
      actual.push_back(allocate(parameter));
    }
    auto call = [&](Executable &executable, std::vector<Tensor> &results) {
      std::vector<const Tensor *> arguments;
      for (Tensor &tensor : inputs)
        arguments.push_back(&tensor);
      std::vector<Tensor *> outputs;
      for (Tensor &tensor : results)
        outputs.push_back(&tensor);
      llvm::Error error = executable.run(arguments, outputs, 2);
      ASSERT_FALSE(error) << toString(std::move(error));
    };
    call(*plain, expected);
    call(*fused, actual);
    for (auto [left, right] : llvm::zip(expected, actual)) {
      // In proportion to the results: products of products grow.
      Statistics statistics = computeStatistics(left);
      double scale =
          std::max({1.0, std::fabs(statistics.min), std::fabs(statistics.max)});
      EXPECT_EQ(statistics.nonfinite, 0);
      for (int64_t i = 0; i < left.numElements(); ++i)
        ASSERT_NEAR(left.at(i), right.at(i), 1e-5 * scale) << "element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Example, ::testing::ValuesIn(examples()),
                         [](const auto &info) {
                           return llvm::sys::path::stem(info.param).str();
                         });

} // namespace

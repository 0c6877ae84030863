//===- ProgramFixture.h - Calls of compiled programs ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TESTS_E2E_PROGRAMFIXTURE_H
#define ATTN_TESTS_E2E_PROGRAMFIXTURE_H

#include "runtime/Engine.h"
#include "runtime/Random.h"
#include "runtime/Signature.h"
#include "runtime/Tensor.h"
#include "tools/Compilation.h"

#include "gtest/gtest.h"

#include <cmath>
#include <functional>

namespace attn {

/// The program, or null after an error, which has been printed.
inline std::unique_ptr<runtime::Executable>
compileProgram(tools::CompilationOptions options) {
  options.mustRun = true;
  tools::Compilation compilation(options);
  if (compilation.compile(Stage::LLVM) != tools::ExitCode::Success)
    return nullptr;
  return llvm::cantFail(runtime::Executable::create(
      compilation.getModule(), {/*optLevel=*/3, options.targetCpu}));
}

/// The arrays of a call.
class ProgramCall {
public:
  /// Gives dimensions that nothing else tells the sizes of `choose`, and fills
  /// the inputs with random numbers; integers are less than `bound`.
  ProgramCall(const runtime::Signature &signature,
              const std::function<int64_t(llvm::StringRef)> &choose,
              int64_t bound) {
    runtime::DimBinder binder(signature);
    llvm::cantFail(binder.solve());
    // One at a time: others may follow from it.
    for (std::vector<std::string> open = binder.unbound(); !open.empty();
         open = binder.unbound()) {
      llvm::cantFail(
          binder.bind(open.front(), choose(open.front()), "the test"));
      llvm::cantFail(binder.solve());
    }
    std::vector<int64_t> dims = llvm::cantFail(binder.finish());
    auto allocate = [&](const runtime::Parameter &parameter) {
      return llvm::cantFail(runtime::Tensor::create(
          parameter.dtype,
          llvm::cantFail(signature.evaluateShape(parameter, dims))));
    };
    for (const runtime::Parameter &parameter : signature.inputs) {
      inputs.push_back(allocate(parameter));
      fill(inputs.back(), parameter.name, bound);
    }
    for (const runtime::Parameter &parameter : signature.results)
      results.push_back(allocate(parameter));
  }

  void run(runtime::Executable &executable, int threads) {
    std::vector<const runtime::Tensor *> arguments;
    for (runtime::Tensor &tensor : inputs)
      arguments.push_back(&tensor);
    std::vector<runtime::Tensor *> outputs;
    for (runtime::Tensor &tensor : results)
      outputs.push_back(&tensor);
    llvm::Error error = executable.run(arguments, outputs, threads);
    ASSERT_FALSE(error) << toString(std::move(error));
  }

  /// Compares the results with those of another way to the same, in proportion
  /// to their size: products of products grow.
  void expectNear(const ProgramCall &other) const {
    for (auto [expected, actual] : llvm::zip_equal(other.results, results)) {
      runtime::Statistics statistics = computeStatistics(expected);
      double scale =
          std::max({1.0, std::fabs(statistics.min), std::fabs(statistics.max)});
      EXPECT_EQ(statistics.nonfinite, 0);
      for (int64_t i = 0; i < expected.numElements(); ++i)
        ASSERT_NEAR(expected.at(i), actual.at(i), 1e-5 * scale)
            << "element " << i;
    }
  }

  std::vector<runtime::Tensor> inputs, results;

private:
  /// Numbers that depend on the seed alone; matrices, which are weights, of a
  /// size that keeps sums of products at 1, as in a model.
  static void fill(runtime::Tensor &tensor, const std::string &name,
                   int64_t bound) {
    fillRandom(tensor, 7, name, bound);
    if (tensor.rank() != 2 || tensor.dtype() != runtime::DType::F32)
      return;
    double scale = 1 / std::sqrt(double(tensor.shape().back()));
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      tensor.set(i, scale * tensor.at(i));
  }
};

} // namespace attn

#endif // ATTN_TESTS_E2E_PROGRAMFIXTURE_H

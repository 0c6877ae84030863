//===- Workload.cpp - A compiled program and its arrays -------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Workload.h"

#include "passes/Pipelines.h"
#include "runtime/Random.h"
#include "runtime/Signature.h"
#include "tools/Compilation.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace attn;
using namespace attn::benchmarks;
using namespace attn::runtime;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

std::string Programs::path(llvm::StringRef name) const {
  llvm::SmallString<128> result(folder);
  llvm::sys::path::append(result, name + ".attn");
  return result.str().str();
}

/// The stages after `attn` with optimisation but without fusion, for which
/// attnc has no option.
static bool lowerUnfused(mlir::ModuleOp module) {
  mlir::PassManager passes(module.getContext());
  buildInlinePipeline(passes);
  buildTilePipeline(passes, TilePipelineOptions());
  buildLLVMPipeline(passes);
  return succeeded(passes.run(module));
}

llvm::Expected<Executable *> Programs::get(llvm::StringRef name, Mode mode) {
  std::unique_ptr<Executable> &slot = compiled[{name.str(), mode}];
  if (slot)
    return slot.get();
  tools::CompilationOptions options;
  options.path = path(name);
  options.optLevel = mode == Mode::Reference ? 0 : 3;
  tools::Compilation compilation(options);
  Stage stage = mode == Mode::Unfused ? Stage::Attn : Stage::LLVM;
  if (compilation.compile(stage) != tools::ExitCode::Success ||
      (mode == Mode::Unfused && !lowerUnfused(compilation.getModule())))
    return llvm::createStringError("cannot compile " + options.path);
  auto executable = Executable::create(compilation.getModule());
  if (!executable)
    return executable.takeError();
  slot = std::move(*executable);
  return slot.get();
}

//===----------------------------------------------------------------------===//
// Workloads
//===----------------------------------------------------------------------===//

static int64_t sizeOf(llvm::StringRef dim, const Problem &problem) {
  const auto &sizes = problem.sizes;
  if (dim == "B")
    return sizes.batch;
  if (dim == "H")
    return sizes.heads;
  if (dim == "Hkv")
    return sizes.kvHeads;
  if (dim == "Tq")
    return sizes.queries;
  // T stands for both lengths, R for the number of distances.
  if (dim == "T" || dim == "Tk" || dim == "R")
    return sizes.keys;
  return sizes.headDim;
}

static void fill(Tensor &tensor, llvm::StringRef name, const Problem &problem) {
  if (name == "len") {
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      tensor.set(i, double(problem.length));
  } else if (name == "width") {
    tensor.set(0, double(problem.window));
  } else if (name == "doc") {
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      tensor.set(i, double(problem.documentOf(i % problem.sizes.keys)));
  } else if (name == "last") {
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      tensor.set(i, double(problem.lastDescendant(i % problem.sizes.keys)));
  } else if (name == "allowed") {
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      tensor.set(
          i, problem.allows(i / problem.sizes.keys, i % problem.sizes.keys));
  } else {
    fillRandom(tensor, /*seed=*/0, name, /*upperBound=*/1);
  }
}

llvm::Expected<std::unique_ptr<Workload>>
Workload::create(const Signature &signature, const Problem &problem) {
  auto workload = std::make_unique<Workload>();
  workload->problem = problem;
  std::vector<int64_t> dims;
  for (const std::string &dim : signature.dims)
    dims.push_back(sizeOf(dim, problem));
  auto make = [&](const Parameter &parameter) -> llvm::Expected<Tensor> {
    auto shape = signature.evaluateShape(parameter, dims);
    if (!shape)
      return shape.takeError();
    return Tensor::create(parameter.dtype, *shape);
  };
  for (const Parameter &parameter : signature.inputs) {
    llvm::Expected<Tensor> tensor = make(parameter);
    if (!tensor)
      return tensor.takeError();
    fill(*tensor, parameter.name, problem);
    workload->names.push_back(parameter.name);
    workload->arguments.push_back(std::move(*tensor));
  }
  for (const Parameter &parameter : signature.results) {
    llvm::Expected<Tensor> tensor = make(parameter);
    if (!tensor)
      return tensor.takeError();
    workload->results.push_back(std::move(*tensor));
  }
  return workload;
}

llvm::Error Workload::run(Executable &executable, int threads) {
  llvm::SmallVector<const Tensor *> inputs;
  for (const Tensor &tensor : arguments)
    inputs.push_back(&tensor);
  llvm::SmallVector<Tensor *> outputs;
  for (Tensor &tensor : results)
    outputs.push_back(&tensor);
  return executable.run(inputs, outputs, threads);
}

const Tensor *Workload::argument(llvm::StringRef name) const {
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return &arguments[i];
  return nullptr;
}

std::vector<Span> Workload::keyValueSpans() const {
  std::vector<Span> spans;
  for (const char *name : {"k", "v"})
    if (const Tensor *tensor = argument(name))
      spans.push_back({tensor->data(), tensor->numBytes()});
  return spans;
}

int64_t Workload::arrayBytes() const {
  int64_t bytes = 0;
  for (const Tensor &tensor : arguments)
    bytes += tensor.numBytes();
  for (const Tensor &tensor : results)
    bytes += tensor.numBytes();
  return bytes;
}

BaselineArrays Workload::baselineArrays(float *result) const {
  auto floats = [&](const char *name) -> const float * {
    const Tensor *tensor = argument(name);
    return tensor ? tensor->values<float>().data() : nullptr;
  };
  return {floats("q"), floats("k"), floats("v"), floats("table"), result};
}

std::vector<double> Workload::expected() const {
  std::vector<double> table;
  if (const Tensor *tensor = argument("table"))
    table = tensor->toDoubles();
  return reference::attention(
      problem.sizes, argument("q")->toDoubles(), argument("k")->toDoubles(),
      argument("v")->toDoubles(), 1 / std::sqrt(double(problem.sizes.headDim)),
      [&](int64_t, int64_t, int64_t q, int64_t k) {
        return problem.allows(q, k);
      },
      [&](double s, int64_t, int64_t h, int64_t q, int64_t k) {
        return problem.applyScore(s, table, h, q, k);
      });
}

//===- RunCommand.cpp - attnc run -------------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/Commands.h"

#include "runtime/CheckFailure.h"
#include "runtime/Engine.h"
#include "runtime/KernelFailure.h"
#include "runtime/Memory.h"
#include "runtime/Npy.h"
#include "runtime/Npz.h"
#include "runtime/OutputFile.h"
#include "runtime/Random.h"
#include "runtime/Signature.h"
#include "runtime/Tensor.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <cstdlib>

using namespace attn;
using namespace attn::tools;
using namespace attn::runtime;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

/// "q, k, v", and how many there are beyond the first few.
static std::string listNames(llvm::ArrayRef<Parameter> parameters) {
  constexpr size_t maxNames = 12;
  std::string list = llvm::join(llvm::map_range(parameters.take_front(maxNames),
                                                [](const Parameter &parameter) {
                                                  return parameter.name;
                                                }),
                                ", ");
  if (parameters.size() > maxNames)
    list += " and " + std::to_string(parameters.size() - maxNames) + " more";
  return list;
}

static Expected<size_t> findParameter(llvm::ArrayRef<Parameter> parameters,
                                      StringRef name, StringRef kind,
                                      StringRef function) {
  for (auto [i, parameter] : llvm::enumerate(parameters))
    if (parameter.name == name)
      return i;
  std::vector<StringRef> names;
  for (const Parameter &parameter : parameters)
    names.push_back(parameter.name);
  std::string hint;
  if (auto suggestion = frontend::suggest(name, names))
    hint = "\n  note: did you mean '" + *suggestion + "'?";
  return makeError("'" + function + "' has no " + kind + " '" + name +
                   "'; expected one of " + listNames(parameters) + hint);
}

namespace {

/// One call of a compiled program: its arrays, and what came of it.
class Call {
public:
  Call(const RunOptions &options, const Signature &signature,
       double compileSeconds)
      : options(options), signature(signature), compileSeconds(compileSeconds),
        inputs(signature.inputs.size()), isGiven(signature.inputs.size()) {}

  /// Reads the arrays given by name, and the shapes they bind.
  Error readInputs();
  /// Gives every dimension a size: from the arrays, the command line, or the
  /// defaults.
  Error bindDims();
  /// Makes the other inputs and the outputs.
  Error allocate();
  /// Opens the output files, so that a path that cannot be written is known
  /// before the work is done.
  Error openOutputs();
  Error run(Executable &executable);
  Error writeOutputs();

  void print() const;
  void printJSON() const;

private:
  Error give(size_t index, Tensor tensor, StringRef source);
  double median() const;

  struct OutputTarget {
    OutputFile file;
    /// The result, or none for an archive of all.
    std::optional<size_t> result;
  };

  const RunOptions &options;
  const Signature &signature;
  /// Without the kernels, which are compiled in runs, at first.
  double compileSeconds;
  std::vector<Tensor> inputs, outputs;
  std::vector<bool> isGiven;
  std::vector<int64_t> dims;
  std::vector<OutputTarget> targets;
  std::vector<double> seconds;
};

} // namespace

Error Call::give(size_t index, Tensor tensor, StringRef source) {
  if (isGiven[index])
    return makeError("input '" + signature.inputs[index].name +
                     "' is given twice, again by " + source);
  isGiven[index] = true;
  inputs[index] = std::move(tensor);
  return Error::success();
}

Error Call::readInputs() {
  for (const NamedValue &input : options.inputs) {
    StringRef path = input.value;
    if (path.ends_with(".npz") && input.name.empty()) {
      auto arrays = readNpz(path);
      if (!arrays)
        return arrays.takeError();
      for (auto &[name, tensor] : *arrays) {
        Expected<size_t> index =
            findParameter(signature.inputs, name, "input", signature.function);
        if (!index)
          return makeError(path + ": " + toString(index.takeError()));
        if (Error error = give(*index, std::move(tensor), path))
          return error;
      }
      continue;
    }
    if (input.name.empty())
      return makeError("--in expects NAME=FILE.npy or FILE.npz, got '" + path +
                       "'");
    Expected<size_t> index = findParameter(signature.inputs, input.name,
                                           "input", signature.function);
    if (!index)
      return index.takeError();
    Expected<Tensor> tensor = path.ends_with(".npz")
                                  ? readNpzMember(path, input.name)
                                  : readNpy(path);
    if (!tensor)
      return tensor.takeError();
    if (Error error = give(*index, std::move(*tensor), path))
      return error;
  }
  return Error::success();
}

/// The size of a dimension that nothing else says: small enough to run at
/// once, large enough to mean something.
static int64_t getDefaultSize(StringRef name) {
  if (name.starts_with("B"))
    return 1;
  if (name == "Hkv")
    return 2;
  if (name.starts_with("H"))
    return 8;
  if (name.starts_with("T") || name.starts_with("S") || name.starts_with("L"))
    return 128;
  return 64;
}

Error Call::bindDims() {
  DimBinder binder(signature);
  for (auto [i, parameter] : llvm::enumerate(signature.inputs))
    if (isGiven[i])
      if (Error error =
              binder.bindInput(i, inputs[i].dtype(), inputs[i].shape()))
        return error;
  for (const auto &[name, size] : options.dims)
    if (Error error = binder.bind(name, size, "--dim"))
      return error;
  if (Error error = binder.solve())
    return error;
  // One at a time: others may follow from it.
  for (std::vector<std::string> names = binder.unbound(); !names.empty();
       names = binder.unbound()) {
    if (Error error = binder.bind(names.front(), getDefaultSize(names.front()),
                                  "the default"))
      return error;
    if (Error error = binder.solve())
      return error;
  }
  Expected<std::vector<int64_t>> sizes = binder.finish();
  if (!sizes)
    return sizes.takeError();
  dims = std::move(*sizes);
  return Error::success();
}

Error Call::allocate() {
  // All of it at once: memory that is promised piece by piece runs out later.
  int64_t total = 0;
  std::vector<std::vector<int64_t>> inputShapes, outputShapes;
  auto measure = [&](const Parameter &parameter, bool counts,
                     std::vector<std::vector<int64_t>> &shapes) -> Error {
    auto shape = signature.evaluateShape(parameter, dims);
    if (!shape)
      return shape.takeError();
    Expected<int64_t> elements = countElements(parameter.dtype, *shape);
    if (!elements)
      return makeError(parameter.name + ": " + toString(elements.takeError()));
    if (counts && llvm::AddOverflow(
                      total, *elements * sizeInBytes(parameter.dtype), total))
      return makeError("the arrays of '" + signature.function +
                       "' need more than 2^63 bytes");
    shapes.push_back(std::move(*shape));
    return Error::success();
  };
  for (auto [i, parameter] : llvm::enumerate(signature.inputs))
    if (Error error = measure(parameter, !isGiven[i], inputShapes))
      return error;
  for (const Parameter &parameter : signature.results)
    if (Error error = measure(parameter, true, outputShapes))
      return error;
  if (Error error = checkMemory(total))
    return error;

  // Integers are lengths or indices more often than not.
  int64_t bound = 1;
  for (int64_t size : dims)
    bound = std::max(bound, size);
  for (auto [i, parameter] : llvm::enumerate(signature.inputs)) {
    if (isGiven[i])
      continue;
    Expected<Tensor> tensor = Tensor::create(parameter.dtype, inputShapes[i]);
    if (!tensor)
      return makeError(parameter.name + ": " + toString(tensor.takeError()));
    fillRandom(*tensor, options.seed, parameter.name, bound);
    inputs[i] = std::move(*tensor);
  }
  for (auto [i, parameter] : llvm::enumerate(signature.results)) {
    Expected<Tensor> tensor = Tensor::create(parameter.dtype, outputShapes[i]);
    if (!tensor)
      return makeError(parameter.name + ": " + toString(tensor.takeError()));
    outputs.push_back(std::move(*tensor));
  }
  return Error::success();
}

Error Call::openOutputs() {
  llvm::StringSet<> paths;
  for (const NamedValue &output : options.outputs) {
    StringRef path = output.value;
    if (!paths.insert(path).second)
      return makeError("output file '" + path + "' is given twice");
    std::optional<size_t> result;
    if (!output.name.empty()) {
      Expected<size_t> index = findParameter(signature.results, output.name,
                                             "result", signature.function);
      if (!index)
        return index.takeError();
      result = *index;
    } else if (!path.ends_with(".npz")) {
      if (signature.results.size() != 1)
        return makeError("--out " + path + ": expected NAME=FILE.npy, since '" +
                         signature.function + "' has several results: " +
                         listNames(signature.results));
      result = 0;
    }
    Expected<OutputFile> file = OutputFile::create(path);
    if (!file)
      return file.takeError();
    targets.push_back({std::move(*file), result});
  }
  return Error::success();
}

Error Call::run(Executable &executable) {
  std::vector<const Tensor *> arguments;
  for (const Tensor &tensor : inputs)
    arguments.push_back(&tensor);
  std::vector<Tensor *> results;
  for (Tensor &tensor : outputs)
    results.push_back(&tensor);
  for (int i = 0; i < options.repeat; ++i) {
    double start = now();
    if (Error error = executable.run(arguments, results, options.threads))
      return error;
    double compiling = executable.takeCompileSeconds();
    seconds.push_back(now() - start - compiling);
    compileSeconds += compiling;
  }
  return Error::success();
}

Error Call::writeOutputs() {
  for (OutputTarget &target : targets) {
    if (target.result) {
      if (Error error = writeNpy(target.file, outputs[*target.result]))
        return error;
      continue;
    }
    std::vector<std::pair<std::string, const Tensor *>> arrays;
    for (auto [parameter, tensor] : llvm::zip(signature.results, outputs))
      arrays.push_back({parameter.name, &tensor});
    if (Error error = writeNpz(target.file.path(), arrays))
      return error;
  }
  for (OutputTarget &target : targets)
    if (target.result)
      if (Error error = target.file.commit())
        return error;
  return Error::success();
}

double Call::median() const {
  std::vector<double> sorted = seconds;
  llvm::sort(sorted);
  size_t half = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[half]
                           : (sorted[half - 1] + sorted[half]) / 2;
}

void Call::print() const {
  llvm::raw_ostream &os = llvm::outs();
  for (auto [parameter, tensor] : llvm::zip(signature.results, outputs)) {
    Statistics statistics = computeStatistics(tensor);
    os << parameter.name << ": " << toString(tensor.dtype())
       << shapeToString(tensor.shape()) << "\n  " << preview(tensor);
    if (tensor.numElements())
      os << llvm::format("\n  min %.6g  mean %.6g  max %.6g", statistics.min,
                         statistics.mean, statistics.max);
    if (statistics.nonfinite)
      os << "  not finite " << statistics.nonfinite;
    os << "\n";
  }
  os << llvm::format("compiled in %.1f ms, ran in %.3f ms",
                     compileSeconds * 1e3, median() * 1e3);
  if (options.repeat > 1)
    os << llvm::format(" (median of %d, best %.3f ms)", options.repeat,
                       *llvm::min_element(seconds) * 1e3);
  os << "\n";
}

/// JSON has no infinities and no NaN.
static llvm::json::Value finiteOrNull(double value) {
  if (!std::isfinite(value))
    return nullptr;
  return value;
}

void Call::printJSON() const {
  llvm::json::Array results;
  for (auto [parameter, tensor] : llvm::zip(signature.results, outputs)) {
    Statistics statistics = computeStatistics(tensor);
    results.push_back(
        llvm::json::Object{{"name", parameter.name},
                           {"dtype", toString(tensor.dtype())},
                           {"shape", llvm::json::Array(tensor.shape())},
                           {"min", finiteOrNull(statistics.min)},
                           {"mean", finiteOrNull(statistics.mean)},
                           {"max", finiteOrNull(statistics.max)},
                           {"nonfinite", statistics.nonfinite}});
  }
  llvm::json::Object sizes;
  for (auto [name, size] : llvm::zip(signature.dims, dims))
    sizes[name] = size;
  llvm::json::Value report = llvm::json::Object{
      {"function", signature.function},
      {"results", std::move(results)},
      {"dims", std::move(sizes)},
      {"compile_ms", compileSeconds * 1e3},
      {"median_ms", median() * 1e3},
      {"min_ms", *llvm::min_element(seconds) * 1e3},
      {"repeat", options.repeat},
      {"threads", options.threads ? options.threads : defaultThreads()}};
  llvm::outs() << report << "\n";
}

static ExitCode reportUserError(Error error) {
  llvm::errs() << "attnc: error: " << toString(std::move(error)) << "\n";
  return ExitCode::UserError;
}

/// A check that failed has a place in the program.
static ExitCode reportRunError(Compilation &compilation, Error error) {
  ExitCode status = ExitCode::UserError;
  error = llvm::handleErrors(
      std::move(error),
      [&](const CheckFailure &check) {
        status = compilation.reportAt(check.file, check.line, check.column,
                                      check.message);
      },
      [&](const KernelFailure &failure) {
        status = ExitCode::InternalError;
        if (!failure.isReported)
          llvm::errs() << "attnc: " << failure.message << "\n"
                       << "  note: this is a bug in attnc, not in your "
                          "program\n";
      });
  return error ? reportUserError(std::move(error)) : status;
}

/// Ends the process: what the compiler and the code hold would take 10 ms to
/// give back piece by piece. Goes on where the output could not be written,
/// which is reported later.
static void leaveIfWritten() {
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    std::_Exit(static_cast<int>(ExitCode::Success));
}

ExitCode tools::runCommand(const RunOptions &options) {
  double start = now();
  CompilationOptions compiling = options.compilation;
  compiling.mustRun = true;
  Compilation compilation(compiling);
  if (ExitCode status = compilation.compileToRun(); status != ExitCode::Success)
    return status;
  Expected<std::unique_ptr<Executable>> executable =
      Executable::create(compilation.getModule(), compiling.getEngineOptions(),
                         compilation.takeKernels());
  if (!executable) {
    llvm::errs() << "attnc: internal error: code generation failed: "
                 << toString(executable.takeError())
                 << "\n  note: this is a bug in attnc, not in your program\n";
    return ExitCode::InternalError;
  }
  Call call(options, (*executable)->signature(), now() - start);
  for (Error (Call::*step)() : {&Call::readInputs, &Call::bindDims,
                                &Call::openOutputs, &Call::allocate})
    if (Error error = (call.*step)())
      return reportUserError(std::move(error));
  if (Error error = call.run(**executable))
    return reportRunError(compilation, std::move(error));
  if (Error error = call.writeOutputs())
    return reportUserError(std::move(error));
  if (options.json)
    call.printJSON();
  else
    call.print();
  leaveIfWritten();
  return ExitCode::Success;
}

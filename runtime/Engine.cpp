//===- Engine.cpp - Machine code in process -------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLJIT is used directly rather than through mlir::ExecutionEngine: compiled
// code is an object file here, made by the same steps as the text that a user
// is shown; a thunk is made for the entry only; errors of a session come back
// as errors instead of going to stderr; and no global constructors are run.
//
//===----------------------------------------------------------------------===//

#include "runtime/Engine.h"

#include "mlir/IR/BuiltinOps.h"
#include "runtime/Allocator.h"
#include "runtime/CodeGen.h"
#include "runtime/DType.h"
#include "runtime/KernelFailure.h"
#include "runtime/LazyKernels.h"
#include "runtime/PagePool.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <atomic>
#include <cstring>
#include <mutex>
#include <omp.h>

using namespace attn::runtime;
using llvm::StringRef;
using llvm::Twine;

namespace {
/// No name in a program has a dot.
constexpr const char *kThunkName = "attnc.call";

/// Sets the number of OpenMP threads of this thread's parallel regions.
class ThreadCount {
public:
  explicit ThreadCount(int threads) : before(omp_get_max_threads()) {
    if (threads > 0)
      omp_set_num_threads(threads);
  }
  ~ThreadCount() { omp_set_num_threads(before); }

private:
  int before;
};

/// What LLVM calls where a processor without AVX-512 stores vectors of bf16
/// under a mask; Debian 12's libgcc has none.
__bf16 roundToBFloat(float value) {
  uint16_t bits = doubleToBFloat(value);
  __bf16 result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}
} // namespace

struct Executable::Impl {
  Signature signature;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::unique_ptr<LazyKernels> kernels;
  void (*thunk)(void **) = nullptr;
  std::atomic<int64_t> temporaryBytes = 0;
  PagePool pool;

  llvm::Error link(std::unique_ptr<llvm::MemoryBuffer> object);
  llvm::Error checkOutputs(llvm::ArrayRef<Tensor *> outputs,
                           llvm::ArrayRef<int64_t> dims) const;
  llvm::Error checkOverlap(llvm::ArrayRef<const Tensor *> inputs,
                           llvm::ArrayRef<Tensor *> outputs) const;
};

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

llvm::Error Executable::Impl::link(std::unique_ptr<llvm::MemoryBuffer> object) {
  namespace orc = llvm::orc;
  auto created =
      orc::LLJITBuilder().setPlatformSetUp(orc::setUpInactivePlatform).create();
  if (!created)
    return created.takeError();
  jit = std::move(*created);

  // The session reports details, such as the missing symbols, from here.
  std::mutex mutex;
  std::string details;
  jit->getExecutionSession().setErrorReporter([&](llvm::Error error) {
    std::lock_guard<std::mutex> lock(mutex);
    details += "; " + llvm::toString(std::move(error));
  });

  orc::SymbolMap hooks;
  auto define = [&](StringRef name, auto *function) {
    hooks[jit->mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function),
                                         llvm::JITSymbolFlags::Exported |
                                             llvm::JITSymbolFlags::Callable};
  };
  define("_mlir_memref_to_llvm_alloc", &allocateTemporary);
  define("_mlir_memref_to_llvm_aligned_alloc", &allocateAlignedTemporary);
  define("_mlir_memref_to_llvm_free", &freeTemporary);
  define("_attn_check_failed", &failCheck);
  define("__truncsfbf2", &roundToBFloat);
  llvm::Error error =
      jit->getMainJITDylib().define(orc::absoluteSymbols(std::move(hooks)));
  if (!error)
    error = kernels->add(*jit);
  if (!error)
    error = jit->addObjectFile(std::move(object));
  if (!error) {
    auto address = jit->lookup(kThunkName);
    if (address)
      thunk = address->toPtr<void (*)(void **)>();
    else
      error = address.takeError();
  }
  jit->getExecutionSession().setErrorReporter(llvm::consumeError);
  if (!error)
    return llvm::Error::success();
  return llvm::createStringError("internal error: the code cannot be linked: " +
                                 llvm::toString(std::move(error)) + details);
}

Executable::Executable(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Executable::~Executable() = default;

llvm::Expected<std::unique_ptr<Executable>>
Executable::create(mlir::ModuleOp module, const EngineOptions &options,
                   LateKernels kernels) {
  auto impl = std::make_unique<Impl>();
  llvm::Expected<Signature> signature = readSignature(module);
  if (!signature)
    return signature.takeError();
  impl->signature = std::move(*signature);

  llvm::Expected<CodeGen> codeGen = CodeGen::create(
      module, impl->signature.symbol, options, /*mustRun=*/true);
  if (!codeGen)
    return codeGen.takeError();
  if (llvm::Error error = codeGen->addThunk(kThunkName, impl->signature.symbol,
                                            impl->signature.inputs.size() +
                                                impl->signature.results.size()))
    return std::move(error);
  auto object = codeGen->emitObject();
  if (!object)
    return object.takeError();
  codeGen->module.reset();
  impl->kernels = std::make_unique<LazyKernels>(std::move(*codeGen),
                                                std::move(kernels), options);
  if (llvm::Error error = impl->link(std::move(*object)))
    return std::move(error);
  return std::unique_ptr<Executable>(new Executable(std::move(impl)));
}

llvm::Expected<std::string>
attn::runtime::emitLLVMIR(mlir::ModuleOp module, const EngineOptions &options) {
  llvm::Expected<Signature> signature = readSignature(module);
  if (!signature)
    return signature.takeError();
  llvm::Expected<CodeGen> codeGen =
      CodeGen::create(module, signature->symbol, options, /*mustRun=*/false);
  if (!codeGen)
    return codeGen.takeError();
  if (llvm::Error error = codeGen->mergeKernels())
    return std::move(error);
  return codeGen->printIR();
}

llvm::Expected<std::string>
attn::runtime::emitAssembly(mlir::ModuleOp module,
                            const EngineOptions &options) {
  llvm::Expected<Signature> signature = readSignature(module);
  if (!signature)
    return signature.takeError();
  llvm::Expected<CodeGen> codeGen =
      CodeGen::create(module, signature->symbol, options, /*mustRun=*/false);
  if (!codeGen)
    return codeGen.takeError();
  if (llvm::Error error = codeGen->mergeKernels())
    return std::move(error);
  return std::move(*codeGen).emitAssembly();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

llvm::Error Executable::Impl::checkOutputs(llvm::ArrayRef<Tensor *> outputs,
                                           llvm::ArrayRef<int64_t> dims) const {
  size_t expected = signature.results.size();
  if (outputs.size() != expected)
    return llvm::createStringError("expected " + Twine(expected) +
                                   (expected == 1 ? " output" : " outputs") +
                                   ", got " + Twine(outputs.size()));
  for (auto [result, output] : llvm::zip_equal(signature.results, outputs)) {
    if (output->dtype() != result.dtype)
      return llvm::createStringError(result.name + ": expected " +
                                     toString(result.dtype) + ", got " +
                                     toString(output->dtype()));
    auto shape = signature.evaluateShape(result, dims);
    if (!shape)
      return shape.takeError();
    if (output->shape() != llvm::ArrayRef(*shape))
      return llvm::createStringError(result.name + ": expected the shape " +
                                     shapeToString(*shape) + " of " +
                                     signature.typeToString(result) + ", got " +
                                     shapeToString(output->shape()));
  }
  return llvm::Error::success();
}

llvm::Error
Executable::Impl::checkOverlap(llvm::ArrayRef<const Tensor *> inputs,
                               llvm::ArrayRef<Tensor *> outputs) const {
  auto overlap = [](const Tensor &a, const Tensor &b) {
    auto beginA = reinterpret_cast<uintptr_t>(a.data());
    auto beginB = reinterpret_cast<uintptr_t>(b.data());
    return a.numBytes() != 0 && b.numBytes() != 0 &&
           beginA < beginB + b.numBytes() && beginB < beginA + a.numBytes();
  };
  auto overlapError = [](const Parameter &a, const Parameter &b) {
    return llvm::createStringError(a.name + " and " + b.name +
                                   " overlap in memory");
  };
  for (auto [i, output] : llvm::enumerate(outputs)) {
    for (auto [j, input] : llvm::enumerate(inputs))
      if (overlap(*output, *input))
        return overlapError(signature.results[i], signature.inputs[j]);
    for (size_t j = 0; j < i; ++j)
      if (overlap(*output, *outputs[j]))
        return overlapError(signature.results[i], signature.results[j]);
  }
  return llvm::Error::success();
}

/// Appends the memref descriptor of `tensor`: allocated and aligned pointer,
/// offset, sizes, strides; all of them 8 bytes.
static void appendDescriptor(llvm::SmallVectorImpl<int64_t> &words,
                             const Tensor &tensor) {
  // Code may form addresses in an empty array, if it accesses none.
  alignas(64) static char nothing[64];
  const void *data = tensor.numElements() ? tensor.data() : nothing;
  int64_t address = static_cast<int64_t>(reinterpret_cast<uintptr_t>(data));
  words.append({address, address, 0});
  words.append(tensor.shape().begin(), tensor.shape().end());
  size_t strides = words.size();
  words.resize(strides + tensor.rank());
  int64_t stride = 1;
  for (int64_t i = tensor.rank(); i-- > 0;) {
    words[strides + i] = stride;
    stride *= tensor.shape()[i];
  }
}

llvm::Error Executable::run(llvm::ArrayRef<const Tensor *> inputs,
                            llvm::ArrayRef<Tensor *> outputs, int threads) {
  if (threads < 0 || threads > kMaxThreads)
    return llvm::createStringError("expected 1 to " + Twine(kMaxThreads) +
                                   " threads (0 for the default), got " +
                                   Twine(threads));
  auto dims = impl->signature.bindDims(inputs);
  if (!dims)
    return dims.takeError();
  if (llvm::Error error = impl->checkOutputs(outputs, *dims))
    return error;
  if (llvm::Error error = impl->checkOverlap(inputs, outputs))
    return error;

  llvm::SmallVector<int64_t, 64> words;
  llvm::SmallVector<size_t, 8> starts;
  auto append = [&](const Tensor *tensor) {
    starts.push_back(words.size());
    appendDescriptor(words, *tensor);
  };
  llvm::for_each(inputs, append);
  llvm::for_each(outputs, append);
  llvm::SmallVector<void *, 8> arguments;
  for (size_t start : starts)
    arguments.push_back(words.data() + start);

  ThreadCount threadCount(threads);
  int64_t peak = 0;
  llvm::Error error =
      callWithTemporaries(impl->thunk, arguments.data(), impl->pool, peak);
  impl->temporaryBytes = peak;
  return llvm::handleErrors(std::move(error), [&](const KernelFailure &) {
    return impl->kernels->getFailure();
  });
}

const Signature &Executable::signature() const { return impl->signature; }

int64_t Executable::lastRunTemporaryBytes() const {
  return impl->temporaryBytes;
}

double Executable::takeCompileSeconds() {
  return impl->kernels->takeCompileSeconds();
}

int attn::runtime::defaultThreads() { return omp_get_max_threads(); }

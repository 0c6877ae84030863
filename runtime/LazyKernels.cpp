//===- LazyKernels.cpp - Kernels compiled at their first call -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/LazyKernels.h"

#include "mlir/IR/SymbolTable.h"
#include "runtime/Allocator.h"
#include "runtime/KernelFailure.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"

#include <optional>

using namespace attn::runtime;
namespace orc = llvm::orc;
using llvm::StringRef;

class LazyKernels::Compiler : public orc::IRCompileLayer::IRCompiler {
public:
  Compiler(LazyKernels &kernels)
      : IRCompiler(orc::IRSymbolMapper::ManglingOptions()), kernels(kernels) {}

  Object operator()(llvm::Module &module) override {
    auto start = std::chrono::steady_clock::now();
    Object object = kernels.codeGen.compileKernel(module);
    kernels.count(start);
    return kernels.keepFailure(module.getModuleIdentifier(), std::move(object));
  }

private:
  LazyKernels &kernels;
};

/// A kernel that waits to be lowered.
class LazyKernels::LateKernel : public orc::MaterializationUnit {
public:
  LateKernel(LazyKernels &kernels, orc::ObjectLayer &layer,
             orc::SymbolFlagsMap symbols, mlir::ModuleOp module)
      : MaterializationUnit(Interface(std::move(symbols), nullptr)),
        kernels(kernels), layer(layer), module(module) {}

  StringRef getName() const override { return "LateKernel"; }

  void materialize(
      std::unique_ptr<orc::MaterializationResponsibility> symbols) override {
    if (std::unique_ptr<llvm::MemoryBuffer> object = kernels.take(module))
      return layer.emit(std::move(symbols), std::move(object));
    symbols->failMaterialization();
  }

private:
  void discard(const orc::JITDylib &, const orc::SymbolStringPtr &) override {}

  LazyKernels &kernels;
  orc::ObjectLayer &layer;
  mlir::ModuleOp module;
};

LazyKernels::LazyKernels(CodeGen codeGen, LateKernels late,
                         EngineOptions options)
    : codeGen(std::move(codeGen)), late(std::move(late)),
      options(std::move(options)) {
  for (mlir::OwningOpRef<mlir::ModuleOp> &kernel : this->late.modules)
    waiting[*kernel->getName()] = *kernel;
}

void LazyKernels::count(std::chrono::steady_clock::time_point start) {
  auto taken = std::chrono::steady_clock::now() - start;
  nanoseconds +=
      std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
}

LazyKernels::Object LazyKernels::keepFailure(StringRef kernel, Object object) {
  if (object)
    return object;
  std::string message;
  bool isReported = false;
  llvm::handleAllErrors(
      object.takeError(),
      [&](const KernelFailure &failure) {
        message = failure.message;
        isReported = failure.isReported;
      },
      [&](const llvm::ErrorInfoBase &error) { message = error.message(); });
  std::lock_guard<std::mutex> lock(failing);
  failures += (failures.empty() ? "" : "; ") + ("kernel '" + kernel).str() +
              "' cannot be compiled: " + message;
  areReported &= isReported;
  return llvm::make_error<KernelFailure>(std::move(message), isReported);
}

llvm::Error LazyKernels::getFailure() {
  std::lock_guard<std::mutex> lock(failing);
  return llvm::make_error<KernelFailure>("internal error: " + failures,
                                         areReported);
}

std::unique_ptr<llvm::MemoryBuffer> LazyKernels::take(mlir::ModuleOp kernel) {
  std::lock_guard<std::mutex> lock(compiling);
  StringRef name = *kernel.getName();
  if (waiting.contains(name)) {
    auto start = std::chrono::steady_clock::now();
    compile(kernel);
    count(start);
  }
  return std::move(compiled[name]);
}

llvm::SmallVector<mlir::ModuleOp>
LazyKernels::takeWaiting(mlir::ModuleOp kernel) {
  waiting.erase(*kernel.getName());
  llvm::SmallVector<mlir::ModuleOp> kernels = {kernel};
  for (size_t i = 0; i < kernels.size(); ++i)
    for (auto used : kernels[i].getOps<mlir::SymbolOpInterface>())
      if (auto other = waiting.find(used.getName()); other != waiting.end()) {
        kernels.push_back(other->second);
        waiting.erase(other);
      }
  return kernels;
}

llvm::Expected<CodeGen> LazyKernels::lower(mlir::ModuleOp kernel) {
  if (failed(late.lower(kernel)))
    return llvm::make_error<KernelFailure>("it cannot be lowered",
                                           /*isReported=*/true);
  return CodeGen::createKernel(kernel, *kernel.getName(), options);
}

void LazyKernels::compile(mlir::ModuleOp kernel) {
  llvm::SmallVector<mlir::ModuleOp> kernels = takeWaiting(kernel);
  struct Unit {
    std::optional<CodeGen> code;
    std::optional<Object> object;
  };
  std::vector<Unit> units(kernels.size());
  {
    llvm::DefaultThreadPool threads(llvm::hardware_concurrency(kernels.size()));
    for (size_t i = 0; i < kernels.size(); ++i) {
      Unit &unit = units[i];
      llvm::Expected<CodeGen> code = lower(kernels[i]);
      if (!code) {
        unit.object.emplace(code.takeError());
        continue;
      }
      unit.code.emplace(std::move(*code));
      auto emit = [&unit] {
        unit.object.emplace(unit.code->compileKernel(*unit.code->module));
      };
      if (kernels.size() > 1)
        threads.async(emit);
      else
        emit();
    }
  }
  for (size_t i = 0; i < kernels.size(); ++i) {
    StringRef name = *kernels[i].getName();
    Object object = keepFailure(name, std::move(*units[i].object));
    if (object)
      compiled[name] = std::move(*object);
    else
      llvm::consumeError(object.takeError());
  }
}

llvm::Error LazyKernels::add(orc::LLJIT &jit) {
  if (codeGen.kernels.empty() && late.modules.empty())
    return llvm::Error::success();
  orc::ExecutionSession &session = jit.getExecutionSession();
  layer = std::make_unique<orc::IRCompileLayer>(
      session, jit.getObjLinkingLayer(), std::make_unique<Compiler>(*this));
  stubs = orc::createLocalIndirectStubsManagerBuilder(jit.getTargetTriple())();
  auto manager = orc::createLocalLazyCallThroughManager(
      jit.getTargetTriple(), session, orc::ExecutorAddr::fromPtr(&failKernel));
  if (!manager)
    return manager.takeError();
  callThrough = std::move(*manager);

  // The kernels are in a library of their own, which sees the program's, and
  // the program sees them through stubs.
  auto library = jit.createJITDylib("kernels");
  if (!library)
    return library.takeError();
  library->addToLinkOrder(jit.getMainJITDylib());
  context = orc::ThreadSafeContext(std::move(codeGen.context));
  constexpr auto flags =
      llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable;
  orc::SymbolAliasMap aliases;
  for (std::unique_ptr<llvm::Module> &kernel : codeGen.kernels) {
    orc::SymbolStringPtr name =
        jit.mangleAndIntern(kernel->getModuleIdentifier());
    aliases[name] = {name, flags};
    if (llvm::Error error = layer->add(
            *library, orc::ThreadSafeModule(std::move(kernel), context)))
      return error;
  }
  codeGen.kernels.clear();
  for (mlir::OwningOpRef<mlir::ModuleOp> &kernel : late.modules) {
    orc::SymbolStringPtr name = jit.mangleAndIntern(*kernel->getName());
    aliases[name] = {name, flags};
    if (llvm::Error error = library->define(std::make_unique<LateKernel>(
            *this, jit.getObjLinkingLayer(), orc::SymbolFlagsMap{{name, flags}},
            *kernel)))
      return error;
  }
  return jit.getMainJITDylib().define(
      orc::lazyReexports(*callThrough, *stubs, *library, std::move(aliases)));
}

//===- LazyKernels.cpp - Kernels compiled at their first call -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/LazyKernels.h"

#include "runtime/Allocator.h"
#include "runtime/KernelFailure.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

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
    Object object = kernels.compile(module);
    if (object)
      return layer.emit(std::move(symbols), std::move(*object));
    llvm::consumeError(object.takeError());
    symbols->failMaterialization();
  }

private:
  void discard(const orc::JITDylib &, const orc::SymbolStringPtr &) override {}

  LazyKernels &kernels;
  orc::ObjectLayer &layer;
  mlir::ModuleOp module;
};

LazyKernels::LazyKernels(CodeGen codeGen, LateKernels late)
    : codeGen(std::move(codeGen)), late(std::move(late)) {}

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

LazyKernels::Object LazyKernels::compile(mlir::ModuleOp kernel) {
  return keepFailure(*kernel.getName(), lowerAndCompile(kernel));
}

LazyKernels::Object LazyKernels::lowerAndCompile(mlir::ModuleOp kernel) {
  std::lock_guard<std::mutex> lock(lowering);
  auto start = std::chrono::steady_clock::now();
  if (failed(late.lower(kernel)))
    return llvm::make_error<KernelFailure>("it cannot be lowered",
                                           /*isReported=*/true);
  return context.withContextDo([&](llvm::LLVMContext *llvmContext) -> Object {
    auto module =
        codeGen.translateKernel(kernel, *kernel.getName(), *llvmContext);
    if (!module)
      return module.takeError();
    Object object = codeGen.compileKernel(**module);
    count(start);
    return object;
  });
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

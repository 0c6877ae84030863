//===- LazyKernels.cpp - Kernels compiled at their first call -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/LazyKernels.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <chrono>

using namespace attn::runtime;
namespace orc = llvm::orc;

class LazyKernels::Compiler : public orc::IRCompileLayer::IRCompiler {
public:
  Compiler(LazyKernels &kernels)
      : IRCompiler(orc::IRSymbolMapper::ManglingOptions()), kernels(kernels) {}

  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  operator()(llvm::Module &module) override {
    auto start = std::chrono::steady_clock::now();
    auto object = kernels.codeGen.compileKernel(module);
    auto taken = std::chrono::steady_clock::now() - start;
    kernels.nanoseconds +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
    return object;
  }

private:
  LazyKernels &kernels;
};

/// Where a call of a kernel that could not be compiled ends up.
static void failedToCompile() {
  llvm::report_fatal_error("a kernel could not be compiled");
}

LazyKernels::LazyKernels(CodeGen codeGen) : codeGen(std::move(codeGen)) {}

llvm::Error LazyKernels::add(orc::LLJIT &jit) {
  if (codeGen.kernels.empty())
    return llvm::Error::success();
  orc::ExecutionSession &session = jit.getExecutionSession();
  layer = std::make_unique<orc::IRCompileLayer>(
      session, jit.getObjLinkingLayer(), std::make_unique<Compiler>(*this));
  stubs = orc::createLocalIndirectStubsManagerBuilder(jit.getTargetTriple())();
  auto manager = orc::createLocalLazyCallThroughManager(
      jit.getTargetTriple(), session,
      orc::ExecutorAddr::fromPtr(&failedToCompile));
  if (!manager)
    return manager.takeError();
  callThrough = std::move(*manager);

  // The kernels are in a library of their own, which sees the program's, and
  // the program sees them through stubs.
  auto library = jit.createJITDylib("kernels");
  if (!library)
    return library.takeError();
  library->addToLinkOrder(jit.getMainJITDylib());
  orc::ThreadSafeContext context(std::move(codeGen.context));
  orc::SymbolAliasMap aliases;
  for (std::unique_ptr<llvm::Module> &kernel : codeGen.kernels) {
    orc::SymbolStringPtr name =
        jit.mangleAndIntern(kernel->getModuleIdentifier());
    aliases[name] = {name, llvm::JITSymbolFlags::Exported |
                               llvm::JITSymbolFlags::Callable};
    if (llvm::Error error = layer->add(
            *library, orc::ThreadSafeModule(std::move(kernel), context)))
      return error;
  }
  codeGen.kernels.clear();
  return jit.getMainJITDylib().define(
      orc::lazyReexports(*callThrough, *stubs, *library, std::move(aliases)));
}

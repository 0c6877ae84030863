//===- CodeGen.h - From the LLVM dialect to machine code --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the engine.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_CODEGEN_H
#define ATTN_RUNTIME_CODEGEN_H

#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class MemoryBuffer;
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace attn::runtime {

struct EngineOptions;

/// The prefix of the functions that `llvm.emit_c_interface` makes.
constexpr const char *kInterfacePrefix = "_mlir_ciface_";

/// The function attribute, as LLVM spells it, of a kernel: a large function of
/// which a program may have several and call few.
constexpr const char *kKernelAttribute = "attn-kernel";

/// IR and what turns it into code. Destroyed in reverse order.
struct CodeGen {
  std::unique_ptr<llvm::LLVMContext> context;
  /// Errors that LLVM reported through the context, one a line.
  std::unique_ptr<std::string> errors;
  std::unique_ptr<llvm::TargetMachine> machine;
  unsigned optLevel = 0;
  /// Optimised, without the kernels.
  std::unique_ptr<llvm::Module> module;
  /// One kernel each, with what only that uses; not optimised.
  std::vector<std::unique_ptr<llvm::Module>> kernels;

  CodeGen();
  CodeGen(CodeGen &&);
  ~CodeGen();

  /// Translates, and optimises what is no kernel. Only `entry`, its C interface
  /// and the kernels stay visible.
  /// `mustRun` makes it an error if this machine lacks a feature of the CPU.
  static llvm::Expected<CodeGen> create(mlir::ModuleOp module,
                                        llvm::StringRef entry,
                                        const EngineOptions &options,
                                        bool mustRun);

  /// Translates a module with one kernel, `function`, the only one that stays
  /// visible.
  static llvm::Expected<CodeGen> createKernel(mlir::ModuleOp module,
                                              llvm::StringRef function,
                                              const EngineOptions &options);

  /// Adds `void name(ptr arguments)`, which calls the C interface of `entry`
  /// with the `numArguments` pointers of an array.
  llvm::Error addThunk(llvm::StringRef name, llvm::StringRef entry,
                       size_t numArguments);

  /// Optimises the kernels and puts them back into the module.
  llvm::Error mergeKernels();

  std::string printIR() const;

  /// Either consumes the module: code generation changes the IR.
  llvm::Expected<std::string> emitAssembly() &&;
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> emitObject();

  /// Optimises a kernel and generates its code, which changes the IR.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  compileKernel(llvm::Module &kernel);
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_CODEGEN_H

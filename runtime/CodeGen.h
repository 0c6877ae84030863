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

/// Optimised IR and what turns it into code. Destroyed in reverse order.
struct CodeGen {
  std::unique_ptr<llvm::LLVMContext> context;
  /// Errors that LLVM reported through the context, one a line.
  std::unique_ptr<std::string> errors;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;

  CodeGen();
  CodeGen(CodeGen &&);
  ~CodeGen();

  /// Translates and optimises. Only `entry` and its C interface stay visible.
  /// `mustRun` makes it an error if this machine lacks a feature of the CPU.
  static llvm::Expected<CodeGen> create(mlir::ModuleOp module,
                                        llvm::StringRef entry,
                                        const EngineOptions &options,
                                        bool mustRun);

  /// Adds `void name(ptr arguments)`, which calls the C interface of `entry`
  /// with the `numArguments` pointers of an array.
  llvm::Error addThunk(llvm::StringRef name, llvm::StringRef entry,
                       size_t numArguments);

  std::string printIR() const;

  /// Either consumes the module: code generation changes the IR.
  llvm::Expected<std::string> emitAssembly() &&;
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> emitObject() &&;
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_CODEGEN_H

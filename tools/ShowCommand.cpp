//===- ShowCommand.cpp - attnc show and check --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/PrintAST.h"
#include "runtime/Engine.h"
#include "tools/Commands.h"

#include "llvm/Support/raw_ostream.h"

using namespace attn;
using namespace attn::tools;
using llvm::StringRef;

/// The text of the stages after the LLVM dialect.
static ExitCode showMachineStage(mlir::ModuleOp module, StringRef stage,
                                 const runtime::EngineOptions &options) {
  llvm::Expected<std::string> text =
      stage == "llvm-ir" ? runtime::emitLLVMIR(module, options)
                         : runtime::emitAssembly(module, options);
  if (!text) {
    llvm::errs() << "attnc: internal error: code generation failed: "
                 << toString(text.takeError())
                 << "\n  note: this is a bug in attnc, not in your program\n";
    return ExitCode::InternalError;
  }
  llvm::outs() << *text;
  return ExitCode::Success;
}

ExitCode tools::showCommand(const ShowOptions &options) {
  Compilation compilation(options.compilation);
  StringRef name = options.stage;
  if (name == "ast") {
    if (ExitCode status = compilation.parse(); status != ExitCode::Success)
      return status;
    frontend::printAST(compilation.getSources(), compilation.getProgram(),
                       llvm::outs());
    return ExitCode::Success;
  }
  bool isMachine = name == "llvm-ir" || name == "asm";
  std::optional<Stage> stage =
      isMachine ? std::optional<Stage>(Stage::LLVM) : parseStage(name);
  if (!stage) {
    llvm::errs() << "attnc: error: unknown stage '" << name
                 << "'; expected one of ast, attn, fused, tiled, llvm, "
                    "llvm-ir, asm\n";
    return ExitCode::UserError;
  }
  if (ExitCode status = compilation.compile(*stage);
      status != ExitCode::Success)
    return status;
  if (isMachine)
    return showMachineStage(compilation.getModule(), name,
                            options.compilation.getEngineOptions());
  mlir::OpPrintingFlags flags;
  // Values carry the names that the program gives them.
  flags.printNameLocAsPrefix();
  compilation.getModule()->print(llvm::outs(), flags);
  llvm::outs() << "\n";
  return ExitCode::Success;
}

ExitCode tools::checkCommand(llvm::ArrayRef<std::string> paths,
                             bool requiresFused) {
  ExitCode result = ExitCode::Success;
  for (const std::string &path : paths) {
    CompilationOptions options;
    options.path = path;
    options.requiresFused = requiresFused;
    Compilation compilation(options);
    ExitCode status = compilation.parse();
    if (status == ExitCode::Success)
      status = compilation.check();
    if (status == ExitCode::Success)
      status = compilation.checkFusion();
    if (status != ExitCode::Success)
      result = status;
  }
  return result;
}

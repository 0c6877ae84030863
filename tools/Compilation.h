//===- Compilation.h - One program on its way through the stages *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_COMPILATION_H
#define ATTN_TOOLS_COMPILATION_H

#include "frontend/AST.h"
#include "frontend/Diagnostics.h"
#include "frontend/SourceManager.h"
#include "frontend/Typed.h"
#include "passes/Pipelines.h"
#include "runtime/Engine.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace attn::tools {

/// Exit statuses of attnc.
enum class ExitCode { Success = 0, UserError = 1, InternalError = 2 };

struct CompilationOptions {
  std::string path;
  /// What the engine has to know of these.
  runtime::EngineOptions getEngineOptions() const {
    return {/*optLevel=*/3, targetCpu, targetTriple};
  }

  /// The entry; empty for the program's own.
  std::string function;
  /// Dimensions fixed in this compilation.
  std::map<std::string, int64_t> staticDims;
  /// 0: the reference lowering; 3: fused and tiled.
  int optLevel = 3;
  /// The CPU to compile for; empty for this machine's.
  std::string targetCpu;
  /// What to compile for, as LLVM writes it; empty for this machine.
  std::string targetTriple;
  /// Whether the code is to run here.
  bool mustRun = false;
  /// Sizes of blocks of queries and keys; 0: as the cost model says.
  int64_t queryBlock = 0;
  int64_t keyBlock = 0;
  /// Whether to keep what the passes remark.
  bool keepsRemarks = false;
  /// Whether attention that is not fused is an error, not a warning.
  bool requiresFused = false;
  /// More passes to run after the last stage, as `--pass-pipeline` writes them.
  std::string extraPasses;
};

/// What a pass did or could not do, and where in the program.
struct PassRemark {
  mlir::Location loc;
  std::string text;
};

/// Takes one program from text to the LLVM dialect, a stage at a time. Every
/// step prints its own errors to standard error: mistakes of the program with
/// their place, failures of the compiler with the pass and a reproducer.
class Compilation {
public:
  explicit Compilation(CompilationOptions options);
  ~Compilation();

  /// Reads the program and its imports.
  ExitCode parse();
  /// Checks names, shapes and types; `parse` came before.
  ExitCode check();
  /// Makes the module of stage `attn`; `check` came before.
  ExitCode generate();
  /// Takes the module from stage `attn` to `stage`.
  ExitCode lower(Stage stage);
  /// All of the above.
  ExitCode compile(Stage stage);
  /// To stage `llvm` but for the kernels, which takeKernels() hands out.
  ExitCode compileToRun();
  /// Those of compileToRun(). They use this object, which reports a failure to
  /// lower one.
  runtime::LateKernels takeKernels();
  /// Warns of attention that is not fused in any function of the program that
  /// no other one calls; `check` came before.
  ExitCode checkFusion();

  const frontend::SourceManager &getSources() const { return sources; }
  const frontend::Program &getProgram() const { return *program; }
  const frontend::CheckedProgram &getChecked() const { return *checked; }
  frontend::DiagnosticEngine &getDiagnostics() { return diagnostics; }
  /// Reports an error at a place of the program that came up in a run.
  ExitCode reportAt(llvm::StringRef file, unsigned line, unsigned column,
                    const llvm::Twine &message);
  /// Prints what has been reported; success if there are no errors.
  ExitCode reportErrors();
  mlir::ModuleOp getModule() { return *module; }
  /// Of the passes run so far, if they are kept.
  llvm::ArrayRef<PassRemark> getRemarks() const { return remarks; }

private:
  class Passes;

  ExitCode runPasses(mlir::ModuleOp module, Passes &passes);
  ExitCode runPasses(mlir::ModuleOp module,
                     llvm::function_ref<void(mlir::OpPassManager &)> build,
                     bool verifies);
  bool isValid(mlir::ModuleOp module);
  /// From stage `tiled` to stage `llvm`.
  ExitCode lowerToLLVM(mlir::ModuleOp module);
  llvm::LogicalResult lowerKernel(mlir::ModuleOp kernel);
  void addWarning(mlir::Diagnostic &diagnostic);
  ExitCode reportWarnings();
  void keepRemarks();

  CompilationOptions options;
  frontend::SourceManager sources;
  frontend::DiagnosticEngine diagnostics;
  std::optional<frontend::Program> program;
  std::optional<frontend::CheckedProgram> checked;
  mlir::MLIRContext context;
  std::vector<PassRemark> remarks;
  /// What the passes warned of.
  frontend::DiagnosticEngine warnings;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> kernels;
  /// Kept, since their tables of patterns take as long to make as a kernel
  /// takes to lower.
  std::unique_ptr<Passes> llvmPasses;
};

} // namespace attn::tools

#endif // ATTN_TOOLS_COMPILATION_H

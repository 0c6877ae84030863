//===- attn-gen.cpp - Prints the IR of a program, for tests -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// attn-gen FILE [--fn NAME] [--dim T=4,D=64] [--locations]
//
// Exit status: 0, 1 for errors in the program, 2 for a defect of the compiler.
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"
#include "frontend/MLIRGen.h"
#include "frontend/Parser.h"
#include "frontend/Sema.h"
#include "frontend/SourceManager.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn::frontend;
namespace cl = llvm::cl;

static cl::opt<std::string> inputFile(cl::Positional, cl::Required,
                                      cl::desc("FILE"));
static cl::opt<std::string> fnName("fn", cl::desc("the function to run"));
static cl::list<std::string> dims("dim", cl::CommaSeparated,
                                  cl::desc("fixed dimensions: T=4,D=64"));
static cl::opt<bool> locations("locations", cl::desc("print locations"));

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "attn IR of a program\n");
  SourceManager sources;
  DiagnosticEngine diags(sources);
  auto fail = [&] {
    diags.print(llvm::errs());
    return diags.hasErrors() ? 1 : 2;
  };
  GenerateOptions options;
  options.entry = fnName;
  for (const std::string &dim : dims) {
    auto [name, size] = llvm::StringRef(dim).split('=');
    if (!llvm::to_integer(size, options.staticDims[name.str()])) {
      llvm::errs() << "attn-gen: expected NAME=SIZE, got " << dim << "\n";
      return 1;
    }
  }
  std::optional<Program> program = parseProgram(sources, inputFile, diags);
  if (!program)
    return fail();
  std::optional<CheckedProgram> checked = check(*program, diags);
  if (!checked)
    return fail();
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      generate(context, *checked, sources, options, diags);
  if (!module)
    return fail();
  mlir::OpPrintingFlags flags;
  if (locations)
    flags.enableDebugInfo();
  module->print(llvm::outs(), flags);
  return 0;
}

//===- attn-syntax.cpp - The parser and formatter, for tests ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// attn-syntax ast|fmt|parse FILE
//
// Exit status: 0, 1 for errors in the program.
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"
#include "frontend/Format.h"
#include "frontend/Parser.h"
#include "frontend/PrintAST.h"
#include "frontend/SourceManager.h"

#include "llvm/Support/raw_ostream.h"

using namespace attn::frontend;
using llvm::StringRef;

/// Writes what the command asks for; on errors nothing, if it can.
static void run(StringRef command, StringRef path, SourceManager &sources,
                DiagnosticEngine &diagnostics) {
  if (command != "fmt") {
    std::optional<Program> program = parseProgram(sources, path, diagnostics);
    if (program && command == "ast")
      printAST(sources, *program, llvm::outs());
    return;
  }
  llvm::Expected<uint32_t> file = sources.load(path);
  if (!file) {
    diagnostics.fileError(path, llvm::toString(file.takeError()));
    return;
  }
  if (auto text = formatFile(sources, *file, diagnostics))
    llvm::outs() << *text;
}

int main(int argc, char **argv) {
  StringRef command = argc == 3 ? argv[1] : "";
  if (command != "ast" && command != "fmt" && command != "parse") {
    llvm::errs() << "usage: attn-syntax ast|fmt|parse FILE\n";
    return 2;
  }
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  run(command, argv[2], sources, diagnostics);
  diagnostics.print(llvm::errs());
  return diagnostics.hasErrors() ? 1 : 0;
}

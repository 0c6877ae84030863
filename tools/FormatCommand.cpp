//===- FormatCommand.cpp - attnc fmt ----------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Format.h"
#include "runtime/OutputFile.h"
#include "tools/Commands.h"

#include "llvm/Support/raw_ostream.h"

using namespace attn;
using namespace attn::tools;

ExitCode tools::formatCommand(llvm::ArrayRef<std::string> paths, bool check) {
  ExitCode result = ExitCode::Success;
  for (const std::string &path : paths) {
    frontend::SourceManager sources;
    frontend::DiagnosticEngine diagnostics(sources);
    llvm::Expected<uint32_t> file = sources.load(path);
    if (!file) {
      diagnostics.fileError(path, toString(file.takeError()));
      diagnostics.print(llvm::errs());
      result = ExitCode::UserError;
      continue;
    }
    std::optional<std::string> text =
        frontend::formatFile(sources, *file, diagnostics);
    diagnostics.print(llvm::errs());
    if (!text) {
      result = ExitCode::UserError;
      continue;
    }
    if (*text == sources.getText(*file))
      continue;
    if (check) {
      llvm::errs() << path << ": error: not in the layout of attnc fmt\n";
      result = ExitCode::UserError;
      continue;
    }
    llvm::Expected<runtime::OutputFile> output =
        runtime::OutputFile::create(path);
    llvm::Error error =
        output ? output->write(text->data(), text->size()) : output.takeError();
    if (!error)
      error = output->commit();
    if (error) {
      llvm::errs() << "attnc: error: " << toString(std::move(error)) << "\n";
      result = ExitCode::UserError;
    }
  }
  return result;
}

//===- LibraryCommand.cpp - attnc library -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/Commands.h"

#include "frontend/Library.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn;
using namespace attn::tools;
using llvm::StringRef;

ExitCode tools::libraryCommand(StringRef name) {
  StringRef wanted = name;
  wanted.consume_back(".attn");
  std::vector<StringRef> names;
  for (const frontend::LibraryFile &file : frontend::getLibrary()) {
    StringRef path = file.path;
    path.consume_back(".attn");
    if (path == wanted) {
      llvm::outs() << file.text.ltrim('\n');
      return ExitCode::Success;
    }
    names.push_back(path);
  }
  if (name.empty()) {
    for (StringRef path : names)
      llvm::outs() << path << "\n";
    return ExitCode::Success;
  }
  llvm::errs() << "attnc: error: the library has no file '" << name
               << "', expected one of " << llvm::join(names, ", ") << "\n";
  if (auto suggestion = frontend::suggest(name, names))
    llvm::errs() << "  note: did you mean '" << *suggestion << "'?\n";
  return ExitCode::UserError;
}

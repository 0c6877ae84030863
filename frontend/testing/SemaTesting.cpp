//===- SemaTesting.cpp - Checking programs in tests -------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/testing/SemaTesting.h"

#include "frontend/Diagnostics.h"
#include "frontend/Parser.h"
#include "frontend/Sema.h"
#include "frontend/SourceManager.h"

#include "llvm/Support/raw_ostream.h"

using namespace attn::frontend;

static void print(llvm::raw_ostream &os, const Diagnostic &diagnostic,
                  const SourceManager &sources) {
  if (diagnostic.range) {
    SourceRange range = *diagnostic.range;
    LineColumn begin = sources.getLineColumn(range);
    os << begin.line << ":" << begin.column;
    if (!diagnostic.isHint)
      os << "-" << begin.column + (range.end - range.begin);
    os << ": ";
  }
  if (diagnostic.isHint)
    os << "hint: ";
  else
    os << (diagnostic.severity == Severity::Error ? "error: " : "note: ");
  os << diagnostic.message << "\n";
  for (const Diagnostic &note : diagnostic.notes)
    print(os, note, sources);
}

std::string attn::frontend::checkText(llvm::StringRef text) {
  SourceManager sources;
  DiagnosticEngine diags(sources);
  uint32_t file = sources.addBuffer("test.attn", text);
  if (std::optional<SourceFile> parsed = parseFile(sources, file, diags)) {
    Program program;
    program.files.push_back(std::move(*parsed));
    std::optional<CheckedProgram> checked = check(program, diags);
    EXPECT_EQ(checked.has_value(), !diags.hasErrors());
  } else {
    ADD_FAILURE() << "the test program does not parse";
  }
  std::string result;
  llvm::raw_string_ostream os(result);
  for (const Diagnostic &diagnostic : diags.getDiagnostics())
    print(os, diagnostic, sources);
  return result;
}

TEST_P(BadPrograms, Says) {
  EXPECT_EQ(checkText(GetParam().text), GetParam().expected);
}

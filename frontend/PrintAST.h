//===- PrintAST.h - Readable form of the syntax tree ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_PRINTAST_H
#define ATTN_FRONTEND_PRINTAST_H

#include "frontend/AST.h"

#include "llvm/ADT/StringRef.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace attn::frontend {

class SourceManager;

/// How an operator, a type is written in a program.
llvm::StringRef getSpelling(UnaryOp op);
llvm::StringRef getSpelling(BinaryOp op);
llvm::StringRef getSpelling(DType dtype);

struct PrintASTOptions {
  /// Gives each node its `<line:column>` and each file its path; without, two
  /// programs that differ in layout only print the same.
  bool positions = true;
};

/// Prints one node a line, children indented by two spaces, declarations in
/// the order of the source.
void printAST(const SourceManager &sources, const SourceFile &file,
              llvm::raw_ostream &os, PrintASTOptions options = {});
void printAST(const SourceManager &sources, const Program &program,
              llvm::raw_ostream &os, PrintASTOptions options = {});

} // namespace attn::frontend

#endif // ATTN_FRONTEND_PRINTAST_H

//===- Parser.h - From text to syntax tree ----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_PARSER_H
#define ATTN_FRONTEND_PARSER_H

#include "frontend/AST.h"

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <vector>

namespace attn::frontend {

class DiagnosticEngine;
class SourceManager;

/// Brackets may nest this deep, and imports too.
constexpr unsigned maxNesting = 200;

/// No expression is deeper than this, chains of operators included; whoever
/// walks a tree may recurse.
constexpr unsigned maxExpressionDepth = 500;

/// Reads the file at `path` and everything it imports, directly or not. The
/// file itself comes first in the program, each file comes once. Nothing is
/// returned if there was any error; every error is in `diagnostics`.
std::optional<Program> parseProgram(SourceManager &sources,
                                    llvm::StringRef path,
                                    DiagnosticEngine &diagnostics);

/// Reads one file that `sources` has loaded, without its imports. `comments`,
/// when given, receives the range of each comment, in order.
std::optional<SourceFile>
parseFile(const SourceManager &sources, uint32_t file,
          DiagnosticEngine &diagnostics,
          std::vector<SourceRange> *comments = nullptr);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_PARSER_H

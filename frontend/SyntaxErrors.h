//===- SyntaxErrors.h - Wording of and recovery from errors -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the parser: includes ANTLR.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_SYNTAXERRORS_H
#define ATTN_FRONTEND_SYNTAXERRORS_H

#include "frontend/AttnParser.h"
#include "frontend/TokenFilter.h"

#include "antlr4-runtime.h"
#include "llvm/ADT/DenseSet.h"

namespace attn::frontend {

class DiagnosticEngine;
class SourceManager;

/// Reports a syntax error in the words of the language, once, and goes on after
/// the statement or the declaration that it is in. Nothing is inserted or
/// guessed: what follows an error inside a statement is not looked at.
class SyntaxErrorStrategy : public antlr4::DefaultErrorStrategy {
public:
  SyntaxErrorStrategy(const SourceManager &sources, uint32_t file,
                      const FilteredTokens &filtered, const TokenRanges &ranges,
                      DiagnosticEngine &diagnostics)
      : sources(sources), file(file), filtered(filtered), ranges(ranges),
        diagnostics(diagnostics) {}

  void reportError(antlr4::Parser *parser,
                   const antlr4::RecognitionException &error) override;
  void recover(antlr4::Parser *parser, std::exception_ptr error) override;
  antlr4::Token *recoverInline(antlr4::Parser *parser) override;
  void sync(antlr4::Parser *parser) override;

  /// Whether a declaration has an error inside.
  bool isBroken(antlr4::ParserRuleContext *declaration) const {
    return broken.contains(declaration);
  }

private:
  void report(antlr4::Parser *parser, antlr4::Token *found);
  void skipStatement(antlr4::Parser *parser);
  void skipDeclaration(antlr4::Parser *parser);
  bool atDeclaration(antlr4::Parser *parser) const;

  const SourceManager &sources;
  uint32_t file;
  const FilteredTokens &filtered;
  const TokenRanges &ranges;
  DiagnosticEngine &diagnostics;
  llvm::DenseSet<antlr4::ParserRuleContext *> broken;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_SYNTAXERRORS_H

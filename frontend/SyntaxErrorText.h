//===- SyntaxErrorText.h - Wording of syntax errors -------------*- C++ -*-===//
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

#ifndef ATTN_FRONTEND_SYNTAXERRORTEXT_H
#define ATTN_FRONTEND_SYNTAXERRORTEXT_H

#include "frontend/TokenFilter.h"

#include "antlr4-runtime.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace attn::frontend {

class DiagnosticBuilder;
class DiagnosticEngine;
class SourceManager;

/// Words one syntax error from where the parser stands: what was being read,
/// what could have come, and what came instead.
class SyntaxErrorText {
public:
  SyntaxErrorText(const SourceManager &sources, uint32_t file,
                  const FilteredTokens &filtered, const TokenRanges &ranges,
                  antlr4::Parser &parser, antlr4::Token &found);

  void report(DiagnosticEngine &diagnostics);

private:
  using Context = antlr4::ParserRuleContext;

  bool reportBadToken(DiagnosticEngine &diagnostics);
  void addHints(DiagnosticBuilder &error);
  void addHintForEqual(DiagnosticBuilder &error);
  bool commentHidesCloser() const;

  std::string describeExpected();
  std::string describeRule(Context *context, Context *from);
  std::string describeName(size_t rule);
  std::string describeFn(Context *fn, Context *from);
  std::string describeBlock(Context *block);
  std::string describeLayerBody(Context *body);
  std::string describeConditional(Context *conditional, Context *from);
  std::string describeEnd();
  std::string describeList(Context *list, size_t open, const std::string &what);
  std::string describeFound() const;

  std::string after() const;
  std::string nameOf(Context *context) const;
  std::string ofCallee(Context *postfix) const;
  std::string textOf(const antlr4::Token *token) const;
  bool expects(size_t type) const { return expected.contains(type); }
  size_t previousType() const;
  bool followsDirectly() const;

  const SourceManager &sources;
  uint32_t file;
  const FilteredTokens &filtered;
  const TokenRanges &ranges;
  antlr4::Parser &parser;

  /// The wrong token as the user sees it: not a line end that was implied.
  antlr4::Token *found;
  /// Where it is said to be: a line end is where the line's last token ends.
  SourceRange place;
  /// The token before; null at the start of the file.
  antlr4::Token *previous = nullptr;
  antlr4::misc::IntervalSet expected;
  /// The innermost bracket that is open, where the message is about it.
  antlr4::Token *opened = nullptr;
  /// The rule whose list is open, where the message is about it.
  size_t listRule = ~size_t(0);
  /// A closing bracket here has no partner.
  bool closesNothing = false;
  /// An operator could stand here.
  bool followsExpression = false;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_SYNTAXERRORTEXT_H

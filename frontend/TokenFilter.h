//===- TokenFilter.h - Line ends and recovery points ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What stands between the lexer and the parser. Internal to the parser:
// includes ANTLR.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_TOKENFILTER_H
#define ATTN_FRONTEND_TOKENFILTER_H

#include "frontend/AST.h"

#include "antlr4-runtime.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <optional>
#include <vector>

namespace attn::frontend {

/// Converts ANTLR's positions, in code points, to ranges in bytes.
class TokenRanges {
public:
  TokenRanges(uint32_t file, llvm::StringRef text);

  SourceRange get(const antlr4::Token *token) const;
  SourceRange get(const antlr4::Token *first, const antlr4::Token *last) const;
  SourceRange get(antlr4::ParserRuleContext *context) const {
    return get(context->getStart(), context->getStop());
  }

private:
  uint32_t offsetOf(size_t codePoint) const;

  uint32_t file;
  uint32_t size;
  /// The offset of each code point; empty for ASCII, where they are equal.
  std::vector<uint32_t> offsets;
};

/// The tokens that the parser sees. `NEWLINE` and `;` are left only where they
/// end a declaration or a statement, one each time, and comments are gone.
struct FilteredTokens {
  /// Ends with EOF.
  std::vector<std::unique_ptr<antlr4::Token>> tokens;

  /// By token index: the token begins a line and a declaration. No expression
  /// or block goes on across it, however many brackets are open.
  std::vector<bool> startsDeclaration;

  /// By token index: a NEWLINE that is not in the text, before '}' or the end.
  std::vector<bool> isImplied;

  std::vector<SourceRange> comments;

  /// The bracket that exceeds `maxNesting`; the tokens then end before it.
  std::optional<SourceRange> tooDeep;
};

/// Takes every token of `lexer`, the end of the file included.
FilteredTokens filterTokens(antlr4::TokenSource &lexer,
                            const TokenRanges &ranges);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_TOKENFILTER_H

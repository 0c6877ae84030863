//===- TokenFilter.cpp - Line ends and recovery points --------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/TokenFilter.h"

#include "frontend/AttnLexer.h"
#include "frontend/AttnParser.h"
#include "frontend/Parser.h"
#include "frontend/TokenKinds.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace attn::frontend;
using antlr4::Token;
using attn::frontend::grammar::AttnLexer;
using attn::frontend::grammar::AttnParser;

//===----------------------------------------------------------------------===//
// TokenRanges
//===----------------------------------------------------------------------===//

TokenRanges::TokenRanges(uint32_t file, llvm::StringRef text)
    : file(file), size(text.size()) {
  if (llvm::isASCII(text))
    return;
  for (size_t i = 0; i < text.size(); ++i)
    if ((text[i] & 0xc0) != 0x80)
      offsets.push_back(i);
}

uint32_t TokenRanges::offsetOf(size_t codePoint) const {
  if (offsets.empty())
    return std::min<size_t>(codePoint, size);
  return codePoint < offsets.size() ? offsets[codePoint] : size;
}

SourceRange TokenRanges::get(const Token *token) const {
  return get(token, token);
}

SourceRange TokenRanges::get(const Token *first, const Token *last) const {
  SourceRange range;
  range.file = file;
  range.begin = offsetOf(first->getStartIndex());
  range.end = offsetOf(last->getStopIndex() + 1);
  return range;
}

//===----------------------------------------------------------------------===//
// Line joining
//===----------------------------------------------------------------------===//

/// Whether a statement goes on after a line that ends with this token.
static bool continuesNextLine(size_t type) {
  switch (type) {
  case AttnLexer::Not:
  case AttnLexer::Comma:
  case AttnLexer::Colon:
  case AttnLexer::Equal:
  case AttnLexer::Arrow:
  case AttnLexer::Entry:
    return true;
  default:
    return getBinaryOp(type).has_value();
  }
}

/// Whether a line that begins with this token goes on with the statement.
static bool continuesLastLine(size_t type) {
  switch (type) {
  case AttnLexer::Else:
  case AttnLexer::Arrow:
  case AttnLexer::Equal:
  case AttnLexer::OpenBrace:
    return true;
  default:
    return type != AttnLexer::Minus && getBinaryOp(type);
  }
}

/// Whether an expression can end with this token.
static bool endsOperand(size_t type) {
  switch (type) {
  case AttnLexer::NAME:
  case AttnLexer::INT:
  case AttnLexer::FLOAT:
  case AttnLexer::Inf:
  case AttnLexer::Pi:
  case AttnLexer::True:
  case AttnLexer::False:
  case AttnLexer::Mask:
  case AttnLexer::Score:
  case AttnLexer::Prime:
  case AttnLexer::CloseParen:
  case AttnLexer::CloseBracket:
  case AttnLexer::CloseBrace:
    return true;
  default:
    return false;
  }
}

static bool isTerminator(size_t type) {
  return type == AttnLexer::NEWLINE || type == AttnLexer::Semicolon;
}

namespace {
class LineJoiner {
public:
  LineJoiner(antlr4::TokenSource &lexer, const TokenRanges &ranges)
      : lexer(lexer), ranges(ranges) {}

  FilteredTokens run();

private:
  using TokenPtr = std::unique_ptr<Token>;

  void readAll();
  bool startsDeclaration(size_t index) const;
  bool startsMember(const Token &token) const;
  void closeBrackets(const Token &token, bool atDeclaration);
  bool needsTerminator(const Token &token, bool forced) const;
  void addTerminator(const Token &next);
  bool openBracket(const Token &token);
  size_t getWord(const Token &token) const;

  bool insideBrackets() const {
    return !brackets.empty() && brackets.back() != AttnLexer::OpenBrace;
  }
  /// The type of the `distance`-th token before the one at hand.
  size_t lastType(size_t distance = 1) const {
    size_t count = result.tokens.size();
    return count < distance ? AttnLexer::NEWLINE
                            : result.tokens[count - distance]->getType();
  }
  void add(TokenPtr token, bool startsDeclaration, bool isImplied) {
    result.tokens.push_back(std::move(token));
    result.startsDeclaration.push_back(startsDeclaration);
    result.isImplied.push_back(isImplied);
  }

  antlr4::TokenSource &lexer;
  const TokenRanges &ranges;
  /// Everything but comments.
  std::vector<TokenPtr> input;
  FilteredTokens result;
  llvm::SmallVector<size_t> brackets;
  /// In the declaration of a layer, and between its braces.
  bool atLayer = false, inLayer = false;
  /// The line end before the token at hand, if it begins a line.
  TokenPtr newline;
};
} // namespace

void LineJoiner::readAll() {
  do {
    TokenPtr token = lexer.nextToken();
    if (token->getType() == AttnLexer::COMMENT)
      result.comments.push_back(ranges.get(token.get()));
    else
      input.push_back(std::move(token));
  } while (input.empty() || input.back()->getType() != Token::EOF);
}

/// `mask` and `score` also name arguments of a call; with a name after them,
/// or outside all brackets, they are declarations.
bool LineJoiner::startsDeclaration(size_t index) const {
  bool atLineStart = newline || result.tokens.empty();
  if (!atLineStart || lastType() == AttnLexer::Entry)
    return false;
  switch (input[index]->getType()) {
  case AttnLexer::Fn:
  case AttnLexer::Entry:
    return !inLayer;
  case AttnLexer::Import:
  case AttnLexer::Layer:
  case AttnLexer::Model:
    return true;
  case AttnLexer::Mask:
  case AttnLexer::Score:
    return brackets.empty() || input[index + 1]->getType() == AttnLexer::NAME;
  default:
    return false;
  }
}

/// A function among the members of a layer, which begins a line.
bool LineJoiner::startsMember(const Token &token) const {
  return inLayer && newline && lastType() != AttnLexer::Entry &&
         (token.getType() == AttnLexer::Fn ||
          token.getType() == AttnLexer::Entry);
}

/// A declaration closes every bracket that was left open, a function of a layer
/// all but the layer's own, a statement those inside its block, so that the
/// damage of a missing bracket stays small.
void LineJoiner::closeBrackets(const Token &token, bool atDeclaration) {
  if (atDeclaration) {
    brackets.clear();
    inLayer = false;
    atLayer = token.getType() == AttnLexer::Layer ||
              token.getType() == AttnLexer::Model;
  } else if (startsMember(token)) {
    brackets.resize(1);
  }
  bool atLet = newline && token.getType() == AttnLexer::Let;
  if (atLet || token.getType() == AttnLexer::CloseBrace)
    while (insideBrackets())
      brackets.pop_back();
}

bool LineJoiner::needsTerminator(const Token &token, bool forced) const {
  size_t last = lastType(), type = token.getType();
  if (isTerminator(last) || isTerminator(type) || last == AttnLexer::OpenBrace)
    return false;
  if (forced || type == AttnLexer::CloseBrace || type == Token::EOF)
    return true;
  return newline && !insideBrackets() && !continuesNextLine(last) &&
         !continuesLastLine(type);
}

void LineJoiner::addTerminator(const Token &next) {
  if (newline)
    return add(std::move(newline), /*startsDeclaration=*/false,
               next.getType() == Token::EOF);
  auto implied = std::make_unique<antlr4::CommonToken>(AttnLexer::NEWLINE);
  implied->setStartIndex(next.getStartIndex());
  implied->setStopIndex(next.getStartIndex() - 1);
  add(std::move(implied), /*startsDeclaration=*/false, /*isImplied=*/true);
}

/// Returns false at a bracket that is nested too deep.
bool LineJoiner::openBracket(const Token &token) {
  switch (token.getType()) {
  case AttnLexer::OpenParen:
  case AttnLexer::OpenBracket:
  case AttnLexer::OpenBrace:
    inLayer |=
        atLayer && brackets.empty() && token.getType() == AttnLexer::OpenBrace;
    brackets.push_back(token.getType());
    break;
  case AttnLexer::CloseParen:
  case AttnLexer::CloseBracket:
  case AttnLexer::CloseBrace:
    // The token types of a pair are neighbours.
    if (!brackets.empty() && brackets.back() == token.getType() - 1)
      brackets.pop_back();
    inLayer &= !brackets.empty();
    break;
  default:
    break;
  }
  return brackets.size() <= maxNesting;
}

/// The type of a name, which is a word of `sum(x for a in A)` in its place: no
/// name follows an argument, nor the index that comes after `for`.
size_t LineJoiner::getWord(const Token &token) const {
  bool inParens = !brackets.empty() && brackets.back() == AttnLexer::OpenParen;
  if (inParens && endsOperand(lastType()) && token.getText() == "for")
    return AttnParser::For;
  if (inParens && lastType() == AttnLexer::NAME &&
      lastType(/*distance=*/2) == AttnParser::For && token.getText() == "in")
    return AttnParser::In;
  return token.getType();
}

FilteredTokens LineJoiner::run() {
  readAll();
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i]->getType() == AttnLexer::NEWLINE) {
      if (!newline)
        newline = std::move(input[i]);
      continue;
    }
    Token &token = *input[i];
    bool atDeclaration = startsDeclaration(i);
    closeBrackets(token, atDeclaration);
    bool isForced = atDeclaration || startsMember(token) ||
                    (newline && token.getType() == AttnLexer::Let);
    if (needsTerminator(token, isForced))
      addTerminator(token);
    newline.reset();

    // A second terminator says nothing new.
    bool repeated =
        token.getType() == AttnLexer::Semicolon && !insideBrackets() &&
        (isTerminator(lastType()) || lastType() == AttnLexer::OpenBrace);
    if (repeated)
      continue;
    if (token.getType() == AttnLexer::NAME)
      static_cast<antlr4::CommonToken &>(token).setType(getWord(token));
    if (!openBracket(token)) {
      result.tooDeep = ranges.get(&token);
      add(std::move(input.back()), false, false);
      return std::move(result);
    }
    add(std::move(input[i]), atDeclaration, /*isImplied=*/false);
  }
  return std::move(result);
}

FilteredTokens attn::frontend::filterTokens(antlr4::TokenSource &lexer,
                                            const TokenRanges &ranges) {
  return LineJoiner(lexer, ranges).run();
}

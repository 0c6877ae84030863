//===- SyntaxErrors.cpp - Recovery from syntax errors ---------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SyntaxErrors.h"

#include "frontend/SyntaxErrorText.h"

using namespace attn::frontend;
using antlr4::Parser;
using antlr4::ParserRuleContext;
using antlr4::Token;
using attn::frontend::grammar::AttnParser;

static ParserRuleContext *getParent(ParserRuleContext *context) {
  return static_cast<ParserRuleContext *>(context->parent);
}

/// The declaration being read, or null between two.
static ParserRuleContext *getDeclaration(Parser *parser) {
  ParserRuleContext *context = parser->getContext();
  while (context && context->getRuleIndex() != AttnParser::RuleDeclaration)
    context = getParent(context);
  return context;
}

//===----------------------------------------------------------------------===//
// Reporting
//===----------------------------------------------------------------------===//

void SyntaxErrorStrategy::report(Parser *parser, Token *found) {
  // Until a token has matched again, an error is a consequence of the last.
  if (inErrorRecoveryMode(parser))
    return;
  beginErrorCondition(parser);

  if (ParserRuleContext *declaration = getDeclaration(parser))
    broken.insert(declaration);
  SyntaxErrorText text(sources, file, filtered, ranges, *parser, *found);
  text.report(diagnostics);
}

void SyntaxErrorStrategy::reportError(
    Parser *parser, const antlr4::RecognitionException &error) {
  report(parser, error.getOffendingToken());
}

Token *SyntaxErrorStrategy::recoverInline(Parser *parser) {
  throw antlr4::InputMismatchException(parser);
}

//===----------------------------------------------------------------------===//
// Recovery
//===----------------------------------------------------------------------===//

bool SyntaxErrorStrategy::atDeclaration(Parser *parser) const {
  return filtered.startsDeclaration[parser->getCurrentToken()->getTokenIndex()];
}

void SyntaxErrorStrategy::skipDeclaration(Parser *parser) {
  while (parser->getCurrentToken()->getType() != Token::EOF &&
         !atDeclaration(parser))
    parser->consume();
}

/// Goes past the end of the statement or member at hand, or to the '}' of its
/// block.
void SyntaxErrorStrategy::skipStatement(Parser *parser) {
  unsigned depth = 0;
  while (!atDeclaration(parser)) {
    switch (parser->getCurrentToken()->getType()) {
    case Token::EOF:
      return;
    case AttnParser::OpenBrace:
      ++depth;
      break;
    case AttnParser::CloseBrace:
      if (depth == 0)
        return;
      --depth;
      break;
    case AttnParser::NEWLINE:
    case AttnParser::Semicolon:
      if (depth == 0) {
        parser->consume();
        endErrorCondition(parser);
        return;
      }
      break;
    default:
      break;
    }
    parser->consume();
  }
}

/// Statements, members and declarations take the error; all else hands it
/// outwards.
void SyntaxErrorStrategy::recover(Parser *parser, std::exception_ptr error) {
  switch (parser->getContext()->getRuleIndex()) {
  case AttnParser::RuleStatement:
  case AttnParser::RuleMember:
    return skipStatement(parser);
  case AttnParser::RuleDeclaration:
    return skipDeclaration(parser);
  case AttnParser::RuleFile:
    return;
  default:
    std::rethrow_exception(error);
  }
}

/// Called where a list goes on or ends. Between statements and declarations,
/// what cannot begin another one is skipped here, inside the list.
void SyntaxErrorStrategy::sync(Parser *parser) {
  size_t rule = parser->getContext()->getRuleIndex();
  if (rule != AttnParser::RuleFile && rule != AttnParser::RuleBlock &&
      rule != AttnParser::RuleLayerBody)
    return;
  antlr4::misc::IntervalSet expected = parser->getExpectedTokens();
  while (!expected.contains(parser->getCurrentToken()->getType())) {
    Token *found = parser->getCurrentToken();
    if (found->getType() == Token::EOF || atDeclaration(parser))
      return;
    // A bracket that an earlier error left open may well end here.
    bool closesSkipped = (found->getType() == AttnParser::CloseParen ||
                          found->getType() == AttnParser::CloseBracket) &&
                         broken.contains(getDeclaration(parser));
    if (!closesSkipped)
      report(parser, found);
    if (rule == AttnParser::RuleFile)
      skipDeclaration(parser);
    else
      skipStatement(parser);
  }
}

//===- SyntaxErrorText.cpp - Wording of syntax errors ---------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SyntaxErrorText.h"

#include "frontend/AttnParser.h"
#include "frontend/Diagnostics.h"
#include "frontend/SourceManager.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"

using namespace attn::frontend;
using antlr4::Token;
using attn::frontend::grammar::AttnParser;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Looking at the tree
//===----------------------------------------------------------------------===//

using Context = antlr4::ParserRuleContext;

static Context *getParent(Context *context) {
  return static_cast<Context *>(context->parent);
}

/// The token of a type among the direct children, or null.
static Token *findToken(Context *context, size_t type) {
  antlr4::tree::TerminalNode *node = context->getToken(type, 0);
  return node ? node->getSymbol() : nullptr;
}

/// Whether a child of rule `T` was read whole; `unfinished` was not.
template <typename T> static bool has(Context *context, Context *unfinished) {
  for (T *child : context->getRuleContexts<T>())
    if (child != unfinished)
      return true;
  return false;
}

static bool isReserved(size_t type) {
  return type >= AttnParser::And && type <= AttnParser::True;
}

/// Whether a token could begin an element of a list, so that what is missing
/// before it may be a comma.
static bool startsElement(size_t type) {
  return isReserved(type)
             ? type != AttnParser::Else && type != AttnParser::As
             : type >= AttnParser::NAME && type <= AttnParser::STRING;
}

SyntaxErrorText::SyntaxErrorText(const SourceManager &sources, uint32_t file,
                                 const FilteredTokens &filtered,
                                 const TokenRanges &ranges,
                                 antlr4::Parser &parser, Token &wrong)
    : sources(sources), file(file), filtered(filtered), ranges(ranges),
      parser(parser), found(&wrong), expected(parser.getExpectedTokens()) {
  antlr4::TokenStream &stream = *parser.getTokenStream();
  size_t index = wrong.getTokenIndex();
  if (index > 0)
    previous = stream.get(index - 1);

  if (filtered.isImplied[index])
    found = stream.get(index + 1);
  place = ranges.get(found);
  if (found->getType() != AttnParser::NEWLINE && found->getType() != Token::EOF)
    return;
  while (index > 0 && stream.get(index - 1)->getType() == AttnParser::NEWLINE)
    --index;
  if (index > 0)
    place.begin = place.end = ranges.get(stream.get(index - 1)).end;
}

size_t SyntaxErrorText::previousType() const {
  return previous ? previous->getType() : AttnParser::NEWLINE;
}

bool SyntaxErrorText::followsDirectly() const {
  return previous && previous->getStopIndex() + 1 == found->getStartIndex();
}

std::string SyntaxErrorText::textOf(const Token *token) const {
  return sources.getText(ranges.get(token)).str();
}

/// The name that a declaration gives, in quotes, after what it is.
std::string SyntaxErrorText::nameOf(Context *context) const {
  Token *name = findToken(context, AttnParser::NAME);
  return name ? "'" + textOf(name) + "'" : "";
}

//===----------------------------------------------------------------------===//
// What was found
//===----------------------------------------------------------------------===//

std::string SyntaxErrorText::describeFound() const {
  switch (found->getType()) {
  case Token::EOF:
    return "the end of the file";
  case AttnParser::NEWLINE:
    return "the end of the line";
  case AttnParser::STRING:
    return "a string";
  default:
    break;
  }
  std::string text = "'" + textOf(found) + "'";
  bool nameWanted = expects(AttnParser::NAME) && !expects(AttnParser::FLOAT);
  return isReserved(found->getType()) && nameWanted
             ? "the reserved word " + text
             : text;
}

/// " after 'x'", for the token before.
std::string SyntaxErrorText::after() const {
  if (!previous || previousType() == AttnParser::NEWLINE)
    return "";
  return " after '" + textOf(previous) + "'";
}

static std::string describeStray(StringRef text) {
  const auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.begin());
  llvm::UTF32 codePoint = 0;
  if (llvm::convertUTF8Sequence(
          &begin, reinterpret_cast<const llvm::UTF8 *>(text.end()), &codePoint,
          llvm::strictConversion) != llvm::conversionOK)
    return "unexpected character";
  if (llvm::sys::unicode::isPrintable(codePoint))
    return "unexpected character '" + text.str() + "'";
  std::string hex = llvm::utohexstr(codePoint);
  return "unexpected character U+" +
         std::string(4 - std::min<size_t>(4, hex.size()), '0') + hex;
}

/// Errors that do not depend on what was expected.
bool SyntaxErrorText::reportBadToken(DiagnosticEngine &diagnostics) {
  std::string text = textOf(found);
  switch (found->getType()) {
  case AttnParser::BAD_NUMBER: {
    DiagnosticBuilder error =
        diagnostics.error(place, "'" + text + "' is not a number");
    StringRef suffix = StringRef(text).ltrim("0123456789");
    if (suffix.starts_with(".") && suffix.count('.') == 1)
      error.hint("a number has a digit on both sides of its '.'");
    else if (!suffix.contains('.') && !suffix.equals_insensitive("e"))
      error.hint("a name cannot begin with a digit");
    return true;
  }
  case AttnParser::UNCLOSED_STRING:
    diagnostics.error(place, "expected '\"' to close the string before the end "
                             "of the line");
    return true;
  case AttnParser::STRAY: {
    DiagnosticBuilder error = diagnostics.error(place, describeStray(text));
    StringRef instead = llvm::StringSwitch<StringRef>(text)
                            .Case("!", "not")
                            .Case("&", "and")
                            .Case("|", "or")
                            .Case("#", "//")
                            .Cases({"\u2212", "\u2013"}, "-")
                            .Case("\u00d7", "*")
                            .Case("\u2264", "<=")
                            .Case("\u2265", ">=")
                            .Case("\u2260", "!=")
                            .Case("\u221e", "inf")
                            .Case("\u03c0", "pi")
                            .Cases({"\u2018", "\u2019"}, "'")
                            .Cases({"\u201c", "\u201d"}, "\"")
                            .Default("");
    if (!instead.empty())
      error.didYouMean(instead.str());
    return true;
  }
  default:
    return false;
  }
}

//===----------------------------------------------------------------------===//
// What was expected
//===----------------------------------------------------------------------===//

/// An open list: it takes a comma, if the next token could be an element, or
/// its closing bracket.
std::string SyntaxErrorText::describeList(Context *list, size_t open,
                                          const std::string &what) {
  opened = findToken(list, open);
  listRule = list->getRuleIndex();
  std::string closer = open == AttnParser::OpenParen ? "')'" : "']'";
  // Of the lists, those of parameters and arguments may be empty.
  if (opened == previous)
    return "expected " +
           std::string(listRule == AttnParser::RuleArguments ? "an argument"
                                                             : "a parameter") +
           " or " + closer + after();
  if (startsElement(found->getType()))
    return "expected ',' or " + closer + " in " + what;
  return "expected " + closer + " to close " + what;
}

std::string SyntaxErrorText::describeName(size_t rule) {
  switch (rule) {
  case AttnParser::RuleFnDecl:
    return "expected a name for the function";
  case AttnParser::RuleRuleDecl:
    return "expected a name for the " + textOf(previous);
  case AttnParser::RuleRuleParam:
    return "expected an index or a parameter" + after();
  case AttnParser::RuleParamName:
    return "expected a parameter" + after();
  case AttnParser::RuleLayerDecl:
    return "expected a name for the " + textOf(previous);
  case AttnParser::RuleSublayer:
    return "expected a layer" + after();
  case AttnParser::RuleCount:
    return "expected the number of layers" + after();
  case AttnParser::RuleOver:
    return "expected an index after 'for'";
  case AttnParser::RuleOperation:
    return "expected the name of a parameter, a layer or a function" + after();
  default:
    return "expected a name" + after();
  }
}

std::string SyntaxErrorText::describeFn(Context *fn, Context *from) {
  if (!findToken(fn, AttnParser::Fn))
    return "expected 'fn'" + after();
  if (has<AttnParser::ResultContext>(fn, from))
    return "expected '{' or '=' to begin the body of " + nameOf(fn);
  return "expected '->', '{' or '=' after the parameters of " + nameOf(fn);
}

std::string SyntaxErrorText::describeBlock(Context *block) {
  bool wantsStatement = expects(AttnParser::Let) &&
                        found->getType() != Token::EOF &&
                        !filtered.startsDeclaration[found->getTokenIndex()];
  if (wantsStatement) {
    closesNothing = true;
    return "expected a statement";
  }
  opened = findToken(block, AttnParser::OpenBrace);
  Context *parent = getParent(block);
  if (parent->getRuleIndex() == AttnParser::RuleFnDecl)
    return "expected '}' to close the body of " + nameOf(parent);
  bool isElse = findToken(parent, AttnParser::Else);
  return std::string("expected '}' to close the body of ") +
         (isElse ? "'else'" : "'if'");
}

/// What a layer holds, one to a line.
std::string SyntaxErrorText::describeLayerBody(Context *body) {
  bool wantsMember = found->getType() != Token::EOF &&
                     !filtered.startsDeclaration[found->getTokenIndex()];
  if (wantsMember) {
    closesNothing = true;
    return "expected a parameter, a layer or a function";
  }
  opened = findToken(body, AttnParser::OpenBrace);
  Context *layer = getParent(body);
  return "expected '}' to close the body of " + textOf(layer->getStart()) +
         " " + nameOf(layer);
}

std::string SyntaxErrorText::describeConditional(Context *conditional,
                                                 Context *from) {
  bool atBody = from && from->getRuleIndex() == AttnParser::RuleBlock;
  if (!has<AttnParser::BlockContext>(conditional, atBody ? from : nullptr)) {
    followsExpression = true;
    return "expected '{' to begin the body of 'if'";
  }
  if (!findToken(conditional, AttnParser::Else))
    return "expected 'else' after the body of 'if'";
  return "expected '{' or 'if'" + after();
}

/// The end of a statement or of a declaration.
std::string SyntaxErrorText::describeEnd() {
  closesNothing = true;
  followsExpression = true;
  bool isComplete = previousType() == AttnParser::CloseBrace ||
                    previousType() == AttnParser::STRING;
  return (isComplete ? "expected the end of the line"
                     : "expected an operator or the end of the line") +
         after();
}

/// What the construct of one rule expects; empty if it expects nothing more,
/// and the constructs around it are to be asked. `from` is the child that has
/// been asked before.
std::string SyntaxErrorText::describeRule(Context *c, Context *from) {
  constexpr size_t openParen = AttnParser::OpenParen;
  Context *parent = getParent(c);
  switch (c->getRuleIndex()) {
  case AttnParser::RuleFile:
    closesNothing = true;
    return "expected 'fn', 'entry', 'layer', 'model', 'mask', 'score' or "
           "'import'";
  case AttnParser::RuleDeclaration:
  case AttnParser::RuleStatement:
  case AttnParser::RuleMember:
    return describeEnd();
  case AttnParser::RuleImportDecl:
    return "expected a path in double quotes after 'import'";
  case AttnParser::RuleParams:
    if (!findToken(c, openParen))
      return "expected '(' to begin the parameter list of " + nameOf(parent);
    return describeList(c, openParen,
                        "the parameter list of " + nameOf(parent));
  case AttnParser::RuleParam:
    return expects(AttnParser::Colon)
               ? "expected ':' and a type after parameter '" +
                     textOf(c->getStart()) + "'"
               : "";
  case AttnParser::RuleLayerParams:
    return describeList(c, openParen,
                        "the parameter list of " + nameOf(parent));
  case AttnParser::RuleLayerDecl:
    return has<AttnParser::LayerBodyContext>(c, from)
               ? ""
               : "expected '{' to begin the body of " + textOf(c->getStart()) +
                     " " + nameOf(c);
  case AttnParser::RuleLayerBody:
    return findToken(c, AttnParser::OpenBrace) ? describeLayerBody(c) : "";
  case AttnParser::RuleField:
    return expects(AttnParser::Colon)
               ? "expected ':' and a type or a layer after " + nameOf(c)
               : "";
  case AttnParser::RuleCount:
    opened = findToken(c, openParen);
    return opened ? "expected ')' to close '('" : "";
  case AttnParser::RuleRuleGroup: {
    std::string rule = textOf(parent->getStart()) + " " + nameOf(parent);
    if (!findToken(c, openParen))
      return "expected '(' to begin the indices of " + rule;
    return describeList(c, openParen, "the parameters or indices of " + rule);
  }
  case AttnParser::RuleRuleDecl:
    return findToken(c, AttnParser::Equal)
               ? ""
               : "expected '=' and a formula after the indices of " +
                     textOf(c->getStart()) + " " + nameOf(c);
  case AttnParser::RuleResult:
    return findToken(c, openParen)
               ? describeList(c, openParen, "the results of " + nameOf(parent))
               : "";
  case AttnParser::RuleResultItem:
    return expects(AttnParser::Colon)
               ? "expected ':' and a type after result " + nameOf(c)
               : "";
  case AttnParser::RuleFnDecl:
    return findToken(c, AttnParser::Equal) ? "" : describeFn(c, from);
  case AttnParser::RuleDims:
    return describeList(c, AttnParser::OpenBracket, "the dimensions");
  case AttnParser::RuleDim:
    opened = findToken(c, openParen);
    return opened ? "expected ')' to close '('" : "";
  case AttnParser::RuleGroup:
    followsExpression = true;
    opened = findToken(c, openParen);
    return startsElement(found->getType())
               ? "expected an operator, ',' or ')'" + after()
               : "expected ')' to close '('";
  case AttnParser::RuleCast:
    opened = findToken(c, openParen);
    return opened ? "expected ')' to close '" + textOf(c->getStart()) + "('"
                  : "expected '('" + after();
  case AttnParser::RuleArguments:
    if (!findToken(c, openParen))
      return "expected '(' and the arguments of " + nameOf(parent);
    return describeList(c, openParen, "the arguments" + ofCallee(parent));
  case AttnParser::RuleOver:
    return findToken(c, AttnParser::In)
               ? ""
               : "expected 'in' and the number of values of '" +
                     textOf(previous) + "'";
  case AttnParser::RuleIndices:
    return describeList(c, AttnParser::OpenBracket,
                        "the indices" + ofCallee(parent));
  case AttnParser::RuleConditional:
    return describeConditional(c, from);
  case AttnParser::RuleLet:
    return findToken(c, AttnParser::Equal)
               ? ""
               : "expected '=' and a value" + after();
  case AttnParser::RuleBlock:
    return findToken(c, AttnParser::OpenBrace) ? describeBlock(c) : "";
  default:
    return "";
  }
}

std::string SyntaxErrorText::describeExpected() {
  size_t rule = parser.getContext()->getRuleIndex();
  bool betweenItems = rule == AttnParser::RuleFile ||
                      rule == AttnParser::RuleBlock ||
                      rule == AttnParser::RuleLayerBody;
  if (!betweenItems) {
    if (expects(AttnParser::FLOAT))
      return "expected an expression" + after();
    if (expects(AttnParser::INT))
      return "expected a dimension" + after();
    if (rule == AttnParser::RuleField && !expects(AttnParser::Colon) &&
        previousType() == AttnParser::Colon)
      return "expected a type or a layer" + after();
    if (expects(AttnParser::F32))
      return "expected a type" + after();
    if (expects(AttnParser::NAME))
      return describeName(rule);
  }
  Context *from = nullptr;
  for (Context *c = parser.getContext(); c; from = c, c = getParent(c))
    if (std::string text = describeRule(c, from); !text.empty())
      return text;
  return "unexpected text";
}

//===----------------------------------------------------------------------===//
// The message
//===----------------------------------------------------------------------===//

/// " of 'f'", where what is called or indexed is a name.
std::string SyntaxErrorText::ofCallee(Context *postfix) const {
  Token *callee = postfix->getStart();
  bool isName = callee->getType() == AttnParser::NAME &&
                postfix->children[0]->getSourceInterval().length() == 1;
  return isName ? " of '" + textOf(callee) + "'" : "";
}

void SyntaxErrorText::report(DiagnosticEngine &diagnostics) {
  if (reportBadToken(diagnostics))
    return;
  std::string message = describeExpected();
  bool isCloser = found->getType() == AttnParser::CloseParen ||
                  found->getType() == AttnParser::CloseBracket ||
                  found->getType() == AttnParser::CloseBrace;
  if (closesNothing && isCloser)
    message = "unmatched " + describeFound();
  else
    message += ", got " + describeFound();

  DiagnosticBuilder error = diagnostics.error(place, message);
  if (opened) {
    SourceRange open = ranges.get(opened);
    if (sources.getLineColumn(open).line != sources.getLineColumn(place).line)
      error.note(open, "'" + textOf(opened) + "' opened here");
  }
  addHints(error);
}

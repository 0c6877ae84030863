//===- SyntaxErrorHints.cpp - What was probably meant ---------------------===//
//===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/AttnParser.h"
#include "frontend/Diagnostics.h"
#include "frontend/SourceManager.h"
#include "frontend/SyntaxErrorText.h"

#include "llvm/ADT/StringSwitch.h"

using namespace attn::frontend;
using attn::frontend::grammar::AttnParser;
using llvm::StringRef;

/// `//` for an integer division hides the rest of its line.
bool SyntaxErrorText::commentHidesCloser() const {
  if (!opened || opened->getType() == AttnParser::OpenBrace ||
      previousType() == AttnParser::NEWLINE)
    return false;
  uint32_t end = ranges.get(previous).end;
  for (const SourceRange &comment : filtered.comments) {
    if (comment.begin < end)
      continue;
    StringRef between = sources.getText(file).slice(end, comment.begin);
    StringRef text = sources.getText(comment);
    return !between.contains('\n') && comment.end <= ranges.get(found).begin &&
           text.find_first_of(")]") != StringRef::npos;
  }
  return false;
}

void SyntaxErrorText::addHintForEqual(DiagnosticBuilder &error) {
  if (listRule == AttnParser::RuleArguments) {
    error.didYouMean(std::string(":"));
    return;
  }
  antlr4::TokenStream &stream = *parser.getTokenStream();
  size_t index = found->getTokenIndex();
  size_t before =
      index >= 2 ? stream.get(index - 2)->getType() : AttnParser::NEWLINE;
  bool isAssignment =
      closesNothing && previousType() == AttnParser::NAME &&
      (before == AttnParser::NEWLINE || before == AttnParser::Semicolon ||
       before == AttnParser::OpenBrace);
  if (isAssignment)
    error.hint("write 'let " + textOf(previous) + " = …' to name a value");
  else if (followsExpression)
    error.didYouMean(std::string("=="));
}

void SyntaxErrorText::addHints(DiagnosticBuilder &error) {
  std::string text = textOf(found);
  std::string before = previous ? textOf(previous) : "";
  switch (found->getType()) {
  case AttnParser::Equal:
    return addHintForEqual(error);
  case AttnParser::EqualEqual:
    if (expects(AttnParser::Equal))
      error.didYouMean(std::string("="));
    return;
  case AttnParser::Star:
    if (followsDirectly() && previousType() == AttnParser::Star)
      error.didYouMean(std::string("^"));
    if (followsDirectly() && previousType() == AttnParser::Slash)
      error.hint("a comment begins with '//'");
    return;
  case AttnParser::NAME:
    break;
  default:
    if (commentHidesCloser())
      error.hint("'//' starts a comment; integer division is 'div'");
    else if (before == "return")
      error.hint("a block has the value of its last line, without 'return'");
    return;
  }

  StringRef instead;
  if (expects(AttnParser::F32))
    instead = llvm::StringSwitch<StringRef>(text)
                  .Cases({"float", "float32", "fp32", "single"}, "f32")
                  .Cases({"float64", "fp64", "double"}, "f64")
                  .Cases({"half", "float16", "fp16"}, "f16")
                  .Case("bfloat16", "bf16")
                  .Cases({"int", "int64", "long"}, "i64")
                  .Case("int32", "i32")
                  .Cases({"boolean", "i1"}, "bool")
                  .Default("");
  else if (parser.getContext()->getRuleIndex() == AttnParser::RuleFile)
    instead = llvm::StringSwitch<StringRef>(text)
                  .Cases({"def", "func", "function", "fun"}, "fn")
                  .Cases({"class", "module", "struct"}, "layer")
                  .Default("");
  else if (expects(AttnParser::Else))
    instead = llvm::StringSwitch<StringRef>(text)
                  .Cases({"elif", "elsif", "elseif"}, "else if")
                  .Default("");
  else if (closesNothing && before == "return")
    error.hint("a block has the value of its last line, without 'return'");
  else if (closesNothing)
    instead = llvm::StringSwitch<StringRef>(before)
                  .Cases({"var", "const", "auto", "val"}, "let")
                  .Default("");
  if (!instead.empty()) {
    error.didYouMean(instead.str());
    return;
  }
  if (expects(AttnParser::F32))
    error.didYouMean(
        suggest(text, {"f16", "bf16", "f32", "f64", "i32", "i64", "bool"}));
  else if (parser.getContext()->getRuleIndex() == AttnParser::RuleFile)
    error.didYouMean(suggest(
        text, {"fn", "entry", "layer", "model", "mask", "score", "import"}));
}

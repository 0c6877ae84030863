//===- ASTBuilder.cpp - From ANTLR's tree to ours -------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/ASTBuilderImpl.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

using namespace attn::frontend;
using antlr4::Token;
using attn::frontend::grammar::AttnParser;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Identifier ASTBuilder::buildName(Token *token) const {
  return {token->getText(), ranges.get(token)};
}

ExprPtr ASTBuilder::buildInt(antlr4::ParserRuleContext *context) {
  SourceRange range = rangeOf(context);
  StringRef text = sources.getText(range);
  int64_t value = 0;
  if (text.getAsInteger(10, value))
    diagnostics.error(range, "integer " + text + " does not fit in 64 bits");
  return std::make_unique<IntLiteral>(range, value);
}

antlrcpp::Any ASTBuilder::visitFloat(AttnParser::FloatContext *context) {
  SourceRange range = rangeOf(context);
  StringRef text = sources.getText(range);
  double value = 0;
  switch (context->getStart()->getType()) {
  case AttnParser::Inf:
    value = std::numeric_limits<double>::infinity();
    break;
  case AttnParser::Pi:
    value = llvm::numbers::pi;
    break;
  default:
    if (text.getAsDouble(value) || std::isinf(value))
      diagnostics.error(range, "number " + text + " is too large")
          .hint("infinity is written 'inf'");
  }
  return make<FloatLiteral>(context, value, text.str());
}

antlrcpp::Any ASTBuilder::visitGroup(AttnParser::GroupContext *context) {
  std::vector<AttnParser::ExpressionContext *> parts = context->expression();
  if (parts.size() == 1)
    return give(build(parts.front()));
  std::vector<ExprPtr> elements;
  for (AttnParser::ExpressionContext *part : parts)
    elements.push_back(build(part));
  return make<TupleExpr>(context, std::move(elements));
}

ExprPtr ASTBuilder::buildBinary(antlr4::ParserRuleContext *context, Token *op,
                                antlr4::ParserRuleContext *lhs,
                                antlr4::ParserRuleContext *rhs) {
  ExprPtr left = build(lhs);
  ExprPtr right = build(rhs);
  return std::make_unique<BinaryExpr>(
      rangeOf(context), *getBinaryOp(op->getType()), ranges.get(op),
      std::move(left), std::move(right));
}

antlrcpp::Any ASTBuilder::visitCompare(AttnParser::CompareContext *context) {
  ExprPtr left = build(context->operation(0));
  ExprPtr right = build(context->operation(1));
  // A comparison in parentheses is a `grouped` context and no part of a chain.
  bool isChained =
      dynamic_cast<AttnParser::CompareContext *>(context->operation(0));
  auto link = std::make_unique<BinaryExpr>(
      rangeOf(context), *getBinaryOp(context->op->getType()),
      ranges.get(context->op), isChained ? nullptr : std::move(left),
      std::move(right));
  if (isChained)
    link->chainedTo.reset(llvm::cast<BinaryExpr>(left.release()));
  return give(std::move(link));
}

Argument ASTBuilder::buildArgument(AttnParser::ArgumentContext *context) {
  Argument argument;
  argument.value = build(context->expression().back());
  if (!context->Colon())
    return argument;
  // Only a bare name; not a name in parentheses.
  AttnParser::ExpressionContext *name = context->expression(0);
  size_t type = name->getStart()->getType();
  if (name->getStart() == name->getStop() &&
      (type == AttnParser::NAME || type == AttnParser::Mask ||
       type == AttnParser::Score))
    argument.name = buildName(name->getStart());
  else
    diagnostics.error(rangeOf(name),
                      "expected the name of an argument before ':'");
  return argument;
}

antlrcpp::Any ASTBuilder::visitCall(AttnParser::CallContext *context) {
  ExprPtr callee = build(context->operation());
  if (!llvm::isa<NameExpr, CallExpr, MemberExpr, IndexExpr>(callee.get()))
    diagnostics.error(callee->range,
                      "only a function, a layer or a rule can be called");
  std::vector<AttnParser::ArgumentContext *> arguments =
      context->arguments()->argument();
  for (AttnParser::ArgumentContext *argument : arguments)
    if (AttnParser::OverContext *over = argument->over())
      return buildReduce(context, *callee, arguments, over);
  std::vector<Argument> args;
  for (AttnParser::ArgumentContext *argument : arguments)
    args.push_back(buildArgument(argument));
  return make<CallExpr>(context, std::move(callee), std::move(args));
}

antlrcpp::Any
ASTBuilder::buildReduce(AttnParser::CallContext *context, const Expr &callee,
                        llvm::ArrayRef<AttnParser::ArgumentContext *> arguments,
                        AttnParser::OverContext *over) {
  Identifier name{"", callee.range};
  if (const auto *written = llvm::dyn_cast<NameExpr>(&callee))
    name.name = written->name;
  if (name.name != "sum" && name.name != "max" && name.name != "min")
    diagnostics.error(callee.range,
                      "only 'sum', 'max' and 'min' run over an index");
  else if (arguments.size() != 1)
    diagnostics.error(rangeOf(over), "'" + name.name +
                                         "' over an index takes one "
                                         "expression, got " +
                                         llvm::Twine(arguments.size()) +
                                         " arguments");
  ExprPtr body = build(arguments.front()->expression(0));
  ExprPtr bound = build(over->expression());
  return make<ReduceExpr>(context, std::move(name), std::move(body),
                          buildName(over->NAME()->getSymbol()),
                          std::move(bound));
}

antlrcpp::Any ASTBuilder::visitIndex(AttnParser::IndexContext *context) {
  ExprPtr base = build(context->operation());
  std::vector<ExprPtr> indices;
  for (AttnParser::ExpressionContext *index : context->indices()->expression())
    indices.push_back(build(index));
  return make<IndexExpr>(context, std::move(base), std::move(indices));
}

antlrcpp::Any
ASTBuilder::visitConditional(AttnParser::ConditionalContext *context) {
  ExprPtr condition = build(context->expression());
  Block thenBlock = buildBlock(context->block(0), "'if'");
  Block elseBlock;
  if (AttnParser::ConditionalContext *nested = context->conditional()) {
    elseBlock.braced = false;
    elseBlock.range = rangeOf(nested);
    elseBlock.result = build(nested);
  } else {
    elseBlock = buildBlock(context->block(1), "'else'");
  }
  return make<IfExpr>(context, std::move(condition), std::move(thenBlock),
                      std::move(elseBlock));
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

/// A line that begins like an operand is easily meant to go on with the line
/// before.
static bool looksContinued(Token *token) {
  return token->getType() == AttnParser::Minus ||
         token->getType() == AttnParser::OpenParen;
}

void ASTBuilder::reportUnusedValue(
    llvm::ArrayRef<AttnParser::StatementContext *> statements, size_t index) {
  DiagnosticBuilder error = diagnostics.error(
      rangeOf(statements[index]->expression()),
      "expected 'let', got an expression that is not the last of its block");
  for (size_t i : {index, index + 1}) {
    Token *first = statements[i]->getStart();
    if (i == 0 || !looksContinued(first))
      continue;
    error.note(ranges.get(first), "a line that begins with '" +
                                      first->getText() +
                                      "' starts a new expression");
    return;
  }
}

Block ASTBuilder::buildBlock(AttnParser::BlockContext *context,
                             const std::string &what) {
  Block block;
  block.range = rangeOf(context);
  std::vector<AttnParser::StatementContext *> statements = context->statement();
  for (size_t i = 0; i < statements.size(); ++i) {
    if (AttnParser::LetContext *let = statements[i]->let()) {
      block.lets.push_back(buildLet(let));
      continue;
    }
    if (i + 1 < statements.size())
      reportUnusedValue(statements, i);
    block.result = build(statements[i]->expression());
  }
  if (statements.empty() || statements.back()->let()) {
    diagnostics.error(ranges.get(context->getStop()),
                      "expected an expression as the result of " + what +
                          ", got '}'");
    block.result = std::make_unique<IntLiteral>(block.range, 0);
  }
  return block;
}

LetStmt ASTBuilder::buildLet(AttnParser::LetContext *context) {
  LetStmt let;
  let.range = rangeOf(context);
  for (antlr4::tree::TerminalNode *name : context->NAME())
    let.names.push_back(buildName(name->getSymbol()));
  if (AttnParser::TypeContext *type = context->type())
    let.type = buildType(type);
  let.value = build(context->expression());
  return let;
}

TypeSpec ASTBuilder::buildType(AttnParser::TypeContext *context) {
  TypeSpec type;
  type.range = rangeOf(context);
  type.dtype = getDType(context->dtype()->getStart()->getType());
  if (AttnParser::DimsContext *dims = context->dims())
    for (AttnParser::DimContext *dim : dims->dim())
      type.dims.push_back(build(dim));
  return type;
}

//===- ASTBuilder.cpp - From ANTLR's tree to ours -------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/ASTBuilder.h"

#include "frontend/AttnBaseVisitor.h"
#include "frontend/Diagnostics.h"
#include "frontend/SourceManager.h"
#include "frontend/TokenKinds.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

using namespace attn::frontend;
using antlr4::Token;
using attn::frontend::grammar::AttnParser;
using llvm::StringRef;

namespace {
/// ANTLR's visitor returns values that can be copied; trees cannot, so each
/// visit of an expression leaves its tree in `expr`.
class ASTBuilder : public grammar::AttnBaseVisitor {
public:
  ASTBuilder(const SourceManager &sources, const TokenRanges &ranges,
             DiagnosticEngine &diagnostics)
      : sources(sources), ranges(ranges), diagnostics(diagnostics) {}

  ImportDecl buildImport(AttnParser::ImportDeclContext *context);
  RuleDecl buildRule(AttnParser::RuleDeclContext *context);
  FnDecl buildFn(AttnParser::FnDeclContext *context);

private:
  using Any = antlrcpp::Any;

  ExprPtr build(antlr4::ParserRuleContext *context) {
    context->accept(this);
    return std::move(expr);
  }

  SourceRange rangeOf(antlr4::ParserRuleContext *context) const {
    return ranges.get(context);
  }
  Identifier buildName(Token *token) const;
  TypeSpec buildType(AttnParser::TypeContext *context);
  std::vector<Param> buildParams(AttnParser::ParamsContext *context);
  void buildResults(AttnParser::ResultContext *context, FnDecl &fn);
  Block buildBlock(AttnParser::BlockContext *context, const std::string &what);
  LetStmt buildLet(AttnParser::LetContext *context);
  void
  reportUnusedValue(llvm::ArrayRef<AttnParser::StatementContext *> statements,
                    size_t index);
  Argument buildArgument(AttnParser::ArgumentContext *context);
  ExprPtr buildInt(antlr4::ParserRuleContext *context);
  ExprPtr buildBinary(antlr4::ParserRuleContext *context, Token *op,
                      antlr4::ParserRuleContext *lhs,
                      antlr4::ParserRuleContext *rhs);

  template <typename T, typename... Args>
  Any make(antlr4::ParserRuleContext *context, Args &&...args) {
    expr = std::make_unique<T>(rangeOf(context), std::forward<Args>(args)...);
    return {};
  }
  Any give(ExprPtr result) {
    expr = std::move(result);
    return {};
  }

  Any visitDimInt(AttnParser::DimIntContext *context) override {
    return give(buildInt(context));
  }
  Any visitDimName(AttnParser::DimNameContext *context) override {
    return make<NameExpr>(context, context->getText());
  }
  Any visitDimGroup(AttnParser::DimGroupContext *context) override {
    return give(build(context->dim()));
  }
  Any visitDimMultiply(AttnParser::DimMultiplyContext *context) override {
    return give(
        buildBinary(context, context->op, context->dim(0), context->dim(1)));
  }
  Any visitDimAdd(AttnParser::DimAddContext *context) override {
    return give(
        buildBinary(context, context->op, context->dim(0), context->dim(1)));
  }

  Any visitInt(AttnParser::IntContext *context) override {
    return give(buildInt(context));
  }
  Any visitFloat(AttnParser::FloatContext *context) override;
  Any visitBool(AttnParser::BoolContext *context) override {
    bool value = context->getStart()->getType() == AttnParser::True;
    return make<BoolLiteral>(context, value);
  }
  Any visitName(AttnParser::NameContext *context) override {
    return make<NameExpr>(context, context->getText());
  }
  Any visitGroup(AttnParser::GroupContext *context) override;
  Any visitCast(AttnParser::CastContext *context) override {
    ExprPtr operand = build(context->expression());
    return make<CastExpr>(context,
                          getDType(context->dtype()->getStart()->getType()),
                          std::move(operand));
  }

  Any visitCall(AttnParser::CallContext *context) override;
  Any visitIndex(AttnParser::IndexContext *context) override;
  Any visitTranspose(AttnParser::TransposeContext *context) override {
    return visitUnary(context, UnaryOp::Transpose, context->operation());
  }
  Any visitNegate(AttnParser::NegateContext *context) override {
    return visitUnary(context, UnaryOp::Neg, context->operation());
  }
  Any visitNot(AttnParser::NotContext *context) override {
    return visitUnary(context, UnaryOp::Not, context->operation());
  }
  Any visitUnary(antlr4::ParserRuleContext *context, UnaryOp op,
                 AttnParser::OperationContext *operand) {
    ExprPtr built = build(operand);
    return make<UnaryExpr>(context, op, std::move(built));
  }
  Any visitPower(AttnParser::PowerContext *context) override {
    return visitBinary(context, context->Caret()->getSymbol());
  }
  Any visitMultiply(AttnParser::MultiplyContext *context) override {
    return visitBinary(context, context->op);
  }
  Any visitAdd(AttnParser::AddContext *context) override {
    return visitBinary(context, context->op);
  }
  Any visitAnd(AttnParser::AndContext *context) override {
    return visitBinary(context, context->And()->getSymbol());
  }
  Any visitOr(AttnParser::OrContext *context) override {
    return visitBinary(context, context->Or()->getSymbol());
  }
  template <typename T> Any visitBinary(T *context, Token *op) {
    return give(
        buildBinary(context, op, context->operation(0), context->operation(1)));
  }
  Any visitCompare(AttnParser::CompareContext *context) override;
  Any visitConditional(AttnParser::ConditionalContext *context) override;

  const SourceManager &sources;
  const TokenRanges &ranges;
  DiagnosticEngine &diagnostics;
  ExprPtr expr;
};
} // namespace

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
  if (context->expression().size() == 1) {
    argument.name = buildName(context->getStart());
    return argument;
  }
  // Only a bare name; not a name in parentheses.
  AttnParser::ExpressionContext *name = context->expression(0);
  if (name->getStart() == name->getStop() &&
      name->getStart()->getType() == AttnParser::NAME)
    argument.name = buildName(name->getStart());
  else
    diagnostics.error(rangeOf(name),
                      "expected the name of an argument before ':'");
  return argument;
}

antlrcpp::Any ASTBuilder::visitCall(AttnParser::CallContext *context) {
  ExprPtr callee = build(context->operation());
  if (!llvm::isa<NameExpr, CallExpr>(callee.get()))
    diagnostics.error(callee->range, "only a function or a rule can be called");
  std::vector<Argument> args;
  for (AttnParser::ArgumentContext *argument : context->arguments()->argument())
    args.push_back(buildArgument(argument));
  return make<CallExpr>(context, std::move(callee), std::move(args));
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

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

TypeSpec ASTBuilder::buildType(AttnParser::TypeContext *context) {
  TypeSpec type;
  type.range = rangeOf(context);
  type.dtype = getDType(context->dtype()->getStart()->getType());
  if (AttnParser::DimsContext *dims = context->dims())
    for (AttnParser::DimContext *dim : dims->dim())
      type.dims.push_back(build(dim));
  return type;
}

ImportDecl ASTBuilder::buildImport(AttnParser::ImportDeclContext *context) {
  ImportDecl import;
  import.range = rangeOf(context);
  import.pathRange = ranges.get(context->STRING()->getSymbol());
  import.path =
      sources.getText(import.pathRange).drop_front().drop_back().str();
  if (import.path.empty())
    diagnostics.error(import.pathRange, "expected a path, got an empty string");
  return import;
}

RuleDecl ASTBuilder::buildRule(AttnParser::RuleDeclContext *context) {
  RuleDecl rule;
  rule.range = rangeOf(context);
  rule.kind = context->kind->getType() == AttnParser::Mask
                  ? RuleDecl::Kind::Mask
                  : RuleDecl::Kind::Score;
  rule.name = buildName(context->NAME()->getSymbol());
  std::vector<AttnParser::RuleGroupContext *> groups = context->ruleGroup();
  if (groups.size() == 2) {
    rule.hasParams = true;
    for (AttnParser::RuleParamContext *item : groups.front()->ruleParam()) {
      RuleParam &param = rule.params.emplace_back();
      param.name = buildName(item->NAME()->getSymbol());
      if (AttnParser::TypeContext *type = item->type())
        param.type = buildType(type);
    }
  }
  for (AttnParser::RuleParamContext *item : groups.back()->ruleParam()) {
    rule.indices.push_back(buildName(item->NAME()->getSymbol()));
    if (AttnParser::TypeContext *type = item->type())
      diagnostics
          .error(rangeOf(type), "index '" + rule.indices.back().name +
                                    "' takes no type: indices are integers")
          .hint("parameters come in parentheses of their own, before those of "
                "the indices");
  }
  rule.body = build(context->expression());
  return rule;
}

std::vector<Param> ASTBuilder::buildParams(AttnParser::ParamsContext *context) {
  std::vector<Param> params;
  for (AttnParser::ParamContext *item : context->param())
    params.push_back(
        {buildName(item->NAME()->getSymbol()), buildType(item->type())});
  return params;
}

void ASTBuilder::buildResults(AttnParser::ResultContext *context, FnDecl &fn) {
  fn.hasResultType = true;
  if (AttnParser::TypeContext *type = context->type()) {
    fn.results.push_back({std::nullopt, buildType(type)});
    return;
  }
  for (AttnParser::ResultItemContext *item : context->resultItem()) {
    ResultSpec &result = fn.results.emplace_back();
    if (item->NAME())
      result.name = buildName(item->NAME()->getSymbol());
    result.type = buildType(item->type());
  }
  fn.resultIsTuple = fn.results.size() > 1;
}

FnDecl ASTBuilder::buildFn(AttnParser::FnDeclContext *context) {
  FnDecl fn;
  fn.range = rangeOf(context);
  fn.entry = context->Entry() != nullptr;
  fn.name = buildName(context->NAME()->getSymbol());
  fn.params = buildParams(context->params());
  if (AttnParser::ResultContext *result = context->result())
    buildResults(result, fn);
  if (AttnParser::BlockContext *block = context->block()) {
    fn.body = buildBlock(block, "'" + fn.name.name + "'");
  } else {
    fn.body.braced = false;
    fn.body.range = rangeOf(context->expression());
    fn.body.result = build(context->expression());
  }
  return fn;
}

void attn::frontend::buildDeclaration(
    AttnParser::DeclarationContext *declaration, const SourceManager &sources,
    const TokenRanges &ranges, DiagnosticEngine &diagnostics,
    SourceFile &result) {
  ASTBuilder builder(sources, ranges, diagnostics);
  if (AttnParser::ImportDeclContext *import = declaration->importDecl())
    result.imports.push_back(builder.buildImport(import));
  else if (AttnParser::RuleDeclContext *rule = declaration->ruleDecl())
    result.rules.push_back(builder.buildRule(rule));
  else
    result.fns.push_back(builder.buildFn(declaration->fnDecl()));
}

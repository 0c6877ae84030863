//===- ASTBuilderImpl.h - From ANTLR's tree to ours -------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the parser.
//   ASTBuilder.cpp      expressions, statements, types
//   ASTBuilderDecl.cpp  declarations
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_ASTBUILDERIMPL_H
#define ATTN_FRONTEND_ASTBUILDERIMPL_H

#include "frontend/AST.h"
#include "frontend/AttnBaseVisitor.h"
#include "frontend/Diagnostics.h"
#include "frontend/SourceManager.h"
#include "frontend/TokenFilter.h"
#include "frontend/TokenKinds.h"

namespace attn::frontend {

/// ANTLR's visitor returns values that can be copied; trees cannot, so each
/// visit of an expression leaves its tree in `expr`.
class ASTBuilder : public grammar::AttnBaseVisitor {
public:
  ASTBuilder(const SourceManager &sources, const TokenRanges &ranges,
             DiagnosticEngine &diagnostics)
      : sources(sources), ranges(ranges), diagnostics(diagnostics) {}

  ImportDecl buildImport(grammar::AttnParser::ImportDeclContext *context);
  RuleDecl buildRule(grammar::AttnParser::RuleDeclContext *context);
  FnDecl buildFn(grammar::AttnParser::FnDeclContext *context);
  LayerDecl buildLayer(grammar::AttnParser::LayerDeclContext *context);

private:
  using Any = antlrcpp::Any;

  ExprPtr build(antlr4::ParserRuleContext *context) {
    context->accept(this);
    return std::move(expr);
  }

  SourceRange rangeOf(antlr4::ParserRuleContext *context) const {
    return ranges.get(context);
  }
  Identifier buildName(antlr4::Token *token) const;
  TypeSpec buildType(grammar::AttnParser::TypeContext *context);
  /// A parameter of a function or of a layer, which have the same parts.
  template <typename T> Param buildParam(T *context);
  FieldDecl buildField(grammar::AttnParser::FieldContext *context);
  void buildResults(grammar::AttnParser::ResultContext *context, FnDecl &fn);
  Block buildBlock(grammar::AttnParser::BlockContext *context,
                   const std::string &what);
  LetStmt buildLet(grammar::AttnParser::LetContext *context);
  void reportUnusedValue(
      llvm::ArrayRef<grammar::AttnParser::StatementContext *> statements,
      size_t index);
  Argument buildArgument(grammar::AttnParser::ArgumentContext *context);
  /// A call whose arguments run over an index.
  Any buildReduce(
      grammar::AttnParser::CallContext *context, const Expr &callee,
      llvm::ArrayRef<grammar::AttnParser::ArgumentContext *> arguments,
      grammar::AttnParser::OverContext *over);
  ExprPtr buildInt(antlr4::ParserRuleContext *context);
  ExprPtr buildBinary(antlr4::ParserRuleContext *context, antlr4::Token *op,
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

  Any visitDimInt(grammar::AttnParser::DimIntContext *context) override {
    return give(buildInt(context));
  }
  Any visitDimName(grammar::AttnParser::DimNameContext *context) override {
    return make<NameExpr>(context, context->getText());
  }
  Any visitDimGroup(grammar::AttnParser::DimGroupContext *context) override {
    return give(build(context->dim()));
  }
  Any visitDimMultiply(
      grammar::AttnParser::DimMultiplyContext *context) override {
    return give(
        buildBinary(context, context->op, context->dim(0), context->dim(1)));
  }
  Any visitDimAdd(grammar::AttnParser::DimAddContext *context) override {
    return give(
        buildBinary(context, context->op, context->dim(0), context->dim(1)));
  }

  Any visitInt(grammar::AttnParser::IntContext *context) override {
    return give(buildInt(context));
  }
  Any visitFloat(grammar::AttnParser::FloatContext *context) override;
  Any visitBool(grammar::AttnParser::BoolContext *context) override {
    bool value = context->getStart()->getType() == grammar::AttnParser::True;
    return make<BoolLiteral>(context, value);
  }
  Any visitName(grammar::AttnParser::NameContext *context) override {
    return make<NameExpr>(context, context->getText());
  }
  Any visitGroup(grammar::AttnParser::GroupContext *context) override;
  Any visitCast(grammar::AttnParser::CastContext *context) override {
    ExprPtr operand = build(context->expression());
    return make<CastExpr>(context,
                          getDType(context->dtype()->getStart()->getType()),
                          std::move(operand));
  }

  Any visitCall(grammar::AttnParser::CallContext *context) override;
  Any visitIndex(grammar::AttnParser::IndexContext *context) override;
  Any visitMemberOf(grammar::AttnParser::MemberOfContext *context) override {
    ExprPtr base = build(context->operation());
    return make<MemberExpr>(context, std::move(base),
                            buildName(context->NAME()->getSymbol()));
  }
  Any visitTranspose(grammar::AttnParser::TransposeContext *context) override {
    return visitUnary(context, UnaryOp::Transpose, context->operation());
  }
  Any visitNegate(grammar::AttnParser::NegateContext *context) override {
    return visitUnary(context, UnaryOp::Neg, context->operation());
  }
  Any visitNot(grammar::AttnParser::NotContext *context) override {
    return visitUnary(context, UnaryOp::Not, context->operation());
  }
  Any visitUnary(antlr4::ParserRuleContext *context, UnaryOp op,
                 grammar::AttnParser::OperationContext *operand) {
    ExprPtr built = build(operand);
    return make<UnaryExpr>(context, op, std::move(built));
  }
  Any visitPower(grammar::AttnParser::PowerContext *context) override {
    return visitBinary(context, context->Caret()->getSymbol());
  }
  Any visitMultiply(grammar::AttnParser::MultiplyContext *context) override {
    return visitBinary(context, context->op);
  }
  Any visitAdd(grammar::AttnParser::AddContext *context) override {
    return visitBinary(context, context->op);
  }
  Any visitAnd(grammar::AttnParser::AndContext *context) override {
    return visitBinary(context, context->And()->getSymbol());
  }
  Any visitOr(grammar::AttnParser::OrContext *context) override {
    return visitBinary(context, context->Or()->getSymbol());
  }
  template <typename T> Any visitBinary(T *context, antlr4::Token *op) {
    return give(
        buildBinary(context, op, context->operation(0), context->operation(1)));
  }
  Any visitCompare(grammar::AttnParser::CompareContext *context) override;
  Any visitConditional(
      grammar::AttnParser::ConditionalContext *context) override;

  const SourceManager &sources;
  const TokenRanges &ranges;
  DiagnosticEngine &diagnostics;
  ExprPtr expr;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_ASTBUILDERIMPL_H

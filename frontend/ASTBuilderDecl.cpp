//===- ASTBuilderDecl.cpp - Declarations of our tree ----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/ASTBuilder.h"
#include "frontend/ASTBuilderImpl.h"

using namespace attn::frontend;
using attn::frontend::grammar::AttnParser;

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

template <typename T> Param ASTBuilder::buildParam(T *context) {
  Param param;
  param.range = rangeOf(context);
  param.name = buildName(context->paramName()->getStart());
  // The words 'mask' and 'score' after the colon; a name is its own context.
  if (AttnParser::TypeContext *type = context->type())
    param.type = buildType(type);
  else if (context->Mask())
    param.kind = Param::Kind::Mask;
  else if (context->Score())
    param.kind = Param::Kind::Score;
  else
    param.kind = Param::Kind::Size;
  if (AttnParser::DefaultValueContext *value = context->defaultValue())
    param.defaultValue = build(value->expression());
  return param;
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
  for (AttnParser::ParamContext *param : context->params()->param())
    fn.params.push_back(buildParam(param));
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

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

FieldDecl ASTBuilder::buildField(AttnParser::FieldContext *context) {
  FieldDecl field;
  field.range = rangeOf(context);
  field.name = buildName(context->NAME()->getSymbol());
  if (AttnParser::TypeContext *type = context->type()) {
    field.type = buildType(type);
    return field;
  }
  AttnParser::SublayerContext *layer = context->sublayer();
  field.layer = buildName(layer->NAME()->getSymbol());
  for (AttnParser::ArgumentContext *arg : layer->arguments()->argument())
    field.args.push_back(buildArgument(arg));
  AttnParser::CountContext *count = layer->count();
  if (!count)
    return field;
  if (AttnParser::DimContext *dim = count->dim())
    field.count = build(dim);
  else if (count->INT())
    field.count = buildInt(count);
  else
    field.count = std::make_unique<NameExpr>(rangeOf(count), count->getText());
  return field;
}

LayerDecl ASTBuilder::buildLayer(AttnParser::LayerDeclContext *context) {
  LayerDecl layer;
  layer.range = rangeOf(context);
  layer.bodyRange = rangeOf(context->layerBody());
  layer.isModel = context->kind->getType() == AttnParser::Model;
  layer.name = buildName(context->NAME()->getSymbol());
  if (AttnParser::LayerParamsContext *params = context->layerParams()) {
    layer.hasParams = true;
    for (AttnParser::LayerParamContext *param : params->layerParam())
      layer.params.push_back(buildParam(param));
  }
  for (AttnParser::MemberContext *member : context->layerBody()->member())
    if (AttnParser::FieldContext *field = member->field())
      layer.fields.push_back(buildField(field));
    else
      layer.fns.push_back(buildFn(member->fnDecl()));
  return layer;
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
  else if (AttnParser::LayerDeclContext *layer = declaration->layerDecl())
    result.layers.push_back(builder.buildLayer(layer));
  else
    result.fns.push_back(builder.buildFn(declaration->fnDecl()));
}

//===- SemaMember.cpp - Parts of layers in expressions ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using llvm::StringRef;
using llvm::Twine;

bool Sema::startsWithLayer(const Expr &expr, const Context &context) {
  const Expr *base = &expr;
  while (true) {
    if (const auto *index = llvm::dyn_cast<IndexExpr>(base))
      base = index->base.get();
    else if (const auto *member = llvm::dyn_cast<MemberExpr>(base))
      base = member->base.get();
    else
      break;
  }
  const auto *name = llvm::dyn_cast<NameExpr>(base);
  const Binding *binding = name ? lookUp(name->name, context) : nullptr;
  return binding && binding->kind == Binding::Kind::Layer;
}

//===----------------------------------------------------------------------===//
// Layers by name
//===----------------------------------------------------------------------===//

std::optional<LayerRef> Sema::stepInto(const LayerRef &layer,
                                       const FieldDecl &field,
                                       Context &context) {
  Context inside;
  inside.fn = context.fn;
  fillLayerScope(layer, inside);
  LayerRef result;
  if (!bindLayer(field, layer, inside, result))
    return std::nullopt;
  return result;
}

std::optional<LayerRef> Sema::resolveIndex(const IndexExpr &expr,
                                           Context &context) {
  std::optional<LayerRef> list = resolveLayer(*expr.base, context);
  if (!list)
    return std::nullopt;
  const std::string &name = list->path.steps.back().name;
  if (!list->count) {
    error(expr.range, "'" + Twine(name) + "' is one layer, not a list");
    return std::nullopt;
  }
  if (expr.indices.size() != 1) {
    error(expr.range, "expected one index, got " + Twine(expr.indices.size()));
    return std::nullopt;
  }
  const Expr &written = *expr.indices[0];
  Node *node = check(written, context);
  if (!node)
    return std::nullopt;
  std::optional<Dim> dim = asDim(node);
  std::optional<int64_t> index = dim ? dim->getConstant() : std::nullopt;
  if (!index || *index < 0) {
    error(written.range, "the index of a list of layers must be a constant "
                         "of 0 or more, got " +
                             (dim ? dim->str() : node->type.str()));
    return std::nullopt;
  }
  Condition condition;
  condition.kind = Condition::Kind::Less;
  condition.lhs = *index;
  condition.rhs = *list->count;
  condition.subject = "list '" + name + "'";
  condition.range = written.range;
  if (!addCondition(std::move(condition), context))
    return std::nullopt;
  list->path.steps.back().index = *index;
  list->count.reset();
  return list;
}

std::optional<LayerRef> Sema::resolveBase(const MemberExpr &expr,
                                          Context &context) {
  std::optional<LayerRef> layer = resolveLayer(*expr.base, context);
  if (!layer || !layer->count)
    return layer;
  const std::string &name = layer->path.steps.back().name;
  error(expr.base->range, "'" + Twine(name) + "' is a list of layers")
      .hint("name one of them: " + Twine(name) + "[0]");
  return std::nullopt;
}

static const FieldDecl *findField(const LayerDecl &layer, StringRef name) {
  for (const FieldDecl &field : layer.fields)
    if (field.name.name == name)
      return &field;
  return nullptr;
}

static const FnDecl *findFn(const LayerDecl &layer, StringRef name) {
  for (const FnDecl &fn : layer.fns)
    if (fn.name.name == name)
      return &fn;
  return nullptr;
}

Node *Sema::reportNoMember(const MemberExpr &expr, const LayerRef &layer) {
  std::vector<StringRef> names;
  for (const FieldDecl &field : layer.decl->fields)
    names.push_back(field.name.name);
  for (const FnDecl &fn : layer.decl->fns)
    names.push_back(fn.name.name);
  error(expr.name.range, "layer '" + Twine(layer.decl->name.name) +
                             "' has no part '" + expr.name.name + "'")
      .note(layer.decl->name.range,
            "'" + Twine(layer.decl->name.name) + "' is declared here")
      .didYouMean(suggest(expr.name.name, names));
  return nullptr;
}

std::optional<LayerRef> Sema::resolveLayer(const Expr &expr, Context &context) {
  if (const auto *name = llvm::dyn_cast<NameExpr>(&expr))
    return stepInto(*context.layer, *lookUp(name->name, context)->field,
                    context);
  if (const auto *index = llvm::dyn_cast<IndexExpr>(&expr))
    return resolveIndex(*index, context);
  const auto &member = llvm::cast<MemberExpr>(expr);
  std::optional<LayerRef> base = resolveBase(member, context);
  if (!base)
    return std::nullopt;
  const FieldDecl *field = findField(*base->decl, member.name.name);
  if (!field) {
    if (findFn(*base->decl, member.name.name))
      error(expr.range,
            "'" + Twine(member.name.name) + "' is a function, not a layer");
    else
      reportNoMember(member, *base);
    return std::nullopt;
  }
  if (field->type) {
    error(expr.range,
          "'" + Twine(member.name.name) + "' is a parameter, not a layer");
    return std::nullopt;
  }
  return stepInto(*base, *field, context);
}

//===----------------------------------------------------------------------===//
// Values and calls
//===----------------------------------------------------------------------===//

Node *Sema::checkMember(const MemberExpr &expr, Context &context) {
  if (!startsWithLayer(*expr.base, context)) {
    Node *base = check(*expr.base, context);
    if (!base)
      return nullptr;
    DiagnosticBuilder builder =
        error(expr.range, "expected a layer before '." + Twine(expr.name.name) +
                              "', got " + base->type.str());
    if (expr.name.name == "T")
      builder.hint("the transpose of x is x'");
    return nullptr;
  }
  std::optional<LayerRef> layer = resolveBase(expr, context);
  if (!layer)
    return nullptr;
  const CheckedLayer &checked = *layers[layer->decl].checked;
  for (const CheckedField &field : checked.fields)
    if (field.name.name == expr.name.name) {
      if (!field.layer)
        return makeWeight(*layer, field);
      error(expr.range,
            "'" + Twine(expr.name.name) + "' is a layer, not a value");
      return nullptr;
    }
  if (!findFn(*layer->decl, expr.name.name))
    return reportNoMember(expr, *layer);
  error(expr.range,
        "'" + Twine(expr.name.name) + "' is a function, not a value");
  return nullptr;
}

Node *Sema::checkLayerCall(const CallExpr &expr, Context &context) {
  if (const auto *member = llvm::dyn_cast<MemberExpr>(expr.callee.get())) {
    std::optional<LayerRef> base = resolveBase(*member, context);
    if (!base)
      return nullptr;
    if (const FnDecl *fn = findFn(*base->decl, member->name.name))
      return checkFnCall(expr, *fn, &*base, context);
  }
  std::optional<LayerRef> layer = resolveLayer(*expr.callee, context);
  if (!layer)
    return nullptr;
  const FnDecl *fn = findFn(*layer->decl, "forward");
  if (fn)
    return checkFnCall(expr, *fn, &*layer, context);
  error(expr.callee->range, "layer '" + Twine(layer->decl->name.name) +
                                "' has no function 'forward'")
      .note(layer->decl->name.range,
            "'" + Twine(layer->decl->name.name) + "' is declared here");
  return nullptr;
}

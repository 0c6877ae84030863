//===- SemaLayer.cpp - Layers and their constructors ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace attn::frontend;
using llvm::StringRef;
using llvm::Twine;

static std::string describeLayer(const LayerDecl &layer) {
  return (layer.isModel ? "model '" : "layer '") + layer.name.name + "'";
}

//===----------------------------------------------------------------------===//
// The names in a layer
//===----------------------------------------------------------------------===//

void Sema::addToScope(const Param &param, const LayerRef &layer, Scope &scope) {
  Binding binding{Binding::Kind::Parameter, param.name.range};
  if (param.kind == Param::Kind::Size) {
    binding.kind = Binding::Kind::Dimension;
    binding.node =
        make(Node::Kind::Size, Type::scalar(Scalar::Index), param.name.range);
    binding.node->dim = layer.sizes.at(param.name.name);
  } else {
    binding.node = layer.values.at(param.name.name);
  }
  scope[param.name.name] = binding;
}

void Sema::fillLayerScope(const LayerRef &layer, Context &context) {
  Scope &scope = context.scopes.emplace_back();
  for (const Param &param : layer.decl->params)
    addToScope(param, layer, scope);
  const CheckedLayer &checked = *layers[layer.decl].checked;
  for (auto [field, decl] :
       llvm::zip_equal(checked.fields, layer.decl->fields)) {
    Binding binding{Binding::Kind::Layer, decl.name.range, nullptr, &decl};
    if (!field.layer) {
      binding.kind = Binding::Kind::Parameter;
      binding.node = makeWeight(layer, field);
    }
    scope[decl.name.name] = binding;
  }
}

Node *Sema::makeWeight(const LayerRef &layer, const CheckedField &field) {
  Type type = field.type;
  for (Dim &dim : type.shape)
    if (std::optional<Dim> value = dim.substitute(layer.sizes))
      dim = std::move(*value);
  Node *node = make(Node::Kind::Weight, std::move(type), field.name.range);
  node->name = field.name;
  node->path = layer.path;
  node->path.steps.push_back({field.name.name, std::nullopt, nullptr});
  return node;
}

//===----------------------------------------------------------------------===//
// Constructors
//===----------------------------------------------------------------------===//

Node *Sema::makeOpaqueRule(const Param &param) {
  RuleDecl &rule = opaqueRules.emplace_back();
  rule.name = param.name;
  rule.range = param.range;
  if (param.kind == Param::Kind::Mask) {
    rule.kind = RuleDecl::Kind::Mask;
    rule.body = std::make_unique<BoolLiteral>(param.range, true);
  } else {
    rule.kind = RuleDecl::Kind::Score;
    rule.indices.push_back({"s", param.range});
    rule.body = std::make_unique<NameExpr>(param.range, "s");
  }
  rules[&rule].state = RuleInfo::State::Checked;
  return makeRuleRef(rule, {}, {}, param.range);
}

Node *Sema::checkDefault(const Param &param, const Type &type,
                         Context &context) {
  const Expr &expr = *param.defaultValue;
  if (!type.isRule() && !type.isScalar()) {
    error(expr.range, "a parameter with a default is a scalar or a rule, '" +
                          Twine(param.name.name) + "' is " + type.str());
    return nullptr;
  }
  return checkTyped(expr, type, param, context);
}

Node *Sema::checkTyped(const Expr &expr, const Type &type, const Param &param,
                       Context &context) {
  Node *node = check(expr, context);
  if (!node)
    return nullptr;
  Node *converted = nullptr;
  if (type.isRule())
    converted = node->type.kind == type.kind ? node : nullptr;
  else
    converted = coerce(node, type);
  if (!converted) {
    error(expr.range, "expected " + type.str() + ", got " + node->type.str())
        .note(param.name.range, "'" + Twine(param.name.name) +
                                    "' is declared here as " + type.str());
    return nullptr;
  }
  if (!converted->weak)
    return converted;
  // What has a declared type keeps it.
  result.nodes.push_back(*converted);
  result.nodes.back().weak = false;
  return &result.nodes.back();
}

/// `argContext` is where the argument stands, `ownContext` the scope of the
/// constructor, for defaults.
bool Sema::bindLayerParam(const Param &param, const Expr *expr,
                          LayerRef &result, Context &argContext,
                          Context &ownContext) {
  Context &context = expr ? argContext : ownContext;
  const Expr &value = expr ? *expr : *param.defaultValue;
  const std::string &name = param.name.name;
  if (param.kind == Param::Kind::Size) {
    Node *node = check(value, context);
    std::optional<Dim> size;
    if (node)
      size = requireDim(node, value, "size '" + name + "'", context);
    if (!size)
      return false;
    result.sizes[name] = std::move(*size);
  } else {
    Type type = param.kind == Param::Kind::Mask ? Type::mask()
                : param.kind == Param::Kind::Score
                    ? Type::score()
                    : Type::scalar(toScalar(param.type.dtype));
    Node *node = checkTyped(value, type, param, context);
    if (!node)
      return false;
    result.values[name] = node;
  }
  addToScope(param, result, ownContext.scopes.back());
  return true;
}

bool Sema::bindLayer(const FieldDecl &field, const LayerRef &outer,
                     Context &context, LayerRef &result) {
  const Declaration *declaration =
      findDeclaration(field.layer.name, field.layer.range);
  if (!declaration) {
    std::vector<StringRef> names;
    for (const auto &[name, other] : declarations)
      if (other.layer)
        names.push_back(name);
    error(field.layer.range, "unknown layer '" + Twine(field.layer.name) + "'")
        .didYouMean(suggest(field.layer.name, names));
    return false;
  }
  const LayerDecl *decl = declaration->layer;
  if (!decl) {
    error(field.layer.range, "expected a layer, got " + declaration->what +
                                 " '" + field.layer.name + "'")
        .note(declaration->range,
              "'" + Twine(field.layer.name) + "' is declared here");
    return false;
  }
  if (layers[decl].failed)
    return false;
  std::vector<const Identifier *> names;
  llvm::SmallVector<bool> optional;
  for (const Param &param : decl->params) {
    names.push_back(&param.name);
    optional.push_back(param.defaultValue != nullptr);
  }
  std::vector<const Expr *> exprs;
  if (!matchArguments(
          field.args,
          {field.layer.range.file, field.layer.range.begin, field.range.end},
          describeLayer(*decl), names, optional, decl->name.range, exprs))
    return false;
  result.decl = decl;
  result.path = outer.path;
  result.path.steps.push_back({field.name.name, std::nullopt, nullptr});
  Context own;
  own.fn = context.fn;
  own.scopes.emplace_back();
  bool ok = true;
  for (auto [param, expr] : llvm::zip_equal(decl->params, exprs))
    ok = ok && bindLayerParam(param, expr, result, context, own);
  if (!ok || !field.count)
    return ok;
  Node *count = check(*field.count, context);
  if (count)
    result.count =
        requireDim(count, *field.count, "the number of layers", context);
  return result.count.has_value();
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

bool Sema::declareLayerParam(const Param &param, LayerInfo &info,
                             Context &context) {
  if (!checkFresh(param.name, context))
    return false;
  CheckedLayer &checked = *info.checked;
  const std::string &name = param.name.name;
  if (!param.type.dims.empty()) {
    error(param.type.range, "a constructor takes sizes, numbers and rules, "
                            "got a tensor")
        .hint("a tensor is a parameter of the layer: declare it in the body");
    return false;
  }
  // The default first: it sees what comes before it.
  LayerRef given;
  bool hasDefault = param.defaultValue != nullptr;
  if (hasDefault) {
    Context scratch = context;
    if (!bindLayerParam(param, param.defaultValue.get(), given, context,
                        scratch))
      return false;
  }
  LayerRef &self = info.self;
  switch (param.kind) {
  case Param::Kind::Size: {
    CheckedSize &size = checked.sizes.emplace_back();
    size.name = param.name;
    if (hasDefault)
      size.value = given.sizes.at(name);
    self.sizes[name] = Dim::name(name);
    break;
  }
  case Param::Kind::Value: {
    CheckedNumber &number = checked.numbers.emplace_back();
    number.name = param.name;
    number.node =
        make(Node::Kind::Param, Type::scalar(toScalar(param.type.dtype)),
             param.name.range);
    number.node->name = param.name;
    if (hasDefault)
      number.value = given.values.at(name);
    self.values[name] = number.node;
    break;
  }
  case Param::Kind::Mask:
  case Param::Kind::Score:
    checked.isTemplate = true;
    self.values[name] = makeOpaqueRule(param);
    break;
  }
  addToScope(param, self, context.scopes.back());
  return true;
}

bool Sema::declareField(const FieldDecl &field, LayerInfo &info,
                        Context &context) {
  CheckedField &checked = info.checked->fields.emplace_back();
  checked.name = field.name;
  bool ok = checkFresh(field.name, context);
  if (field.type) {
    std::optional<Type> type = readType(*field.type, context);
    if (type)
      checked.type = std::move(*type);
    if (!ok)
      return false;
    context.scopes.back()[field.name.name] =
        type ? Binding{Binding::Kind::Parameter, field.name.range,
                       makeWeight(info.self, checked)}
             : Binding{Binding::Kind::Poisoned, field.name.range};
    return type.has_value();
  }
  if (ok && getBuiltins().count(field.name.name)) {
    error(field.name.range, "'" + Twine(field.name.name) +
                                "' is the name of a built-in function");
    ok = false;
  }
  LayerRef layer;
  if (!bindLayer(field, info.self, context, layer))
    return false;
  const LayerInfo &inner = layers[layer.decl];
  checked.layer = inner.checked;
  checked.sizes = layer.sizes;
  checked.count = layer.count;
  for (Condition condition : inner.checked->conditions) {
    std::optional<Dim> lhs = condition.lhs.substitute(layer.sizes);
    std::optional<Dim> rhs = condition.rhs.substitute(layer.sizes);
    if (!lhs || !rhs)
      return reportTooLarge(field.range);
    condition.lhs = std::move(*lhs);
    condition.rhs = std::move(*rhs);
    if (!addCondition(std::move(condition), context, field.range))
      return false;
  }
  if (ok)
    context.scopes.back()[field.name.name] = {
        Binding::Kind::Layer, field.name.range, nullptr, &field};
  return ok;
}

void Sema::declareLayer(const LayerDecl &layer) {
  LayerInfo &info = layers[&layer];
  if (info.failed)
    return;
  info.self.decl = &layer;
  // Receives the conditions.
  CheckedFunction conditions;
  Context context;
  context.fn = &conditions;
  context.scopes.emplace_back();
  bool ok = true;
  for (const Param &param : layer.params)
    ok = ok && declareLayerParam(param, info, context);
  if (ok)
    for (const FieldDecl &field : layer.fields)
      ok &= declareField(field, info, context);
  std::map<StringRef, SourceRange> names;
  for (const FnDecl &fn : layer.fns) {
    auto [it, isNew] = names.emplace(fn.name.name, fn.name.range);
    if (!isNew) {
      error(fn.name.range, "'" + Twine(fn.name.name) + "' is declared twice")
          .note(it->second, "first declared here");
      ok = false;
    } else if (getBuiltins().count(fn.name.name)) {
      error(fn.name.range, "function '" + Twine(fn.name.name) +
                               "' has the name of a built-in function");
      ok = false;
    } else {
      ok &= checkFresh(fn.name, context);
    }
  }
  info.failed = !ok;
  if (!ok)
    return;
  info.checked->conditions = std::move(conditions.conditions);
  for (const FnDecl &fn : layer.fns)
    declareFunction(fn);
}

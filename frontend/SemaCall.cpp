//===- SemaCall.cpp - Calls of functions and rules --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallVector.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

Node *Sema::checkCall(const CallExpr &expr, Context &context) {
  if (startsWithLayer(*expr.callee, context))
    return checkLayerCall(expr, context);
  const auto *name = llvm::dyn_cast<NameExpr>(expr.callee.get());
  if (!name) {
    Node *callee = check(*expr.callee, context);
    if (!callee)
      return nullptr;
    if (callee->type.kind == Type::Kind::Score)
      return applyScore(expr, callee, context);
    error(expr.callee->range, "expected a function, got " + callee->type.str());
    return nullptr;
  }
  auto builtin = getBuiltins().find(name->name);
  if (const Binding *binding = lookUp(name->name, context)) {
    if (binding->kind == Binding::Kind::Poisoned)
      return nullptr;
    if (binding->node->type.kind == Type::Kind::Score)
      return applyScore(expr, binding->node, context);
    if (builtin == getBuiltins().end()) {
      error(name->range, "'" + Twine(name->name) + "' is " +
                             (binding->kind == Binding::Kind::Dimension
                                  ? "a dimension"
                                  : binding->node->type.str()) +
                             ", it cannot be called")
          .note(binding->range, "'" + Twine(name->name) + "' is bound here");
      return nullptr;
    }
  }
  if (builtin != getBuiltins().end())
    return checkBuiltin(expr, name->name, builtin->second, context);
  if (context.layer)
    for (const FnDecl &fn : context.layer->decl->fns)
      if (fn.name.name == name->name)
        return checkFnCall(expr, fn, context.layer, context);
  const Declaration *declaration = findDeclaration(name->name, name->range);
  if (!declaration) {
    if (!context.unknown.insert(name->name).second)
      return nullptr;
    std::vector<StringRef> names;
    for (const auto &[other, unused] : declarations)
      names.push_back(other);
    for (const auto &[other, spec] : getBuiltins())
      names.push_back(other);
    error(name->range, "unknown function '" + Twine(name->name) + "'")
        .didYouMean(suggest(name->name, names));
    return nullptr;
  }
  if (declaration->layer) {
    error(name->range, "'" + Twine(name->name) + "' is a " + declaration->what +
                           ", it cannot be called")
        .note(declaration->range,
              "'" + Twine(name->name) + "' is declared here")
        .hint("make it a part of a layer and call that: part: " +
              Twine(name->name) + "(...)");
    return nullptr;
  }
  if (declaration->fn)
    return checkFnCall(expr, *declaration->fn, /*layer=*/nullptr, context);
  return checkRuleCall(expr, *declaration->rule, context);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

bool Sema::matchArguments(ArrayRef<Argument> args, SourceRange range,
                          StringRef callee, ArrayRef<const Identifier *> params,
                          ArrayRef<bool> optional, SourceRange declared,
                          std::vector<const Expr *> &values) {
  values.assign(params.size(), nullptr);
  size_t positional = 0;
  bool ok = true;
  for (const Argument &argument : args) {
    if (!argument.name) {
      if (positional < params.size())
        values[positional] = argument.value.get();
      ++positional;
      continue;
    }
    auto it = llvm::find_if(params, [&](const Identifier *param) {
      return param->name == argument.name->name;
    });
    if (it == params.end()) {
      std::vector<StringRef> names;
      for (const Identifier *param : params)
        names.push_back(param->name);
      error(argument.name->range,
            callee + Twine(" has no parameter '") + argument.name->name + "'")
          .note(declared, callee + Twine(" is declared here"))
          .didYouMean(suggest(argument.name->name, names));
      ok = false;
      continue;
    }
    const Expr *&value = values[it - params.begin()];
    if (value) {
      error(argument.name->range,
            "argument '" + Twine(argument.name->name) + "' is given twice");
      ok = false;
    }
    value = argument.value.get();
  }
  if (!ok)
    return false;
  bool complete = positional <= params.size();
  for (auto [value, isOptional] : llvm::zip_equal(values, optional))
    complete &= value || isOptional;
  if (complete)
    return true;
  std::string list;
  for (const Identifier *param : params)
    list += (list.empty() ? "" : ", ") + param->name;
  size_t least = llvm::count(optional, false);
  std::string count = std::to_string(params.size());
  if (least != params.size())
    count = std::to_string(least) + " to " + count;
  error(range, callee + Twine(" expects ") + count +
                   (params.size() == 1 ? " argument" : " arguments") +
                   (list.empty() ? "" : " (" + list + ")") + ", got " +
                   Twine(args.size()))
      .note(declared, callee + Twine(" is declared here"));
  return false;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

std::string Sema::describeFn(const FnDecl &fn) {
  const LayerDecl *layer = functions[&fn].layer;
  std::string name = "'" + fn.name.name + "'";
  return layer ? name + (layer->isModel ? " of model '" : " of layer '") +
                     layer->name.name + "'"
               : name;
}

Node *Sema::checkFnCall(const CallExpr &expr, const FnDecl &fn,
                        const LayerRef *layer, Context &context) {
  std::string callee = describeFn(fn);
  if (context.rule) {
    error(expr.range, "function " + callee + " cannot be called in a rule")
        .note(fn.name.range, callee + " is declared here");
    return nullptr;
  }
  FnInfo &info = functions[&fn];
  std::vector<const Identifier *> names;
  llvm::SmallVector<bool> optional;
  for (const Param &param : fn.params) {
    names.push_back(&param.name);
    optional.push_back(param.defaultValue != nullptr);
  }
  std::vector<const Expr *> exprs;
  bool ok = info.hasSignature && !info.inCycle &&
            matchArguments(expr.args, expr.range, callee, names, optional,
                           fn.name.range, exprs);
  if (!ok)
    return nullptr;
  std::vector<Node *> args;
  for (const Expr *value : exprs) {
    args.push_back(value ? check(*value, context) : nullptr);
    ok &= args.back() || !value;
  }
  if (!ok)
    return nullptr;
  if (layer && layer->count)
    return makeFold(expr, fn, *layer, exprs, std::move(args), context);
  return makeCall(expr, fn, layer, exprs, std::move(args), context);
}

Node *Sema::makeCall(const CallExpr &expr, const FnDecl &fn,
                     const LayerRef *layer, ArrayRef<const Expr *> exprs,
                     std::vector<Node *> args, Context &context) {
  FnInfo &info = functions[&fn];
  std::vector<const Identifier *> names;
  for (const Param &param : fn.params)
    names.push_back(&param.name);
  // Its body has been checked: what it requires is required here.
  Signature signature = info.signature;
  signature.conditions = info.checked->conditions;
  std::map<std::string, Dim> dims;
  if (layer)
    dims = layer->sizes;
  if (!unify(signature, args, exprs, names, describeFn(fn), expr.range, context,
             dims))
    return nullptr;
  info.checked->isCalled = true;
  if (!info.hasResults)
    return nullptr;
  for (auto [i, param] : llvm::enumerate(info.signature.params)) {
    if (!args[i]) {
      Context own;
      own.fn = context.fn;
      if (layer)
        fillLayerScope(*layer, own);
      own.scopes.emplace_back();
      declareDims(info.signature, own, &dims);
      args[i] = checkDefault(fn.params[i], param, own);
      if (!args[i])
        return nullptr;
    } else if (param.isScalar()) {
      args[i] = coerce(args[i], param);
    } else if (!param.isRule() && args[i]->type.element != param.element) {
      args[i] = coerce(args[i], args[i]->type.withElement(param.element));
    }
  }
  if (info.checked->isTemplate)
    return inlineCall(expr, fn, layer, args, dims, context);
  if (layer)
    for (const CheckedNumber &number : info.checked->layer->numbers)
      args.push_back(layer->values.at(number.name.name));

  std::vector<Type> types;
  for (const CheckedResult &result : info.checked->results) {
    Type type = result.type;
    for (Dim &dim : type.shape) {
      std::optional<Dim> value = dim.substitute(dims);
      if (!value) {
        reportTooLarge(expr.range);
        return nullptr;
      }
      dim = std::move(*value);
    }
    types.push_back(std::move(type));
  }
  Type type = types.size() == 1 ? types.front() : Type::tuple(types);
  Node *node =
      make(Node::Kind::Call, std::move(type), expr.range, std::move(args));
  node->callee = info.checked;
  node->dims = std::move(dims);
  if (layer)
    node->path = layer->path;
  return node;
}

/// A program writes out at most this many calls.
static constexpr unsigned maxInlined = 4096;

Node *Sema::inlineCall(const CallExpr &expr, const FnDecl &fn,
                       const LayerRef *layer, ArrayRef<Node *> args,
                       const std::map<std::string, Dim> &dims,
                       Context &context) {
  const FnInfo &info = functions[&fn];
  // One error is enough: every further call is one too many.
  if (++numInlined > maxInlined + 1)
    return nullptr;
  auto restore = llvm::scope_exit([this] { --depth; });
  if (++depth > maxDepth || numInlined > maxInlined) {
    error(expr.range, describeFn(fn) + " is too large when the functions that "
                                       "take rules are written out");
    return nullptr;
  }
  Context inner;
  inner.fn = context.fn;
  inner.layer = layer;
  if (layer)
    fillLayerScope(*layer, inner);
  inner.scopes.emplace_back();
  declareDims(info.signature, inner, &dims);
  Node *node = make(Node::Kind::Inline, Type(), expr.range);
  for (auto [param, arg] : llvm::zip_equal(fn.params, args)) {
    inner.scopes.back()[param.name.name] = {Binding::Kind::Parameter,
                                            param.name.range, arg};
    if (!arg->type.isRule())
      node->operands.push_back(arg);
  }
  uses.push_back({expr.range, describeFn(fn)});
  std::vector<CheckedResult> results;
  bool ok = (!fn.hasResultType || checkResults(fn, inner, results)) &&
            checkBlock(fn.body, inner, node->thenBlock) &&
            checkBodyResult(fn, node->thenBlock.result, fn.hasResultType,
                            results, inner);
  uses.pop_back();
  if (!ok)
    return nullptr;
  node->type = node->thenBlock.result->type;
  return node;
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

Node *Sema::checkRuleCall(const CallExpr &expr, const RuleDecl &rule,
                          Context &context) {
  bool isMask = rule.kind == RuleDecl::Kind::Mask;
  std::string callee = (isMask ? "mask '" : "score '") + rule.name.name + "'";
  const RuleInfo &info = rules[&rule];
  bool failed = info.state == RuleInfo::State::Failed;
  if (!rule.hasParams) {
    if (!isMask)
      return failed ? nullptr
                    : applyScore(expr, makeRuleRef(rule, {}, {}, expr.range),
                                 context);
    error(expr.range, callee + " has no parameters: its indices come from "
                               "where it is used")
        .note(rule.name.range, callee + " is declared here")
        .hint("write '" + Twine(rule.name.name) + "'");
    return nullptr;
  }
  std::vector<const Identifier *> names;
  for (const RuleParam &param : rule.params)
    names.push_back(&param.name);
  std::vector<const Expr *> exprs;
  llvm::SmallVector<bool> optional(names.size(), false);
  bool ok = matchArguments(expr.args, expr.range, callee, names, optional,
                           rule.name.range, exprs);
  std::vector<Node *> args;
  for (auto [i, value] : llvm::enumerate(exprs)) {
    Node *arg = ok && value ? check(*value, context) : nullptr;
    if (arg && !info.signatureFailed && info.signature.untyped[i] &&
        (!arg->type.isScalar() || !isNumber(arg->type.element))) {
      error(value->range, "argument '" + Twine(names[i]->name) + "' of " +
                              callee + " must be a number, got " +
                              arg->type.str())
          .note(names[i]->range,
                "'" + Twine(names[i]->name) + "' is declared here");
      arg = nullptr;
    }
    args.push_back(arg);
  }
  if (!ok || failed || info.signatureFailed ||
      llvm::is_contained(args, nullptr))
    return nullptr;
  std::map<std::string, Dim> dims;
  if (!unify(info.signature, args, exprs, names, callee, expr.range, context,
             dims))
    return nullptr;
  for (auto [i, arg] : llvm::enumerate(args)) {
    const Type &param = info.signature.params[i];
    if (!info.signature.untyped[i] && arg->type.element != param.element)
      arg = coerce(arg, arg->type.withElement(param.element));
    // Integers meet the indices of rules as one of them.
    if (info.signature.untyped[i] && !context.rule && !arg->weak &&
        isInteger(arg->type.element))
      arg = cast(arg, Scalar::Index);
  }
  Node *ref = makeRuleRef(rule, std::move(args), std::move(dims), expr.range);
  if (!context.rule || !isMask)
    return ref;
  return expand(ref, *context.rule->site, nullptr, context);
}

Node *Sema::applyScore(const CallExpr &expr, Node *rule, Context &context) {
  std::string callee = "score '" + rule->rule->name.name + "'";
  if (expr.args.size() != 1 || expr.args[0].name) {
    error(expr.range, callee + " expects the scores as its one argument, got " +
                          Twine(expr.args.size()) + " arguments");
    return nullptr;
  }
  const Expr &value = *expr.args[0].value;
  Node *scores = check(value, context);
  if (!scores)
    return nullptr;
  if (context.rule) {
    if (!requireArray(scores, callee, value.range, context))
      return nullptr;
    scores = toFloat(scores, callee, value.range);
    return scores ? expand(rule, *context.rule->site, scores, context)
                  : nullptr;
  }
  const Type &type = scores->type;
  if (!type.isTensor() || !isFloat(type.element) || type.getRank() < 2 ||
      type.getRank() > 4) {
    error(value.range, callee +
                           " expects scores of shape [q, k], [b, q, k] or "
                           "[b, h, q, k], got " +
                           type.str());
    return nullptr;
  }
  Node *node = make(Node::Kind::Score, type, expr.range, {scores});
  if (!instantiate(rule, getRuleSizes(type.shape), type.element, node->score,
                   expr.range, context))
    return nullptr;
  return node;
}

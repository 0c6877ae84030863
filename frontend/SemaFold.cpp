//===- SemaFold.cpp - Calls of lists of layers ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

/// `type` for each of `count` layers, along a new first axis.
static Type stack(const Type &type, const Dim &count) {
  std::vector<Dim> shape = {count};
  shape.insert(shape.end(), type.shape.begin(), type.shape.end());
  return Type::tensor(type.element, std::move(shape));
}

Node *Sema::takePart(Node *arg, const Type &param, const Identifier &name,
                     const Expr &expr, const LayerRef &list, Node *fold,
                     Context &context) {
  const Type &type = arg->type;
  if (!param.isArray() || !type.isTensor() ||
      type.getRank() != param.getRank() + 1)
    return arg;
  Type part = Type::tensor(type.element,
                           {std::next(type.shape.begin()), type.shape.end()});
  const Dim &got = type.shape.front();
  if (got != *list.count) {
    DiagnosticBuilder builder =
        error(expr.range, "argument '" + Twine(name.name) + "' of list '" +
                              list.path.steps.back().name + "' must be " +
                              stack(part, *list.count).str() +
                              ", a part for each layer, got " + type.str() +
                              ": expected " + list.count->str() + ", got " +
                              got.str());
    builder.note(name.range, "'" + Twine(name.name) + "' is declared here as " +
                                 param.str());
    noteDims(builder, {*list.count, got}, context);
    return nullptr;
  }
  Node *node = make(Node::Kind::Part, std::move(part), expr.range, {arg});
  fold->parts.push_back(node);
  return node;
}

bool Sema::finishFold(Node *fold, Node *call, StringRef list,
                      Context &context) {
  const Type &carried = fold->carry->type;
  const Type got = call->type;
  Type expected = carried;
  if (got.isTuple()) {
    std::vector<Node *> elements;
    std::vector<Type> each = {carried}, all = {carried};
    for (auto [i, type] : llvm::enumerate(got.elements)) {
      elements.push_back(make(Node::Kind::Element, type, call->range, {call}));
      elements.back()->integer = i;
      if (i == 0)
        continue;
      each.push_back(type);
      all.push_back(stack(type, fold->dim));
    }
    expected = Type::tuple(std::move(each));
    fold->type = Type::tuple(std::move(all));
    call = make(Node::Kind::Tuple, got, call->range, std::move(elements));
  }
  fold->thenBlock.result = coerce(call, expected);
  if (fold->thenBlock.result)
    return true;
  const Type &first = got.isTuple() ? got.elements.front() : got;
  DiagnosticBuilder builder =
      error(fold->range,
            "each layer of " + list + " takes what the one before gives" +
                (got.isTuple() ? " as its first result" : "") + ": expected " +
                carried.str() + ", got " + first.str());
  noteMismatch(builder, carried, first, context);
  return false;
}

Node *Sema::makeFold(const CallExpr &expr, const FnDecl &fn, LayerRef layer,
                     ArrayRef<const Expr *> exprs, std::vector<Node *> args,
                     Context &context) {
  std::string list = "list '" + layer.path.steps.back().name + "'";
  if (args.empty() || !args.front() || !args.front()->type.isArray()) {
    error(expr.range, list + " needs a tensor or a number to begin with");
    return nullptr;
  }
  const Signature &signature = functions[&fn].signature;
  const Type &param = signature.params.front();
  Node *first = args.front();
  if (param.isArray() && first->type.element != param.element)
    if (Node *converted = coerce(first, first->type.withElement(param.element)))
      first = converted;
  Node *fold = make(Node::Kind::Fold, first->type, expr.range, {first});
  for (Node *arg : llvm::drop_begin(args))
    if (arg && !arg->type.isRule())
      fold->operands.push_back(arg);
  fold->carry = make(Node::Kind::Carry, first->type, exprs.front()->range);
  fold->dim = *layer.count;
  bool ok = true;
  for (size_t i = 1; i < args.size(); ++i) {
    if (!args[i])
      continue;
    args[i] = takePart(args[i], signature.params[i], fn.params[i].name,
                       *exprs[i], layer, fold, context);
    ok &= args[i] != nullptr;
  }
  if (!ok)
    return nullptr;
  layer.count.reset();
  layer.path.steps.back().fold = fold;
  args.front() = fold->carry;
  Node *call = makeCall(expr, fn, &layer, exprs, std::move(args), context);
  return call && finishFold(fold, call, list, context) ? fold : nullptr;
}

//===- SemaBlock.cpp - Blocks, conditionals, array reads --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Conditionals
//===----------------------------------------------------------------------===//

/// Numbers of one shape meet as the sides of 'where' do, tuples by their parts.
/// What has no common type is left as it is.
bool Sema::unifyBranches(Node *&lhs, Node *&rhs, SourceRange range) {
  if (lhs->type.isArray() && rhs->type.isArray()) {
    if (lhs->type.shape != rhs->type.shape || !isNumber(lhs->type.element) ||
        !isNumber(rhs->type.element))
      return true;
    return unifyElements(lhs, rhs, "'if'", range);
  }
  if (Node *converted = coerce(rhs, lhs->type))
    rhs = converted;
  else if (Node *converted = coerce(lhs, rhs->type))
    lhs = converted;
  return true;
}

Node *Sema::checkIf(const IfExpr &expr, Context &context) {
  Node *condition = check(*expr.condition, context);
  if (condition && condition->type != Type::scalar(Scalar::Bool)) {
    error(expr.condition->range,
          "'if' expects a bool, got " + condition->type.str());
    condition = nullptr;
  }
  NodeBlock thenBlock, elseBlock;
  bool ok = checkBlock(expr.thenBlock, context, thenBlock);
  ok &= checkBlock(expr.elseBlock, context, elseBlock);
  if (!condition || !ok)
    return nullptr;
  Node *&lhs = thenBlock.result, *&rhs = elseBlock.result;
  bool isMask = lhs->type.kind == Type::Kind::Mask;
  if (lhs->type.kind == Type::Kind::Score ||
      rhs->type.kind == Type::Kind::Score) {
    error(expr.range, "'if' cannot choose between score rules: write the 'if' "
                      "in a score rule");
    return nullptr;
  }
  if (!unifyBranches(lhs, rhs, expr.elseBlock.result->range))
    return nullptr;
  bool isAnyNumber = lhs->type.isArray() && rhs->type.isArray() &&
                     (lhs->type.element == Scalar::Number ||
                      rhs->type.element == Scalar::Number) &&
                     isNumber(lhs->type.element) &&
                     isNumber(rhs->type.element) &&
                     lhs->type.shape == rhs->type.shape;
  if (lhs->type != rhs->type && !isAnyNumber) {
    DiagnosticBuilder builder =
        error(expr.elseBlock.result->range,
              "both sides of 'if' must have one type: expected " +
                  lhs->type.str() + ", got " + rhs->type.str());
    builder.note(expr.thenBlock.result->range,
                 "this side has type " + lhs->type.str());
    noteMismatch(builder, lhs->type, rhs->type, context);
    return nullptr;
  }
  if (isMask)
    return make(Node::Kind::RuleIf, lhs->type, expr.range,
                {condition, lhs, rhs});
  if (context.rule)
    return makeSelect(condition, lhs, rhs, expr.range, expr.condition->range,
                      context);
  Node *node = make(Node::Kind::If, lhs->type, expr.range, {condition});
  node->thenBlock = std::move(thenBlock);
  node->elseBlock = std::move(elseBlock);
  return node;
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

bool Sema::checkBlock(const Block &block, Context &context, NodeBlock &result) {
  context.scopes.emplace_back();
  for (const LetStmt &let : block.lets)
    checkLet(let, context, result);
  result.result = check(*block.result, context);
  context.scopes.pop_back();
  return result.result;
}

void Sema::checkLet(const LetStmt &let, Context &context, NodeBlock &block) {
  Node *value = check(*let.value, context);
  std::optional<Type> declared;
  if (let.type) {
    declared = readType(*let.type, context);
    if (!declared)
      value = nullptr;
  }
  if (value && declared) {
    Node *converted = coerce(value, *declared);
    if (!converted) {
      DiagnosticBuilder builder =
          error(let.value->range,
                "expected " + declared->str() + ", got " + value->type.str());
      builder.note(let.type->range, "the type is declared here");
      noteMismatch(builder, *declared, value->type, context);
    }
    value = converted;
  }
  size_t count = let.names.size();
  if (value && count > 1 &&
      (!value->type.isTuple() || value->type.elements.size() != count)) {
    error(let.names.front().range,
          "expected " + Twine(count) + " values for " + Twine(count) +
              " names, got " +
              (value->type.isTuple()
                   ? Twine(value->type.elements.size()).str() + " values"
                   : value->type.str()));
    value = nullptr;
  }
  if (value && value->type.isTensor() && context.rule)
    if (!requireArray(value, "'let'", let.value->range, context))
      value = nullptr;
  if (value && !value->type.isRule()) {
    block.lets.push_back(value);
    // Generated here, not where it is used.
    if (!context.rule)
      value->depth = 0;
  }

  for (auto [i, name] : llvm::enumerate(let.names)) {
    if (!checkFresh(name, context) && lookUp(name.name, context))
      continue;
    Binding binding{Binding::Kind::Let, name.range, value};
    if (value && count > 1) {
      // A tuple that was written out gives its parts.
      if (value->kind == Node::Kind::Tuple) {
        binding.node = value->operands[i];
      } else {
        binding.node = make(Node::Kind::Element, value->type.elements[i],
                            name.range, {value});
        binding.node->integer = i;
        block.lets.push_back(binding.node);
      }
    }
    if (!binding.node)
      binding.kind = Binding::Kind::Poisoned;
    else if (binding.node->name.name.empty())
      binding.node->name = name;
    context.scopes.back()[name.name] = binding;
  }
}

//===----------------------------------------------------------------------===//
// Array reads
//===----------------------------------------------------------------------===//

Node *Sema::checkIndex(const IndexExpr &expr, Context &context) {
  if (!context.rule) {
    error(expr.range, "reading an array with [ ] is for rules only");
    return nullptr;
  }
  Node *base = check(*expr.base, context);
  std::vector<Node *> operands = {base};
  bool ok = base;
  for (const ExprPtr &index : expr.indices) {
    Node *node = check(*index, context);
    ok &= node != nullptr;
    operands.push_back(node);
    if (!node)
      continue;
    Scalar element = node->type.element;
    if (!node->type.isScalar() ||
        (!isInteger(element) && element != Scalar::Number)) {
      error(index->range,
            "an index must be an integer, got " + node->type.str());
      ok = false;
      continue;
    }
    operands.back() = adapt(node, Scalar::Index);
  }
  if (!ok)
    return nullptr;
  if (!base->type.isTensor()) {
    error(expr.base->range,
          "expected an array to read from, got " + base->type.str());
    return nullptr;
  }
  size_t rank = base->type.shape.size();
  if (rank != expr.indices.size()) {
    DiagnosticBuilder builder =
        error(expr.range, "expected " + Twine(rank) +
                              (rank == 1 ? " index for " : " indices for ") +
                              base->type.str() + ", got " +
                              Twine(expr.indices.size()));
    if (const auto *name = llvm::dyn_cast<NameExpr>(expr.base.get()))
      if (const Binding *binding = lookUp(name->name, context))
        builder.note(binding->range,
                     "'" + Twine(name->name) + "' is declared here");
    return nullptr;
  }
  Node *node = make(Node::Kind::Read, Type::scalar(base->type.element),
                    expr.range, std::move(operands));
  RuleSite &site = *context.rule->site;
  for (auto [i, size] : llvm::enumerate(base->type.shape)) {
    // An own index of an axis as long as the array never leaves it.
    bool clamp = true;
    const Node *index = node->operands[i + 1];
    for (auto [leaf, axis] : llvm::zip(site.body->indices, site.sizes))
      clamp &= index != leaf || size != axis;
    clamp &= index->kind != Node::Kind::RuleIndex || !index->flag ||
             size != index->dim;
    node->flags.push_back(clamp);
    bool mayBeEmpty = size.getConstant().value_or(0) <= 0 &&
                      !llvm::is_contained(site.sizes, size);
    if (!clamp || !mayBeEmpty || !context.fn)
      continue;
    Condition condition;
    condition.kind = Condition::Kind::NotEmpty;
    condition.lhs = size;
    condition.rhs = Dim(1);
    for (const Dim &axis : site.sizes)
      if (std::optional<Dim> product = Dim::mul(condition.rhs, axis))
        condition.rhs = std::move(*product);
    const RuleDecl &rule = *context.rule->decl;
    const auto *name = llvm::dyn_cast<NameExpr>(expr.base.get());
    condition.subject =
        "array " + (name ? "'" + name->name + "' " : std::string()) + "of " +
        (rule.kind == RuleDecl::Kind::Mask ? "mask '" : "score '") +
        rule.name.name + "'";
    condition.range = expr.range;
    if (!addCondition(std::move(condition), context))
      return nullptr;
  }
  return node;
}

//===- SemaRule.cpp - Rules as values and written out -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSwitch.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

/// One use of a rule writes out at most this many others.
static constexpr unsigned maxExpansions = 4096;

static constexpr StringRef indexNames[] = {"b", "h", "q", "k"};
static constexpr StringRef sizeNames[] = {"B", "H", "Tq", "Tk"};

static std::string describe(const RuleDecl &rule) {
  return (rule.kind == RuleDecl::Kind::Mask ? "mask '" : "score '") +
         rule.name.name + "'";
}

Node *Sema::makeRuleRef(const RuleDecl &rule, std::vector<Node *> args,
                        std::map<std::string, Dim> dims, SourceRange range) {
  Node *ref =
      make(Node::Kind::RuleRef,
           rule.kind == RuleDecl::Kind::Mask ? Type::mask() : Type::score(),
           range, std::move(args));
  ref->rule = &rule;
  ref->dims = std::move(dims);
  return ref;
}

//===----------------------------------------------------------------------===//
// Expansion
//===----------------------------------------------------------------------===//

Node *Sema::expand(Node *rule, RuleSite &site, Node *score, Context &context) {
  auto restore = llvm::scope_exit([this] { --depth; });
  if (++depth > maxDepth) {
    error(rule->range, "expression is nested too deeply");
    return nullptr;
  }
  if (score)
    return expandRef(rule, site, score, context);
  if (auto it = site.expanded.find(rule); it != site.expanded.end())
    return it->second;
  // A failure is kept too: it was reported, and trying again takes long.
  return site.expanded[rule] = expandMask(rule, site, context);
}

Node *Sema::expandMask(Node *rule, RuleSite &site, Context &context) {
  auto binary = [&](Op op) -> Node * {
    Node *lhs = expand(rule->operands[0], site, nullptr, context);
    Node *rhs = expand(rule->operands[1], site, nullptr, context);
    if (!lhs || !rhs)
      return nullptr;
    Node *node = make(Node::Kind::Binary, Type::scalar(Scalar::Bool),
                      rule->range, {lhs, rhs});
    node->op = op;
    return node;
  };
  switch (rule->kind) {
  case Node::Kind::RuleAnd:
    return binary(Op::And);
  case Node::Kind::RuleOr:
    return binary(Op::Or);
  case Node::Kind::RuleNot: {
    Node *operand = expand(rule->operands[0], site, nullptr, context);
    if (!operand)
      return nullptr;
    Node *node = make(Node::Kind::Unary, operand->type, rule->range, {operand});
    node->op = Op::Not;
    return node;
  }
  case Node::Kind::RuleIf: {
    Node *lhs = expand(rule->operands[1], site, nullptr, context);
    Node *rhs = expand(rule->operands[2], site, nullptr, context);
    if (!lhs || !rhs)
      return nullptr;
    return make(Node::Kind::Select, Type::scalar(Scalar::Bool), rule->range,
                {rule->operands[0], lhs, rhs});
  }
  default:
    return expandRef(rule, site, nullptr, context);
  }
}

Node *Sema::expandRef(Node *rule, RuleSite &site, Node *score,
                      Context &context) {
  const RuleDecl &decl = *rule->rule;
  bool reusable = rule->operands.empty() && decl.kind == RuleDecl::Kind::Mask;
  if (reusable)
    if (auto it = site.expanded.find(&decl); it != site.expanded.end())
      return it->second;
  if (++site.numExpansions > maxExpansions) {
    error(rule->range, describe(decl) + " is too large when the rules it uses "
                                        "are written out");
    return nullptr;
  }
  if (site.isUse && !checkRuleSizes(*rule, site))
    return nullptr;
  RuleFrame frame{&decl, &site, score};
  Context inner;
  inner.fn = context.fn;
  inner.rule = &frame;
  inner.scopes.emplace_back();
  declareDims(rules[&decl].signature, inner, &rule->dims);
  for (auto [param, arg] : llvm::zip_equal(decl.params, rule->operands))
    inner.scopes.back()[param.name.name] = {Binding::Kind::Parameter,
                                            param.name.range, arg};
  uses.push_back({rule->range, describe(decl)});
  Node *body = checkRuleBody(decl, frame, inner);
  uses.pop_back();
  if (body && body->depth > maxDepth) {
    error(rule->range, describe(decl) + " is too large when the rules it uses "
                                        "are written out");
    body = nullptr;
  }
  if (reusable)
    site.expanded[&decl] = body;
  return body;
}

/// The arrays of a rule that name the size of an axis have as many elements, or
/// one, which is clamped to: what is read would be another row's otherwise.
bool Sema::checkRuleSizes(const Node &rule, const RuleSite &site) {
  static constexpr StringRef meanings[] = {"sequences in the batch",
                                           "query heads", "queries", "keys"};
  for (auto [name, size, meaning] :
       llvm::zip(sizeNames, site.sizes, meanings)) {
    auto bound = rule.dims.find(name.str());
    if (bound == rule.dims.end() || bound->second == size ||
        bound->second == Dim(1))
      continue;
    error(rule.range, "the arrays of " + describe(*rule.rule) +
                          " do not have '" + name + "' as the number of " +
                          meaning + ": expected " + size.str() + ", got " +
                          bound->second.str())
        .note(rule.rule->name.range,
              describe(*rule.rule) + " is declared here");
    return false;
  }
  return true;
}

Node *Sema::checkRuleBody(const RuleDecl &rule, RuleFrame &frame,
                          Context &context) {
  for (const Identifier &index : rule.indices) {
    Node *leaf = frame.score;
    for (auto [name, node] : llvm::zip(indexNames, frame.site->body->indices))
      if (index.name == name)
        leaf = node;
    context.scopes.back()[index.name] = {Binding::Kind::Index, index.range,
                                         leaf};
  }
  Node *body = check(*rule.body, context);
  if (!body)
    return nullptr;
  Scalar element = body->type.element;
  if (rule.kind == RuleDecl::Kind::Mask) {
    if (body->type == Type::scalar(Scalar::Bool))
      return body;
    error(rule.body->range,
          describe(rule) + " must give a bool, got " + body->type.str());
    return nullptr;
  }
  if (!body->type.isScalar() || !isNumber(element)) {
    error(rule.body->range,
          describe(rule) + " must give a number, got " + body->type.str());
    return nullptr;
  }
  Scalar expected = frame.score->type.element;
  if (isInteger(element) || body->weak)
    return adapt(body, expected);
  if (element == expected || element == Scalar::Number ||
      expected == Scalar::Number)
    return body;
  error(rule.body->range, describe(rule) + " must give " + stringify(expected) +
                              " as its score is, got " + stringify(element));
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Sums over an index
//===----------------------------------------------------------------------===//

bool Sema::checkFreshIndex(const Identifier &index, const Context &context) {
  bool isBound = lookUp(index.name, context);
  bool isPosition =
      llvm::is_contained(indexNames, index.name) || index.name == "s";
  bool isSize = llvm::is_contained(sizeNames, index.name);
  if (isBound || (!isPosition && !isSize))
    return checkFresh(index, context);
  error(index.range,
        "'" + Twine(index.name) +
            (isSize ? "' is the size of an axis" : "' is an index of rules") +
            "; a name is bound once");
  return false;
}

Node *Sema::checkBound(const ReduceExpr &expr, Context &context) {
  Node *bound = check(*expr.bound, context);
  if (!bound)
    return nullptr;
  Scalar element = bound->type.element;
  if (bound->type.isScalar() &&
      (isInteger(element) || element == Scalar::Number))
    return adapt(bound, Scalar::Index);
  DiagnosticBuilder builder = error(
      expr.bound->range, "the number of values of '" + Twine(expr.index.name) +
                             "' must be an integer, got " + bound->type.str());
  const auto *binary = llvm::dyn_cast<BinaryExpr>(expr.bound.get());
  if (binary && binary->op == BinaryOp::Div)
    builder.hint("integer division is 'div'");
  return nullptr;
}

Node *Sema::checkReduce(const ReduceExpr &expr, Context &context) {
  std::string what = "'" + expr.callee.name + "'";
  if (!context.rule) {
    error(expr.range, what + " over an index is for rules only");
    return nullptr;
  }
  Node *bound = checkBound(expr, context);
  if (!checkFreshIndex(expr.index, context) || !bound)
    return nullptr;
  Node *index = make(Node::Kind::RuleIndex, Type::scalar(Scalar::Index),
                     expr.index.range);
  if (std::optional<Dim> size = asDim(bound)) {
    index->dim = std::move(*size);
    index->flag = true;
  }
  context.scopes.emplace_back();
  context.scopes.back()[expr.index.name] = {Binding::Kind::Index,
                                            expr.index.range, index};
  Node *body = check(*expr.body, context);
  context.scopes.pop_back();
  if (!body || !requireArray(body, what, expr.body->range, context))
    return nullptr;
  if (!isNumber(body->type.element)) {
    error(expr.body->range, what + " expects numbers, got " + body->type.str());
    return nullptr;
  }
  Node *node =
      make(Node::Kind::Accumulate, body->type, expr.range, {bound, body});
  node->op = llvm::StringSwitch<Op>(expr.callee.name)
                 .Case("sum", Op::Sum)
                 .Case("max", Op::Max)
                 .Default(Op::Min);
  node->carry = index;
  if (body->weak)
    markWeak(node);
  return node;
}

//===----------------------------------------------------------------------===//
// Use in a function
//===----------------------------------------------------------------------===//

std::vector<Dim> Sema::getRuleSizes(ArrayRef<Dim> shape) {
  size_t rank = shape.size();
  return {rank >= 3 ? shape[0] : Dim(1), rank == 4 ? shape[1] : Dim(1),
          shape[rank - 2], shape[rank - 1]};
}

/// The values that a rule reads from around it.
static void collectCaptures(const Node *rule, std::set<const Node *> &seen,
                            std::vector<Node *> &captures) {
  if (!seen.insert(rule).second)
    return;
  bool isRef = rule->kind == Node::Kind::RuleRef;
  for (auto [i, operand] : llvm::enumerate(rule->operands)) {
    if (!isRef && !(rule->kind == Node::Kind::RuleIf && i == 0)) {
      collectCaptures(operand, seen, captures);
      continue;
    }
    switch (operand->kind) {
    case Node::Kind::IntLiteral:
    case Node::Kind::FloatLiteral:
    case Node::Kind::BoolLiteral:
    case Node::Kind::Size:
      continue;
    default:
      if (!llvm::is_contained(captures, operand))
        captures.push_back(operand);
    }
  }
}

bool Sema::instantiate(Node *rule, ArrayRef<Dim> sizes, Scalar element,
                       RuleBody &body, SourceRange range, Context &context) {
  for (Node *&index : body.indices)
    index = make(Node::Kind::RuleIndex, Type::scalar(Scalar::Index), range);
  body.score = make(Node::Kind::RuleIndex, Type::scalar(element), range);
  RuleSite site;
  llvm::copy(sizes, site.sizes);
  site.isUse = true;
  site.body = &body;
  Node *score = rule->type.kind == Type::Kind::Score ? body.score : nullptr;
  body.body = expand(rule, site, score, context);
  std::set<const Node *> seen;
  if (body.body)
    collectCaptures(rule, seen, body.captures);
  return body.body;
}

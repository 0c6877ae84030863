//===- SemaExpr.cpp - Names, operators and blocks ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

static StringRef spell(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return "'or'";
  case BinaryOp::And:
    return "'and'";
  case BinaryOp::Eq:
    return "'=='";
  case BinaryOp::Ne:
    return "'!='";
  case BinaryOp::Lt:
    return "'<'";
  case BinaryOp::Le:
    return "'<='";
  case BinaryOp::Gt:
    return "'>'";
  case BinaryOp::Ge:
    return "'>='";
  case BinaryOp::Add:
    return "'+'";
  case BinaryOp::Sub:
    return "'-'";
  case BinaryOp::Mul:
    return "'*'";
  case BinaryOp::Div:
    return "'/'";
  case BinaryOp::FloorDiv:
    return "'div'";
  case BinaryOp::Mod:
    return "'%'";
  case BinaryOp::MatMul:
    return "'@'";
  case BinaryOp::Pow:
    return "'^'";
  }
  return "";
}

static Op toOp(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return Op::Or;
  case BinaryOp::And:
    return Op::And;
  case BinaryOp::Eq:
    return Op::Eq;
  case BinaryOp::Ne:
    return Op::Ne;
  case BinaryOp::Lt:
    return Op::Lt;
  case BinaryOp::Le:
    return Op::Le;
  case BinaryOp::Gt:
    return Op::Gt;
  case BinaryOp::Ge:
    return Op::Ge;
  case BinaryOp::Add:
    return Op::Add;
  case BinaryOp::Sub:
    return Op::Sub;
  case BinaryOp::Mul:
    return Op::Mul;
  case BinaryOp::Div:
    return Op::Div;
  case BinaryOp::FloorDiv:
    return Op::FloorDiv;
  case BinaryOp::Mod:
    return Op::Mod;
  default:
    return Op::Pow;
  }
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

const Binding *Sema::lookUp(StringRef name, const Context &context) {
  for (const Scope &scope : llvm::reverse(context.scopes))
    if (auto it = scope.find(name.str()); it != scope.end())
      return &it->second;
  return nullptr;
}

bool Sema::checkFresh(const Identifier &name, const Context &context) {
  if (const Binding *binding = lookUp(name.name, context)) {
    bool isDim = binding->kind == Binding::Kind::Dimension;
    error(name.range, (isDim ? "'" + Twine(name.name) + "' is a dimension"
                             : "'" + Twine(name.name) + "' is bound already") +
                          "; a name is bound once")
        .note(binding->range, "'" + Twine(name.name) + "' is bound here");
    return false;
  }
  if (const Declaration *other = findDeclaration(name.name, name.range)) {
    error(name.range,
          "'" + Twine(name.name) + "' is the name of a " + other->what)
        .note(other->range, "'" + Twine(name.name) + "' is declared here");
    return false;
  }
  return true;
}

void Sema::noteOperand(DiagnosticBuilder &builder, StringRef what,
                       const Expr &expr, const Type &type,
                       const Context &context) {
  if (const auto *name = llvm::dyn_cast<NameExpr>(&expr))
    if (const Binding *binding = lookUp(name->name, context)) {
      builder.note(binding->range, what + Twine(" '") + name->name +
                                       "' has type " + type.str() +
                                       ", declared here");
      return;
    }
  builder.note(expr.range, what + Twine(" has type ") + type.str());
}

Node *Sema::reportUnlistedIndex(const NameExpr &expr, const RuleDecl &rule) {
  StringRef kind = rule.kind == RuleDecl::Kind::Mask ? "mask" : "score";
  if (expr.name == "s") {
    error(expr.range,
          "mask '" + Twine(rule.name.name) + "' cannot use the score 's'");
    return nullptr;
  }
  std::string list;
  for (const Identifier &index : rule.indices)
    list += (list.empty() ? "" : ", ") + index.name;
  error(expr.range, kind + Twine(" '") + rule.name.name + "' uses index '" +
                        expr.name + "', but its list names only (" + list + ")")
      .note(rule.indices.empty() ? rule.name.range : rule.indices.front().range,
            "the list is here");
  return nullptr;
}

Node *Sema::reportUnknown(const NameExpr &expr, Context &context) {
  if (!context.unknown.insert(expr.name).second)
    return nullptr;
  std::vector<StringRef> names;
  for (const Scope &scope : context.scopes)
    for (const auto &[name, binding] : scope)
      names.push_back(name);
  for (const auto &[name, declaration] : declarations)
    if (declaration.rule)
      names.push_back(name);
  error(expr.range, "unknown name '" + Twine(expr.name) + "'")
      .didYouMean(suggest(expr.name, names));
  return nullptr;
}

Node *Sema::checkName(const NameExpr &expr, Context &context) {
  if (const Binding *binding = lookUp(expr.name, context)) {
    if (binding->kind == Binding::Kind::Layer)
      error(expr.range, "'" + Twine(expr.name) + "' is a layer, not a value")
          .note(binding->range, "'" + Twine(expr.name) + "' is declared here");
    return binding->node;
  }
  RuleFrame *frame = context.rule;
  if (frame) {
    static constexpr StringRef sizes[] = {"B", "H", "Tq", "Tk"};
    if (auto it = llvm::find(sizes, expr.name); it != std::end(sizes)) {
      Node *size =
          make(Node::Kind::Size, Type::scalar(Scalar::Index), expr.range);
      size->dim = frame->site->sizes[it - std::begin(sizes)];
      return size;
    }
    if (llvm::is_contained({"b", "h", "q", "k", "s"}, expr.name))
      return context.unknown.insert(expr.name).second
                 ? reportUnlistedIndex(expr, *frame->decl)
                 : nullptr;
  }
  const Declaration *declaration = findDeclaration(expr.name, expr.range);
  if (!declaration) {
    if (!getBuiltins().count(expr.name))
      return reportUnknown(expr, context);
    error(expr.range, "'" + Twine(expr.name) + "' is a function, not a value");
    return nullptr;
  }
  if (!declaration->rule) {
    error(expr.range, "'" + Twine(expr.name) + "' is a " + declaration->what +
                          ", not a value")
        .note(declaration->range,
              "'" + Twine(expr.name) + "' is declared here");
    return nullptr;
  }
  const RuleDecl &rule = *declaration->rule;
  if (rules[&rule].state == RuleInfo::State::Failed)
    return nullptr;
  if (rule.hasParams) {
    std::string call = expr.name + "(";
    for (const RuleParam &param : rule.params)
      call += (&param == &rule.params.front() ? "" : ", ") + param.name.name;
    error(expr.range, declaration->what + Twine(" '") + expr.name +
                          "' needs its parameters: " + call + ")")
        .note(rule.name.range, "'" + Twine(expr.name) + "' is declared here");
    return nullptr;
  }
  Node *ref = makeRuleRef(rule, {}, {}, expr.range);
  if (!frame || rule.kind == RuleDecl::Kind::Score)
    return ref;
  return expand(ref, *frame->site, nullptr, context);
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Node *Sema::check(const Expr &expr, Context &context) {
  auto restore = llvm::scope_exit([this] { --depth; });
  if (++depth > maxDepth) {
    error(expr.range, "expression is nested too deeply");
    return nullptr;
  }
  switch (expr.getKind()) {
  case Expr::Kind::IntLiteral: {
    Node *node =
        make(Node::Kind::IntLiteral, Type::scalar(Scalar::I64), expr.range);
    node->integer = llvm::cast<IntLiteral>(expr).value;
    node->weak = true;
    return node;
  }
  case Expr::Kind::FloatLiteral: {
    Node *node =
        make(Node::Kind::FloatLiteral, Type::scalar(Scalar::F32), expr.range);
    node->spelling = llvm::cast<FloatLiteral>(expr).spelling;
    node->weak = true;
    return node;
  }
  case Expr::Kind::BoolLiteral: {
    Node *node =
        make(Node::Kind::BoolLiteral, Type::scalar(Scalar::Bool), expr.range);
    node->flag = llvm::cast<BoolLiteral>(expr).value;
    return node;
  }
  case Expr::Kind::Name:
    return checkName(llvm::cast<NameExpr>(expr), context);
  case Expr::Kind::Unary:
    return checkUnary(llvm::cast<UnaryExpr>(expr), context);
  case Expr::Kind::Binary:
    return checkBinary(llvm::cast<BinaryExpr>(expr), context);
  case Expr::Kind::Call:
    return checkCall(llvm::cast<CallExpr>(expr), context);
  case Expr::Kind::Reduce:
    return checkReduce(llvm::cast<ReduceExpr>(expr), context);
  case Expr::Kind::Index:
    return checkIndex(llvm::cast<IndexExpr>(expr), context);
  case Expr::Kind::Member:
    return checkMember(llvm::cast<MemberExpr>(expr), context);
  case Expr::Kind::Tuple:
    return checkTuple(llvm::cast<TupleExpr>(expr), context);
  case Expr::Kind::If:
    return checkIf(llvm::cast<IfExpr>(expr), context);
  case Expr::Kind::Cast: {
    const auto &conversion = llvm::cast<CastExpr>(expr);
    Node *operand = check(*conversion.operand, context);
    Scalar element = toScalar(conversion.dtype);
    std::string what = "'" + stringify(element).str() + "'";
    if (!operand || !requireArray(operand, what, expr.range, context))
      return nullptr;
    bool adapts = operand->weak && element != Scalar::Bool &&
                  (isInteger(operand->type.element) || isFloat(element));
    Node *node = adapts ? adapt(operand, element) : cast(operand, element);
    if (!node->weak)
      return node;
    // What was converted keeps its type.
    result.nodes.push_back(*node);
    node = &result.nodes.back();
    node->weak = false;
    return node;
  }
  }
  return nullptr;
}

Node *Sema::checkUnary(const UnaryExpr &expr, Context &context) {
  Node *operand = check(*expr.operand, context);
  if (!operand)
    return nullptr;
  switch (expr.op) {
  case UnaryOp::Not:
    if (operand->type.kind == Type::Kind::Mask)
      return make(Node::Kind::RuleNot, operand->type, expr.range, {operand});
    return makeUnary(Op::Not, operand, "'not'", expr.range, context);
  case UnaryOp::Transpose:
    if (context.rule) {
      error(expr.range, "a rule computes with numbers, it cannot transpose");
      return nullptr;
    }
    if (!operand->type.isTensor() || operand->type.getRank() < 2) {
      error(expr.range,
            "a transpose needs at least 2 axes, got " + operand->type.str());
      return nullptr;
    }
    return makeTranspose(operand, {}, expr.range);
  case UnaryOp::Neg:
    break;
  }
  if (operand->kind == Node::Kind::FloatLiteral && operand->weak) {
    result.nodes.push_back(*operand);
    Node *literal = &result.nodes.back();
    literal->flag = !literal->flag;
    literal->range = expr.range;
    return literal;
  }
  if (isIntegerScalar(operand)) {
    Node *zero =
        make(Node::Kind::IntLiteral, Type::scalar(Scalar::I64), expr.range);
    if (Node *folded = foldInteger(Op::Sub, zero, operand, expr.range))
      return folded;
  }
  return makeUnary(Op::Neg, operand, "'-'", expr.range, context);
}

Node *Sema::checkComparison(const BinaryExpr &expr, Context &context,
                            Node *&rhs) {
  Node *before = nullptr, *lhs = nullptr;
  if (expr.chainedTo)
    before = checkComparison(*expr.chainedTo, context, lhs);
  else
    lhs = check(*expr.lhs, context);
  rhs = check(*expr.rhs, context);
  if (!lhs || !rhs || (expr.chainedTo && !before))
    return nullptr;
  Node *link = makeBinary(toOp(expr.op), lhs, rhs, spell(expr.op), expr.range,
                          expr.opRange, context);
  if (!before || !link)
    return link;
  return makeBinary(Op::And, before, link, "'and'", expr.range, expr.opRange,
                    context);
}

Node *Sema::checkBinary(const BinaryExpr &expr, Context &context) {
  if (isComparison(toOp(expr.op))) {
    Node *rhs = nullptr;
    return checkComparison(expr, context, rhs);
  }
  Node *lhs = check(*expr.lhs, context);
  Node *rhs = check(*expr.rhs, context);
  if (!lhs || !rhs)
    return nullptr;
  if (expr.op == BinaryOp::And || expr.op == BinaryOp::Or) {
    bool isAnd = expr.op == BinaryOp::And;
    bool l = lhs->type.kind == Type::Kind::Mask;
    bool r = rhs->type.kind == Type::Kind::Mask;
    if (l && r)
      return make(isAnd ? Node::Kind::RuleAnd : Node::Kind::RuleOr, lhs->type,
                  expr.range, {lhs, rhs});
    if (l || r) {
      error(expr.opRange, spell(expr.op) + Twine(" cannot mix ") +
                              lhs->type.str() + " and " + rhs->type.str());
      return nullptr;
    }
  }
  if (expr.op == BinaryOp::MatMul)
    return checkMatMul(expr, lhs, rhs, context);
  if (expr.op == BinaryOp::Pow) {
    for (const Node *side : {lhs, rhs})
      if (!requireArray(side, "'^'", expr.opRange, context))
        return nullptr;
    return makePower(lhs, rhs, expr.range, expr.opRange, context);
  }
  return makeBinary(toOp(expr.op), lhs, rhs, spell(expr.op), expr.range,
                    expr.opRange, context);
}

Node *Sema::checkMatMul(const BinaryExpr &expr, Node *lhs, Node *rhs,
                        Context &context) {
  if (context.rule) {
    error(expr.opRange, "'@' multiplies tensors; a rule computes with numbers");
    return nullptr;
  }
  bool ok = true;
  for (auto [side, operand] :
       {std::pair(lhs, expr.lhs.get()), std::pair(rhs, expr.rhs.get())}) {
    if (side->type.isTensor() && side->type.getRank() >= 2)
      continue;
    error(operand->range,
          "'@' expects tensors with at least 2 axes, got " + side->type.str());
    ok = false;
  }
  if (!ok)
    return nullptr;
  if (!isFloat(lhs->type.element) || !isFloat(rhs->type.element)) {
    error(expr.opRange, "'@' expects floats, got " + lhs->type.str() + " and " +
                            rhs->type.str());
    return nullptr;
  }
  if (!unifyElements(lhs, rhs, "'@'", expr.opRange))
    return nullptr;
  const Dim &inner = lhs->type.shape.back();
  const Dim &outer = *(rhs->type.shape.end() - 2);
  if (inner != outer) {
    DiagnosticBuilder builder = error(
        expr.opRange, "'@' needs the last axis of the left side to match the "
                      "next-to-last axis of the right side: expected " +
                          inner.str() + ", got " + outer.str());
    noteOperand(builder, "the left side", *expr.lhs, lhs->type, context);
    noteOperand(builder, "the right side", *expr.rhs, rhs->type, context);
    return nullptr;
  }
  Type left = lhs->type, right = rhs->type;
  left.shape.resize(left.shape.size() - 2);
  right.shape.resize(right.shape.size() - 2);
  std::vector<Dim> shape;
  if (!broadcast({&left, &right}, "'@'", expr.opRange, context, shape))
    return nullptr;
  shape.push_back(*(lhs->type.shape.end() - 2));
  shape.push_back(rhs->type.shape.back());
  return make(Node::Kind::MatMul,
              Type::tensor(lhs->type.element, std::move(shape)), expr.opRange,
              {lhs, rhs});
}

Node *Sema::checkTuple(const TupleExpr &expr, Context &context) {
  std::vector<Node *> elements;
  std::vector<Type> types;
  bool ok = true;
  for (const ExprPtr &element : expr.elements) {
    Node *node = check(*element, context);
    if (node && !node->type.isArray()) {
      error(element->range,
            "a tuple holds scalars and tensors, got " +
                (node->type.isTuple() ? "a tuple" : node->type.str()));
      node = nullptr;
    }
    ok &= node != nullptr;
    if (!node)
      continue;
    // In a tuple a size is an i64.
    if (node->type.element == Scalar::Index)
      node = cast(node, Scalar::I64);
    elements.push_back(node);
    types.push_back(node->type);
  }
  if (ok && context.rule) {
    error(expr.range, "a rule computes with numbers, not with tuples");
    ok = false;
  }
  return ok ? make(Node::Kind::Tuple, Type::tuple(std::move(types)), expr.range,
                   std::move(elements))
            : nullptr;
}

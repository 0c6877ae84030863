//===- SemaConvert.cpp - Conversions, broadcasting, operators ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/Support/MathExtras.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

/// Numbers deeper than this keep their type, so that `adapt` stays shallow.
static constexpr unsigned maxWeakDepth = 200;

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

void Sema::markWeak(Node *node) {
  unsigned depth = 0;
  for (const Node *operand : node->operands)
    if (operand->weak)
      depth = std::max(depth, operand->weakDepth + 1);
  node->weakDepth = depth;
  node->weak = depth < maxWeakDepth;
}

Node *Sema::cast(Node *node, Scalar element) {
  if (node->type.element == element || element == Scalar::Number)
    return node;
  return make(Node::Kind::Cast, node->type.withElement(element), node->range,
              {node});
}

Node *Sema::adapt(Node *node, Scalar element) {
  if (node->type.element == element || element == Scalar::Number)
    return node;
  if (!node->weak)
    return cast(node, element);
  Node *&known = adapted[{node, element}];
  if (known)
    return known;

  bool isLiteral = node->kind == Node::Kind::IntLiteral ||
                   node->kind == Node::Kind::FloatLiteral;
  // Half precision is rounded once, at the end.
  if (!isLiteral && (element == Scalar::F16 || element == Scalar::BF16)) {
    Node *single = adapt(node, Scalar::F32);
    return adapted[{node, element}] = cast(single, element);
  }
  if (node->kind == Node::Kind::IntLiteral && element == Scalar::I32 &&
      !llvm::isInt<32>(node->integer))
    error(node->range,
          "expected a number that fits i32, got " + Twine(node->integer));
  result.nodes.push_back(*node);
  Node *copy = &result.nodes.back();
  copy->name = {};
  copy->type.element = element;
  // What chooses and what bounds a sum keeps its type.
  bool keepsFirst =
      node->kind == Node::Kind::Select || node->kind == Node::Kind::Accumulate;
  if (node->kind != Node::Kind::Cast)
    for (auto [i, operand] : llvm::enumerate(copy->operands))
      if (!keepsFirst || i != 0)
        operand = adapt(operand, element);
  return adapted[{node, element}] = copy;
}

Node *Sema::coerce(Node *node, const Type &type) {
  if (node->type.isTuple() && type.isTuple()) {
    if (node->type == type)
      return node;
    if (node->kind != Node::Kind::Tuple ||
        node->operands.size() != type.elements.size())
      return nullptr;
    std::vector<Node *> elements;
    for (auto [element, to] : llvm::zip_equal(node->operands, type.elements)) {
      Node *converted = coerce(element, to);
      if (!converted)
        return nullptr;
      elements.push_back(converted);
    }
    return make(Node::Kind::Tuple, type, node->range, std::move(elements));
  }
  if (node->type.kind != type.kind || node->type.shape != type.shape ||
      !node->type.isArray())
    return nullptr;
  Scalar from = node->type.element, to = type.element;
  if (from == to || from == Scalar::Number || to == Scalar::Number)
    return (from == Scalar::Bool) == (to == Scalar::Bool) ? node : nullptr;
  if (from == Scalar::Bool || to == Scalar::Bool)
    return nullptr;
  if (from == Scalar::Index && to != Scalar::I32)
    return cast(node, to);
  if (from == Scalar::I64 && to == Scalar::Index)
    return adapt(node, to);
  if (node->weak && (isInteger(from) || isFloat(to)))
    return adapt(node, to);
  return nullptr;
}

Node *Sema::toFloat(Node *node, StringRef what, SourceRange range) {
  Scalar element = node->type.element;
  if (isFloat(element) || element == Scalar::Number)
    return node;
  if (!node->type.isArray() || element == Scalar::Bool) {
    error(range, what + Twine(" expects numbers, got ") + node->type.str());
    return nullptr;
  }
  Node *converted = adapt(node, Scalar::F32);
  if (!converted->weak)
    markWeak(converted);
  return converted;
}

bool Sema::isIntegerScalar(const Node *node) const {
  return node->type.isScalar() && isInteger(node->type.element);
}

bool Sema::unifyElements(Node *&lhs, Node *&rhs, StringRef what,
                         SourceRange range) {
  Scalar l = lhs->type.element, r = rhs->type.element;
  if (l == r)
    return true;
  auto mismatch = [&] {
    DiagnosticBuilder builder =
        error(range, what + Twine(" cannot mix ") + lhs->type.str() + " and " +
                         rhs->type.str());
    if (isFloat(l) && isFloat(r))
      builder.hint("convert one side: " + Twine(stringify(l)) + "(...) or " +
                   stringify(r) + "(...)");
    return false;
  };
  if (l == Scalar::Bool || r == Scalar::Bool)
    return mismatch();
  if (l == Scalar::Number || r == Scalar::Number)
    return true;
  if (isFloat(l) && isFloat(r)) {
    if (lhs->weak)
      lhs = adapt(lhs, r);
    else if (rhs->weak)
      rhs = adapt(rhs, l);
    else
      return mismatch();
    return true;
  }
  if (isFloat(l) || isFloat(r)) {
    Node *&integer = isFloat(l) ? rhs : lhs;
    const Node *other = isFloat(l) ? lhs : rhs;
    integer = adapt(integer, other->type.element);
    // Beside a weak float an integer is no more fixed than it.
    if (other->weak && !integer->weak)
      markWeak(integer);
    return true;
  }
  Scalar common = Scalar::I64;
  if (lhs->weak)
    common = r;
  else if (rhs->weak)
    common = l;
  else if (lhs->type.isScalar() && rhs->type.isScalar() &&
           (l == Scalar::Index || r == Scalar::Index))
    common = Scalar::Index;
  // An index has no tensors.
  if (common == Scalar::Index && (lhs->type.isTensor() || rhs->type.isTensor()))
    common = Scalar::I64;
  lhs = adapt(lhs, common);
  rhs = adapt(rhs, common);
  return true;
}

bool Sema::broadcast(ArrayRef<const Type *> types, StringRef what,
                     SourceRange range, const Context &context,
                     std::vector<Dim> &shape) {
  size_t rank = 0;
  for (const Type *type : types)
    rank = std::max(rank, type->shape.size());
  shape.assign(rank, Dim(1));
  // Which type an extent comes from, for the message.
  std::vector<const Type *> origin(rank, types.front());
  for (const Type *type : types) {
    size_t offset = rank - type->shape.size();
    for (auto [i, extent] : llvm::enumerate(type->shape)) {
      Dim &common = shape[offset + i];
      if (extent.isConstant(1) || extent == common)
        continue;
      if (common.isConstant(1)) {
        common = extent;
        origin[offset + i] = type;
        continue;
      }
      DiagnosticBuilder builder = error(
          range, what + Twine(" cannot combine ") + origin[offset + i]->str() +
                     " and " + type->str() + ": expected " + common.str() +
                     ", got " + extent.str());
      noteDims(builder, {common, extent}, context);
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

bool Sema::requireArray(const Node *node, StringRef what, SourceRange range,
                        const Context &context, StringRef expected) {
  if (!node->type.isArray()) {
    error(range,
          what + Twine(" expects ") + expected + ", got " + node->type.str());
    return false;
  }
  if (context.rule && node->type.isTensor()) {
    DiagnosticBuilder builder =
        error(range, what + Twine(" expects a number in a rule, got ") +
                         node->type.str());
    if (!node->name.name.empty())
      builder.hint("read one element: " + Twine(node->name.name) + "[...]");
    return false;
  }
  return true;
}

Node *Sema::makeUnary(Op op, Node *operand, StringRef what, SourceRange range,
                      const Context &context) {
  if (!requireArray(operand, what, range, context,
                    op == Op::Not ? "bool" : "numbers"))
    return nullptr;
  Scalar element = operand->type.element;
  if (op == Op::Not) {
    if (element != Scalar::Bool) {
      error(range, what + Twine(" expects bool, got ") + operand->type.str());
      return nullptr;
    }
  } else if (op == Op::Neg || op == Op::Abs) {
    if (element == Scalar::Bool) {
      error(range,
            what + Twine(" expects numbers, got ") + operand->type.str());
      return nullptr;
    }
  } else {
    operand = toFloat(operand, what, range);
    if (!operand)
      return nullptr;
  }
  Node *node = make(Node::Kind::Unary, operand->type, range, {operand});
  node->op = op;
  if (operand->weak)
    markWeak(node);
  return node;
}

Node *Sema::foldInteger(Op op, Node *lhs, Node *rhs, SourceRange range) {
  std::optional<Dim> l = asDim(lhs), r = asDim(rhs);
  if (!l || !r)
    return nullptr;
  std::optional<Dim> value;
  switch (op) {
  case Op::Add:
    value = Dim::add(*l, *r);
    break;
  case Op::Sub:
    value = Dim::sub(*l, *r);
    break;
  case Op::Mul:
    value = Dim::mul(*l, *r);
    break;
  case Op::FloorDiv:
    value = Dim::floorDiv(*l, *r);
    break;
  case Op::Mod:
    value = Dim::mod(*l, *r);
    break;
  default:
    return nullptr;
  }
  if (!value)
    return nullptr;
  if (lhs->kind == Node::Kind::IntLiteral &&
      rhs->kind == Node::Kind::IntLiteral) {
    Node *literal =
        make(Node::Kind::IntLiteral, Type::scalar(Scalar::I64), range);
    literal->integer = *value->getConstant();
    literal->weak = true;
    return literal;
  }
  Node *size = make(Node::Kind::Size, Type::scalar(Scalar::Index), range);
  size->dim = std::move(*value);
  return size;
}

Node *Sema::makePower(Node *lhs, Node *rhs, SourceRange range,
                      SourceRange opRange, Context &context) {
  // An integer to the power of a literal is a product of integers.
  if (isInteger(lhs->type.element) && rhs->kind == Node::Kind::IntLiteral &&
      rhs->integer >= 0 && rhs->integer < 64) {
    Node *power =
        make(Node::Kind::IntLiteral, Type::scalar(Scalar::I64), opRange);
    power->integer = 1;
    power->weak = true;
    for (int64_t i = 0; i < rhs->integer; ++i) {
      power = i == 0 ? lhs
                     : makeBinary(Op::Mul, power, lhs, "'^'", range, opRange,
                                  context);
      if (!power)
        return nullptr;
    }
    return power;
  }
  lhs = toFloat(lhs, "'^'", range);
  rhs = lhs ? toFloat(rhs, "'^'", range) : nullptr;
  return rhs ? makeBinary(Op::Pow, lhs, rhs, "'^'", range, opRange, context)
             : nullptr;
}

/// An integer of a program's text, whatever type it has been given.
static bool isZero(const Node *node) {
  while (node->kind == Node::Kind::Cast && isInteger(node->type.element))
    node = node->operands[0];
  return (node->kind == Node::Kind::IntLiteral && node->integer == 0) ||
         (node->kind == Node::Kind::Size && node->dim.isConstant(0));
}

/// The element type of two that were unified. A number of any type stays one
/// beside an integer, and beside a literal, which takes its type.
static Scalar meetNumbers(const Node *lhs, const Node *rhs) {
  if (lhs->type.element != Scalar::Number)
    std::swap(lhs, rhs);
  Scalar other = rhs->type.element;
  return lhs->type.element == Scalar::Number && (isInteger(other) || rhs->weak)
             ? Scalar::Number
             : other;
}

Node *Sema::makeBinary(Op op, Node *lhs, Node *rhs, StringRef what,
                       SourceRange range, SourceRange opRange,
                       Context &context) {
  bool isLogic = op == Op::And || op == Op::Or;
  StringRef expected = isLogic ? "bool" : "numbers";
  if (!requireArray(lhs, what, opRange, context, expected) ||
      !requireArray(rhs, what, opRange, context, expected))
    return nullptr;
  bool isEquality = op == Op::Eq || op == Op::Ne;
  for (const Node *side : {lhs, rhs}) {
    bool isBool = side->type.element == Scalar::Bool;
    if (isLogic ? !isBool : isBool && !isEquality) {
      error(opRange,
            what + Twine(" expects ") + expected + ", got " + side->type.str());
      return nullptr;
    }
  }
  if ((op == Op::FloorDiv || op == Op::Mod || op == Op::Div) &&
      isInteger(lhs->type.element) && isIntegerScalar(rhs) && isZero(rhs)) {
    error(opRange, what + Twine(" divides by zero"));
    return nullptr;
  }
  if (isIntegerScalar(lhs) && isIntegerScalar(rhs)) {
    if (Node *folded = foldInteger(op, lhs, rhs, opRange))
      return folded;
    if (lhs->kind == Node::Kind::IntLiteral &&
        rhs->kind == Node::Kind::IntLiteral &&
        (op == Op::Add || op == Op::Sub || op == Op::Mul ||
         op == Op::FloorDiv)) {
      error(opRange, "the result of " + what + " does not fit 64 bits");
      return nullptr;
    }
  }
  if (op == Op::Div) {
    // Two integers have a real quotient.
    bool integers =
        isInteger(lhs->type.element) && isInteger(rhs->type.element);
    lhs = integers ? toFloat(lhs, what, opRange) : lhs;
    rhs = integers ? toFloat(rhs, what, opRange) : rhs;
  }
  if (!unifyElements(lhs, rhs, what, opRange))
    return nullptr;
  std::vector<Dim> shape;
  if (!broadcast({&lhs->type, &rhs->type}, what, opRange, context, shape))
    return nullptr;
  Scalar element = meetNumbers(lhs, rhs);
  if (isComparison(op))
    element = Scalar::Bool;
  Node *node = make(Node::Kind::Binary, Type::tensor(element, std::move(shape)),
                    opRange, {lhs, rhs});
  node->op = op;
  if (lhs->weak && rhs->weak && !isComparison(op))
    markWeak(node);
  return node;
}

Node *Sema::makeSelect(Node *condition, Node *lhs, Node *rhs, SourceRange range,
                       SourceRange conditionRange, Context &context) {
  static constexpr StringRef conditions = "a bool or a mask as its condition";
  if (!requireArray(condition, "'where'", conditionRange, context,
                    conditions) ||
      !requireArray(lhs, "'where'", range, context) ||
      !requireArray(rhs, "'where'", range, context))
    return nullptr;
  if (condition->type.element != Scalar::Bool) {
    error(conditionRange, "'where' expects " + Twine(conditions) + ", got " +
                              condition->type.str());
    return nullptr;
  }
  if (!unifyElements(lhs, rhs, "'where'", range))
    return nullptr;
  std::vector<Dim> shape;
  if (!broadcast({&condition->type, &lhs->type, &rhs->type}, "'where'", range,
                 context, shape))
    return nullptr;
  // Tensors hold no indices.
  if (!shape.empty() && lhs->type.element == Scalar::Index) {
    lhs = adapt(lhs, Scalar::I64);
    rhs = adapt(rhs, Scalar::I64);
  }
  Scalar element = meetNumbers(lhs, rhs);
  Node *node = make(Node::Kind::Select, Type::tensor(element, std::move(shape)),
                    range, {condition, lhs, rhs});
  if (lhs->weak && rhs->weak)
    markWeak(node);
  return node;
}

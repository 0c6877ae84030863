//===- BuiltinsShape.cpp - Functions on shapes ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Order of axes
//===----------------------------------------------------------------------===//

Node *Sema::makeTranspose(Node *operand, std::vector<int64_t> permutation,
                          SourceRange range) {
  if (permutation.empty()) {
    permutation.resize(operand->type.shape.size());
    std::iota(permutation.begin(), permutation.end(), 0);
    std::swap(permutation.back(), permutation[permutation.size() - 2]);
  }
  std::vector<Dim> shape;
  for (int64_t axis : permutation)
    shape.push_back(operand->type.shape[axis]);
  Node *node = make(Node::Kind::Transpose,
                    Type::tensor(operand->type.element, std::move(shape)),
                    range, {operand});
  node->axes = std::move(permutation);
  return node;
}

Node *Sema::builtinTranspose(BuiltinCall &call, Context &context) {
  if (call.values.size() == 2) {
    error(call.call.range, "'transpose' expects 1 or 3 arguments, got 2");
    return nullptr;
  }
  bool swapsLast = call.values.size() == 1;
  if (!requireTensor(call, 0, swapsLast ? 2 : 1, INT64_MAX,
                     swapsLast ? "a tensor with at least 2 axes" : "a tensor",
                     context))
    return nullptr;
  if (swapsLast)
    return makeTranspose(call.values[0], {}, call.call.range);
  int64_t rank = call.values[0]->type.getRank();
  std::optional<int64_t> first =
      resolveAxis(*call.exprs[1], rank, "the axis", context);
  std::optional<int64_t> second =
      resolveAxis(*call.exprs[2], rank, "the axis", context);
  if (!first || !second)
    return nullptr;
  std::vector<int64_t> permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[*first], permutation[*second]);
  return makeTranspose(call.values[0], std::move(permutation), call.call.range);
}

Node *Sema::builtinPermute(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 1, INT64_MAX, "a tensor", context))
    return nullptr;
  int64_t rank = call.values[0]->type.getRank();
  if (static_cast<int64_t>(call.values.size()) != rank + 1) {
    error(call.call.range, "'permute' expects " + Twine(rank) + " axes for " +
                               call.values[0]->type.str() + ", got " +
                               Twine(call.values.size() - 1));
    return nullptr;
  }
  std::vector<int64_t> permutation;
  for (const Expr *expr : ArrayRef(call.exprs).drop_front()) {
    std::optional<int64_t> axis = resolveAxis(*expr, rank, "the axis", context);
    if (!axis)
      return nullptr;
    if (llvm::is_contained(permutation, *axis)) {
      error(expr->range, "'permute' names axis " + Twine(*axis) + " twice");
      return nullptr;
    }
    permutation.push_back(*axis);
  }
  return makeTranspose(call.values[0], std::move(permutation), call.call.range);
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static std::optional<Dim> getProduct(ArrayRef<Dim> shape) {
  std::optional<Dim> product = Dim(1);
  for (const Dim &dim : shape)
    product = product ? Dim::mul(*product, dim) : product;
  return product;
}

Node *Sema::makeReshape(Node *operand, std::vector<Dim> shape,
                        SourceRange range) {
  return make(Node::Kind::Reshape,
              Type::tensor(operand->type.element, std::move(shape)), range,
              {operand});
}

Node *Sema::builtinReshape(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 1, INT64_MAX, "a tensor", context))
    return nullptr;
  std::vector<Dim> shape;
  for (auto [node, expr] :
       llvm::drop_begin(llvm::zip_equal(call.values, call.exprs))) {
    std::optional<Dim> dim = requireDim(node, *expr, "a dimension", context);
    if (!dim)
      return nullptr;
    shape.push_back(std::move(*dim));
  }
  const Type &type = call.values[0]->type;
  std::optional<Dim> from = getProduct(type.shape), to = getProduct(shape);
  if (!from || !to) {
    reportTooLarge(call.call.range);
    return nullptr;
  }
  if (*from != *to) {
    DiagnosticBuilder builder =
        error(call.call.range, "'reshape' keeps the number of elements: "
                               "expected " +
                                   from->str() + ", got " + to->str());
    noteOperand(builder, "the tensor", *call.exprs[0], type, context);
    return nullptr;
  }
  return makeReshape(call.values[0], std::move(shape), call.call.range);
}

/// Rows of a table by their numbers: a score rule over the result that reads
/// the table and does not look at the score.
Node *Sema::builtinTake(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 2, 2, "[N, C]", context) ||
      !requireTensor(call, 1, 1, 3, "[T], [B, T] or [B, H, T]", context))
    return nullptr;
  Node *table = call.values[0], *numbers = call.values[1];
  Scalar element = table->type.element;
  if (!isFloat(element)) {
    error(call.exprs[0]->range,
          call.what() + " expects floats, got " + table->type.str());
    return nullptr;
  }
  if (!isInteger(numbers->type.element)) {
    error(call.exprs[1]->range,
          call.what() + " expects integers, got " + numbers->type.str());
    return nullptr;
  }
  SourceRange range = call.call.range;
  Condition condition;
  condition.kind = Condition::Kind::NotEmpty;
  condition.lhs = table->type.shape[0];
  condition.rhs = table->type.shape[1];
  for (const Dim &dim : numbers->type.shape)
    if (std::optional<Dim> product = Dim::mul(condition.rhs, dim))
      condition.rhs = std::move(*product);
  condition.subject = "the table of 'take'";
  condition.range = range;
  bool mayBeEmpty = table->type.shape[0].getConstant().value_or(0) <= 0;
  if (mayBeEmpty && !addCondition(std::move(condition), context))
    return nullptr;

  std::vector<Dim> shape = numbers->type.shape;
  shape.push_back(table->type.shape[1]);
  Node *zero = make(Node::Kind::FloatLiteral, Type::scalar(element), range);
  zero->spelling = "0.0";
  Node *empty =
      make(Node::Kind::Splat, Type::tensor(element, shape), range, {zero});
  Node *node = make(Node::Kind::Score, empty->type, range, {empty});
  RuleBody &body = node->score;
  for (Node *&index : body.indices)
    index = make(Node::Kind::RuleIndex, Type::scalar(Scalar::Index), range);
  body.score = make(Node::Kind::RuleIndex, Type::scalar(element), range);
  // The indices of the result's axes, the last of them k.
  static constexpr int first[] = {2, 0, 0}, second[] = {3, 2, 1};
  size_t rank = numbers->type.shape.size();
  std::vector<Node *> operands = {numbers, body.indices[first[rank - 1]]};
  if (rank > 1)
    operands.push_back(body.indices[second[rank - 1]]);
  if (rank > 2)
    operands.push_back(body.indices[2]);
  Node *number = make(Node::Kind::Read, Type::scalar(numbers->type.element),
                      range, operands);
  number->flags.assign(rank, false);
  body.body = make(Node::Kind::Read, Type::scalar(element), range,
                   {table, cast(number, Scalar::Index), body.indices[3]});
  body.body->flags = {true, false};
  body.captures = {numbers, table};
  return node;
}

Node *Sema::builtinRange(BuiltinCall &call, Context &context) {
  std::optional<Dim> size =
      requireDim(call.values[0], *call.exprs[0], "the size", context);
  if (!size)
    return nullptr;
  return make(Node::Kind::Range, Type::tensor(Scalar::I64, {*size}),
              call.call.range);
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

Node *Sema::builtinHeads(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 3, 3, "a tensor of shape [B, T, C]", context))
    return nullptr;
  std::optional<Dim> count = requireDim(call.values[1], *call.exprs[1],
                                        "the number of heads", context);
  if (!count)
    return nullptr;
  const std::vector<Dim> &shape = call.values[0]->type.shape;
  if (count->isConstant(0)) {
    error(call.exprs[1]->range, "the number of heads must be positive, got 0");
    return nullptr;
  }
  if (!requireDivisible(shape[2], *count, call.call.range, context))
    return nullptr;
  std::optional<Dim> width = Dim::exactDiv(shape[2], *count);
  if (!width) {
    reportTooLarge(call.call.range);
    return nullptr;
  }
  Node *parts = makeReshape(
      call.values[0], {shape[0], shape[1], *count, *width}, call.call.range);
  return makeTranspose(parts, {0, 2, 1, 3}, call.call.range);
}

Node *Sema::builtinMerge(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 4, 4, "a tensor of shape [B, H, T, D]", context))
    return nullptr;
  const std::vector<Dim> &shape = call.values[0]->type.shape;
  std::optional<Dim> width = Dim::mul(shape[1], shape[3]);
  if (!width) {
    reportTooLarge(call.call.range);
    return nullptr;
  }
  std::vector<Dim> merged = {shape[0], shape[2], *width};
  Node *swapped = makeTranspose(call.values[0], {0, 2, 1, 3}, call.call.range);
  return makeReshape(swapped, std::move(merged), call.call.range);
}

Node *Sema::builtinRepeatHeads(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 4, 4, "a tensor of shape [B, H, T, D]", context))
    return nullptr;
  std::optional<Dim> count = requireDim(call.values[1], *call.exprs[1],
                                        "the number of heads", context);
  if (!count)
    return nullptr;
  Type type = call.values[0]->type;
  if (!requireDivisible(*count, type.shape[1], call.call.range, context))
    return nullptr;
  type.shape[1] = std::move(*count);
  Node *node = make(Node::Kind::Repeat, std::move(type), call.call.range,
                    {call.values[0]});
  node->axes = {1};
  return node;
}

//===- BuiltinsParts.cpp - Parts of tensors ---------------------*- C++ -*-===//
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

/// A tuple of more parts than this is a mistake.
static constexpr int64_t maxParts = 1024;

/// Nothing in it is subtracted, so that it cannot be negative.
static bool isSum(const Dim &dim) {
  return llvm::all_of(dim.getTerms(),
                      [](const Dim::Term &term) { return term.numerator > 0; });
}

std::optional<std::vector<Dim>>
Sema::readParts(BuiltinCall &call, const Dim &size, Context &context) {
  const Expr &written = *call.exprs[1];
  const auto *tuple = llvm::dyn_cast<TupleExpr>(&written);
  if (!tuple) {
    error(written.range, "the sizes of the parts must be written out: (A, B)");
    return std::nullopt;
  }
  std::vector<Dim> parts;
  std::optional<Dim> sum = Dim(0);
  for (auto [node, expr] :
       llvm::zip_equal(call.values[1]->operands, tuple->elements)) {
    std::optional<Dim> part =
        requireDim(node, *expr, "the size of a part", context);
    if (!part)
      return std::nullopt;
    Condition condition;
    condition.kind = Condition::Kind::NotNegative;
    condition.lhs = *part;
    condition.range = expr->range;
    condition.written = condition.str();
    if (!isSum(*part) && !addCondition(std::move(condition), context))
      return std::nullopt;
    sum = sum ? Dim::add(*sum, *part) : sum;
    parts.push_back(std::move(*part));
  }
  if (!sum) {
    reportTooLarge(written.range);
    return std::nullopt;
  }
  if (*sum != size) {
    DiagnosticBuilder builder =
        error(written.range, "the parts of 'split' must add up to the axis: "
                             "expected " +
                                 size.str() + ", got " + sum->str());
    noteOperand(builder, "the tensor", *call.exprs[0], call.values[0]->type,
                context);
    return std::nullopt;
  }
  return parts;
}

Node *Sema::builtinSplit(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 1, INT64_MAX, "a tensor", context))
    return nullptr;
  Node *operand = call.values[0];
  bool isList = call.values[1]->type.isTuple();
  std::optional<int64_t> count =
      isList ? 1 : readConstant(*call.exprs[1], "the number of parts", context);
  std::optional<int64_t> axis =
      readAxis(call, operand->type.getRank(), -1, context);
  if (!count || !axis)
    return nullptr;
  if (*count < 1 || *count > maxParts) {
    error(call.exprs[1]->range, "the number of parts must be 1 to " +
                                    Twine(maxParts) + ", got " + Twine(*count));
    return nullptr;
  }
  const Dim &size = operand->type.shape[*axis];
  std::vector<Dim> sizes;
  if (isList) {
    std::optional<std::vector<Dim>> parts = readParts(call, size, context);
    if (!parts)
      return nullptr;
    sizes = std::move(*parts);
  } else {
    if (!requireDivisible(size, *count, call.call.range, context))
      return nullptr;
    std::optional<Dim> part = Dim::exactDiv(size, *count);
    if (!part) {
      reportTooLarge(call.call.range);
      return nullptr;
    }
    sizes.assign(*count, *part);
  }
  std::vector<Type> types;
  for (Dim &part : sizes) {
    types.push_back(operand->type);
    types.back().shape[*axis] = std::move(part);
  }
  Node *node = make(Node::Kind::Split, Type::tuple(std::move(types)),
                    call.call.range, {operand});
  node->axes = {*axis};
  return node;
}

Node *Sema::builtinConcat(BuiltinCall &call, Context &context) {
  for (unsigned i = 0; i < call.values.size(); ++i)
    if (!requireTensor(call, i, 1, INT64_MAX, "tensors", context))
      return nullptr;
  const Type &first = call.values[0]->type;
  std::optional<int64_t> axis =
      readAxis(call, first.getRank(), std::nullopt, context);
  if (!axis)
    return nullptr;
  Type type = first;
  for (unsigned i = 1; i < call.values.size(); ++i) {
    const Type &other = call.values[i]->type;
    Type expected = first;
    if (other.getRank() == first.getRank())
      expected.shape[*axis] = other.shape[*axis];
    if (other != expected) {
      DiagnosticBuilder builder = error(
          call.exprs[i]->range, "'concat' joins tensors that differ only "
                                "along axis " +
                                    Twine(*axis) + ": expected " +
                                    expected.str() + ", got " + other.str());
      noteOperand(builder, "the first one", *call.exprs[0], first, context);
      return nullptr;
    }
    std::optional<Dim> sum = Dim::add(type.shape[*axis], other.shape[*axis]);
    if (!sum) {
      reportTooLarge(call.call.range);
      return nullptr;
    }
    type.shape[*axis] = std::move(*sum);
  }
  Node *node =
      make(Node::Kind::Concat, std::move(type), call.call.range, call.values);
  node->axes = {*axis};
  return node;
}

//===- BuiltinsLinearAttention.cpp - linear_attention -----------*- C++ -*-===//
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

Node *Sema::checkLinearOperand(BuiltinCall &call, StringRef name,
                               llvm::ArrayRef<Type> expected,
                               Context &context) {
  const Expr &expr = *call.named.at(name.str())->value;
  Node *node = check(expr, context);
  if (!node)
    return nullptr;
  for (const Type &type : expected) {
    // An integer is as good as a float here.
    Node *converted = type.isScalar() && isIntegerScalar(node)
                          ? adapt(node, type.element)
                          : coerce(node, type);
    if (converted)
      return converted;
  }
  std::string shapes;
  for (auto [i, type] : llvm::enumerate(expected)) {
    if (i > 0)
      shapes += i + 1 == expected.size() ? " or " : ", ";
    shapes += type.str();
  }
  DiagnosticBuilder builder =
      error(expr.range, "'" + Twine(name) + "' of 'linear_attention' must be " +
                            shapes + ", got " + node->type.str());
  noteOperand(builder, "query", *call.exprs[0], call.values[0]->type, context);
  return nullptr;
}

Node *Sema::builtinLinearAttention(BuiltinCall &call, Context &context) {
  std::optional<bool> causal = readFlag(call, "causal", context);
  if (!causal || !checkAttentionShapes(call, context))
    return nullptr;
  const Type &query = call.values[0]->type, &key = call.values[1]->type,
             &value = call.values[2]->type;
  int64_t rank = query.getRank();
  for (StringRef name : {"decay", "state"})
    if (auto it = call.named.find(name.str());
        it != call.named.end() && !*causal) {
      DiagnosticBuilder builder =
          error(it->second->name->range,
                "'" + Twine(name) +
                    "' of 'linear_attention' needs an order of positions");
      if (!call.named.count("causal"))
        builder.hint("add 'causal: true'");
      return nullptr;
    }
  const Dim &queries = query.shape[rank - 2], &keys = key.shape[rank - 2];
  if (*causal && queries != keys) {
    DiagnosticBuilder builder =
        error(call.exprs[1]->range,
              "query and key disagree on sequence length with 'causal: true': "
              "expected " +
                  queries.str() + ", got " + keys.str());
    noteOperand(builder, "query", *call.exprs[0], query, context);
    noteOperand(builder, "key", *call.exprs[1], key, context);
    return nullptr;
  }

  Scalar accumulator = getAccumulator(query.element);
  Type output = query;
  output.shape.back() = value.shape.back();
  Type state = output.withElement(accumulator);
  state.shape[rank - 2] = query.shape.back();
  std::vector<Node *> operands = call.values;
  bool hasDecay = call.named.count("decay"),
       hasState = call.named.count("state"),
       hasScale = call.named.count("scale");
  if (hasDecay) {
    std::vector<Type> expected = {Type::scalar(accumulator)};
    if (rank == 4)
      expected.push_back(Type::tensor(accumulator, {query.shape[1]}));
    expected.push_back(Type::tensor(
        accumulator, {query.shape.begin(), query.shape.end() - 1}));
    operands.push_back(checkLinearOperand(call, "decay", expected, context));
  }
  if (hasState)
    operands.push_back(checkLinearOperand(call, "state", state, context));
  if (hasScale)
    operands.push_back(
        checkLinearOperand(call, "scale", Type::scalar(accumulator), context));
  if (llvm::is_contained(operands, nullptr))
    return nullptr;

  Type type = hasState ? Type::tuple({output, state}) : output;
  Node *node = make(Node::Kind::LinearAttention, std::move(type),
                    call.call.range, std::move(operands));
  node->flags = {*causal, hasDecay, hasState, hasScale};
  return node;
}

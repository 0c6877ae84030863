//===- BuiltinsWeights.cpp - What looks at weights --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

using namespace attn::frontend;
using llvm::StringRef;
using llvm::Twine;

static constexpr int64_t maxTopKeys = 1024;

Node *Sema::builtinTopKeys(BuiltinCall &call, Context &context) {
  std::map<std::string, Node *> named;
  bool ok = checkAttentionValues(call, named, context);
  auto count = call.named.find("count");
  if (count == call.named.end()) {
    error(call.call.range, "'top_keys' needs the argument 'count'");
    return nullptr;
  }
  // The keys stand for the values too, which there are none of.
  call.exprs.push_back(call.exprs[1]);
  call.values.push_back(call.values[1]);
  if (!checkAttentionShapes(call, context) || !ok)
    return nullptr;
  call.exprs.pop_back();
  call.values.pop_back();
  const Expr &expr = *count->second->value;
  std::optional<int64_t> number = readConstant(expr, "'count'", context);
  if (!number)
    return nullptr;
  if (*number < 1 || *number > maxTopKeys) {
    error(expr.range, "'count' must be 1 to " + Twine(maxTopKeys) + ", got " +
                          Twine(*number));
    return nullptr;
  }

  const Type &query = call.values[0]->type, &key = call.values[1]->type;
  Scalar accumulator = getAccumulator(query.element);
  std::vector<Dim> shape = query.shape;
  shape.back() = Dim(*number);
  Node *scale = toScoreNumber(call, "scale", named["scale"], accumulator);
  if (named["scale"] && !scale)
    return nullptr;
  if (scale)
    call.values.push_back(scale);
  Node *node = make(Node::Kind::TopKeys,
                    Type::tuple({Type::tensor(Scalar::I32, shape),
                                 Type::tensor(accumulator, shape)}),
                    call.call.range, call.values);
  node->integer = *number;
  node->attention.scale = scale;
  std::vector<Dim> sizes = getRuleSizes(query.shape);
  sizes[3] = key.shape[key.shape.size() - 2];
  for (auto [name, body] :
       {std::pair("mask", &node->mask), std::pair("score", &node->score)})
    if (Node *rule = named[name])
      ok &= instantiate(rule, sizes, accumulator, *body, call.call.range,
                        context);
  return ok ? node : nullptr;
}

Node *Sema::builtinValidate(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 1, 4, "a tensor of weights of 1 to 4 axes",
                     context))
    return nullptr;
  Node *operand = call.values[0];
  if (!isFloat(operand->type.element)) {
    error(call.exprs[0]->range,
          call.what() + " expects floats, got " + operand->type.str());
    return nullptr;
  }
  return make(Node::Kind::Validate, operand->type, call.call.range, {operand});
}

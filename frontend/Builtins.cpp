//===- Builtins.cpp - The functions of the language -------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

static constexpr unsigned any = ~0u;

const std::map<std::string, Sema::BuiltinSpec> &Sema::getBuiltins() {
  static const std::map<std::string, BuiltinSpec> builtins = [] {
    std::map<std::string, BuiltinSpec> table;
    for (const char *name :
         {"exp", "exp2", "log", "log2", "tanh", "sqrt", "rsqrt", "sin", "cos",
          "abs", "sigmoid", "erf", "floor", "ceil"})
      table[name] = {&Sema::builtinElementwise, 1, 1, {}, true};
    for (const char *name : {"max", "min"})
      table[name] = {&Sema::builtinMinMax, 1, 2, {"axis", "keep"}, true};
    for (const char *name : {"sum", "mean"})
      table[name] = {&Sema::builtinReduce, 1, 1, {"axis", "keep"}};
    table["softmax"] = {&Sema::builtinSoftmax, 1, 1, {"axis"}};
    table["where"] = {&Sema::builtinWhere, 3, 3, {}, true};
    table["transpose"] = {&Sema::builtinTranspose, 1, 3, {}};
    table["permute"] = {&Sema::builtinPermute, 2, any, {}};
    table["reshape"] = {&Sema::builtinReshape, 2, any, {}};
    table["split"] = {&Sema::builtinSplit, 2, 2, {"axis"}};
    table["concat"] = {&Sema::builtinConcat, 1, any, {"axis"}};
    table["heads"] = {&Sema::builtinHeads, 2, 2, {}};
    table["merge"] = {&Sema::builtinMerge, 1, 1, {}};
    table["repeat_heads"] = {&Sema::builtinRepeatHeads, 2, 2, {}};
    table["take"] = {&Sema::builtinTake, 2, 2, {}};
    table["range"] = {&Sema::builtinRange, 1, 1, {}};
    table["attention"] = {&Sema::builtinAttention,
                          3,
                          3,
                          {"mask", "score", "scale", "normalize", "sink",
                           "dropout", "seed", "return"}};
    table["linear_attention"] = {&Sema::builtinLinearAttention,
                                 3,
                                 3,
                                 {"causal", "decay", "state", "scale"}};
    table["top_keys"] = {
        &Sema::builtinTopKeys, 2, 2, {"count", "mask", "score", "scale"}};
    table["validate"] = {&Sema::builtinValidate, 1, 1, {}};
    return table;
  }();
  return builtins;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static std::string printCount(unsigned min, unsigned max) {
  std::string text = std::to_string(min);
  if (max == any)
    text = "at least " + text;
  else if (max == min + 1)
    text += " or " + std::to_string(max);
  else if (max != min)
    text += " to " + std::to_string(max);
  return text + (min == 1 && max == 1 ? " argument" : " arguments");
}

Node *Sema::checkBuiltin(const CallExpr &expr, StringRef name,
                         const BuiltinSpec &spec, Context &context) {
  BuiltinCall call{expr, name.str(), {}, {}, {}};
  if (context.rule && !spec.inRules) {
    error(expr.range,
          call.what() + " works on tensors; a rule computes with numbers");
    return nullptr;
  }
  bool ok = true;
  for (const Argument &argument : expr.args) {
    if (!argument.name) {
      call.exprs.push_back(argument.value.get());
      continue;
    }
    if (!llvm::is_contained(spec.named, StringRef(argument.name->name))) {
      error(argument.name->range,
            call.what() + " has no argument '" + argument.name->name +
                "'; it has " +
                (spec.named.empty() ? "none with a name"
                                    : llvm::join(spec.named, ", ")))
          .didYouMean(suggest(argument.name->name, spec.named));
      ok = false;
    } else if (!call.named.emplace(argument.name->name, &argument).second) {
      error(argument.name->range,
            "argument '" + Twine(argument.name->name) + "' is given twice");
      ok = false;
    }
  }
  size_t count = call.exprs.size();
  if (ok && (count < spec.minArgs || count > spec.maxArgs)) {
    DiagnosticBuilder builder =
        error(expr.range, call.what() + " expects " +
                              printCount(spec.minArgs, spec.maxArgs) +
                              ", got " + Twine(count));
    if (count == spec.maxArgs + 1 && spec.named.size() == 1)
      builder.hint("name the last argument: '" + Twine(spec.named[0]) +
                   ": ...'");
    ok = false;
  }
  for (const Expr *value : call.exprs) {
    call.values.push_back(check(*value, context));
    ok &= call.values.back() != nullptr;
  }
  return ok ? (this->*spec.check)(call, context) : nullptr;
}

std::optional<int64_t> Sema::readConstant(const Expr &expr, StringRef what,
                                          Context &context) {
  Node *node = check(expr, context);
  if (!node)
    return std::nullopt;
  std::optional<Dim> dim = asDim(node);
  std::optional<int64_t> value = dim ? dim->getConstant() : std::nullopt;
  if (!value)
    error(expr.range, what + Twine(" must be a literal integer, got ") +
                          (dim ? dim->str() : node->type.str()));
  return value;
}

std::optional<int64_t> Sema::resolveAxis(const Expr &expr, int64_t rank,
                                         StringRef what, Context &context) {
  std::optional<int64_t> axis = readConstant(expr, what, context);
  if (!axis)
    return std::nullopt;
  if (*axis < -rank || *axis >= rank) {
    error(expr.range, what + Twine(" is out of range: expected ") +
                          Twine(-rank) + " to " + Twine(rank - 1) + ", got " +
                          Twine(*axis));
    return std::nullopt;
  }
  return *axis < 0 ? *axis + rank : *axis;
}

std::optional<int64_t> Sema::readAxis(BuiltinCall &call, int64_t rank,
                                      std::optional<int64_t> fallback,
                                      Context &context) {
  auto it = call.named.find("axis");
  if (it != call.named.end())
    return resolveAxis(*it->second->value, rank, "'axis'", context);
  if (!fallback) {
    error(call.call.range, call.what() + " needs the argument 'axis'");
    return std::nullopt;
  }
  return *fallback < 0 ? *fallback + rank : *fallback;
}

std::optional<bool> Sema::readFlag(BuiltinCall &call, StringRef name,
                                   Context &context) {
  auto it = call.named.find(name.str());
  if (it == call.named.end())
    return false;
  const Expr &expr = *it->second->value;
  Node *node = check(expr, context);
  if (!node)
    return std::nullopt;
  if (node->kind != Node::Kind::BoolLiteral) {
    error(expr.range, "'" + Twine(name) + "' must be true or false, got " +
                          node->type.str());
    return std::nullopt;
  }
  return node->flag;
}

bool Sema::requireTensor(BuiltinCall &call, unsigned index, int64_t minRank,
                         int64_t maxRank, StringRef shape,
                         const Context &context) {
  const Type &type = call.values[index]->type;
  if (type.isTensor() && type.getRank() >= minRank && type.getRank() <= maxRank)
    return true;
  DiagnosticBuilder builder =
      error(call.exprs[index]->range,
            call.what() + " expects " + shape + ", got " + type.str());
  if (const auto *name = llvm::dyn_cast<NameExpr>(call.exprs[index]))
    if (const Binding *binding = lookUp(name->name, context))
      builder.note(binding->range,
                   "'" + Twine(name->name) + "' is declared here");
  return false;
}

//===----------------------------------------------------------------------===//
// Elementwise functions and reductions
//===----------------------------------------------------------------------===//

Node *Sema::builtinElementwise(BuiltinCall &call, Context &context) {
  Op op = llvm::StringSwitch<Op>(call.name)
              .Case("exp", Op::Exp)
              .Case("exp2", Op::Exp2)
              .Case("log", Op::Log)
              .Case("log2", Op::Log2)
              .Case("tanh", Op::Tanh)
              .Case("sqrt", Op::Sqrt)
              .Case("rsqrt", Op::Rsqrt)
              .Case("sin", Op::Sin)
              .Case("cos", Op::Cos)
              .Case("abs", Op::Abs)
              .Case("sigmoid", Op::Sigmoid)
              .Case("erf", Op::Erf)
              .Case("floor", Op::Floor)
              .Default(Op::Ceil);
  return makeUnary(op, call.values[0], call.what(), call.call.range, context);
}

Node *Sema::builtinMinMax(BuiltinCall &call, Context &context) {
  if (call.values.size() == 1) {
    if (!context.rule)
      return builtinReduce(call, context);
    error(call.call.range,
          call.what() + " expects 2 arguments in a rule, got 1");
    return nullptr;
  }
  for (const auto &[name, argument] : call.named) {
    error(argument->name->range, call.what() +
                                     " of two values has no "
                                     "argument '" +
                                     name + "'");
    return nullptr;
  }
  return makeBinary(call.name == "max" ? Op::Max : Op::Min, call.values[0],
                    call.values[1], call.what(), call.call.range,
                    call.call.range, context);
}

Node *Sema::builtinReduce(BuiltinCall &call, Context &context) {
  Op op = llvm::StringSwitch<Op>(call.name)
              .Case("sum", Op::Sum)
              .Case("mean", Op::Mean)
              .Case("max", Op::Max)
              .Default(Op::Min);
  if (!requireTensor(call, 0, 1, INT64_MAX, "a tensor", context))
    return nullptr;
  Node *operand = call.values[0];
  if (operand->type.element == Scalar::Bool) {
    error(call.exprs[0]->range,
          call.what() + " expects numbers, got " + operand->type.str());
    return nullptr;
  }
  if (op == Op::Mean)
    operand = toFloat(operand, call.what(), call.exprs[0]->range);
  std::optional<bool> keep = readFlag(call, "keep", context);
  int64_t rank = operand->type.getRank();
  std::vector<int64_t> axes;
  if (call.named.count("axis")) {
    std::optional<int64_t> axis = readAxis(call, rank, std::nullopt, context);
    if (!axis)
      return nullptr;
    axes.push_back(*axis);
  } else {
    for (int64_t axis = 0; axis < rank; ++axis)
      axes.push_back(axis);
  }
  if (!keep)
    return nullptr;
  std::vector<Dim> shape;
  for (auto [i, size] : llvm::enumerate(operand->type.shape)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      shape.push_back(size);
    else if (*keep)
      shape.push_back(Dim(1));
  }
  Node *node = make(Node::Kind::Reduce,
                    Type::tensor(operand->type.element, std::move(shape)),
                    call.call.range, {operand});
  node->op = op;
  node->axes = std::move(axes);
  node->flag = *keep;
  return node;
}

Node *Sema::builtinSoftmax(BuiltinCall &call, Context &context) {
  if (!requireTensor(call, 0, 1, INT64_MAX, "a tensor", context))
    return nullptr;
  Node *operand = call.values[0];
  if (!isFloat(operand->type.element)) {
    error(call.exprs[0]->range,
          "'softmax' expects floats, got " + operand->type.str());
    return nullptr;
  }
  std::optional<int64_t> axis =
      readAxis(call, operand->type.getRank(), -1, context);
  if (!axis)
    return nullptr;
  Node *node =
      make(Node::Kind::Softmax, operand->type, call.call.range, {operand});
  node->axes = {*axis};
  return node;
}

Node *Sema::builtinWhere(BuiltinCall &call, Context &context) {
  if (call.values[0]->type.kind == Type::Kind::Mask)
    return whereRule(call, call.values[1], call.values[2], context);
  return makeSelect(call.values[0], call.values[1], call.values[2],
                    call.call.range, call.exprs[0]->range, context);
}

Node *Sema::whereRule(BuiltinCall &call, Node *lhs, Node *rhs,
                      Context &context) {
  for (const Node *value : {lhs, rhs})
    if (!requireArray(value, "'where'", call.call.range, context))
      return nullptr;
  std::vector<Dim> shape;
  if (!broadcast({&lhs->type, &rhs->type}, "'where'", call.call.range, context,
                 shape))
    return nullptr;
  if (shape.size() < 2 || shape.size() > 4) {
    error(call.call.range,
          "a mask applies to tensors of shape [q, k], [b, q, k] or "
          "[b, h, q, k], got " +
              Type::tensor(lhs->type.element, shape).str());
    return nullptr;
  }
  Node *mask = make(Node::Kind::Mask, Type::tensor(Scalar::Bool, shape),
                    call.exprs[0]->range);
  if (!instantiate(call.values[0], getRuleSizes(shape), Scalar::Number,
                   mask->mask, call.call.range, context))
    return nullptr;
  return makeSelect(mask, lhs, rhs, call.call.range, call.exprs[0]->range,
                    context);
}

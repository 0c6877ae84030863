//===- BuiltinsAttention.cpp - The function `attention` ---------*- C++ -*-===//
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

using Normalize = AttentionOptions::Normalize;
using Statistic = AttentionOptions::Statistic;

bool Sema::checkAttentionShapes(BuiltinCall &call, Context &context) {
  static constexpr StringRef roles[] = {"query", "key", "value"};
  for (unsigned i = 0; i < 3; ++i)
    if (!requireTensor(call, i, 2, 4,
                       "tensors of shape [B, H, T, D], [B, T, D] or [T, D]",
                       context))
      return false;
  const Type *types[] = {&call.values[0]->type, &call.values[1]->type,
                         &call.values[2]->type};
  auto disagree = [&](unsigned lhs, unsigned rhs, const Twine &what,
                      const Twine &expected, const Twine &got) {
    DiagnosticBuilder builder =
        error(call.exprs[rhs]->range,
              roles[lhs] + Twine(" and ") + roles[rhs] + " disagree on " +
                  what + ": expected " + expected + ", got " + got);
    for (unsigned i : {lhs, rhs})
      noteOperand(builder, roles[i], *call.exprs[i], *types[i], context);
    return false;
  };
  int64_t rank = types[0]->getRank();
  for (unsigned i : {1, 2})
    if (types[i]->getRank() != rank)
      return disagree(0, i, "the number of axes", Twine(rank),
                      Twine(types[i]->getRank()));
  for (unsigned i : {0, 1, 2})
    if (!isFloat(types[i]->element)) {
      error(call.exprs[i]->range,
            call.what() + " expects floats, got " + types[i]->str());
      return false;
    }
  for (unsigned i : {1, 2})
    if (types[i]->element != types[0]->element)
      return disagree(0, i, "the type of elements",
                      stringify(types[0]->element),
                      stringify(types[i]->element));
  auto same = [&](unsigned lhs, unsigned rhs, int64_t axis, StringRef what) {
    const Dim &l = types[lhs]->shape[axis], &r = types[rhs]->shape[axis];
    return l == r || disagree(lhs, rhs, what, l.str(), r.str());
  };
  if (!same(0, 1, rank - 1, "head dim") ||
      !same(1, 2, rank - 2, "sequence length"))
    return false;
  if (rank >= 3 &&
      (!same(0, 1, 0, "batch size") || !same(1, 2, 0, "batch size")))
    return false;
  if (rank < 4)
    return true;
  if (!same(1, 2, 1, "the number of heads"))
    return false;
  // Grouped heads: known to fit, or a condition of the function.
  const Dim &heads = types[0]->shape[1], &groups = types[1]->shape[1];
  if (heads == groups)
    return true;
  if (heads.getConstant() && groups.getConstant() &&
      (*groups.getConstant() == 0 ||
       *heads.getConstant() % *groups.getConstant() != 0))
    return disagree(0, 1, "the number of heads",
                    "a divisor of " + Twine(heads.str()), groups.str());
  return requireDivisible(heads, groups, call.call.range, context);
}

//===----------------------------------------------------------------------===//
// Words: `normalize: sigmoid`, `return: (lse, max)`
//===----------------------------------------------------------------------===//

static constexpr std::pair<StringRef, Normalize> normalizers[] = {
    {"softmax", Normalize::Softmax},
    {"softmax1", Normalize::Softmax1},
    {"sigmoid", Normalize::Sigmoid},
    {"relu2", Normalize::ReluSquared},
    {"none", Normalize::None}};

static constexpr std::pair<StringRef, Statistic> statistics[] = {
    {"lse", Statistic::Lse},
    {"max", Statistic::Max},
    {"entropy", Statistic::Entropy}};

/// The one of `words` that an expression is. `what` says what is expected.
template <typename Words>
static auto readWord(const Expr &expr, const Words &words, StringRef what,
                     llvm::function_ref<DiagnosticBuilder(const Twine &)> error)
    -> std::optional<std::decay_t<decltype(words[0].second)>> {
  const auto *name = llvm::dyn_cast<NameExpr>(&expr);
  std::vector<StringRef> known;
  for (const auto &[word, value] : words) {
    if (name && name->name == word)
      return value;
    known.push_back(word);
  }
  DiagnosticBuilder builder =
      error(what + (name ? ", got '" + name->name + "'" : std::string()));
  if (name)
    builder.didYouMean(suggest(name->name, known));
  return std::nullopt;
}

bool Sema::readNormalizer(BuiltinCall &call, AttentionOptions &options) {
  auto it = call.named.find("normalize");
  if (it == call.named.end())
    return true;
  const Expr &expr = *it->second->value;
  std::optional<Normalize> word = readWord(
      expr, normalizers,
      "'normalize' must be softmax, softmax1, sigmoid, relu2 or none",
      [&](const Twine &message) { return error(expr.range, message); });
  options.normalize = word.value_or(Normalize::Softmax);
  return word.has_value();
}

bool Sema::readStatistics(BuiltinCall &call, AttentionOptions &options) {
  auto it = call.named.find("return");
  if (it == call.named.end())
    return true;
  const Expr &list = *it->second->value;
  std::vector<const Expr *> words = {&list};
  if (const auto *tuple = llvm::dyn_cast<TupleExpr>(&list)) {
    words.clear();
    for (const ExprPtr &element : tuple->elements)
      words.push_back(element.get());
  }
  bool ok = true;
  for (const Expr *expr : words) {
    std::optional<Statistic> word = readWord(
        *expr, statistics,
        "'return' must be lse, max, entropy or a list of them in parentheses",
        [&](const Twine &message) { return error(expr->range, message); });
    if (word && llvm::is_contained(options.statistics, *word)) {
      error(expr->range, "'" + Twine(llvm::cast<NameExpr>(expr)->name) +
                             "' is returned twice");
      word.reset();
    }
    ok &= word.has_value();
    if (word)
      options.statistics.push_back(*word);
  }
  return ok;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// A number in the type of the scores; null, and an error, for another.
Node *Sema::toScoreNumber(BuiltinCall &call, StringRef name, Node *value,
                          Scalar accumulator) {
  if (!value)
    return nullptr;
  Node *converted = isInteger(value->type.element)
                        ? adapt(value, accumulator)
                        : coerce(value, Type::scalar(accumulator));
  if (!converted)
    error(call.named[name.str()]->value->range,
          "'" + Twine(name) + "' must be " + stringify(accumulator) +
              " as the scores are, got " + value->type.str());
  return converted;
}

/// The sink: a number, or one a head.
Node *Sema::checkSink(BuiltinCall &call, Node *sink, Scalar accumulator) {
  if (sink->type.isScalar() && isNumber(sink->type.element))
    return toScoreNumber(call, "sink", sink, accumulator);
  const Type &query = call.values[0]->type;
  Type perHead = Type::tensor(accumulator,
                              {query.getRank() == 4 ? query.shape[1] : Dim(1)});
  if (sink->type == perHead)
    return sink;
  error(call.named["sink"]->value->range, "'sink' must be a number or " +
                                              perHead.str() + ", got " +
                                              sink->type.str());
  return nullptr;
}

/// A literal's value, if it is one.
static std::optional<double> getLiteral(const Expr &expr) {
  if (const auto *literal = llvm::dyn_cast<IntLiteral>(&expr))
    return static_cast<double>(literal->value);
  if (const auto *literal = llvm::dyn_cast<FloatLiteral>(&expr))
    return literal->value;
  const auto *unary = llvm::dyn_cast<UnaryExpr>(&expr);
  if (!unary || unary->op != UnaryOp::Neg)
    return std::nullopt;
  std::optional<double> operand = getLiteral(*unary->operand);
  return operand ? std::optional(-*operand) : std::nullopt;
}

/// Checks what does not depend on the types of the operands.
bool Sema::checkDropout(BuiltinCall &call) {
  auto dropout = call.named.find("dropout"), seed = call.named.find("seed");
  if (dropout == call.named.end()) {
    if (seed == call.named.end())
      return true;
    error(seed->second->name->range, "'seed' is of no use without 'dropout'");
    return false;
  }
  const Expr &expr = *dropout->second->value;
  std::optional<double> literal = getLiteral(expr);
  if (literal && !(*literal >= 0 && *literal < 1)) {
    error(expr.range, "'dropout' must be at least 0 and less than 1");
    return false;
  }
  if (seed != call.named.end())
    return true;
  error(dropout->second->name->range, "'dropout' needs the argument 'seed'");
  return false;
}

bool Sema::checkNormalizer(BuiltinCall &call, const AttentionOptions &options) {
  bool isSoftmax = options.normalize == Normalize::Softmax;
  auto sink = call.named.find("sink");
  if (sink != call.named.end() && !isSoftmax) {
    error(sink->second->name->range,
          options.normalize == Normalize::Softmax1
              ? "'sink' is 0 with 'normalize: softmax1'"
              : "'sink' is only for 'normalize: softmax'");
    return false;
  }
  if (!options.statistics.empty() && !isSoftmax &&
      options.normalize != Normalize::Softmax1) {
    error(call.named["return"]->name->range,
          "'return' is only for 'normalize: softmax' and 'softmax1'");
    return false;
  }
  return true;
}

/// The arguments that are values, checked one by one.
bool Sema::checkAttentionValues(BuiltinCall &call,
                                std::map<std::string, Node *> &named,
                                Context &context) {
  bool ok = true;
  for (const auto &[name, argument] : call.named) {
    if (name == "normalize" || name == "return")
      continue;
    Node *value = check(*argument->value, context);
    named[name] = value;
    ok &= value != nullptr;
    if (!value || name == "sink")
      continue;
    const Type &type = value->type;
    std::string expected;
    if (name == "mask" || name == "score") {
      if (type.kind != (name == "mask" ? Type::Kind::Mask : Type::Kind::Score))
        expected = name + " rule";
    } else if (name == "seed") {
      if (!type.isScalar() || !isInteger(type.element))
        expected = "whole number";
    } else if (!type.isScalar() || !isNumber(type.element)) {
      expected = "number";
    }
    if (expected.empty())
      continue;
    DiagnosticBuilder builder =
        error(argument->value->range, "'" + Twine(name) + "' must be a " +
                                          expected + ", got " + type.str());
    if (name == "mask" && type.element == Scalar::Bool)
      builder.hint("give the condition a name: 'mask NAME(b, h, q, k) = ...'");
    ok = false;
  }
  return ok;
}

Node *Sema::builtinAttention(BuiltinCall &call, Context &context) {
  std::map<std::string, Node *> named;
  AttentionOptions options;
  bool ok = checkAttentionValues(call, named, context);
  ok &= readNormalizer(call, options);
  ok &= readStatistics(call, options);
  ok &= checkDropout(call);
  if (!checkAttentionShapes(call, context) || !ok ||
      !checkNormalizer(call, options))
    return nullptr;

  const Type &query = call.values[0]->type, &key = call.values[1]->type,
             &value = call.values[2]->type;
  Scalar accumulator = getAccumulator(query.element);
  auto use = [&](Node *argument, Node *converted) {
    ok &= !argument || converted;
    if (converted)
      call.values.push_back(converted);
    return converted;
  };
  std::vector<Type> types = {query};
  types.front().shape.back() = value.shape.back();
  std::vector<Dim> rows(query.shape.begin(), query.shape.end() - 1);
  types.resize(1 + options.statistics.size(), Type::tensor(accumulator, rows));
  std::vector<Dim> sizes = getRuleSizes(query.shape);
  sizes[3] = key.shape[key.shape.size() - 2];

  for (auto [name, place] : {std::pair("scale", &options.scale),
                             std::pair("dropout", &options.dropout)})
    *place =
        use(named[name], toScoreNumber(call, name, named[name], accumulator));
  if (Node *sink = named["sink"])
    options.sink = use(sink, checkSink(call, sink, accumulator));
  if (Node *seed = named["seed"])
    options.seed = use(seed, adapt(seed, Scalar::I64));
  if (!ok)
    return nullptr;

  Type type = types.size() == 1 ? types.front() : Type::tuple(types);
  Node *node = make(Node::Kind::Attention, std::move(type), call.call.range,
                    call.values);
  node->attention = std::move(options);
  for (auto [name, body] :
       {std::pair("mask", &node->mask), std::pair("score", &node->score)})
    if (Node *rule = named[name])
      ok &= instantiate(rule, sizes, accumulator, *body, call.call.range,
                        context);
  return ok ? node : nullptr;
}

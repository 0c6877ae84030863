//===- SemaDecl.cpp - Functions and rules -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

static bool isIndexName(StringRef name) {
  return llvm::is_contained({"b", "h", "q", "k", "s"}, name);
}

//===----------------------------------------------------------------------===//
// Signatures
//===----------------------------------------------------------------------===//

void Sema::reportNameClash(const Identifier &name,
                           const Declaration &declaration) {
  constexpr unsigned maxNotes = 3;
  auto it = nameClashes.find(name.name);
  if (it != nameClashes.end()) {
    if (it->second.numNotes++ < maxNotes)
      it->second.error.note(name.range, "so has this one");
    return;
  }
  DiagnosticBuilder builder =
      error(name.range, "parameter '" + Twine(name.name) +
                            "' has the name of a " + declaration.what);
  builder.note(declaration.range,
               "'" + Twine(name.name) + "' is declared here");
  nameClashes.emplace(name.name, NameClash{builder});
}

bool Sema::checkParameterNames(ArrayRef<const Identifier *> names,
                               const Signature &signature) {
  bool ok = true;
  std::map<StringRef, SourceRange> seen;
  for (const Identifier *name : names) {
    auto [it, isNew] = seen.emplace(name->name, name->range);
    if (!isNew) {
      error(name->range,
            "parameter '" + Twine(name->name) + "' is declared twice")
          .note(it->second, "first declared here");
      ok = false;
    }
    if (const Declaration *other = findDeclaration(name->name, name->range)) {
      reportNameClash(*name, *other);
      ok = false;
    }
    for (const BoundDim &dim : signature.dims)
      if (dim.name == name->name) {
        error(name->range,
              "'" + Twine(name->name) + "' is both a parameter and a dimension")
            .note(dim.range, "the dimension is here");
        ok = false;
      }
  }
  return ok;
}

/// Parameters and dimensions of a function do not hide what its layer has;
/// the sizes of the layer are dimensions of it.
bool Sema::checkLayerNames(ArrayRef<const Identifier *> names,
                           const Signature &signature, const Context &context) {
  bool ok = true;
  auto check = [&](StringRef name, SourceRange range) {
    const Binding *binding = lookUp(name, context);
    if (!binding)
      return;
    error(range, "'" + Twine(name) + "' is bound already; a name is bound once")
        .note(binding->range, "'" + Twine(name) + "' is bound here");
    ok = false;
  };
  for (const Identifier *name : names)
    check(name->name, name->range);
  for (const BoundDim &dim : signature.dims)
    check(dim.name, dim.range);
  return ok;
}

void Sema::declareFunction(const FnDecl &fn) {
  FnInfo &info = functions[&fn];
  CheckedFunction &checked = *info.checked;
  const LayerInfo *layer = info.layer ? &layers[info.layer] : nullptr;
  std::set<std::string> known;
  Context context;
  if (layer) {
    fillLayerScope(layer->self, context);
    for (const CheckedSize &size : layer->checked->sizes)
      known.insert(size.name.name);
  }
  std::vector<const TypeSpec *> specs;
  std::vector<const Identifier *> names;
  for (const Param &param : fn.params) {
    specs.push_back(param.isRule() ? nullptr : &param.type);
    names.push_back(&param.name);
  }
  bool ok = bindSignature(specs, info.signature, known);
  for (auto [i, param] : llvm::enumerate(fn.params)) {
    info.signature.untyped[i] = false;
    if (!param.isRule())
      continue;
    info.signature.params[i] =
        param.kind == Param::Kind::Mask ? Type::mask() : Type::score();
    checked.isTemplate = true;
  }
  ok &= checkParameterNames(names, info.signature);
  ok &= checkLayerNames(names, info.signature, context);
  if (!ok)
    return;
  checked.dims = info.signature.dims;
  checked.conditions = info.signature.conditions;
  for (auto [param, type] : llvm::zip_equal(fn.params, info.signature.params)) {
    Node *node = param.isRule()
                     ? makeOpaqueRule(param)
                     : make(Node::Kind::Param, type, param.name.range);
    if (node->name.name.empty())
      node->name = param.name;
    checked.params.push_back({param.name, type, node});
  }
  if (layer) {
    const CheckedLayer &owner = *layer->checked;
    checked.isTemplate |= owner.isTemplate;
    llvm::append_range(checked.conditions, owner.conditions);
    for (const CheckedNumber &number : owner.numbers)
      checked.params.push_back({number.name, number.node->type, number.node});
  }
  info.hasSignature = true;
}

void Sema::declareRule(const RuleDecl &rule) {
  RuleInfo &info = rules[&rule];
  std::vector<const TypeSpec *> specs;
  std::vector<const Identifier *> names;
  bool ok = true;
  for (const RuleParam &param : rule.params) {
    specs.push_back(param.type ? &*param.type : nullptr);
    names.push_back(&param.name);
    if (isIndexName(param.name.name)) {
      error(param.name.range, "parameter '" + Twine(param.name.name) +
                                  "' has the name of an index")
          .hint("indices come in parentheses of their own, after the "
                "parameters");
      ok = false;
    }
  }
  ok &= bindSignature(specs, info.signature);
  for (const BoundDim &dim : info.signature.dims)
    if (isIndexName(dim.name)) {
      error(dim.range,
            "dimension '" + Twine(dim.name) + "' has the name of an index");
      ok = false;
    }
  ok &= checkParameterNames(names, info.signature);
  info.signatureFailed = !ok;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

bool Sema::checkResults(const FnDecl &fn, Context &context,
                        std::vector<CheckedResult> &results) {
  bool ok = true;
  std::map<StringRef, SourceRange> seen;
  for (const ResultSpec &result : fn.results) {
    std::optional<Type> type = readType(result.type, context);
    ok &= type.has_value();
    std::string name;
    if (result.name) {
      name = result.name->name;
      auto [it, isNew] = seen.emplace(result.name->name, result.name->range);
      if (!isNew) {
        error(result.name->range,
              "result '" + Twine(name) + "' is declared twice")
            .note(it->second, "first declared here");
        ok = false;
      }
    }
    if (type)
      results.push_back({std::move(name), std::move(*type)});
  }
  return ok;
}

void Sema::checkFunction(const FnDecl &fn) {
  FnInfo &info = functions[&fn];
  if (!info.hasSignature)
    return;
  CheckedFunction &checked = *info.checked;
  Context context;
  context.fn = &checked;
  if (info.layer) {
    context.layer = &layers[info.layer].self;
    fillLayerScope(*context.layer, context);
  }
  context.scopes.emplace_back();
  declareDims(info.signature, context, nullptr);
  for (auto [param, type] : llvm::zip_equal(fn.params, info.signature.params))
    if (param.defaultValue)
      checkDefault(param, type, context);
  for (const CheckedParam &param : checked.params)
    context.scopes.back()[param.name.name] = {Binding::Kind::Parameter,
                                              param.name.range, param.node};
  bool declared =
      fn.hasResultType && checkResults(fn, context, checked.results);
  info.hasResults = declared;
  if (!checkBlock(fn.body, context, checked.body))
    return;
  if (!checkBodyResult(fn, checked.body.result, declared, checked.results,
                       context))
    return;
  info.hasResults = true;
}

bool Sema::checkBodyResult(const FnDecl &fn, Node *&result, bool declared,
                           std::vector<CheckedResult> &results,
                           Context &context) {
  const Expr &expr = *fn.body.result;
  if (result->type.isRule()) {
    error(expr.range,
          "a function gives scalars and tensors, got " + result->type.str())
        .hint("declare it with 'mask' or 'score'");
    return false;
  }
  if (!fn.hasResultType) {
    // Outside of a function a size is an i64.
    if (result->type == Type::scalar(Scalar::I64))
      result = adapt(result, Scalar::I64);
    ArrayRef<Type> types = result->type.isTuple()
                               ? ArrayRef<Type>(result->type.elements)
                               : ArrayRef<Type>(result->type);
    for (const Type &type : types)
      results.push_back({"", type});
    return true;
  }
  if (!declared)
    return false;
  std::vector<Type> types;
  for (const CheckedResult &declared : results)
    types.push_back(declared.type);
  Type expected = types.size() == 1 ? types.front() : Type::tuple(types);
  if (Node *converted = coerce(result, expected)) {
    result = converted;
    return true;
  }
  DiagnosticBuilder builder = error(
      expr.range, "expected " + expected.str() + ", got " + result->type.str());
  builder.note(fn.results.front().type.range,
               "the result of '" + Twine(fn.name.name) + "' is declared here");
  noteMismatch(builder, expected, result->type, context);
  return false;
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

bool Sema::checkIndices(const RuleDecl &rule) {
  bool isMask = rule.kind == RuleDecl::Kind::Mask;
  std::string name = (isMask ? "mask '" : "score '") + rule.name.name + "'";
  bool ok = true, hasScore = false;
  std::map<StringRef, SourceRange> seen;
  for (const Identifier &index : rule.indices) {
    hasScore |= index.name == "s";
    if (!isIndexName(index.name)) {
      DiagnosticBuilder builder = error(
          index.range, "unknown index '" + Twine(index.name) +
                           "', expected b, h, q, k" + (isMask ? "" : " or s"));
      if (!rule.hasParams)
        builder.hint("parameters come in parentheses of their own, before "
                     "the indices");
      ok = false;
    } else if (index.name == "s" && isMask) {
      error(index.range, name + " cannot use the score 's'");
      ok = false;
    }
    auto [it, isNew] = seen.emplace(index.name, index.range);
    if (!isNew) {
      error(index.range, "index '" + Twine(index.name) + "' is named twice")
          .note(it->second, "first named here");
      ok = false;
    }
  }
  if (ok && !isMask && !hasScore) {
    error(rule.name.range, name + " must name the score 's' among its indices");
    ok = false;
  }
  return ok;
}

void Sema::checkRule(const RuleDecl &rule) {
  RuleInfo &info = rules[&rule];
  if (info.state == RuleInfo::State::Failed)
    return;
  info.state = RuleInfo::State::Failed;
  if (!checkIndices(rule) || info.signatureFailed)
    return;

  // By itself, over any sizes and numbers.
  RuleBody body;
  for (Node *&index : body.indices)
    index =
        make(Node::Kind::RuleIndex, Type::scalar(Scalar::Index), rule.range);
  RuleSite site;
  static constexpr StringRef sizes[] = {"B", "H", "Tq", "Tk"};
  for (auto [size, name] : llvm::zip(site.sizes, sizes))
    size = Dim::name(name);
  site.body = &body;
  Node *score = nullptr;
  if (rule.kind == RuleDecl::Kind::Score)
    score =
        make(Node::Kind::RuleIndex, Type::scalar(Scalar::Number), rule.range);
  RuleFrame frame{&rule, &site, score};
  Context context;
  context.rule = &frame;
  context.scopes.emplace_back();
  declareDims(info.signature, context, nullptr);
  for (auto [param, type] :
       llvm::zip_equal(rule.params, info.signature.params)) {
    Node *node = make(Node::Kind::Param, type, param.name.range);
    node->name = param.name;
    context.scopes.back()[param.name.name] = {Binding::Kind::Parameter,
                                              param.name.range, node};
  }
  if (checkRuleBody(rule, frame, context))
    info.state = RuleInfo::State::Checked;
}

//===- Entry.cpp - The function to run and its parameters -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Entry.h"

#include "frontend/Diagnostics.h"

#include "llvm/ADT/STLExtras.h"

#include <set>

using namespace attn::frontend;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

static const CheckedFunction *reportNoFunction(const CheckedProgram &program,
                                               StringRef name, StringRef path,
                                               DiagnosticEngine &diags) {
  std::vector<StringRef> names;
  for (const CheckedFunction &fn : program.functions)
    if (fn.isMain)
      names.push_back(fn.getName());
  for (const CheckedLayer &layer : program.layers)
    if (layer.isMain)
      names.push_back(layer.getName());
  diags.fileError(path, "no function '" + Twine(name) + "'")
      .didYouMean(suggest(name, names));
  return nullptr;
}

static const CheckedFunction *getDefault(const CheckedLayer &layer,
                                         DiagnosticEngine &diags) {
  if (const CheckedFunction *fn = layer.getDefaultFunction())
    return fn;
  diags
      .error(layer.decl->name.range,
             "'" + Twine(layer.getName()) +
                 "' has no function 'forward', nor one marked with 'entry'")
      .hint("name one with --fn " + Twine(layer.getName()) + ".NAME");
  return nullptr;
}

const CheckedFunction *
attn::frontend::selectEntry(const CheckedProgram &program, StringRef name,
                            StringRef path, DiagnosticEngine &diags) {
  if (!name.empty()) {
    for (const CheckedFunction &fn : program.functions)
      if (fn.getName() == name)
        return &fn;
    for (const CheckedLayer &layer : program.layers)
      if (layer.getName() == name)
        return getDefault(layer, diags);
    return reportNoFunction(program, name, path, diags);
  }
  std::vector<const CheckedLayer *> models;
  for (const CheckedLayer &layer : program.layers)
    if (layer.isMain && layer.decl->isModel)
      models.push_back(&layer);
  std::vector<const CheckedFunction *> candidates, templates;
  for (const CheckedFunction &fn : program.functions) {
    bool isInner = fn.layer && !fn.layer->decl->isModel;
    if (!fn.isMain || isInner)
      continue;
    if (fn.decl->entry)
      return &fn;
    if (!fn.layer && !fn.isCalled && models.empty())
      (fn.isTemplate ? templates : candidates).push_back(&fn);
  }
  if (models.size() == 1)
    return getDefault(*models.front(), diags);
  // What takes rules is an entry for want of another: that is said later.
  if (candidates.empty())
    candidates = std::move(templates);
  if (candidates.size() == 1)
    return candidates.front();
  if (candidates.empty() && models.empty()) {
    diags.fileError(path, "no function to run");
    return nullptr;
  }
  std::string list;
  auto add = [&](StringRef name) {
    list += (list.empty() ? "'" : ", '") + name.str() + "'";
  };
  for (const CheckedLayer *model : models)
    add(model->getName());
  for (const CheckedFunction *fn : candidates)
    add(fn->getName());
  if (models.empty())
    diags
        .error(candidates.front()->decl->name.range,
               "several functions could be the entry: " + list)
        .hint("mark one of them with 'entry', or name it with --fn");
  else
    diags
        .error(models.front()->decl->name.range,
               "several models could be the entry: " + list)
        .hint("name one of them with --fn");
  return nullptr;
}

const CheckedLayer *attn::frontend::selectLayer(const CheckedProgram &program,
                                                StringRef name, StringRef path,
                                                DiagnosticEngine &diags) {
  for (const CheckedLayer &layer : program.layers)
    if (!name.empty() && layer.getName() == name)
      return &layer;
  const CheckedFunction *fn = selectEntry(program, name, path, diags);
  if (fn && !fn->layer)
    diags
        .error(fn->decl->name.range,
               "function '" + Twine(fn->getName()) +
                   "' belongs to no layer: it has no parameters")
        .hint("name a layer with --fn");
  return fn ? fn->layer : nullptr;
}

//===----------------------------------------------------------------------===//
// Sizes of the layer
//===----------------------------------------------------------------------===//

/// Fixed sizes, and defaults of the others as far as they are constant then.
static void addDefaults(const CheckedLayer &layer, StaticDims &statics) {
  for (const CheckedSize &size : layer.sizes)
    if (!statics.count(size.name.name) && size.value)
      if (std::optional<int64_t> value = size.value->evaluate(statics))
        statics[size.name.name] = *value;
}

namespace {
/// Makes sizes of the layer dimensions of the entry where an axis tells them,
/// as the checker does for the dimensions of a function. The others become
/// numbers.
class SizeBinder {
public:
  SizeBinder(const CheckedLayer &layer, EntryPoint &entry)
      : layer(layer), entry(entry), fn(entry.fn) {
    for (const BoundDim &dim : fn.dims)
      known.insert(dim.name);
  }

  bool run(DiagnosticEngine &diags);

private:
  void bindFromAxes(bool solves);
  bool replaceOne();

  const CheckedLayer &layer;
  EntryPoint &entry;
  CheckedFunction &fn;
  std::set<std::string> known;
};
} // namespace

/// From axes that are a name alone or, if it `solves`, an expression in which
/// one name is not known yet.
void SizeBinder::bindFromAxes(bool solves) {
  Dim axisSize = Dim::name(BoundDim::axisSize);
  for (bool progress = true; progress;) {
    progress = false;
    for (auto [i, param] : llvm::enumerate(fn.params))
      for (auto [j, dim] : llvm::enumerate(param.type.shape)) {
        std::vector<std::string> unknown = dim.getNames();
        llvm::erase_if(unknown,
                       [&](const auto &name) { return known.count(name); });
        if (unknown.size() != 1 || (!solves && !dim.getName()))
          continue;
        std::optional<Dim> value = dim.solve(unknown[0], axisSize);
        if (!value)
          continue;
        auto size = llvm::find_if(layer.sizes, [&](const CheckedSize &size) {
          return size.name.name == unknown[0];
        });
        known.insert(unknown[0]);
        fn.dims.push_back({unknown[0], size->name.range,
                           static_cast<unsigned>(i), static_cast<unsigned>(j),
                           std::move(*value)});
        progress = true;
      }
  }
}

/// Gives one size that no axis tells its value everywhere.
bool SizeBinder::replaceOne() {
  for (const CheckedSize &size : layer.sizes) {
    auto it = entry.statics.find(size.name.name);
    if (it == entry.statics.end() || !known.insert(it->first).second)
      continue;
    std::map<std::string, Dim> values = {{it->first, Dim(it->second)}};
    auto replace = [&](Dim &dim) {
      if (std::optional<Dim> value = dim.substitute(values))
        dim = std::move(*value);
    };
    for (CheckedParam &param : fn.params)
      llvm::for_each(param.type.shape, replace);
    for (CheckedResult &result : fn.results)
      llvm::for_each(result.type.shape, replace);
    for (BoundDim &dim : fn.dims)
      replace(dim.value);
    for (Condition &condition : fn.conditions) {
      replace(condition.lhs);
      replace(condition.rhs);
    }
    return true;
  }
  return false;
}

bool SizeBinder::run(DiagnosticEngine &diags) {
  do {
    bindFromAxes(/*solves=*/false);
    bindFromAxes(/*solves=*/true);
  } while (replaceOne());
  bool ok = true;
  for (const CheckedSize &size : layer.sizes) {
    const std::string &name = size.name.name;
    if (known.count(name))
      continue;
    diags
        .error(size.name.range, "size '" + Twine(name) + "' of '" +
                                    layer.getName() +
                                    "' must be known to run this: no "
                                    "parameter has it in its shape")
        .hint("give it a default, " + Twine(name) + " = 8, or fix it: --fix " +
              name + "=8");
    ok = false;
  }
  return ok;
}

//===----------------------------------------------------------------------===//
// The entry
//===----------------------------------------------------------------------===//

/// Reports fixed sizes that `what` does not have or that are negative.
static bool checkNames(const std::vector<StringRef> &names, const Twine &what,
                       const StaticDims &fixed, StringRef path,
                       DiagnosticEngine &diags) {
  std::string list;
  for (StringRef known : names)
    list += (list.empty() ? "" : ", ") + known.str();
  bool ok = true;
  for (const auto &[name, size] : fixed) {
    if (!llvm::is_contained(names, name)) {
      diags
          .fileError(path, what + " has no dimension '" + name + "'" +
                               (list.empty() ? "" : ", expected one of ") +
                               list)
          .didYouMean(suggest(name, names));
      ok = false;
    } else if (size < 0) {
      diags.fileError(path, "dimension '" + Twine(name) +
                                "' must not be negative, got " + Twine(size));
      ok = false;
    }
  }
  return ok;
}

std::optional<StaticDims>
attn::frontend::getKnownSizes(const CheckedLayer &layer,
                              const StaticDims &fixed, StringRef path,
                              DiagnosticEngine &diags) {
  std::vector<StringRef> names;
  for (const CheckedSize &size : layer.sizes)
    names.push_back(size.name.name);
  if (!checkNames(names, "layer '" + Twine(layer.getName()) + "'", fixed, path,
                  diags))
    return std::nullopt;
  StaticDims sizes = fixed;
  addDefaults(layer, sizes);
  return sizes;
}

static bool checkConditions(const CheckedFunction &fn,
                            const StaticDims &statics,
                            DiagnosticEngine &diags) {
  std::map<std::string, Dim> values;
  for (const auto &[name, size] : statics)
    values[name] = Dim(size);
  std::map<std::string, SourceRange> places;
  for (const BoundDim &dim : fn.dims)
    places[dim.name] = dim.range;
  if (fn.layer)
    for (const CheckedSize &size : fn.layer->sizes)
      places[size.name.name] = size.name.range;
  bool ok = true;
  for (const Condition &condition : fn.conditions) {
    std::optional<Dim> zero = condition.getZero();
    std::optional<Dim> value = zero ? zero->substitute(values) : zero;
    if (value && value->getConstant().value_or(0) == 0)
      continue;
    std::string sizes;
    std::vector<std::string> listed;
    for (const Dim &side : {condition.lhs, condition.rhs})
      for (const std::string &name : side.getNames())
        if (auto it = statics.find(name);
            it != statics.end() && !llvm::is_contained(listed, name)) {
          listed.push_back(name);
          sizes += (sizes.empty() ? "" : ", ") + name + " = " +
                   std::to_string(it->second);
        }
    DiagnosticBuilder error =
        diags.error(condition.range, condition.str() + ", got " + sizes);
    if (condition.requiredBy)
      error.note(*condition.requiredBy, "required here");
    if (fn.layer)
      for (const std::string &name : listed)
        error.note(places.at(name), "'" + Twine(name) + "' is bound here");
    ok = false;
  }
  return ok;
}

void attn::frontend::checkModels(const CheckedProgram &program,
                                 DiagnosticEngine &diags) {
  for (const CheckedLayer &layer : program.layers) {
    if (!layer.isMain || !layer.decl->isModel)
      continue;
    StaticDims statics;
    addDefaults(layer, statics);
    for (const CheckedFunction *fn : layer.functions)
      checkConditions(*fn, statics, diags);
  }
}

/// Reports parameters and results that the static sizes give an axis of less
/// than nothing.
static bool checkShapes(const EntryPoint &entry, DiagnosticEngine &diags) {
  bool ok = true;
  auto check = [&](const Type &type, const Twine &what, SourceRange range) {
    for (const Dim &dim : type.shape) {
      std::optional<int64_t> size = dim.evaluate(entry.statics);
      if (!size || *size >= 0)
        continue;
      diags.error(range, what + " has an axis of size " + dim.str() +
                             ", which is " + Twine(*size) + " here");
      ok = false;
      return;
    }
  };
  for (const CheckedParam &param : entry.fn.params)
    check(param.type, "'" + Twine(param.name.name) + "'", param.name.range);
  for (const CheckedResult &result : entry.fn.results)
    check(result.type, "the result of '" + Twine(entry.fn.getName()) + "'",
          entry.fn.decl->name.range);
  return ok;
}

std::optional<EntryPoint> attn::frontend::makeEntry(const CheckedFunction &fn,
                                                    const StaticDims &fixed,
                                                    StringRef path,
                                                    DiagnosticEngine &diags) {
  if (fn.isTemplate) {
    diags
        .error(fn.decl->name.range,
               "'" + Twine(fn.getName()) +
                   "' takes a mask or a score, so that only a program can "
                   "call it")
        .hint("call it in a function that says which");
    return std::nullopt;
  }
  std::vector<StringRef> names;
  for (const BoundDim &dim : fn.dims)
    names.push_back(dim.name);
  if (fn.layer)
    for (const CheckedSize &size : fn.layer->sizes)
      names.push_back(size.name.name);
  if (!checkNames(names, "function '" + Twine(fn.getName()) + "'", fixed, path,
                  diags))
    return std::nullopt;
  EntryPoint entry;
  entry.fn = fn;
  entry.statics = fixed;
  entry.numOwnParams = fn.params.size();
  if (const CheckedLayer *layer = fn.layer) {
    addDefaults(*layer, entry.statics);
    // A default made of sizes that are not known yet.
    for (const CheckedSize &size : layer->sizes)
      if (size.value && !entry.statics.count(size.name.name)) {
        Condition condition;
        condition.kind = Condition::Kind::Equal;
        condition.lhs = Dim::name(size.name.name);
        condition.rhs = *size.value;
        condition.range = size.name.range;
        entry.fn.conditions.push_back(std::move(condition));
      }
    entry.fn.params.resize(fn.params.size() - layer->numbers.size());
    entry.numOwnParams = entry.fn.params.size();
    for (const CheckedNumber &number : layer->numbers) {
      if (!number.value) {
        diags.error(number.name.range, "number '" + Twine(number.name.name) +
                                           "' of '" + layer->getName() +
                                           "' must have a default to run this");
        return std::nullopt;
      }
      entry.numbers.emplace_back(number.node, number.value);
    }
    auto parameters = flattenParameters(*layer, entry.statics, &diags);
    if (!parameters)
      return std::nullopt;
    for (FlatParameter &parameter : *parameters)
      entry.fn.params.push_back({{std::move(parameter.path), parameter.range},
                                 std::move(parameter.type),
                                 nullptr});
  }
  // In the names of the program, before some of them become numbers.
  if (!checkConditions(fn, entry.statics, diags) ||
      !checkShapes(entry, diags) ||
      (fn.layer && !SizeBinder(*fn.layer, entry).run(diags)))
    return std::nullopt;
  return entry;
}

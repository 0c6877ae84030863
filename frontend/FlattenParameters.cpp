//===- FlattenParameters.cpp - The parameters of a layer --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"
#include "frontend/Entry.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using llvm::Twine;

namespace {
class Flattener {
public:
  Flattener(const StaticDims &statics, DiagnosticEngine *diags)
      : statics(statics), diags(diags) {}

  bool visit(const CheckedLayer &layer, const std::string &prefix,
             const std::map<std::string, Dim> &sizes);

  std::vector<FlatParameter> parameters;

private:
  bool visitField(const CheckedField &field, const std::string &prefix,
                  const std::map<std::string, Dim> &sizes);
  bool fail(SourceRange range, const Twine &message) {
    if (diags)
      diags->error(range, message);
    return false;
  }

  const StaticDims &statics;
  DiagnosticEngine *diags;
  unsigned numLayers = 0;
  unsigned depth = 0;
};
} // namespace

bool Flattener::visitField(const CheckedField &field, const std::string &prefix,
                           const std::map<std::string, Dim> &sizes) {
  std::string path = prefix + field.name.name;
  if (!field.layer) {
    FlatParameter parameter{path, field.type, field.name.range};
    for (Dim &dim : parameter.type.shape) {
      std::optional<Dim> value = dim.substitute(sizes);
      if (!value)
        return fail(field.name.range, "dimension is too large to work with");
      dim = std::move(*value);
    }
    parameters.push_back(std::move(parameter));
    return true;
  }
  std::map<std::string, Dim> inner;
  for (const auto &[name, dim] : field.sizes) {
    std::optional<Dim> value = dim.substitute(sizes);
    if (!value)
      return fail(field.name.range, "dimension is too large to work with");
    inner[name] = std::move(*value);
  }
  if (!field.count)
    return visit(*field.layer, path + ".", inner);
  std::optional<Dim> count = field.count->substitute(sizes);
  std::optional<int64_t> number =
      count ? count->evaluate(statics) : std::nullopt;
  if (!number || *number < 0)
    return fail(field.name.range,
                "the number of layers in list '" + Twine(path) +
                    "' must be known to run this, got " +
                    (number ? Twine(*number).str() : count->str()));
  for (int64_t i = 0; i < *number; ++i)
    if (!visit(*field.layer, path + "." + std::to_string(i) + ".", inner))
      return false;
  return true;
}

bool Flattener::visit(const CheckedLayer &layer, const std::string &prefix,
                      const std::map<std::string, Dim> &sizes) {
  if (++numLayers > maxLayers)
    return fail(layer.decl->name.range,
                "there are more than " + Twine(maxLayers) + " layers in all");
  if (depth >= maxLayerDepth)
    return fail(layer.decl->name.range, "layers are nested more than " +
                                            Twine(maxLayerDepth) + " deep");
  ++depth;
  bool ok = llvm::all_of(layer.fields, [&](const CheckedField &field) {
    return visitField(field, prefix, sizes);
  });
  --depth;
  return ok;
}

std::optional<std::vector<FlatParameter>>
attn::frontend::flattenParameters(const CheckedLayer &layer,
                                  const StaticDims &statics,
                                  DiagnosticEngine *diags) {
  Flattener flattener(statics, diags);
  if (!flattener.visit(layer, "", {}))
    return std::nullopt;
  return std::move(flattener.parameters);
}

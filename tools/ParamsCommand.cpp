//===- ParamsCommand.cpp - attnc params -------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/Commands.h"

#include "frontend/Entry.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn;
using namespace attn::tools;
using attn::frontend::Dim;
using attn::frontend::FlatParameter;
using attn::frontend::Scalar;
using llvm::StringRef;

static int64_t getSize(Scalar element) {
  switch (element) {
  case Scalar::Bool:
    return 1;
  case Scalar::F16:
  case Scalar::BF16:
    return 2;
  case Scalar::F32:
  case Scalar::I32:
    return 4;
  default:
    return 8;
  }
}

namespace {

/// A parameter with the sizes that are known in place. What is too large to
/// work with is nothing.
struct Row {
  std::string path;
  frontend::Type type;
  std::optional<Dim> elements = Dim(1);
  std::optional<Dim> bytes;
};

struct Table {
  std::vector<Row> rows;
  std::optional<Dim> elements = Dim(0);
  std::optional<Dim> bytes = Dim(0);
};

} // namespace

static Table makeTable(std::vector<FlatParameter> parameters,
                       const frontend::CheckedLayer &layer,
                       const frontend::StaticDims &sizes) {
  std::map<std::string, Dim> values;
  for (const frontend::CheckedSize &size : layer.sizes) {
    const std::string &name = size.name.name;
    if (auto it = sizes.find(name); it != sizes.end())
      values[name] = Dim(it->second);
    else if (size.value)
      if (std::optional<Dim> value = size.value->substitute(values))
        values[name] = std::move(*value);
  }
  Table table;
  auto add = [](std::optional<Dim> &sum, const std::optional<Dim> &part) {
    sum = sum && part ? Dim::add(*sum, *part) : std::nullopt;
  };
  for (FlatParameter &parameter : parameters) {
    Row &row = table.rows.emplace_back();
    row.path = std::move(parameter.path);
    row.type = std::move(parameter.type);
    for (Dim &dim : row.type.shape) {
      if (std::optional<Dim> value = dim.substitute(values))
        dim = std::move(*value);
      row.elements = row.elements ? Dim::mul(*row.elements, dim) : row.elements;
    }
    if (row.elements)
      row.bytes = Dim::mul(*row.elements, getSize(row.type.element));
    add(table.elements, row.elements);
    add(table.bytes, row.bytes);
  }
  return table;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string print(const std::optional<Dim> &dim) {
  return dim ? dim->str() : "?";
}

/// " (474.7 MiB)" for what is no small number of bytes.
static std::string printUnit(const std::optional<Dim> &bytes) {
  std::optional<int64_t> number = bytes ? bytes->getConstant() : std::nullopt;
  if (!number || *number < 1024)
    return "";
  static constexpr StringRef units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  double size = *number / 1024.0;
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(units); ++unit)
    size /= 1024;
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format(" (%.1f ", size) << units[unit] << ")";
  return text;
}

static void printText(const Table &table) {
  std::vector<std::array<std::string, 4>> lines = {
      {"parameter", "type", "elements", "bytes"}};
  for (const Row &row : table.rows)
    lines.push_back(
        {row.path, row.type.str(), print(row.elements), print(row.bytes)});
  std::array<size_t, 4> widths = {};
  for (const auto &line : lines)
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  llvm::raw_ostream &os = llvm::outs();
  for (const auto &line : lines)
    os << llvm::left_justify(line[0], widths[0]) << "  "
       << llvm::left_justify(line[1], widths[1]) << "  "
       << llvm::right_justify(line[2], widths[2]) << "  "
       << llvm::right_justify(line[3], widths[3]) << "\n";
  os << "total: " << table.rows.size()
     << (table.rows.size() == 1 ? " parameter, " : " parameters, ")
     << print(table.elements) << " elements, " << print(table.bytes) << " bytes"
     << printUnit(table.bytes) << "\n";
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

/// A number where it is known, the formula otherwise.
static llvm::json::Value toJSON(const std::optional<Dim> &dim) {
  if (!dim)
    return nullptr;
  if (std::optional<int64_t> number = dim->getConstant())
    return *number;
  return dim->str();
}

static void printJSON(const Table &table, StringRef layer) {
  llvm::json::Array parameters;
  for (const Row &row : table.rows) {
    llvm::json::Array shape;
    for (const Dim &dim : row.type.shape)
      shape.push_back(toJSON(dim));
    parameters.push_back(
        llvm::json::Object{{"name", row.path},
                           {"dtype", stringify(row.type.element)},
                           {"shape", std::move(shape)},
                           {"elements", toJSON(row.elements)},
                           {"bytes", toJSON(row.bytes)}});
  }
  llvm::json::Value report =
      llvm::json::Object{{"layer", layer},
                         {"parameters", std::move(parameters)},
                         {"elements", toJSON(table.elements)},
                         {"bytes", toJSON(table.bytes)}};
  llvm::outs() << report << "\n";
}

ExitCode tools::paramsCommand(const ParamsOptions &options) {
  Compilation compilation(options.compilation);
  for (ExitCode (Compilation::*step)() :
       {&Compilation::parse, &Compilation::check})
    if (ExitCode status = (compilation.*step)(); status != ExitCode::Success)
      return status;
  frontend::DiagnosticEngine &diags = compilation.getDiagnostics();
  StringRef path = options.compilation.path;
  const frontend::CheckedLayer *layer = frontend::selectLayer(
      compilation.getChecked(), options.compilation.function, path, diags);
  std::optional<frontend::StaticDims> sizes;
  if (layer)
    sizes = frontend::getKnownSizes(*layer, options.compilation.staticDims,
                                    path, diags);
  std::optional<std::vector<FlatParameter>> parameters;
  if (sizes)
    parameters = frontend::flattenParameters(*layer, *sizes, &diags);
  if (!parameters)
    return compilation.reportErrors();
  Table table = makeTable(std::move(*parameters), *layer, *sizes);
  if (options.json)
    printJSON(table, layer->getName());
  else
    printText(table);
  return ExitCode::Success;
}

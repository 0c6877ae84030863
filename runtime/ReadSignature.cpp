//===- ReadSignature.cpp - The signature from attributes ------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace attn::runtime;
using llvm::StringRef;
using llvm::Twine;

static llvm::Error internalError(const Twine &message) {
  return llvm::createStringError("internal error: " + message);
}

static llvm::Expected<ShapeExpr> convert(mlir::AffineExpr expr,
                                         size_t numDims) {
  using Kind = ShapeExpr::Kind;
  Kind kind;
  switch (expr.getKind()) {
  case mlir::AffineExprKind::Constant:
    return ShapeExpr::constant(
        llvm::cast<mlir::AffineConstantExpr>(expr).getValue());
  case mlir::AffineExprKind::SymbolId: {
    unsigned position = llvm::cast<mlir::AffineSymbolExpr>(expr).getPosition();
    if (position >= numDims)
      return internalError("a shape uses symbol " + Twine(position) + " of " +
                           Twine(numDims));
    return ShapeExpr::dim(position);
  }
  case mlir::AffineExprKind::DimId:
    return internalError("a shape uses an affine dimension");
  case mlir::AffineExprKind::Add:
    kind = Kind::Add;
    break;
  case mlir::AffineExprKind::Mul:
    kind = Kind::Mul;
    break;
  case mlir::AffineExprKind::Mod:
    kind = Kind::Mod;
    break;
  case mlir::AffineExprKind::FloorDiv:
    kind = Kind::FloorDiv;
    break;
  case mlir::AffineExprKind::CeilDiv:
    kind = Kind::CeilDiv;
    break;
  }
  auto binary = llvm::cast<mlir::AffineBinaryOpExpr>(expr);
  llvm::Expected<ShapeExpr> lhs = convert(binary.getLHS(), numDims);
  if (!lhs)
    return lhs.takeError();
  llvm::Expected<ShapeExpr> rhs = convert(binary.getRHS(), numDims);
  if (!rhs)
    return rhs.takeError();
  return ShapeExpr::binary(kind, std::move(*lhs), std::move(*rhs));
}

static llvm::Expected<std::vector<ShapeExpr>> convert(mlir::AffineMap map,
                                                      size_t numDims) {
  std::vector<ShapeExpr> exprs;
  for (mlir::AffineExpr expr : map.getResults()) {
    llvm::Expected<ShapeExpr> converted = convert(expr, numDims);
    if (!converted)
      return converted.takeError();
    exprs.push_back(std::move(*converted));
  }
  return exprs;
}

/// Reads name, dtype and shape of an argument or a result, which messages call
/// `what`. The keys are `prefix` and these words.
static llvm::Expected<Parameter> readParameter(mlir::DictionaryAttr attributes,
                                               StringRef prefix, size_t numDims,
                                               const Twine &what) {
  if (!attributes)
    return internalError(what + " has no attributes");
  auto get = [&](StringRef key) {
    return attributes.get((prefix + key).str());
  };
  Parameter parameter;
  if (auto name = llvm::dyn_cast_or_null<mlir::StringAttr>(get("name")))
    parameter.name = name.str();
  std::optional<DType> dtype;
  if (auto name = llvm::dyn_cast_or_null<mlir::StringAttr>(get("dtype")))
    dtype = parseDType(name.getValue());
  if (!dtype)
    return internalError(what + " has no valid " + prefix + "dtype");
  parameter.dtype = *dtype;
  auto shape = llvm::dyn_cast_or_null<mlir::AffineMapAttr>(get("shape"));
  if (!shape)
    return internalError(what + " has no " + prefix + "shape");
  llvm::Expected<std::vector<ShapeExpr>> exprs =
      convert(shape.getAffineMap(), numDims);
  if (!exprs)
    return exprs.takeError();
  parameter.shape = std::move(*exprs);
  return parameter;
}

static llvm::Expected<Requirement> readRequirement(mlir::Attribute attribute,
                                                   size_t numDims) {
  auto entry = llvm::dyn_cast<mlir::DictionaryAttr>(attribute);
  auto map = entry ? entry.getAs<mlir::AffineMapAttr>("map") : nullptr;
  auto message = entry ? entry.getAs<mlir::StringAttr>("message") : nullptr;
  if (!map || !message)
    return internalError("a requirement has no map or no message");
  llvm::Expected<std::vector<ShapeExpr>> conditions =
      convert(map.getAffineMap(), numDims);
  if (!conditions)
    return conditions.takeError();
  return Requirement{std::move(*conditions), message.str()};
}

/// The function marked `attn.entry`. Its C interface inherits the mark.
static llvm::Expected<mlir::FunctionOpInterface>
findEntry(mlir::ModuleOp module) {
  mlir::FunctionOpInterface entry;
  for (auto function : module.getOps<mlir::FunctionOpInterface>()) {
    if (!function->hasAttr("attn.entry") ||
        function.getName().starts_with("_mlir_ciface_"))
      continue;
    if (entry)
      return internalError("both " + entry.getName() + " and " +
                           function.getName() + " are marked attn.entry");
    entry = function;
  }
  if (!entry)
    return internalError("no function is marked attn.entry");
  return entry;
}

/// Divisions that a requirement says are exact print and solve as such.
static void markExactDivisions(Signature &signature) {
  std::vector<ShapeExpr> remainders;
  for (const Requirement &requirement : signature.requirements)
    for (const ShapeExpr &condition : requirement.conditions)
      if (condition.kind() == ShapeExpr::Kind::Mod)
        remainders.push_back(condition);
  auto isExact = [&](const ShapeExpr &division) {
    return llvm::any_of(remainders, [&](const ShapeExpr &remainder) {
      return remainder.lhs() == division.lhs() &&
             remainder.rhs() == division.rhs();
    });
  };
  for (auto *parameters : {&signature.inputs, &signature.results})
    for (Parameter &parameter : *parameters)
      for (ShapeExpr &expr : parameter.shape)
        expr.markExact(isExact);
}

static llvm::Error readDimsAndRequirements(Signature &signature,
                                           mlir::ArrayAttr dims,
                                           mlir::ArrayAttr requirements) {
  if (!dims)
    return internalError(signature.function + " does not name its dimensions");
  for (mlir::Attribute dim : dims) {
    auto name = llvm::dyn_cast<mlir::StringAttr>(dim);
    if (!name)
      return internalError("the name of a dimension is no string");
    signature.dims.push_back(name.str());
  }
  if (!requirements)
    return llvm::Error::success();
  for (mlir::Attribute attribute : requirements) {
    llvm::Expected<Requirement> requirement =
        readRequirement(attribute, signature.dims.size());
    if (!requirement)
      return requirement.takeError();
    signature.requirements.push_back(std::move(*requirement));
  }
  return llvm::Error::success();
}

/// Reads the one attribute that the signature is at machine level.
static llvm::Error readWhole(Signature &signature, mlir::DictionaryAttr whole) {
  if (llvm::Error error = readDimsAndRequirements(
          signature, whole.getAs<mlir::ArrayAttr>("dims"),
          whole.getAs<mlir::ArrayAttr>("requires")))
    return error;
  auto readList = [&](StringRef key,
                      std::vector<Parameter> &parameters) -> llvm::Error {
    auto list = whole.getAs<mlir::ArrayAttr>(key);
    if (!list)
      return internalError("attn.signature has no " + key);
    for (auto [index, entry] : llvm::enumerate(list)) {
      llvm::Expected<Parameter> parameter = readParameter(
          llvm::dyn_cast<mlir::DictionaryAttr>(entry), "",
          signature.dims.size(), "entry " + Twine(index) + " of " + key);
      if (!parameter)
        return parameter.takeError();
      parameters.push_back(std::move(*parameter));
    }
    return llvm::Error::success();
  };
  if (llvm::Error error = readList("arguments", signature.inputs))
    return error;
  return readList("results", signature.results);
}

/// Reads the attributes of arguments and results that precede it.
static llvm::Error readParts(Signature &signature,
                             mlir::FunctionOpInterface entry) {
  if (llvm::Error error = readDimsAndRequirements(
          signature, entry->getAttrOfType<mlir::ArrayAttr>("attn.dims"),
          entry->getAttrOfType<mlir::ArrayAttr>("attn.requires")))
    return error;
  auto read = [&](mlir::DictionaryAttr attributes, const Twine &what,
                  std::vector<Parameter> &parameters) -> llvm::Error {
    llvm::Expected<Parameter> parameter =
        readParameter(attributes, "attn.", signature.dims.size(), what);
    if (!parameter)
      return parameter.takeError();
    parameters.push_back(std::move(*parameter));
    return llvm::Error::success();
  };
  for (unsigned i = 0, e = entry.getNumArguments(); i < e; ++i)
    if (llvm::Error error = read(entry.getArgAttrDict(i),
                                 "argument " + Twine(i), signature.inputs))
      return error;
  for (unsigned i = 0, e = entry.getNumResults(); i < e; ++i)
    if (llvm::Error error = read(entry.getResultAttrDict(i),
                                 "result " + Twine(i), signature.results))
      return error;
  return llvm::Error::success();
}

llvm::Expected<Signature> attn::runtime::readSignature(mlir::ModuleOp module) {
  llvm::Expected<mlir::FunctionOpInterface> entry = findEntry(module);
  if (!entry)
    return entry.takeError();
  Signature signature;
  signature.symbol = entry->getName().str();
  // attn-export puts `attn.` before the name in the program.
  llvm::StringRef name = signature.symbol;
  name.consume_front("attn.");
  signature.function = name.str();
  auto whole = (*entry)->getAttrOfType<mlir::DictionaryAttr>("attn.signature");
  if (llvm::Error error =
          whole ? readWhole(signature, whole) : readParts(signature, *entry))
    return std::move(error);

  for (auto [index, input] : llvm::enumerate(signature.inputs))
    if (input.name.empty())
      input.name = "argument " + std::to_string(index);
  size_t numResults = signature.results.size();
  for (auto [index, result] : llvm::enumerate(signature.results))
    if (result.name.empty())
      result.name = numResults == 1 ? "out" : "out" + std::to_string(index);
  markExactDivisions(signature);
  return signature;
}

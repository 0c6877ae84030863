//===- MLIRGen.cpp - Generation of attn IR ----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/MLIRGen.h"

#include "dialect/AttnDialect.h"
#include "frontend/Diagnostics.h"
#include "frontend/MLIRGenImpl.h"
#include "frontend/Sema.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Verifier.h"

using namespace attn::frontend;
using attn::AttnDialect;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// ModuleGen
//===----------------------------------------------------------------------===//

ModuleGen::ModuleGen(mlir::MLIRContext *context, const CheckedProgram &program,
                     const SourceManager &sources)
    : builder(context), sources(sources) {
  for (const CheckedFunction &fn : program.functions)
    usedNames.insert(fn.getName().str());
}

mlir::Location ModuleGen::getLocation(SourceRange range) const {
  LineColumn position = sources.getLineColumn(range);
  return mlir::FileLineColLoc::get(builder.getContext(),
                                   sources.getPath(range.file), position.line,
                                   position.column);
}

mlir::Location ModuleGen::getLocation(SourceRange range, StringRef name) const {
  mlir::Location loc = getLocation(range);
  if (name.empty())
    return loc;
  return mlir::NameLoc::get(mlir::StringAttr::get(builder.getContext(), name),
                            loc);
}

mlir::Type ModuleGen::getElementType(Scalar element) const {
  mlir::MLIRContext *context = builder.getContext();
  switch (element) {
  case Scalar::F16:
    return mlir::Float16Type::get(context);
  case Scalar::BF16:
    return mlir::BFloat16Type::get(context);
  case Scalar::F32:
    return mlir::Float32Type::get(context);
  case Scalar::F64:
    return mlir::Float64Type::get(context);
  case Scalar::I32:
    return mlir::IntegerType::get(context, 32);
  case Scalar::I64:
    return mlir::IntegerType::get(context, 64);
  case Scalar::Bool:
    return mlir::IntegerType::get(context, 1);
  case Scalar::Index:
    return mlir::IndexType::get(context);
  case Scalar::Number:
    break;
  }
  llvm_unreachable("a number without a type is never generated");
}

mlir::Type ModuleGen::getType(const Type &type,
                              const StaticDims &statics) const {
  mlir::Type element = getElementType(type.element);
  if (type.isScalar())
    return element;
  llvm::SmallVector<int64_t> shape;
  for (const Dim &dim : type.shape)
    shape.push_back(dim.evaluate(statics).value_or(mlir::ShapedType::kDynamic));
  return mlir::RankedTensorType::get(shape, element);
}

const std::vector<FlatParameter> &
ModuleGen::getParameters(const CheckedLayer &layer, const StaticDims &statics) {
  auto [it, isNew] = parameters.try_emplace({&layer, statics});
  if (isNew)
    if (auto flat = flattenParameters(layer, statics, /*diags=*/nullptr))
      it->second = std::move(*flat);
  return it->second;
}

std::vector<std::string>
attn::frontend::getOpenSizes(const CheckedFunction &fn,
                             const StaticDims &statics) {
  std::vector<std::string> names;
  if (fn.layer)
    for (const CheckedSize &size : fn.layer->sizes)
      if (!statics.count(size.name.name))
        names.push_back(size.name.name);
  return names;
}

mlir::func::FuncOp
ModuleGen::createFunction(const CheckedFunction &fn, const StaticDims &statics,
                          llvm::ArrayRef<mlir::Type> params) {
  llvm::SmallVector<mlir::Type> results;
  for (const CheckedResult &result : fn.results)
    results.push_back(getType(result.type, statics));
  // The first one of a function has its own name.
  std::string name = fn.getName().str();
  bool isFirst = created.insert(fn.decl).second;
  for (unsigned i = 1; !isFirst; ++i) {
    name = (fn.getName() + "_" + Twine(i)).str();
    if (usedNames.insert(name).second)
      break;
  }
  builder.setInsertionPointToEnd(module.getBody());
  auto func = mlir::func::FuncOp::create(
      builder, getLocation(fn.decl->name.range), name,
      builder.getFunctionType(params, results));
  func.setPrivate();
  return func;
}

mlir::func::FuncOp ModuleGen::getInstance(const CheckedFunction &fn,
                                          StaticDims statics) {
  mlir::func::FuncOp &func = instances[{&fn, statics}];
  if (func)
    return func;
  llvm::SmallVector<mlir::Type> params;
  for (const CheckedParam &param : fn.params)
    params.push_back(getType(param.type, statics));
  params.append(getOpenSizes(fn, statics).size(), builder.getIndexType());
  if (fn.layer)
    for (const FlatParameter &parameter : getParameters(*fn.layer, statics))
      params.push_back(getType(parameter.type, statics));
  func = createFunction(fn, statics, params);
  pending.push_back({&fn, std::move(statics), func});
  return func;
}

void ModuleGen::addSignature(mlir::func::FuncOp func, const CheckedFunction &fn,
                             const StaticDims &statics) {
  mlir::MLIRContext *context = builder.getContext();
  std::vector<std::string> symbols;
  llvm::SmallVector<mlir::Attribute> dims;
  for (const BoundDim &dim : fn.dims) {
    symbols.push_back(dim.name);
    dims.push_back(builder.getStringAttr(dim.name));
  }
  auto makeMap = [&](llvm::ArrayRef<Dim> shape) {
    llvm::SmallVector<mlir::AffineExpr> exprs;
    for (const Dim &dim : shape)
      exprs.push_back(dim.toAffine(context, symbols));
    return mlir::AffineMapAttr::get(
        mlir::AffineMap::get(0, symbols.size(), exprs, context));
  };
  auto describe = [&](StringRef name, const Type &type) {
    return builder.getDictionaryAttr(
        {builder.getNamedAttr(AttnDialect::kNameAttr,
                              builder.getStringAttr(name)),
         builder.getNamedAttr(AttnDialect::kShapeAttr, makeMap(type.shape)),
         builder.getNamedAttr(AttnDialect::kDTypeAttr,
                              builder.getStringAttr(stringify(type.element)))});
  };
  llvm::SmallVector<mlir::Attribute> params, results, conditions;
  for (const CheckedParam &param : fn.params)
    params.push_back(describe(param.name.name, param.type));
  for (auto [i, result] : llvm::enumerate(fn.results)) {
    std::string name = result.name;
    if (name.empty())
      name = fn.results.size() == 1 ? "out" : "out" + std::to_string(i);
    results.push_back(describe(name, result.type));
  }
  auto require = [&](const Dim &zero, const Twine &message) {
    conditions.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("map", makeMap(zero)),
         builder.getNamedAttr("message", builder.getStringAttr(message))}));
  };
  for (const Condition &condition : fn.conditions)
    if (std::optional<Dim> zero = condition.getZero();
        zero && !zero->isConstant(0))
      require(*zero, condition.str());
  for (const BoundDim &dim : fn.dims)
    if (auto it = statics.find(dim.name); it != statics.end())
      if (auto zero = Dim::sub(Dim::name(dim.name), Dim(it->second)))
        require(*zero, Twine(dim.name) + " is " + Twine(it->second) +
                           " in this compilation");

  func.setPublic();
  func->setAttr(AttnDialect::kEntryAttr, builder.getUnitAttr());
  func->setAttr(AttnDialect::kDimsAttr, builder.getArrayAttr(dims));
  if (!conditions.empty())
    func->setAttr(AttnDialect::kRequiresAttr, builder.getArrayAttr(conditions));
  func.setAllArgAttrs(params);
  func.setAllResultAttrs(results);
}

mlir::ModuleOp ModuleGen::generate(const EntryPoint &entry) {
  const CheckedFunction &fn = entry.fn;
  module =
      mlir::ModuleOp::create(builder, getLocation({fn.decl->range.file, 0, 0}));
  llvm::SmallVector<mlir::Type> params;
  for (const CheckedParam &param : fn.params)
    params.push_back(getType(param.type, entry.statics));
  mlir::func::FuncOp func = createFunction(fn, entry.statics, params);
  addSignature(func, fn, entry.statics);
  FunctionGen(*this, fn, entry.statics, func).generate(entry);
  while (!pending.empty()) {
    Instance instance = std::move(pending.front());
    pending.pop_front();
    FunctionGen(*this, *instance.fn, instance.statics, instance.func)
        .generate();
  }
  return module;
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

void attn::frontend::loadDialects(mlir::MLIRContext &context) {
  context.loadDialect<AttnDialect, mlir::arith::ArithDialect,
                      mlir::func::FuncDialect, mlir::math::MathDialect,
                      mlir::scf::SCFDialect, mlir::tensor::TensorDialect>();
}

mlir::OwningOpRef<mlir::ModuleOp> attn::frontend::generate(
    mlir::MLIRContext &context, const CheckedProgram &program,
    const SourceManager &sources, const GenerateOptions &options,
    DiagnosticEngine &diags) {
  // The file that was asked for was loaded first.
  StringRef path = sources.getPath(0);
  const CheckedFunction *fn = selectEntry(program, options.entry, path, diags);
  std::optional<EntryPoint> entry =
      fn ? makeEntry(*fn, options.staticDims, path, diags) : std::nullopt;
  if (!entry)
    return nullptr;
  loadDialects(context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      ModuleGen(&context, program, sources).generate(*entry);
  if (mlir::failed(mlir::verify(*module)))
    return nullptr;
  return module;
}

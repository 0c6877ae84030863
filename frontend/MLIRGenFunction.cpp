//===- MLIRGenFunction.cpp - Generation of function bodies ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/MLIRGenImpl.h"

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace attn::frontend;

FunctionGen::FunctionGen(ModuleGen &module, const CheckedFunction &fn,
                         const StaticDims &statics, mlir::func::FuncOp func)
    : module(module), fn(fn), statics(statics), func(func),
      builder(func.getContext()) {}

void FunctionGen::generate() {
  mlir::Block *block = func.addEntryBlock();
  scopes.emplace_back();
  mlir::ArrayRef<mlir::BlockArgument> arguments = block->getArguments();
  auto take = [&](SourceRange range, llvm::StringRef name) {
    mlir::BlockArgument argument = arguments.front();
    arguments = arguments.drop_front();
    argument.setLoc(module.getLocation(range, name));
    return argument;
  };
  for (const CheckedParam &param : fn.params)
    scopes.back()[param.node] = {take(param.name.range, param.name.name)};
  for (const std::string &name : getOpenSizes(fn, statics))
    sizes[Dim::name(name)] = take(fn.layer->decl->name.range, name);
  if (fn.layer)
    for (const FlatParameter &parameter :
         module.getParameters(*fn.layer, statics))
      weights[parameter.path] = take(parameter.range, parameter.path);
  generateBody();
}

void FunctionGen::generate(const EntryPoint &entry) {
  mlir::Block *block = func.addEntryBlock();
  builder.setInsertionPointToStart(block);
  scopes.emplace_back();
  for (auto [i, param] : llvm::enumerate(fn.params)) {
    mlir::BlockArgument argument = block->getArgument(i);
    argument.setLoc(module.getLocation(param.name.range, param.name.name));
    if (param.node)
      scopes.back()[param.node] = {argument};
    else
      weights[param.name.name] = argument;
  }
  for (auto [leaf, value] : entry.numbers)
    scopes.back()[leaf] = emitAll(value);
  generateBody();
}

void FunctionGen::generateBody() {
  builder.setInsertionPointToEnd(&func.front());
  Values results = emitBlock(fn.body);
  mlir::Location loc = module.getLocation(fn.body.result->range);
  for (auto [value, type] : llvm::zip_equal(results, func.getResultTypes()))
    value = castTo(value, type, loc);
  mlir::func::ReturnOp::create(builder, loc, results);
}

mlir::Type FunctionGen::getType(const Type &type) const {
  return module.getType(type, statics);
}

mlir::Location FunctionGen::getLocation(const Node *node) const {
  mlir::Location loc = module.getLocation(node->range);
  for (mlir::Location caller : llvm::reverse(callers))
    loc = mlir::CallSiteLoc::get(loc, caller);
  if (node->name.name.empty())
    return loc;
  return mlir::NameLoc::get(
      mlir::StringAttr::get(loc.getContext(), node->name.name), loc);
}

mlir::Value FunctionGen::castTo(mlir::Value value, mlir::Type type,
                                mlir::Location loc) {
  if (value.getType() == type)
    return value;
  return mlir::tensor::CastOp::create(builder, loc, type, value);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

FunctionGen::Values FunctionGen::emitBlock(const NodeBlock &block) {
  for (const Node *let : block.lets)
    emitAll(let);
  return emitAll(block.result);
}

FunctionGen::Values FunctionGen::emitAll(const Node *node) {
  for (const auto &scope : llvm::reverse(scopes))
    if (auto it = scope.find(node); it != scope.end())
      return it->second;
  Values values = generate(node, getLocation(node));
  scopes.back()[node] = values;
  return values;
}

mlir::Value FunctionGen::emit(const Node *node) {
  return emitAll(node).front();
}

FunctionGen::Values FunctionGen::emitOperands(const Node *node) {
  Values values;
  for (const Node *operand : node->operands)
    values.push_back(emit(operand));
  return values;
}

FunctionGen::Values FunctionGen::generate(const Node *node,
                                          mlir::Location loc) {
  switch (node->kind) {
  case Node::Kind::IntLiteral:
  case Node::Kind::FloatLiteral:
  case Node::Kind::BoolLiteral:
    return {emitLiteral(node, loc)};
  case Node::Kind::Size:
    return {emitDim(node->dim, module.getLocation(node->range))};
  case Node::Kind::Unary:
  case Node::Kind::Binary:
  case Node::Kind::Cast:
    return {emitElementwise(node, loc)};
  case Node::Kind::Select: {
    if (node->type.isTensor())
      return {emitTensorSelect(node, loc)};
    Values operands = emitOperands(node);
    return {mlir::arith::SelectOp::create(builder, loc, operands[0],
                                          operands[1], operands[2])};
  }
  case Node::Kind::MatMul: {
    Values operands = emitOperands(node);
    return {
        castTo(attn::MatmulOp::create(builder, loc, operands[0], operands[1]),
               getType(node->type), loc)};
  }
  case Node::Kind::Transpose:
    return {attn::TransposeOp::create(builder, loc, emit(node->operands[0]),
                                      node->axes)};
  case Node::Kind::Softmax:
    return {attn::SoftmaxOp::create(builder, loc, emit(node->operands[0]),
                                    node->axes[0])};
  case Node::Kind::Reduce:
    return {emitReduce(node, loc)};
  case Node::Kind::Reshape:
    return {emitReshape(node, loc)};
  case Node::Kind::Split:
    return emitSplit(node, loc);
  case Node::Kind::Concat:
    return {emitConcat(node, loc)};
  case Node::Kind::Repeat: {
    mlir::Value operand = emit(node->operands[0]);
    mlir::Value size = emitDim(node->type.shape[node->axes[0]],
                               module.getLocation(node->range));
    return {attn::RepeatOp::create(builder, loc, getType(node->type), operand,
                                   builder.getI64IntegerAttr(node->axes[0]),
                                   size)};
  }
  case Node::Kind::Range:
    return {attn::RangeOp::create(
        builder, loc, getType(node->type),
        emitDim(node->type.shape[0], module.getLocation(node->range)))};
  case Node::Kind::Splat:
    return {mlir::tensor::SplatOp::create(
        builder, loc, emit(node->operands[0]),
        mlir::cast<mlir::RankedTensorType>(getType(node->type)),
        emitOpenSizes(node->type, module.getLocation(node->range)))};
  case Node::Kind::Mask:
    return {emitMask(node, loc)};
  case Node::Kind::Score:
    return {emitScore(node, loc)};
  case Node::Kind::Attention:
    return emitAttention(node, loc);
  case Node::Kind::LinearAttention:
    return emitLinearAttention(node, loc);
  case Node::Kind::Accumulate:
    return {emitAccumulate(node, loc)};
  case Node::Kind::TopKeys:
    return emitTopKeys(node, loc);
  case Node::Kind::Validate:
    return {emitValidate(node, loc)};
  case Node::Kind::Read:
    return {emitRead(node, loc)};
  case Node::Kind::Call:
    return emitCall(node, loc);
  case Node::Kind::Inline: {
    for (const Node *operand : node->operands)
      emitAll(operand);
    callers.push_back(module.getLocation(node->range));
    Values values = emitBlock(node->thenBlock);
    callers.pop_back();
    return values;
  }
  case Node::Kind::Fold:
    return emitFold(node);
  case Node::Kind::Weight:
    return {getWeight(resolve(node->path))};
  case Node::Kind::Tuple:
    return emitOperands(node);
  case Node::Kind::Element:
    return {emitAll(node->operands[0])[node->integer]};
  case Node::Kind::If:
    return emitIf(node, loc);
  case Node::Kind::Param:
  case Node::Kind::Carry:
  case Node::Kind::Part:
  case Node::Kind::RuleIndex:
  case Node::Kind::RuleRef:
  case Node::Kind::RuleAnd:
  case Node::Kind::RuleOr:
  case Node::Kind::RuleNot:
  case Node::Kind::RuleIf:
    break;
  }
  llvm_unreachable("bound before it is used, or expanded by the checker");
}

mlir::Value FunctionGen::emitLiteral(const Node *node, mlir::Location loc) {
  mlir::Type type = getType(node->type);
  if (node->kind == Node::Kind::IntLiteral)
    return emitConstant(type, node->integer, loc);
  if (node->kind == Node::Kind::BoolLiteral)
    return emitConstant(type, node->flag, loc);
  // Read in the type at hand, so that it is rounded once.
  llvm::StringRef digits = node->spelling;
  if (digits == "pi")
    digits = "3.14159265358979323846264338327950288";
  auto floatType = mlir::cast<mlir::FloatType>(type);
  llvm::APFloat value(floatType.getFloatSemantics());
  if (digits == "inf")
    value = llvm::APFloat::getInf(floatType.getFloatSemantics());
  else
    llvm::consumeError(
        value.convertFromString(digits, llvm::APFloat::rmNearestTiesToEven)
            .takeError());
  if (node->flag)
    value.changeSign();
  return mlir::arith::ConstantOp::create(
      builder, loc, mlir::FloatAttr::get(floatType, value));
}

mlir::Value FunctionGen::emitElementwise(const Node *node, mlir::Location loc) {
  Values operands = emitOperands(node);
  if (node->type.isScalar()) {
    if (node->kind == Node::Kind::Unary)
      return emitScalarUnary(node->op, operands[0], loc);
    if (node->kind == Node::Kind::Binary)
      return emitScalarBinary(node->op, operands[0], operands[1], loc);
    return emitConversion(operands[0], getType(node->type), loc);
  }
  mlir::Type type = getType(node->type);
  mlir::Value value;
  if (node->kind == Node::Kind::Unary)
    value = attn::UnaryOp::create(
        builder, loc, *attn::symbolizeUnaryKind(stringify(node->op)),
        operands[0]);
  else if (node->kind == Node::Kind::Binary)
    value = attn::BinaryOp::create(
        builder, loc, *attn::symbolizeBinaryKind(stringify(node->op)),
        operands[0], operands[1]);
  else
    value = attn::CastOp::create(builder, loc, type, operands[0]);
  return castTo(value, type, loc);
}

mlir::Value FunctionGen::emitTensorSelect(const Node *node,
                                          mlir::Location loc) {
  Values operands = emitOperands(node);
  mlir::Type type = getType(node->type);
  if (node->operands[0]->type.isScalar()) {
    // attn.select takes the choice as a tensor.
    Type condition = node->type.withElement(Scalar::Bool);
    operands[0] = mlir::tensor::SplatOp::create(
        builder, module.getLocation(node->range), operands[0],
        mlir::cast<mlir::RankedTensorType>(getType(condition)),
        emitOpenSizes(condition, module.getLocation(node->range)));
  }
  return castTo(attn::SelectOp::create(builder, loc, operands[0], operands[1],
                                       operands[2]),
                type, loc);
}

mlir::Value FunctionGen::emitReduce(const Node *node, mlir::Location loc) {
  bool isScalar = node->type.isScalar();
  mlir::Location inner = isScalar ? module.getLocation(node->range) : loc;
  mlir::Value operand = emit(node->operands[0]);
  mlir::Value value = attn::ReduceOp::create(
      builder, inner, *attn::symbolizeReduceKind(stringify(node->op)), operand,
      node->axes, node->flag);
  if (isScalar)
    return mlir::tensor::ExtractOp::create(builder, loc, value,
                                           mlir::ValueRange());
  return castTo(value, getType(node->type), loc);
}

FunctionGen::Values FunctionGen::emitIf(const Node *node, mlir::Location loc) {
  llvm::SmallVector<mlir::Type> types;
  if (node->type.isTuple())
    for (const Type &type : node->type.elements)
      types.push_back(getType(type));
  else
    types.push_back(getType(node->type));
  mlir::Value condition = emit(node->operands[0]);
  auto op = mlir::scf::IfOp::create(builder, loc, types, condition,
                                    /*withElseRegion=*/true);
  for (auto [region, block] :
       {std::pair(&op.getThenRegion(), &node->thenBlock),
        std::pair(&op.getElseRegion(), &node->elseBlock)}) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&region->front());
    scopes.emplace_back();
    Values values = emitBlock(*block);
    mlir::Location yieldLoc = module.getLocation(block->result->range);
    for (auto [value, type] : llvm::zip_equal(values, types))
      value = castTo(value, type, yieldLoc);
    mlir::scf::YieldOp::create(builder, yieldLoc, values);
    scopes.pop_back();
  }
  return Values(op.getResults());
}

FunctionGen::Values FunctionGen::emitCall(const Node *node,
                                          mlir::Location loc) {
  StaticDims known;
  for (const auto &[name, dim] : node->dims)
    if (std::optional<int64_t> size = getStatic(dim))
      known[name] = *size;
  Values operands = emitOperands(node);
  const CheckedFunction &target = *node->callee;
  mlir::func::FuncOp callee = module.getInstance(target, known);
  mlir::Location plain = module.getLocation(node->range);
  for (const std::string &name : getOpenSizes(target, known))
    operands.push_back(emitDim(node->dims.at(name), plain));
  if (target.layer) {
    std::string prefix = resolve(node->path);
    for (const FlatParameter &parameter :
         module.getParameters(*target.layer, known))
      operands.push_back(getWeight(
          prefix.empty() ? parameter.path : prefix + "." + parameter.path));
  }
  for (auto [operand, type] :
       llvm::zip_equal(operands, callee.getArgumentTypes()))
    operand = castTo(operand, type, plain);
  auto call = mlir::func::CallOp::create(builder, loc, callee, operands);
  Values results(call.getResults());
  llvm::ArrayRef<Type> types = node->type.isTuple()
                                   ? llvm::ArrayRef<Type>(node->type.elements)
                                   : llvm::ArrayRef<Type>(node->type);
  for (auto [value, type] : llvm::zip_equal(results, types))
    value = castTo(value, getType(type), plain);
  return results;
}

//===- MLIRGenLayer.cpp - Parameters and lists of layers --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/MLIRGenImpl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace attn::frontend;
namespace tensor = mlir::tensor;

std::string FunctionGen::resolve(const LayerPath &path) const {
  std::string text;
  for (const LayerPath::Step &step : path.steps) {
    text += (text.empty() ? "" : ".") + step.name;
    if (step.fold)
      text += "." + std::to_string(iterations.at(step.fold));
    else if (step.index)
      text += "." + std::to_string(*step.index);
  }
  return text;
}

mlir::Value FunctionGen::getWeight(const std::string &path) const {
  return weights.at(path);
}

FunctionGen::Values FunctionGen::emitFold(const Node *node) {
  for (const Node *operand : node->operands)
    emitAll(operand);
  Values values = emitAll(node->operands.front());
  llvm::ArrayRef<Type> stacked;
  if (node->type.isTuple())
    stacked = llvm::ArrayRef<Type>(node->type.elements).drop_front();
  std::vector<Values> stacks(stacked.size());
  int64_t count = getStatic(node->dim).value_or(0);
  for (int64_t i = 0; i < count; ++i) {
    iterations[node] = i;
    scopes.emplace_back();
    scopes.back()[node->carry] = {values.front()};
    for (const Node *part : node->parts)
      scopes.back()[part] = {emitPart(part, i)};
    values = emitBlock(node->thenBlock);
    for (auto [stack, value] :
         llvm::zip_equal(stacks, llvm::drop_begin(values)))
      stack.push_back(value);
    scopes.pop_back();
  }
  iterations.erase(node);
  values.resize(1);
  for (auto [stack, type] : llvm::zip_equal(stacks, stacked))
    values.push_back(emitStack(stack, type, getLocation(node)));
  return values;
}

mlir::Value FunctionGen::emitPart(const Node *part, int64_t index) {
  mlir::Value operand = emit(part->operands.front());
  mlir::Location loc = getLocation(part);
  if (part->type.isScalar()) {
    mlir::Value position = emitConstant(builder.getIndexType(), index, loc);
    return tensor::ExtractOp::create(builder, loc, operand, position);
  }
  size_t rank = part->type.shape.size() + 1;
  llvm::SmallVector<mlir::OpFoldResult> sizes = {builder.getIndexAttr(1)},
                                        offsets(rank, builder.getIndexAttr(0)),
                                        strides(rank, builder.getIndexAttr(1));
  offsets.front() = builder.getIndexAttr(index);
  for (const Dim &dim : part->type.shape)
    sizes.push_back(emitMixed(dim, loc));
  return tensor::ExtractSliceOp::create(
      builder, loc, mlir::cast<mlir::RankedTensorType>(getType(part->type)),
      operand, offsets, sizes, strides);
}

mlir::Value FunctionGen::emitStack(llvm::ArrayRef<mlir::Value> values,
                                   const Type &type, mlir::Location loc) {
  auto resultType = mlir::cast<mlir::RankedTensorType>(getType(type));
  if (values.empty())
    return tensor::EmptyOp::create(builder, loc, resultType,
                                   emitOpenSizes(type, loc));
  if (type.getRank() == 1)
    return tensor::FromElementsOp::create(builder, loc, resultType, values);
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  llvm::SmallVector<mlir::ReassociationIndices> groups;
  llvm::SmallVector<int64_t> shape(resultType.getShape());
  shape.front() = 1;
  for (auto [axis, dim] : llvm::enumerate(type.shape)) {
    sizes.push_back(axis ? emitMixed(dim, loc) : builder.getIndexAttr(1));
    if (axis)
      groups.push_back({static_cast<int64_t>(axis)});
  }
  groups.front().insert(groups.front().begin(), 0);
  auto partType = resultType.clone(shape);
  Values parts;
  for (mlir::Value value : values) {
    value =
        castTo(value,
               mlir::RankedTensorType::get(llvm::ArrayRef(shape).drop_front(),
                                           resultType.getElementType()),
               loc);
    parts.push_back(tensor::ExpandShapeOp::create(builder, loc, partType, value,
                                                  groups, sizes));
  }
  if (parts.size() == 1)
    return castTo(parts.front(), resultType, loc);
  auto whole =
      tensor::ConcatOp::inferResultType(0, mlir::ValueRange(parts).getTypes());
  return castTo(tensor::ConcatOp::create(builder, loc, whole, 0, parts),
                resultType, loc);
}

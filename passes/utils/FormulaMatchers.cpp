//===- FormulaMatchers.cpp - Matchers for formulas written out --*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/FormulaMatchers.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace attn;

std::optional<AxisReduction> attn::matchAxisReduction(Value value,
                                                      ReduceKind kind) {
  auto expand = value.getDefiningOp<tensor::ExpandShapeOp>();
  auto reduce = (expand ? expand.getSrc() : value).getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getKind() != kind || reduce.getAxes().size() != 1)
    return std::nullopt;
  int64_t axis = reduce.getAxes().front();
  if (static_cast<bool>(reduce.getKeep()) == static_cast<bool>(expand))
    return std::nullopt;
  if (expand) {
    // The axis that went comes back, and no other.
    RankedTensorType type = expand.getResultType();
    RankedTensorType input = reduce.getInput().getType();
    if (type.getRank() != input.getRank() || type.getDimSize(axis) != 1)
      return std::nullopt;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != axis && type.getDimSize(i) != input.getDimSize(i))
        return std::nullopt;
  }
  return AxisReduction{reduce, reduce.getInput(), axis};
}

std::optional<std::pair<Value, Value>> attn::matchBinary(Value value,
                                                         BinaryKind kind) {
  auto binary = value.getDefiningOp<BinaryOp>();
  if (!binary || binary.getKind() != kind)
    return std::nullopt;
  return std::make_pair(binary.getLhs(), binary.getRhs());
}

Value attn::matchUnary(Value value, UnaryKind kind) {
  auto unary = value.getDefiningOp<UnaryOp>();
  return unary && unary.getKind() == kind ? unary.getInput() : Value();
}

std::optional<double> attn::matchConstant(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return static_cast<double>(number.getInt());
  return std::nullopt;
}

std::optional<std::pair<Value, Value>> attn::matchQuotient(Value value) {
  if (auto quotient = matchBinary(value, BinaryKind::Div))
    return quotient;
  auto product = matchBinary(value, BinaryKind::Mul);
  if (!product)
    return std::nullopt;
  for (auto [x, inverse] :
       {*product, std::pair(product->second, product->first)})
    if (auto quotient = matchBinary(inverse, BinaryKind::Div))
      if (matchConstant(quotient->first) == 1.0)
        return std::make_pair(x, quotient->second);
  return std::nullopt;
}

//===- AttnFolds.cpp - Folds of attn ops ------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace attn;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// Whether a constant scalar or splat is `value`, sign of zero included.
static bool isNumber(Attribute constant, double value) {
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(constant))
    constant = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast_or_null<FloatAttr>(constant))
    return number.getValue().isExactlyValue(value);
  if (auto number = dyn_cast_or_null<IntegerAttr>(constant))
    return number.getType().isInteger(1)
               ? number.getValue().getZExtValue() == value
               : number.getValue().getSExtValue() == value;
  return false;
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

OpFoldResult UnaryOp::fold(FoldAdaptor) {
  auto inner = getInput().getDefiningOp<UnaryOp>();
  if (!inner)
    return {};
  switch (getKind()) {
  case UnaryKind::Neg:
  case UnaryKind::Not:
    if (inner.getKind() == getKind())
      return inner.getInput();
    return {};
  case UnaryKind::Abs:
    if (inner.getKind() == UnaryKind::Abs)
      return inner.getResult();
    if (inner.getKind() == UnaryKind::Neg) {
      setOperand(inner.getInput());
      return getResult();
    }
    return {};
  case UnaryKind::Floor:
  case UnaryKind::Ceil:
    // Of a whole number.
    if (inner.getKind() == UnaryKind::Floor ||
        inner.getKind() == UnaryKind::Ceil)
      return inner.getResult();
    return {};
  default:
    return {};
  }
}

/// Whether `x kind constant` is x for every x, NaN and both zeros included.
static bool isRightNeutral(BinaryKind kind, Type element, Attribute constant) {
  bool isFloat = isa<FloatType>(element);
  switch (kind) {
  case BinaryKind::Add:
    // -0.0 + 0.0 is 0.0.
    return isNumber(constant, isFloat ? -0.0 : 0.0);
  case BinaryKind::Sub:
    return isNumber(constant, 0.0);
  case BinaryKind::Mul:
  case BinaryKind::Div:
  case BinaryKind::Pow:
  case BinaryKind::And:
    return isNumber(constant, 1.0);
  case BinaryKind::FloorDiv:
    return !isFloat && isNumber(constant, 1.0);
  case BinaryKind::Or:
    return isNumber(constant, 0.0);
  default:
    return false;
  }
}

static bool isCommutative(BinaryKind kind) {
  return kind == BinaryKind::Add || kind == BinaryKind::Mul ||
         kind == BinaryKind::And || kind == BinaryKind::Or;
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  Type element = getElementTypeOrSelf(getLhs().getType());
  if (getLhs().getType() == getType()) {
    if (isRightNeutral(getKind(), element, adaptor.getRhs()))
      return getLhs();
    bool isIdempotent =
        getKind() == BinaryKind::And || getKind() == BinaryKind::Or ||
        getKind() == BinaryKind::Max || getKind() == BinaryKind::Min;
    if (isIdempotent && getLhs() == getRhs())
      return getLhs();
  }
  if (getRhs().getType() == getType() && isCommutative(getKind()) &&
      isRightNeutral(getKind(), element, adaptor.getLhs()))
    return getRhs();
  return {};
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  bool always = isNumber(adaptor.getCondition(), 1.0);
  bool never = isNumber(adaptor.getCondition(), 0.0);
  bool same = getLhs() == getRhs();
  if ((always || same) && getLhs().getType() == getType())
    return getLhs();
  if (never && getRhs().getType() == getType())
    return getRhs();
  return {};
}

/// Whether every value of `from` is a value of `to`.
static bool isExact(Type from, Type to) {
  if (from == to || from.isInteger(1))
    return true;
  if (from.isInteger(32))
    return to.isInteger(64) || to.isF64();
  if (isa<Float16Type, BFloat16Type>(from))
    return to.isF32() || to.isF64();
  return from.isF32() && to.isF64();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto inner = getInput().getDefiningOp<CastOp>();
  if (!inner || !isExact(inner.getInput().getType().getElementType(),
                         inner.getType().getElementType()))
    return {};
  // The inner conversion changed no value.
  if (inner.getInput().getType() == getType())
    return inner.getInput();
  setOperand(inner.getInput());
  return getResult();
}

//===----------------------------------------------------------------------===//
// Other ops
//===----------------------------------------------------------------------===//

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  return getAxes().empty() ? getInput() : Value();
}

OpFoldResult ScoreOp::fold(FoldAdaptor) {
  auto yield = cast<YieldOp>(getRule().front().getTerminator());
  return yield.getValue() == getRule().getArgument(0) ? getInput() : Value();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (isIdentityPermutation(getPermutation()))
    return getInput();
  auto inner = getInput().getDefiningOp<TransposeOp>();
  if (!inner)
    return {};
  // Two transposes are one.
  SmallVector<int64_t> permutation =
      applyPermutation(inner.getPermutation(), getPermutation());
  if (isIdentityPermutation(permutation))
    return inner.getInput();
  setPermutation(permutation);
  setOperand(inner.getInput());
  return getResult();
}

OpFoldResult RepeatOp::fold(FoldAdaptor) {
  if (getInput().getType() != getType())
    return {};
  int64_t axis = getAxis();
  if (!getType().isDynamicDim(axis))
    return getInput();
  auto size = getSize().getDefiningOp<tensor::DimOp>();
  if (size && size.getSource() == getInput() && size.getConstantIndex() == axis)
    return getInput();
  return {};
}

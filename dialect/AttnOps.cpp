//===- AttnOps.cpp - Type inference and verification of attn ops *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace attn;

#include "dialect/AttnEnums.cpp.inc"

/// The types of the operands that a norm has, after the input's.
static ParseResult parseNormTypes(
    OpAsmParser &parser, std::optional<OpAsmParser::UnresolvedOperand> weight,
    Type &weightType, std::optional<OpAsmParser::UnresolvedOperand> bias,
    Type &biasType) {
  if (weight && (parser.parseComma() || parser.parseType(weightType)))
    return failure();
  if (bias && (parser.parseComma() || parser.parseType(biasType)))
    return failure();
  return success();
}

static void printNormTypes(OpAsmPrinter &printer, Operation *, Value weight,
                           Type weightType, Value bias, Type biasType) {
  if (weight)
    printer << ", " << weightType;
  if (bias)
    printer << ", " << biasType;
}

#define GET_OP_CLASSES
#include "dialect/AttnOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

bool attn::isComparison(BinaryKind kind) {
  switch (kind) {
  case BinaryKind::Eq:
  case BinaryKind::Ne:
  case BinaryKind::Lt:
  case BinaryKind::Le:
  case BinaryKind::Gt:
  case BinaryKind::Ge:
    return true;
  default:
    return false;
  }
}

FloatType attn::getAccumulatorType(Type element) {
  return element.isF64()
             ? cast<FloatType>(element)
             : cast<FloatType>(Float32Type::get(element.getContext()));
}

bool attn::areCompatible(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

FailureOr<SmallVector<int64_t>>
attn::broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes) {
  size_t rank = 0;
  for (ArrayRef<int64_t> shape : shapes)
    rank = std::max(rank, shape.size());
  SmallVector<int64_t> result(rank, 1);
  for (ArrayRef<int64_t> shape : shapes) {
    MutableArrayRef<int64_t> tail =
        MutableArrayRef<int64_t>(result).take_back(shape.size());
    for (auto [extent, other] : llvm::zip_equal(tail, shape)) {
      if (other == 1 || extent == other)
        continue;
      if (extent == 1 || ShapedType::isDynamic(extent))
        extent = other;
      else if (!ShapedType::isDynamic(other))
        return failure();
    }
  }
  return result;
}

std::optional<unsigned> attn::getRuleAxis(unsigned index, int64_t rank) {
  // Rank 3 leaves out the head, rank 2 the batch too.
  if (index >= 2)
    return rank - 4 + index;
  if (index == 1)
    return rank == 4 ? std::optional<unsigned>(1) : std::nullopt;
  return rank >= 3 ? std::optional<unsigned>(0) : std::nullopt;
}

/// The broadcast type of tensors and scalars with the given element type.
static LogicalResult inferBroadcast(std::optional<Location> loc, StringRef op,
                                    TypeRange operands, Type element,
                                    SmallVectorImpl<Type> &results) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Type type : operands) {
    if (!isa<ShapedType>(type) && TensorType::isValidElementType(type))
      continue;
    // The custom assembly infers the result before operands are verified, so
    // that any type can come here.
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return emitOptionalError(loc, "'", op,
                               "' op expects tensors or scalars, got ", type);
    shapes.push_back(tensor.getShape());
  }
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(shapes);
  if (failed(shape))
    return emitOptionalError(
        loc, "'", op, "' op expects operands that broadcast, got ", operands);
  results.push_back(RankedTensorType::get(*shape, element));
  return success();
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// A weight or bias must be `[n]` where the input is `[…, n]`.
static LogicalResult verifyNormOperand(Operation *op, StringRef name,
                                       RankedTensorType input, Value operand) {
  if (!operand)
    return success();
  auto type = cast<RankedTensorType>(operand.getType());
  int64_t extent = input.getShape().back();
  if (type.getRank() != 1 || type.getElementType() != input.getElementType() ||
      !areCompatible(type.getDimSize(0), extent))
    return op->emitOpError("expects ")
           << name << " of type "
           << RankedTensorType::get(extent, input.getElementType()) << ", got "
           << type;
  return success();
}

static LogicalResult verifyNormInput(Operation *op, RankedTensorType input) {
  if (input.getRank() == 0)
    return op->emitOpError("expects an input with at least one axis, got ")
           << input;
  return success();
}

static LogicalResult verifyEpsilon(Operation *op, const APFloat &epsilon) {
  if (!epsilon.isFinite() || (epsilon.isNegative() && !epsilon.isZero())) {
    SmallString<16> text;
    epsilon.toString(text);
    return op->emitOpError("expects a finite epsilon of at least 0, got ")
           << text;
  }
  return success();
}

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>,
                                            LayerNormOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &results) {
  results.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult LayerNormOp::verify() {
  RankedTensorType input = getInput().getType();
  // (C1)
  if (failed(verifyNormInput(*this, input)))
    return failure();
  // (C2)
  if (failed(verifyNormOperand(*this, "weight", input, getWeight())))
    return failure();
  // (C3)
  if (failed(verifyNormOperand(*this, "bias", input, getBias())))
    return failure();
  // (C4)
  return verifyEpsilon(*this, getEpsilon());
}

LogicalResult RmsNormOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>,
                                          RmsNormOp::Adaptor adaptor,
                                          SmallVectorImpl<Type> &results) {
  results.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult RmsNormOp::verify() {
  RankedTensorType input = getInput().getType();
  // (C1)
  if (failed(verifyNormInput(*this, input)))
    return failure();
  // (C2)
  if (failed(verifyNormOperand(*this, "weight", input, getWeight())))
    return failure();
  // (C3)
  return verifyEpsilon(*this, getEpsilon());
}

//===----------------------------------------------------------------------===//
// MatmulOp, SoftmaxOp, ReduceOp
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> loc,
                                         MatmulOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  auto lhs = cast<RankedTensorType>(adaptor.getLhs().getType());
  auto rhs = cast<RankedTensorType>(adaptor.getRhs().getType());
  auto emit = [&, loc](StringRef expected, auto left, auto right) {
    return emitOptionalError(loc, "'", getOperationName(), "' op expects ",
                             expected, ", got ", left, " and ", right);
  };
  // (C1)
  if (lhs.getRank() < 2 || rhs.getRank() < 2)
    return emit("operands with at least two axes", lhs, rhs);
  // (C2)
  if (lhs.getElementType() != rhs.getElementType())
    return emit("operands of one element type", lhs, rhs);
  // (C3)
  int64_t inner = lhs.getShape().back();
  if (!areCompatible(inner, rhs.getDimSize(rhs.getRank() - 2)))
    return emit("equal inner extents", inner,
                rhs.getDimSize(rhs.getRank() - 2));
  // (C4)
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(
      {lhs.getShape().drop_back(2), rhs.getShape().drop_back(2)});
  if (failed(shape))
    return emit("leading axes that broadcast", lhs, rhs);
  shape->push_back(lhs.getDimSize(lhs.getRank() - 2));
  shape->push_back(rhs.getShape().back());
  results.push_back(RankedTensorType::get(*shape, lhs.getElementType()));
  return success();
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>,
                                          SoftmaxOp::Adaptor adaptor,
                                          SmallVectorImpl<Type> &results) {
  results.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult SoftmaxOp::verify() {
  // (C1)
  if (getAxis() >= static_cast<uint64_t>(getInput().getType().getRank()))
    return emitOpError("expects axis below the rank of ")
           << getInput().getType() << ", got " << getAxis();
  return success();
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> loc,
                                         ReduceOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(adaptor.getInput().getType());
  // (C1)
  ArrayRef<int64_t> axes = adaptor.getAxes();
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis < 0 || axis >= input.getRank() || (i && axes[i - 1] >= axis))
      return emitOptionalError(
          loc, "'", getOperationName(),
          "' op expects increasing axes below the rank of ", input, ", got [",
          axes, "]");
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(input.getShape())) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(axis)))
      shape.push_back(extent);
    else if (adaptor.getKeep())
      shape.push_back(1);
  }
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult ReduceOp::verify() {
  Type element = getInput().getType().getElementType();
  // (C2)
  if (element.isInteger(1))
    return emitOpError("expects numbers, got ") << getInput().getType();
  // (C3)
  if (getKind() == ReduceKind::Mean && !isa<FloatType>(element))
    return emitOpError("expects floats for mean, got ") << getInput().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// UnaryOp, BinaryOp, SelectOp, CastOp
//===----------------------------------------------------------------------===//

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                        UnaryOp::Adaptor adaptor,
                                        SmallVectorImpl<Type> &results) {
  results.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult UnaryOp::verify() {
  Type element = getInput().getType().getElementType();
  StringRef name = stringifyUnaryKind(getKind());
  switch (getKind()) {
  case UnaryKind::Not:
    // (C1)
    if (!element.isInteger(1))
      return emitOpError(name) << " expects bools, got " << element;
    return success();
  case UnaryKind::Neg:
  case UnaryKind::Abs:
    // (C2)
    if (element.isInteger(1))
      return emitOpError(name) << " expects numbers, got " << element;
    return success();
  default:
    // (C3)
    if (!isa<FloatType>(element))
      return emitOpError(name) << " expects floats, got " << element;
    return success();
  }
}

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         BinaryOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  Type element = isComparison(adaptor.getKind())
                     ? IntegerType::get(context, 1)
                     : getElementTypeOrSelf(adaptor.getLhs().getType());
  // (C3)
  return inferBroadcast(
      loc, getOperationName(),
      {adaptor.getLhs().getType(), adaptor.getRhs().getType()}, element,
      results);
}

LogicalResult BinaryOp::verify() {
  // (C1)
  if (!isa<ShapedType>(getLhs().getType()) &&
      !isa<ShapedType>(getRhs().getType()))
    return emitOpError("expects at least one tensor, got ")
           << getLhs().getType() << " and " << getRhs().getType();
  // (C2)
  Type element = getElementTypeOrSelf(getLhs().getType());
  if (element != getElementTypeOrSelf(getRhs().getType()))
    return emitOpError("expects operands of one element type, got ")
           << getLhs().getType() << " and " << getRhs().getType();
  StringRef name = stringifyBinaryKind(getKind());
  switch (getKind()) {
  case BinaryKind::And:
  case BinaryKind::Or:
    // (C4)
    if (!element.isInteger(1))
      return emitOpError(name) << " expects bools, got " << element;
    return success();
  case BinaryKind::Div:
  case BinaryKind::Pow:
    // (C5)
    if (!isa<FloatType>(element))
      return emitOpError(name) << " expects floats, got " << element;
    return success();
  case BinaryKind::Eq:
  case BinaryKind::Ne:
    return success();
  default:
    // (C6)
    if (element.isInteger(1))
      return emitOpError(name) << " expects numbers, got " << element;
    return success();
  }
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> loc,
                                         SelectOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  // (C2)
  return inferBroadcast(
      loc, getOperationName(),
      {adaptor.getCondition().getType(), adaptor.getLhs().getType(),
       adaptor.getRhs().getType()},
      getElementTypeOrSelf(adaptor.getLhs().getType()), results);
}

LogicalResult SelectOp::verify() {
  // (C1)
  if (getElementTypeOrSelf(getLhs().getType()) !=
      getElementTypeOrSelf(getRhs().getType()))
    return emitOpError("expects values of one element type, got ")
           << getLhs().getType() << " and " << getRhs().getType();
  return success();
}

LogicalResult CastOp::verify() {
  // (C1)
  if (getInput().getType().getShape() != getType().getShape())
    return emitOpError("expects a result shaped like ")
           << getInput().getType() << ", got " << getType();
  return success();
}

//===----------------------------------------------------------------------===//
// TransposeOp, RepeatOp
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> loc,
                                            TransposeOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(adaptor.getInput().getType());
  // (C1)
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  if (static_cast<int64_t>(permutation.size()) != input.getRank() ||
      !isPermutationVector(permutation))
    return emitOptionalError(loc, "'", getOperationName(),
                             "' op expects a permutation of ", input.getRank(),
                             " axes, got [", permutation, "]");
  results.push_back(RankedTensorType::get(
      applyPermutation(input.getShape(), permutation), input.getElementType()));
  return success();
}

LogicalResult RepeatOp::verify() {
  RankedTensorType input = getInput().getType(), result = getType();
  // (C1)
  int64_t axis = getAxis();
  if (axis >= input.getRank())
    return emitOpError("expects axis below the rank of ")
           << input << ", got " << axis;
  // (C2)
  bool alike = result.getRank() == input.getRank() &&
               result.getElementType() == input.getElementType();
  for (int64_t i = 0, e = input.getRank(); alike && i < e; ++i)
    alike = i == axis || input.getDimSize(i) == result.getDimSize(i);
  if (!alike)
    return emitOpError("expects a result like ")
           << input << " except along axis " << axis << ", got " << result;
  // (C3)
  int64_t from = input.getDimSize(axis), to = result.getDimSize(axis);
  if (!ShapedType::isDynamic(from) && !ShapedType::isDynamic(to) &&
      (from == 0 ? to != 0 : to % from != 0))
    return emitOpError("expects a multiple of ") << from << ", got " << to;
  return success();
}

//===----------------------------------------------------------------------===//
// ValidateOp
//===----------------------------------------------------------------------===//

LogicalResult ValidateOp::verify() {
  // (C1)
  int64_t rank = getInput().getType().getRank();
  if (rank < 1 || rank > 4)
    return emitOpError("expects a tensor of rank 1 to 4, got ")
           << getInput().getType();
  return success();
}

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
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace attn;

#include "dialect/AttnEnums.cpp.inc"

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

/// The element type of a tensor, or the type of a scalar.
static Type getElementOrSelf(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? shaped.getElementType() : type;
}

static ArrayRef<int64_t> getShapeOrScalar(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? shaped.getShape() : ArrayRef<int64_t>();
}

/// The broadcast type of `operands` with the given element type.
static LogicalResult inferBroadcast(std::optional<Location> loc,
                                    TypeRange operands, Type element,
                                    SmallVectorImpl<Type> &results) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Type type : operands)
    shapes.push_back(getShapeOrScalar(type));
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(shapes);
  if (failed(shape))
    return emitOptionalError(loc, "operands do not broadcast: ", operands);
  results.push_back(RankedTensorType::get(*shape, element));
  return success();
}

/// Checks a rule region: arguments [score,] b, h, q, k and the yielded type.
static LogicalResult verifyRule(Operation *op, Region &region, StringRef name,
                                Type score) {
  Type index = IndexType::get(op->getContext());
  SmallVector<Type> expected(4, index);
  if (score)
    expected.insert(expected.begin(), score);
  Block &block = region.front();
  if (!llvm::equal(block.getArgumentTypes(), expected))
    return op->emitOpError()
           << "expects the " << name << " region to have arguments ("
           << expected << "), got (" << block.getArgumentTypes() << ")";
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError()
           << "expects the " << name << " region to end in attn.yield";
  Type result = score ? score : IntegerType::get(op->getContext(), 1);
  if (yield.getValue().getType() != result)
    return op->emitOpError()
           << "expects the " << name << " region to yield " << result
           << ", got " << yield.getValue().getType();
  return success();
}

static void nameRuleArguments(Region &region, OpAsmSetValueNameFn setName) {
  if (region.empty())
    return;
  static constexpr StringLiteral names[] = {"s", "b", "h", "q", "k"};
  unsigned skip = region.getNumArguments() == 5 ? 0 : 1;
  for (auto [argument, name] :
       llvm::zip(region.getArguments(), ArrayRef(names).drop_front(skip)))
    setName(argument, name);
}

static bool compatible(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

FloatType AttentionOp::getAccumulatorType() {
  return attn::getAccumulatorType(getQueryType().getElementType());
}
ShapedType AttentionOp::getQueryType() {
  return cast<ShapedType>(getQuery().getType());
}
ShapedType AttentionOp::getKeyType() {
  return cast<ShapedType>(getKey().getType());
}
ShapedType AttentionOp::getValueType() {
  return cast<ShapedType>(getValue().getType());
}

void AttentionOp::getAsmBlockArgumentNames(Region &region,
                                           OpAsmSetValueNameFn setName) {
  nameRuleArguments(region, setName);
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (hasPureTensorSemantics())
    return;
  for (OpOperand *operand :
       {&getQueryMutable(), &getKeyMutable(), &getValueMutable()})
    effects.emplace_back(MemoryEffects::Read::get(), operand,
                         SideEffects::DefaultResource::get());
  for (OpOperand &operand : getInitMutable())
    effects.emplace_back(MemoryEffects::Write::get(), &operand,
                         SideEffects::DefaultResource::get());
}

LogicalResult AttentionOp::verify() {
  ShapedType query = getQueryType(), key = getKeyType(), value = getValueType();
  int64_t rank = query.getRank();
  // (C1)
  if (rank < 2 || rank > 4)
    return emitOpError("expects operands of rank 2, 3 or 4, got ") << query;
  if (key.getRank() != rank || value.getRank() != rank)
    return emitOpError("expects query, key and value of one rank, got ")
           << query << ", " << key << ", " << value;
  // (C2)
  if (key.getElementType() != query.getElementType() ||
      value.getElementType() != query.getElementType())
    return emitOpError("expects query, key and value of one element type, got ")
           << query << ", " << key << ", " << value;
  // (C3)
  if (!compatible(query.getShape().back(), key.getShape().back()))
    return emitOpError("expects query and key of one head dim, got ")
           << query.getShape().back() << " and " << key.getShape().back();
  // (C4)
  if (!compatible(key.getDimSize(rank - 2), value.getDimSize(rank - 2)))
    return emitOpError("expects key and value of one length, got ")
           << key.getDimSize(rank - 2) << " and " << value.getDimSize(rank - 2);
  if (rank >= 3) {
    // (C5)
    for (ShapedType other : {key, value})
      if (!compatible(query.getDimSize(0), other.getDimSize(0)))
        return emitOpError("expects query, key and value of one batch size, "
                           "got ")
               << query.getDimSize(0) << " and " << other.getDimSize(0);
  }
  if (rank == 4) {
    // (C6)
    int64_t heads = query.getDimSize(1), kvHeads = key.getDimSize(1);
    if (!compatible(kvHeads, value.getDimSize(1)))
      return emitOpError("expects key and value of one head count, got ")
             << kvHeads << " and " << value.getDimSize(1);
    if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(kvHeads) &&
        (kvHeads == 0 ? heads != 0 : heads % kvHeads != 0))
      return emitOpError("expects the query heads to be a multiple of the "
                         "key heads, got ")
             << heads << " and " << kvHeads;
  }
  // (C7)
  if (getScale() && getScale().getType() != getAccumulatorType())
    return emitOpError("expects scale of type ")
           << getAccumulatorType() << ", got " << getScale().getType();
  // (C8)
  bool buffers = isa<MemRefType>(query);
  for (ShapedType type : {key, value})
    if (isa<MemRefType>(type) != buffers)
      return emitOpError("expects either tensors or buffers, got both");
  if (getInit() && isa<MemRefType>(getInit().getType()) != buffers)
    return emitOpError("expects either tensors or buffers, got both");
  if (buffers && !getInit())
    return emitOpError("expects outs with buffers");
  if (buffers == (getNumResults() == 1))
    return emitOpError(buffers ? "expects no result with buffers"
                               : "expects a result with tensors");
  // (C9)
  auto result =
      cast<ShapedType>(buffers ? getInit().getType() : getResult().getType());
  if (getInit() && !buffers && getInit().getType() != result)
    return emitOpError("expects outs and result of one type, got ")
           << getInit().getType() << " and " << result;
  SmallVector<int64_t> shape(query.getShape());
  shape.back() = value.getShape().back();
  if (result.getElementType() != query.getElementType() ||
      result.getRank() != rank ||
      !llvm::all_of_zip(result.getShape(), shape, compatible))
    return emitOpError("expects a result of shape ")
           << RankedTensorType::get(shape, query.getElementType()) << ", got "
           << result;
  return success();
}

LogicalResult AttentionOp::verifyRegions() {
  if (hasMask() && failed(verifyRule(*this, getMask(), "mask", Type())))
    return failure();
  if (hasScore() &&
      failed(verifyRule(*this, getScore(), "score", getAccumulatorType())))
    return failure();
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
  if (type.getRank() != 1 || type.getElementType() != input.getElementType() ||
      !compatible(type.getDimSize(0), input.getShape().back()))
    return op->emitOpError("expects ")
           << name << " of type "
           << RankedTensorType::get(input.getShape().back(),
                                    input.getElementType())
           << ", got " << type;
  return success();
}

static LogicalResult verifyNorm(Operation *op, RankedTensorType input,
                                ValueRange operands,
                                ArrayRef<StringRef> names) {
  if (input.getRank() == 0)
    return op->emitOpError("expects an input with at least one axis");
  for (auto [operand, name] : llvm::zip_equal(operands, names))
    if (failed(verifyNormOperand(op, name, input, operand)))
      return failure();
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
  return verifyNorm(*this, getInput().getType(), {getWeight(), getBias()},
                    {"weight", "bias"});
}

LogicalResult RmsNormOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>,
                                          RmsNormOp::Adaptor adaptor,
                                          SmallVectorImpl<Type> &results) {
  results.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult RmsNormOp::verify() {
  return verifyNorm(*this, getInput().getType(), {getWeight()}, {"weight"});
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
  // (C1)
  if (lhs.getRank() < 2 || rhs.getRank() < 2)
    return emitOptionalError(loc,
                             "matmul expects operands with at least two "
                             "axes, got ",
                             lhs, " and ", rhs);
  // (C2)
  if (lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(loc, "matmul expects one element type, got ", lhs,
                             " and ", rhs);
  // (C3)
  if (!compatible(lhs.getShape().back(), rhs.getDimSize(rhs.getRank() - 2)))
    return emitOptionalError(loc, "matmul expects equal inner extents, got ",
                             lhs.getShape().back(), " and ",
                             rhs.getDimSize(rhs.getRank() - 2));
  // (C4)
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(
      {lhs.getShape().drop_back(2), rhs.getShape().drop_back(2)});
  if (failed(shape))
    return emitOptionalError(loc, "leading axes do not broadcast: ", lhs,
                             " and ", rhs);
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
    return emitOpError("expects axis below ")
           << getInput().getType().getRank() << ", got " << getAxis();
  return success();
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> loc,
                                         ReduceOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(adaptor.getInput().getType());
  ArrayRef<int64_t> axes = adaptor.getAxes();
  // (C1)
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis < 0 || axis >= input.getRank() || (i && axes[i - 1] >= axis))
      return emitOptionalError(loc, "axes must be increasing and below ",
                               input.getRank(), ", got [", axes, "]");
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
// UnaryOp, BinaryOp, SelectOp
//===----------------------------------------------------------------------===//

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                        UnaryOp::Adaptor adaptor,
                                        SmallVectorImpl<Type> &results) {
  results.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult UnaryOp::verify() {
  Type element = getInput().getType().getElementType();
  bool isBool = element.isInteger(1);
  // (C1)
  if (getKind() == UnaryKind::Not)
    return isBool
               ? success()
               : emitOpError("not expects bools, got ") << getInput().getType();
  if (getKind() == UnaryKind::Neg || getKind() == UnaryKind::Abs)
    return isBool ? emitOpError(stringifyUnaryKind(getKind()))
                        << " expects numbers, got " << getInput().getType()
                  : success();
  if (!isa<FloatType>(element))
    return emitOpError(stringifyUnaryKind(getKind()))
           << " expects floats, got " << getInput().getType();
  return success();
}

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         BinaryOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  Type element = isComparison(adaptor.getKind())
                     ? IntegerType::get(context, 1)
                     : getElementOrSelf(adaptor.getLhs().getType());
  return inferBroadcast(
      loc, {adaptor.getLhs().getType(), adaptor.getRhs().getType()}, element,
      results);
}

LogicalResult BinaryOp::verify() {
  Type lhs = getElementOrSelf(getLhs().getType());
  Type rhs = getElementOrSelf(getRhs().getType());
  // (C1)
  if (!isa<ShapedType>(getLhs().getType()) &&
      !isa<ShapedType>(getRhs().getType()))
    return emitOpError("expects at least one tensor, got ")
           << lhs << " and " << rhs;
  // (C2)
  if (lhs != rhs)
    return emitOpError("expects one element type, got ")
           << lhs << " and " << rhs;
  // (C3)
  StringRef name = stringifyBinaryKind(getKind());
  switch (getKind()) {
  case BinaryKind::And:
  case BinaryKind::Or:
    if (!lhs.isInteger(1))
      return emitOpError(name) << " expects bools, got " << lhs;
    return success();
  case BinaryKind::Div:
  case BinaryKind::Pow:
    if (!isa<FloatType>(lhs))
      return emitOpError(name) << " expects floats, got " << lhs;
    return success();
  case BinaryKind::Eq:
  case BinaryKind::Ne:
    return success();
  default:
    if (lhs.isInteger(1))
      return emitOpError(name) << " expects numbers, got " << lhs;
    return success();
  }
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> loc,
                                         SelectOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  return inferBroadcast(loc,
                        {adaptor.getCondition().getType(),
                         adaptor.getLhs().getType(),
                         adaptor.getRhs().getType()},
                        getElementOrSelf(adaptor.getLhs().getType()), results);
}

LogicalResult SelectOp::verify() {
  Type lhs = getElementOrSelf(getLhs().getType());
  Type rhs = getElementOrSelf(getRhs().getType());
  // (C1)
  if (lhs != rhs)
    return emitOpError("expects one element type, got ")
           << lhs << " and " << rhs;
  return success();
}

//===----------------------------------------------------------------------===//
// MaskOp, ScoreOp
//===----------------------------------------------------------------------===//

void MaskOp::getAsmBlockArgumentNames(Region &region,
                                      OpAsmSetValueNameFn setName) {
  nameRuleArguments(region, setName);
}

LogicalResult MaskOp::verify() {
  // (C1)
  if (static_cast<int64_t>(getSizes().size()) != getType().getNumDynamicDims())
    return emitOpError("expects ")
           << getType().getNumDynamicDims() << " sizes for " << getType()
           << ", got " << getSizes().size();
  return success();
}

LogicalResult MaskOp::verifyRegions() {
  return verifyRule(*this, getRule(), "rule", Type());
}

void ScoreOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setName) {
  nameRuleArguments(region, setName);
}

LogicalResult ScoreOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                        ScoreOp::Adaptor adaptor,
                                        SmallVectorImpl<Type> &results) {
  results.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult ScoreOp::verifyRegions() {
  return verifyRule(
      *this, getRule(), "rule",
      cast<RankedTensorType>(getInput().getType()).getElementType());
}

//===----------------------------------------------------------------------===//
// TransposeOp, RepeatOp
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> loc,
                                            TransposeOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(adaptor.getInput().getType());
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  // (C1)
  if (static_cast<int64_t>(permutation.size()) != input.getRank() ||
      !isPermutationVector(permutation))
    return emitOptionalError(loc, "expects a permutation of ", input.getRank(),
                             " axes, got [", permutation, "]");
  results.push_back(RankedTensorType::get(
      applyPermutation(input.getShape(), permutation), input.getElementType()));
  return success();
}

LogicalResult RepeatOp::verify() {
  auto input = getInput().getType();
  // (C1)
  if (getAxis() >= static_cast<uint64_t>(input.getRank()))
    return emitOpError("expects axis below ")
           << input.getRank() << ", got " << getAxis();
  // (C2)
  if (getType().getRank() != input.getRank() ||
      getType().getElementType() != input.getElementType())
    return emitOpError("expects a result like ")
           << input << ", got " << getType();
  for (int64_t i = 0; i < input.getRank(); ++i)
    if (i != static_cast<int64_t>(getAxis()) &&
        input.getDimSize(i) != getType().getDimSize(i))
      return emitOpError("expects a result like ")
             << input << " except along axis " << getAxis() << ", got "
             << getType();
  // (C3)
  int64_t from = input.getDimSize(getAxis()),
          to = getType().getDimSize(getAxis());
  if (!ShapedType::isDynamic(from) && !ShapedType::isDynamic(to) &&
      (from == 0 ? to != 0 : to % from != 0))
    return emitOpError("expects a multiple of ") << from << ", got " << to;
  return success();
}

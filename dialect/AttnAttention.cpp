//===- AttnAttention.cpp - Attention and rule ops ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnOps.h"

#include "dialect/AttnRules.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace attn;

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

RankedTensorType AttentionOp::getRowType() {
  return RankedTensorType::get(getQueryType().getShape().drop_back(),
                               getAccumulatorType());
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
  for (OpOperand &operand : getSinkMutable())
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
  for (MutableOperandRange inits :
       {getInitMutable(), getLseInitMutable(), getMaxInitMutable(),
        getEntropyInitMutable()})
    for (OpOperand &operand : inits)
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
}

LogicalResult AttentionOp::verifyShapes(std::optional<Location> loc,
                                        ShapedType query, ShapedType key,
                                        ShapedType value, ShapedType result,
                                        StringRef name) {
  auto emit = [&](auto &&...message) {
    return emitOptionalError(loc, "'", name, "' op expects ", message...);
  };
  // (C1)
  int64_t rank = query.getRank();
  if (rank < 2 || rank > 4)
    return emit("operands of rank 2, 3 or 4, got ", query);
  if (key.getRank() != rank || value.getRank() != rank)
    return emit("query, key and value of one rank, got ", query, ", ", key,
                ", ", value);
  // (C2)
  Type element = query.getElementType();
  if (key.getElementType() != element || value.getElementType() != element)
    return emit("query, key and value of one element type, got ", query, ", ",
                key, ", ", value);
  // (C3)
  int64_t headDim = query.getDimSize(rank - 1);
  if (!areCompatible(headDim, key.getDimSize(rank - 1)))
    return emit("query and key of one head dim, got ", headDim, " and ",
                key.getDimSize(rank - 1));
  // (C4)
  int64_t length = key.getDimSize(rank - 2);
  if (!areCompatible(length, value.getDimSize(rank - 2)))
    return emit("key and value of one length, got ", length, " and ",
                value.getDimSize(rank - 2));
  // (C5)
  if (rank >= 3) {
    for (auto [a, b] : {std::pair(query, key), std::pair(query, value),
                        std::pair(key, value)})
      if (!areCompatible(a.getDimSize(0), b.getDimSize(0)))
        return emit("query, key and value of one batch size, got ",
                    a.getDimSize(0), " and ", b.getDimSize(0));
  }
  // (C6)
  if (rank == 4) {
    int64_t heads = query.getDimSize(1);
    if (!areCompatible(key.getDimSize(1), value.getDimSize(1)))
      return emit("key and value of one head count, got ", key.getDimSize(1),
                  " and ", value.getDimSize(1));
    for (int64_t kvHeads : {key.getDimSize(1), value.getDimSize(1)})
      if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(kvHeads) &&
          (kvHeads == 0 ? heads != 0 : heads % kvHeads != 0))
        return emit("the query heads to be a multiple of the key heads, got ",
                    heads, " and ", kvHeads);
  }
  // (C9)
  if (!result)
    return success();
  SmallVector<int64_t> shape(query.getShape());
  shape.back() = value.getShape().back();
  if (result.getElementType() != element || result.getRank() != rank ||
      !llvm::all_of_zip(result.getShape(), shape, areCompatible))
    return emit("a result like ", RankedTensorType::get(shape, element),
                ", got ", result);
  return success();
}

/// One number, or one a head.
static LogicalResult verifySink(AttentionOp op) {
  Type type = op.getSink().getType();
  bool isFit = getElementTypeOrSelf(type) == op.getAccumulatorType();
  int64_t rank = op.getQueryType().getRank();
  int64_t heads = rank == 4 ? op.getQueryType().getDimSize(1) : 1;
  if (auto shaped = dyn_cast<ShapedType>(type))
    isFit &= areCompatible(shaped.getDimSize(0), heads);
  if (isFit)
    return success();
  return op.emitOpError("expects a sink of type ")
         << op.getAccumulatorType() << " or "
         << RankedTensorType::get(heads, op.getAccumulatorType()) << ", got "
         << type;
}

static bool hasStatistics(AttentionOp op) {
  return op.getLse() || op.getLseInit() || op.getMax() || op.getMaxInit() ||
         op.getEntropy() || op.getEntropyInit();
}

/// One number a row, on tensors or on buffers.
static LogicalResult verifyRows(AttentionOp op, StringRef name, Value result,
                                Value init) {
  bool buffers = isa<MemRefType>(op.getQueryType());
  if (result && init && result.getType() != init.getType())
    return op.emitOpError("expects ")
           << name << " and its outs of one type, got " << result.getType()
           << " and " << init.getType();
  if (!buffers && init && !result)
    return op.emitOpError("expects a result for the outs of ") << name;
  for (Value value : {result, init}) {
    if (!value)
      continue;
    auto type = cast<ShapedType>(value.getType());
    RankedTensorType expected = op.getRowType();
    if (isa<MemRefType>(type) != buffers ||
        type.getElementType() != expected.getElementType() ||
        type.getRank() != expected.getRank() ||
        !llvm::all_of_zip(type.getShape(), expected.getShape(), areCompatible))
      return op.emitOpError("expects ")
             << name << " like " << expected << ", got " << type;
  }
  return success();
}

LogicalResult AttentionOp::verify() {
  // (C8)
  bool buffers = isa<MemRefType>(getQueryType());
  SmallVector<Type> types = {getKeyType(), getValueType()};
  if (getInit())
    types.push_back(getInit().getType());
  if (getSink() && isa<ShapedType>(getSink().getType()))
    types.push_back(getSink().getType());
  for (Type type : types)
    if (isa<MemRefType>(type) != buffers)
      return emitOpError("expects either tensors or buffers, got ")
             << getQueryType() << " and " << type;
  if (buffers && !getInit())
    return emitOpError("expects outs with buffers, got none");
  if (buffers && hasPureTensorSemantics())
    return emitOpError("expects no result with buffers, got ")
           << getOperation()->getResult(0).getType();
  if (!buffers && !getResult())
    return emitOpError("expects a result with tensors, got none");
  // (C1) (C2) (C3) (C4) (C5) (C6) (C9)
  auto result =
      cast<ShapedType>(buffers ? getInit().getType() : getResult().getType());
  if (failed(verifyShapes(getLoc(), getQueryType(), getKeyType(),
                          getValueType(), result)))
    return failure();
  if (getInit() && getInit().getType() != result)
    return emitOpError("expects outs and result of one type, got ")
           << getInit().getType() << " and " << result;
  // (C7)
  if (getScale() && getScale().getType() != getAccumulatorType())
    return emitOpError("expects scale of type ")
           << getAccumulatorType() << ", got " << getScale().getType();
  // (C13)
  if (getSink() && failed(verifySink(*this)))
    return failure();
  // (C14)
  if (!isSoftmax() && (getSink() || hasStatistics(*this)))
    return emitOpError("expects sink, lse, max and entropy with softmax only, "
                       "got the normalizer ")
           << stringifyNormalizer(getNormalizer());
  // (C15)
  if (failed(verifyRows(*this, "lse", getLse(), getLseInit())) ||
      failed(verifyRows(*this, "max", getMax(), getMaxInit())))
    return failure();
  return verifyRows(*this, "entropy", getEntropy(), getEntropyInit());
}

LogicalResult AttentionOp::verifyRegions() {
  // (C10)
  if (hasMask() && failed(verifyMask(*this, getMask(), "mask")))
    return failure();
  // (C11)
  if (hasScore() &&
      failed(verifyScore(*this, getScore(), "score", getAccumulatorType())))
    return failure();
  // (C16)
  if (hasFactor() && failed(verifyRule(*this, getFactor(), "factor",
                                       TypeRange(), getAccumulatorType())))
    return failure();
  // (C12)
  if (failed(verifyNoWrites(*this, getMask(), "mask")) ||
      failed(verifyNoWrites(*this, getScore(), "score")))
    return failure();
  return verifyNoWrites(*this, getFactor(), "factor");
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
  // (C2)
  if (failed(verifyMask(*this, getRule(), "rule")))
    return failure();
  // (C3)
  return verifyNoWrites(*this, getRule(), "rule");
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
  // (C1)
  if (failed(verifyScore(*this, getRule(), "rule",
                         getInput().getType().getElementType())))
    return failure();
  // (C2)
  return verifyNoWrites(*this, getRule(), "rule");
}

//===- AttnLinearAttention.cpp - Attention without a softmax ----*- C++ -*-===//
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

FloatType LinearAttentionOp::getAccumulatorType() {
  return attn::getAccumulatorType(getQueryType().getElementType());
}
ShapedType LinearAttentionOp::getQueryType() {
  return cast<ShapedType>(getQuery().getType());
}
ShapedType LinearAttentionOp::getKeyType() {
  return cast<ShapedType>(getKey().getType());
}
ShapedType LinearAttentionOp::getValueType() {
  return cast<ShapedType>(getValue().getType());
}

bool LinearAttentionOp::hasPositionDecay() {
  if (!getDecay())
    return false;
  auto type = dyn_cast<ShapedType>(getDecay().getType());
  return type && type.getRank() == getQueryType().getRank() - 1;
}

void LinearAttentionOp::getAsmBlockArgumentNames(Region &region,
                                                 OpAsmSetValueNameFn setName) {
  if (region.empty())
    return;
  // Those of `output` begin with y and total.
  static constexpr StringLiteral names[] = {"y", "total", "b", "h", "t", "d"};
  static constexpr StringLiteral mapNames[] = {"x", "b", "h", "t", "d"};
  bool isMap = region.getNumArguments() == std::size(mapNames);
  for (auto [argument, name] : llvm::zip(
           region.getArguments(), isMap ? ArrayRef(mapNames) : ArrayRef(names)))
    setName(argument, name);
}

void LinearAttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (hasPureTensorSemantics())
    return;
  MutableOperandRange inits = getInitsMutable();
  unsigned numRead = getNumOperands() - inits.size();
  for (OpOperand &operand : getOperation()->getOpOperands().take_front(numRead))
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
  for (OpOperand &operand : inits)
    effects.emplace_back(MemoryEffects::Write::get(), &operand,
                         SideEffects::DefaultResource::get());
}

/// Whether a decay can go with queries of `query`.
static bool isDecayFor(Type decay, ShapedType query, Type element) {
  if (getElementTypeOrSelf(decay) != element)
    return false;
  auto type = dyn_cast<ShapedType>(decay);
  if (!type)
    return true;
  if (type.getRank() == query.getRank() - 1)
    return llvm::all_of_zip(type.getShape(), query.getShape().drop_back(),
                            areCompatible);
  return query.getRank() == 4 && type.getRank() == 1 &&
         areCompatible(type.getDimSize(0), query.getDimSize(1));
}

LogicalResult LinearAttentionOp::verify() {
  // (C11)
  bool buffers = isa<MemRefType>(getQueryType());
  for (Type type : getOperandTypes())
    if (isa<ShapedType>(type) && isa<MemRefType>(type) != buffers)
      return emitOpError("expects either tensors or buffers, got ")
             << getQueryType() << " and " << type;
  unsigned numInits = getInits().size();
  if (numInits != getNumOutputs() && (buffers || numInits != 0))
    return emitOpError("expects ")
           << getNumOutputs() << " outs, got " << numInits;
  unsigned numResults = buffers ? 0 : getNumOutputs();
  if (getNumResults() != numResults)
    return emitOpError("expects ")
           << numResults << (buffers ? " results with buffers" : " results")
           << ", got " << getNumResults();

  // (C1) (C2) (C3) (C4) (C5) (C6)
  ShapedType query = getQueryType(), key = getKeyType(), value = getValueType();
  if (failed(AttentionOp::verifyShapes(getLoc(), query, key, value,
                                       ShapedType(), getOperationName())))
    return failure();
  int64_t rank = query.getRank();
  // (C7)
  FloatType accumulator = getAccumulatorType();
  if (getDecay() && !isDecayFor(getDecay().getType(), query, accumulator))
    return emitOpError("expects a decay of ")
           << accumulator << " for " << query
           << ": one number, one for each head or one for each position, got "
           << getDecay().getType();
  // (C8)
  if (!getCausal() && (getDecay() || getState()))
    return emitOpError("expects causal with ")
           << (getDecay() ? "decay" : "state");
  // (C9)
  if (getCausal() &&
      !areCompatible(query.getDimSize(rank - 2), key.getDimSize(rank - 2)))
    return emitOpError("expects query and key of one length with causal, got ")
           << query.getDimSize(rank - 2) << " and " << key.getDimSize(rank - 2);

  SmallVector<int64_t> shape(query.getShape());
  shape.back() = value.getShape().back();
  SmallVector<int64_t> stateShape(shape);
  stateShape[rank - 2] = query.getShape().back();
  auto fits = [](ShapedType type, ArrayRef<int64_t> shape, Type element) {
    return type.getElementType() == element &&
           type.getRank() == static_cast<int64_t>(shape.size()) &&
           llvm::all_of_zip(type.getShape(), shape, areCompatible);
  };
  // (C10)
  if (getState() &&
      !fits(cast<ShapedType>(getState().getType()), stateShape, accumulator))
    return emitOpError("expects a state like ")
           << RankedTensorType::get(stateShape, accumulator) << ", got "
           << getState().getType();
  // (C13)
  if (getScale() && getScale().getType() != accumulator)
    return emitOpError("expects scale of type ")
           << accumulator << ", got " << getScale().getType();
  // (C12)
  Type element = query.getElementType();
  for (TypeRange types : {TypeRange(getInits()), TypeRange(getResults())})
    for (auto [number, type] : llvm::enumerate(types)) {
      ArrayRef<int64_t> expected = number == 0 ? shape : stateShape;
      Type expectedElement = number == 0 ? element : Type(accumulator);
      if (!fits(cast<ShapedType>(type), expected, expectedElement))
        return emitOpError("expects a result like ")
               << RankedTensorType::get(expected, expectedElement) << ", got "
               << type;
    }
  if (numInits && numResults &&
      !llvm::equal(getInits().getTypes(), getResultTypes()))
    return emitOpError("expects outs and results of the same types, got ")
           << getInits().getTypes() << " and " << getResultTypes();
  return success();
}

LogicalResult LinearAttentionOp::verifyRegions() {
  Type element = getAccumulatorType();
  // (C14)
  for (auto [name, map] : {std::pair("query_map", &getQueryMap()),
                           std::pair("key_map", &getKeyMap()),
                           std::pair("value_map", &getValueMap())})
    if (!map->empty() &&
        failed(verifyScore(getOperation(), *map, name, element)))
      return failure();
  // (C15)
  if (!getOutput().empty() &&
      failed(verifyRule(getOperation(), getOutput(), "output",
                        {element, element}, element)))
    return failure();
  // (C16)
  for (auto [name, region] : {std::pair("query_map", &getQueryMap()),
                              std::pair("key_map", &getKeyMap()),
                              std::pair("value_map", &getValueMap()),
                              std::pair("output", &getOutput())})
    if (failed(verifyNoWrites(getOperation(), *region, name)))
      return failure();
  return success();
}

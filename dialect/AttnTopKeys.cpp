//===- AttnTopKeys.cpp - The keys with the largest weights ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnOps.h"

#include "dialect/AttnRules.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace attn;

FloatType TopKeysOp::getAccumulatorType() {
  return attn::getAccumulatorType(getQueryType().getElementType());
}
ShapedType TopKeysOp::getQueryType() {
  return cast<ShapedType>(getQuery().getType());
}
ShapedType TopKeysOp::getKeyType() {
  return cast<ShapedType>(getKey().getType());
}

void TopKeysOp::getAsmBlockArgumentNames(Region &region,
                                         OpAsmSetValueNameFn setName) {
  nameRuleArguments(region, setName);
}

void TopKeysOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (hasPureTensorSemantics())
    return;
  for (OpOperand *operand : {&getQueryMutable(), &getKeyMutable()})
    effects.emplace_back(MemoryEffects::Read::get(), operand,
                         SideEffects::DefaultResource::get());
  for (MutableOperandRange inits :
       {getKeysInitMutable(), getWeightsInitMutable()})
    for (OpOperand &operand : inits)
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
}

LogicalResult TopKeysOp::verify() {
  // (C1)
  if (getCount() < 1 || getCount() > kMaxCount)
    return emitOpError("expects a count from 1 to ")
           << kMaxCount << ", got " << getCount();
  // (C2)
  bool buffers = isa<MemRefType>(getQueryType());
  SmallVector<Value> outs;
  for (Value init : {getKeysInit(), getWeightsInit()})
    if (init)
      outs.push_back(init);
  for (Value value : llvm::concat<Value>(SmallVector<Value>{getKey()}, outs))
    if (isa<MemRefType>(value.getType()) != buffers)
      return emitOpError("expects either tensors or buffers, got ")
             << getQueryType() << " and " << value.getType();
  unsigned numResults = buffers ? 0 : 2;
  if (getNumResults() != numResults || (buffers && outs.size() != 2))
    return emitOpError("expects two results, or two outs with buffers, got ")
           << getNumResults() << " results and " << outs.size() << " outs";
  // (C3)
  if (failed(AttentionOp::verifyShapes(getLoc(), getQueryType(), getKeyType(),
                                       getKeyType(), ShapedType(),
                                       getOperationName())))
    return failure();
  // (C4)
  if (getScale() && getScale().getType() != getAccumulatorType())
    return emitOpError("expects scale of type ")
           << getAccumulatorType() << ", got " << getScale().getType();
  // (C5)
  SmallVector<int64_t> shape(getQueryType().getShape());
  shape.back() = getCount();
  Type elements[] = {IntegerType::get(getContext(), 32), getAccumulatorType()};
  for (ValueRange values : {ValueRange(outs), ValueRange(getResults())})
    for (auto [value, element] : llvm::zip(values, elements)) {
      auto type = cast<ShapedType>(value.getType());
      if (type.getElementType() != element ||
          type.getRank() != static_cast<int64_t>(shape.size()) ||
          !llvm::all_of_zip(type.getShape(), shape, areCompatible))
        return emitOpError("expects a result like ")
               << RankedTensorType::get(shape, element) << ", got " << type;
    }
  if (numResults && !outs.empty() &&
      !llvm::equal(ValueRange(outs).getTypes(), getResultTypes()))
    return emitOpError("expects outs and results of the same types, got ")
           << ValueRange(outs).getTypes() << " and " << getResultTypes();
  return success();
}

LogicalResult TopKeysOp::verifyRegions() {
  // (C6)
  if (hasMask() && failed(verifyMask(*this, getMask(), "mask")))
    return failure();
  // (C7)
  if (hasScore() &&
      failed(verifyScore(*this, getScore(), "score", getAccumulatorType())))
    return failure();
  // (C8)
  if (failed(verifyNoWrites(*this, getMask(), "mask")))
    return failure();
  return verifyNoWrites(*this, getScore(), "score");
}

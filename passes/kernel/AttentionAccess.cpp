//===- AttentionAccess.cpp - Operands and scratch of the attention kernel *- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/AttentionKernel.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// The extent of an axis counted from the last one, 1 where the operand leaves
/// the axis out.
Value AttentionKernel::dim(Value operand, int64_t axisFromEnd) {
  auto type = cast<MemRefType>(operand.getType());
  // Rank 3 is [B, T, D]: its first axis is the batch, not the head.
  if (axisFromEnd >= 2) {
    std::optional<unsigned> axis =
        getRuleAxis(axisFromEnd == 3 ? 0 : 1, type.getRank());
    return axis ? b.createOrFold<memref::DimOp>(operand, *axis) : one;
  }
  return b.createOrFold<memref::DimOp>(operand,
                                       type.getRank() - 1 - axisFromEnd);
}

SmallVector<Value> AttentionKernel::place(Value operand, Value batch,
                                          Value head, Value row, Value column) {
  int64_t rank = cast<MemRefType>(operand.getType()).getRank();
  SmallVector<Value> indices;
  if (rank >= 3)
    indices.push_back(batch);
  if (rank == 4)
    indices.push_back(head);
  indices.push_back(row);
  indices.push_back(column);
  return indices;
}

/// One element, in the accumulation type.
Value AttentionKernel::loadElement(Value operand, Value batch, Value head,
                                   Value row, Value column) {
  Value value = memref::LoadOp::create(
      b, operand, place(operand, batch, head, row, column));
  return emitCast(b, b.getLoc(), value, element);
}

/// A vector of elements from `column` on, in the accumulation type.
Value AttentionKernel::loadElements(Value operand, Value batch, Value head,
                                    Value row, Value column) {
  Type narrow = cast<MemRefType>(operand.getType()).getElementType();
  Value vector =
      vector::LoadOp::create(b, VectorType::get(tile.vectorLength, narrow),
                             operand, place(operand, batch, head, row, column));
  return emitCast(b, b.getLoc(), vector, vectorType);
}

/// A vector of one key's values from `column` on; only the `live` lanes are
/// read when that is given.
Value AttentionKernel::loadValues(const Block &block, Value key, Value column,
                                  Value live) {
  if (packsValues) {
    // Rows are padded to whole vectors.
    Value row =
        b.add(b.mul(block.slot, packedValueSize), b.mul(key, paddedValueDim));
    return loadVector(packedValues, b.add(row, column));
  }
  Value value = op.getValue();
  SmallVector<Value> indices =
      place(value, block.batch, block.keyHead, key, column);
  if (!live)
    return vector::LoadOp::create(b, vectorType, value, indices);
  return vector::MaskedLoadOp::create(b, vectorType, value, indices, live,
                                      b.constant(vectorType, 0.0));
}

Value AttentionKernel::loadVector(Value buffer, Value offset) {
  return vector::LoadOp::create(b, vectorType, buffer, offset);
}

void AttentionKernel::storeVector(Value vector, Value buffer, Value offset) {
  vector::StoreOp::create(b, vector, buffer, offset);
}

Value AttentionKernel::loadScalar(Value offset) {
  return memref::LoadOp::create(b, scratch, offset);
}

void AttentionKernel::storeScalar(Value scalar, Value offset) {
  memref::StoreOp::create(b, scalar, scratch, offset);
}

Value AttentionKernel::broadcast(Value buffer, Value offset) {
  return b.splat(vectorType, memref::LoadOp::create(b, buffer, offset));
}

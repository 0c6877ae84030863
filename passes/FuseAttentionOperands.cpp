//===- FuseAttentionOperands.cpp - Query, key and value ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/FuseAttention.h"

#include "passes/utils/Extents.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace attn;

using Operand = AttentionOperands::Operand;

/// More steps than programs have; unreachable code may have cycles.
static constexpr int kMaxSteps = 256;

RankedTensorType Operand::getBaseType() const {
  return cast<RankedTensorType>(base.getType());
}

int64_t Operand::getExtent(int64_t axis, int64_t rank) const {
  int64_t own = axis - (rank - static_cast<int64_t>(permutation.size()));
  return own < 0 ? 1 : getBaseType().getDimSize(permutation[own]);
}

static Type getElement(const Operand &operand) {
  return operand.getBaseType().getElementType();
}

static Operand makeOperand(Value value, bool swapsLastAxes) {
  Operand operand{value, {}, {}};
  int64_t rank = operand.getBaseType().getRank();
  llvm::append_range(operand.permutation, llvm::seq<int64_t>(0, rank));
  if (swapsLastAxes)
    std::swap(operand.permutation[rank - 1], operand.permutation[rank - 2]);
  return operand;
}

/// Moves the base past transposes, and past factors if there is a list of them.
static void peel(Operand &operand, SmallVectorImpl<BinaryOp> *scales) {
  for (int i = 0; i < kMaxSteps; ++i) {
    if (auto transpose = operand.base.getDefiningOp<TransposeOp>()) {
      operand.permutation = SmallVector<int64_t, 4>(
          applyPermutation(transpose.getPermutation(), operand.permutation));
      operand.base = transpose.getInput();
      continue;
    }
    auto binary = operand.base.getDefiningOp<BinaryOp>();
    Value factor = binary && scales ? getScalarFactor(binary) : Value();
    if (!factor)
      return;
    scales->push_back(binary);
    operand.base =
        factor == binary.getRhs() ? binary.getLhs() : binary.getRhs();
  }
}

/// Moves the base past a conversion from the narrower `element`.
static bool peelConversion(Operand &operand, Type element) {
  auto cast = operand.base.getDefiningOp<CastOp>();
  if (!cast || cast.getInput().getType().getElementType() != element ||
      element.getIntOrFloatBitWidth() >=
          cast.getType().getElementType().getIntOrFloatBitWidth())
    return false;
  operand.base = cast.getInput();
  return true;
}

/// Moves the base past the repetition of heads.
static bool peelRepeat(Operand &operand, SmallVectorImpl<BinaryOp> *scales) {
  auto repeat = operand.base.getDefiningOp<RepeatOp>();
  if (!repeat || operand.permutation.size() != 4 ||
      operand.permutation[1] != static_cast<int64_t>(repeat.getAxis()))
    return false;
  operand.base = repeat.getInput();
  peel(operand, scales);
  return true;
}

/// Attention reads each head of keys and values for a group of query heads, so
/// repeated heads need not be built. Key and value must have as many heads.
static void skipRepeats(AttentionOperands &operands) {
  auto haveEqualHeads = [](const Operand &lhs, const Operand &rhs) {
    return lhs.permutation.size() == 4 && rhs.permutation.size() == 4 &&
           Extents().areEqual(lhs.base, lhs.permutation[1], rhs.base,
                              rhs.permutation[1]);
  };
  Operand key = operands.key, value = operands.value;
  SmallVector<BinaryOp> scales;
  bool keyRepeats = peelRepeat(key, &scales);
  bool valueRepeats = peelRepeat(value, nullptr);
  bool takesKey = keyRepeats && haveEqualHeads(key, value);
  if (!takesKey && keyRepeats && haveEqualHeads(key, operands.value)) {
    takesKey = true;
    value = operands.value;
  }
  if (takesKey) {
    operands.key = key;
    operands.value = value;
    operands.scales.append(scales.begin(), scales.end());
  } else if (valueRepeats && haveEqualHeads(operands.key, value)) {
    operands.value = value;
  }
}

/// One element type for all three: that of the values where queries and keys
/// were converted from it, or else the one that holds both.
static void pickElement(AttentionOperands &operands) {
  Type scores = getElement(operands.query);
  operands.element = getElement(operands.value);
  if (scores == operands.element)
    return;
  Operand query = operands.query, key = operands.key;
  if (peelConversion(query, operands.element) &&
      peelConversion(key, operands.element)) {
    operands.query = query;
    operands.key = key;
    return;
  }
  unsigned width = scores.getIntOrFloatBitWidth();
  unsigned valueWidth = operands.element.getIntOrFloatBitWidth();
  if (width == valueWidth)
    operands.element = Float32Type::get(scores.getContext());
  else if (width > valueWidth)
    operands.element = scores;
}

std::optional<AttentionOperands>
attn::matchOperands(const AttentionChain &chain, std::string &reason) {
  int64_t rank = chain.getRank();
  MatmulOp product = chain.product, output = chain.output;
  AttentionOperands operands;
  Value query = chain.keysOnLeft ? product.getRhs() : product.getLhs();
  Value key = chain.keysOnLeft ? product.getLhs() : product.getRhs();
  operands.query = makeOperand(query, chain.keysOnLeft);
  operands.key = makeOperand(key, !chain.keysOnLeft);
  operands.value =
      makeOperand(chain.weightsOnRight ? output.getLhs() : output.getRhs(),
                  chain.weightsOnRight);
  peel(operands.query, &operands.scales);
  peel(operands.key, &operands.scales);
  peel(operands.value, nullptr);
  if (rank == 4)
    skipRepeats(operands);
  pickElement(operands);

  FloatType accumulator = getAccumulatorType(operands.element);
  for (Operation *op : chain.onScores) {
    auto type =
        dyn_cast<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
    if (type && type.getWidth() > accumulator.getWidth()) {
      reason = "the scores are computed in f64, queries and keys are narrower; "
               "the conversion is at " +
               describePlace(op->getLoc());
      return std::nullopt;
    }
  }
  if (operands.value.permutation.size() > static_cast<size_t>(rank)) {
    reason = "the values have more axes than the weights";
    return std::nullopt;
  }
  for (int64_t axis = 0; axis < rank - 2; ++axis) {
    if (chain.extents[axis] == 1) {
      if (operands.value.getExtent(axis, rank) != 1) {
        reason = "the values have more " +
                 std::string(rank == 4 && axis == 1 ? "heads" : "batches") +
                 " than the weights";
        return std::nullopt;
      }
      continue;
    }
    // Products broadcast an axis of extent 1. Attention does so for the heads
    // of keys and values together.
    bool isHeads = rank == 4 && axis == 1;
    bool sharesHead = isHeads && operands.key.getExtent(axis, rank) == 1 &&
                      operands.value.getExtent(axis, rank) == 1;
    for (Operand *operand : {&operands.query, &operands.key, &operands.value})
      if (operand->getExtent(axis, rank) == 1 &&
          (operand == &operands.query || !sharesHead))
        operand->repeated.push_back(axis);
  }
  return operands;
}

/// `[…]` to `[1, …, …]` of the given rank.
static Value addLeadingAxes(OpBuilder &builder, Location loc, Value value,
                            int64_t rank) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t added = rank - type.getRank();
  if (added == 0)
    return value;
  SmallVector<int64_t> shape(added, 1);
  llvm::append_range(shape, type.getShape());
  SmallVector<OpFoldResult> sizes(added, builder.getIndexAttr(1));
  SmallVector<ReassociationIndices> groups;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    groups.emplace_back();
    for (int64_t i = axis ? added + axis : 0; i <= added + axis; ++i)
      groups.back().push_back(i);
    if (type.isDynamicDim(axis))
      sizes.push_back(emitExtent(builder, loc, value, axis));
    else
      sizes.push_back(builder.getIndexAttr(type.getDimSize(axis)));
  }
  return tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()), value,
      groups, sizes);
}

Value attn::emitOperand(OpBuilder &builder, Location loc,
                        const AttentionChain &chain, const Operand &operand,
                        Type element) {
  Value value = operand.base;
  if (getElement(operand) != element)
    value = CastOp::create(builder, loc, operand.getBaseType().clone(element),
                           value);
  if (!isIdentityPermutation(operand.permutation))
    value = TransposeOp::create(builder, loc, value,
                                ArrayRef<int64_t>(operand.permutation));
  value = addLeadingAxes(builder, loc, value, chain.getRank());
  MatmulOp output = chain.output;
  Value weights = output->getOperand(chain.weightsOnRight ? 1 : 0);
  for (int64_t axis : operand.repeated) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[axis] = chain.extents[axis];
    Value size = emitExtent(builder, loc, weights, axis);
    value =
        RepeatOp::create(builder, loc, type.clone(shape), value, axis, size);
  }
  return value;
}

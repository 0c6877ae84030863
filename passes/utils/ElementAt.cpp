//===- ElementAt.cpp - The element of a formula at an index -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/ElementAt.h"

#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

/// Whether a shape op only adds or drops axes of extent 1, so that each group
/// of axes has at most one other.
static bool isUnitReshape(ArrayRef<int64_t> shape,
                          ArrayRef<ReassociationIndices> groups) {
  return llvm::all_of(groups, [&](const ReassociationIndices &group) {
    return llvm::count_if(group,
                          [&](int64_t axis) { return shape[axis] != 1; }) <= 1;
  });
}

bool attn::isElementwise(Operation *op) {
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return isUnitReshape(expand.getResultType().getShape(),
                         expand.getReassociationIndices());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return isUnitReshape(collapse.getSrcType().getShape(),
                         collapse.getReassociationIndices());
  return isa<UnaryOp, BinaryOp, SelectOp, CastOp, MaskOp, ScoreOp, RangeOp,
             TransposeOp, tensor::CastOp, tensor::SplatOp>(op);
}

Value ElementEmitter::promote(Location loc, Value scalar) {
  if (!isa<FloatType>(scalar.getType()))
    return scalar;
  Type wide = getAccumulatorType(scalar.getType());
  return emitCast(builder, loc, scalar, wide);
}

Value ElementEmitter::read(Value tensor, ArrayRef<Value> indices) {
  Location loc = tensor.getLoc();
  return promote(loc, tensor::ExtractOp::create(builder, loc, tensor, indices));
}

/// The element that stands at `indices` after broadcasting.
Value ElementEmitter::emitBroadcast(Value value, ArrayRef<Value> indices) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return promote(value.getLoc(), value);
  SmallVector<Value> own(indices.take_back(type.getRank()));
  for (auto [index, extent] : llvm::zip(own, type.getShape()))
    if (extent == 1)
      index = arith::ConstantIndexOp::create(builder, value.getLoc(), 0);
  return emit(value, own);
}

Value ElementEmitter::emit(Value value, ArrayRef<Value> indices) {
  if (!isa<RankedTensorType>(value.getType()))
    return promote(value.getLoc(), value);
  if (value == leaf && indices == axes)
    return leafElement;
  Operation *op = value.getDefiningOp();
  if (!op || !isElementwise(op))
    return read(value, indices);
  return emitOp(op, indices);
}

Value ElementEmitter::emitRule(Operation *op, Region &rule, Value score,
                               ArrayRef<Value> indices) {
  Location loc = op->getLoc();
  SmallVector<Value> arguments;
  if (score)
    // The rule is written for the tensor's own element type.
    arguments.push_back(
        emitCast(builder, loc, score, rule.getArgument(0).getType()));
  for (unsigned index = 0; index < 4; ++index) {
    std::optional<unsigned> axis = getRuleAxis(index, indices.size());
    arguments.push_back(
        axis ? indices[*axis]
             : arith::ConstantIndexOp::create(builder, loc, 0).getResult());
  }
  return promote(loc, inlineRule(builder, rule, arguments));
}

Value ElementEmitter::emitOp(Operation *op, ArrayRef<Value> indices) {
  Location loc = op->getLoc();
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](UnaryOp unary) {
        return emitUnary(builder, loc, unary.getKind(),
                         emit(unary.getInput(), indices));
      })
      .Case([&](BinaryOp binary) {
        Value lhs = emitBroadcast(binary.getLhs(), indices);
        Value rhs = emitBroadcast(binary.getRhs(), indices);
        // A number that is an index here meets a plain integer.
        if (lhs.getType() != rhs.getType()) {
          Type index = builder.getIndexType();
          lhs = emitCast(builder, loc, lhs, index);
          rhs = emitCast(builder, loc, rhs, index);
        }
        return emitBinary(builder, loc, binary.getKind(), lhs, rhs);
      })
      .Case([&](SelectOp select) {
        Value condition = emitBroadcast(select.getCondition(), indices);
        Value lhs = emitBroadcast(select.getLhs(), indices);
        Value rhs = emitBroadcast(select.getRhs(), indices);
        if (lhs.getType() != rhs.getType()) {
          Type index = builder.getIndexType();
          lhs = emitCast(builder, loc, lhs, index);
          rhs = emitCast(builder, loc, rhs, index);
        }
        return arith::SelectOp::create(builder, loc, condition, lhs, rhs)
            .getResult();
      })
      .Case([&](CastOp cast) {
        Value element = emit(cast.getInput(), indices);
        Type to = cast.getType().getElementType();
        // Between floats: computed wide, rounded once at the end.
        if (isa<FloatType>(to)) {
          Type wide = getAccumulatorType(to);
          return emitCast(builder, loc, element, wide);
        }
        if (element.getType().isIndex() && to.isIntOrIndex() &&
            !to.isInteger(1))
          return element;
        return emitCast(builder, loc, element, to);
      })
      .Case([&](MaskOp mask) {
        return emitRule(op, mask.getRule(), Value(), indices);
      })
      .Case([&](ScoreOp score) {
        return emitRule(op, score.getRule(), emit(score.getInput(), indices),
                        indices);
      })
      // Positions stay index values, which rules compare with their indices.
      .Case([&](RangeOp) { return indices[0]; })
      .Case([&](TransposeOp transpose) {
        SmallVector<Value> inner(indices.size());
        for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
          inner[from] = indices[to];
        return emit(transpose.getInput(), inner);
      })
      .Case(
          [&](tensor::CastOp cast) { return emit(cast.getSource(), indices); })
      .Case(
          [&](tensor::SplatOp splat) { return promote(loc, splat.getInput()); })
      .Case([&](tensor::ExpandShapeOp expand) {
        // Of each group only one axis is longer than 1.
        SmallVector<Value> inner;
        ArrayRef<int64_t> shape = expand.getResultType().getShape();
        for (const ReassociationIndices &group :
             expand.getReassociationIndices()) {
          int64_t axis = group.front();
          for (int64_t other : group)
            if (shape[other] != 1)
              axis = other;
          inner.push_back(indices[axis]);
        }
        return emit(expand.getSrc(), inner);
      })
      .Case([&](tensor::CollapseShapeOp collapse) {
        ArrayRef<int64_t> shape = collapse.getSrcType().getShape();
        SmallVector<Value> inner(shape.size());
        for (auto [to, group] :
             llvm::enumerate(collapse.getReassociationIndices())) {
          int64_t axis = group.front();
          for (int64_t other : group) {
            inner[other] = arith::ConstantIndexOp::create(builder, loc, 0);
            if (shape[other] != 1)
              axis = other;
          }
          inner[axis] = indices[to];
        }
        return emit(collapse.getSrc(), inner);
      });
}

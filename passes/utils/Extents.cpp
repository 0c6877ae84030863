//===- Extents.cpp - The extents of tensors as formulas ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Extents.h"

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attn;

/// Steps of one chain of ops. Unreachable code may have cycles.
static constexpr int kMaxSteps = 4096;
/// Nesting of one size expression.
static constexpr int kMaxDepth = 32;
/// The symbols of the program's dimensions come before those of unknowns.
static constexpr unsigned kFirstUnknown = 1u << 16;

using Place = std::pair<Value, int64_t>;

/// The operand that decides the extent of a broadcast along `axis` of `rank`.
static std::optional<Place> findBroadcast(ValueRange operands, int64_t rank,
                                          int64_t axis) {
  std::optional<Place> place;
  for (Value operand : operands) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    int64_t own = type ? axis - (rank - type.getRank()) : -1;
    if (own < 0 || (type.getDimSize(own) == 1 && place))
      continue;
    if (!place || cast<RankedTensorType>(place->first.getType())
                          .getDimSize(place->second) == 1)
      place = Place(operand, own);
  }
  return place;
}

/// The axis of the reduction's input that is `axis` of its result.
static int64_t getReducedAxis(ReduceOp op, int64_t axis) {
  if (op.getKeep())
    return axis;
  for (int64_t reduced : op.getAxes())
    if (reduced <= axis)
      ++axis;
  return axis;
}

static ExtentSource atSize(OpFoldResult size) {
  ExtentSource source;
  source.constant = getConstantIntValue(size);
  if (!source.constant)
    source.size = cast<Value>(size);
  return source;
}

/// The number of open extents before `axis`.
static unsigned countOpen(RankedTensorType type, int64_t axis) {
  return llvm::count_if(type.getShape().take_front(axis),
                        ShapedType::isDynamic);
}

/// One step back from `axis` of an op's result. Nothing where the op decides
/// in a way of its own; then `end` is set if it decides by a size.
static std::optional<Place> stepBack(OpResult result, RankedTensorType type,
                                     int64_t axis, ExtentSource &end) {
  using Step = std::optional<Place>;
  int64_t rank = type.getRank();
  return TypeSwitch<Operation *, Step>(result.getOwner())
      .Case<UnaryOp, CastOp, SoftmaxOp, ScoreOp, LayerNormOp, RmsNormOp>(
          [&](auto op) { return Place(op.getInput(), axis); })
      .Case<BinaryOp, SelectOp>(
          [&](auto op) { return findBroadcast(op->getOperands(), rank, axis); })
      .Case([&](ReduceOp op) {
        return Place(op.getInput(), getReducedAxis(op, axis));
      })
      .Case([&](TransposeOp op) {
        return Place(op.getInput(), op.getPermutation()[axis]);
      })
      .Case([&](MatmulOp op) -> Step {
        Value lhs = op.getLhs(), rhs = op.getRhs();
        int64_t lhsRank = op.getLhs().getType().getRank();
        int64_t rhsRank = op.getRhs().getType().getRank();
        if (axis == rank - 1)
          return Place(rhs, rhsRank - 1);
        if (axis == rank - 2)
          return Place(lhs, lhsRank - 2);
        return findBroadcast({lhs, rhs}, rank, axis);
      })
      .Case([&](RepeatOp op) -> Step {
        if (axis != static_cast<int64_t>(op.getAxis()))
          return Place(op.getInput(), axis);
        end = atSize(op.getSize());
        return std::nullopt;
      })
      .Case([&](RangeOp op) -> Step {
        end = atSize(op.getSize());
        return std::nullopt;
      })
      .Case([&](MaskOp op) -> Step {
        end = atSize(op.getSizes()[countOpen(type, axis)]);
        return std::nullopt;
      })
      .Case([&](AttentionOp op) {
        // Statistics of rows have no last axis.
        return axis == op.getQueryType().getRank() - 1
                   ? Place(op.getValue(), axis)
                   : Place(op.getQuery(), axis);
      })
      .Case([&](TopKeysOp op) -> Step {
        if (axis != rank - 1)
          return Place(op.getQuery(), axis);
        end.constant = op.getCount();
        return std::nullopt;
      })
      .Case([&](LinearAttentionOp op) {
        // The rows of a state are the elements of a head.
        bool isRow = result.getResultNumber() == 1 && axis == rank - 2;
        return axis == rank - 1 ? Place(op.getValue(), axis)
                                : Place(op.getQuery(), isRow ? rank - 1 : axis);
      })
      .Case([&](tensor::CastOp op) -> Step {
        if (!isa<RankedTensorType>(op.getSource().getType()))
          return std::nullopt;
        return Place(op.getSource(), axis);
      })
      .Case([&](tensor::SplatOp op) -> Step {
        end = atSize(op.getDynamicSizes()[countOpen(type, axis)]);
        return std::nullopt;
      })
      .Case([&](tensor::ConcatOp op) -> Step {
        if (axis == static_cast<int64_t>(op.getDim()))
          return std::nullopt;
        return Place(op.getInputs().front(), axis);
      })
      .Case([&](tensor::ExpandShapeOp op) -> Step {
        end = atSize(op.getMixedOutputShape()[axis]);
        return std::nullopt;
      })
      .Case([&](tensor::CollapseShapeOp op) -> Step {
        const ReassociationIndices &group = op.getReassociationIndices()[axis];
        ArrayRef<int64_t> shape = op.getSrcType().getShape();
        int64_t only = group.front();
        for (int64_t member : group)
          if (shape[member] != 1)
            only = member;
        if (llvm::count_if(group, [&](int64_t m) { return shape[m] != 1; }) > 1)
          return std::nullopt;
        return Place(op.getSrc(), only);
      })
      .Case([&](tensor::ExtractSliceOp op) -> Step {
        if (op.getSourceType().getRank() == rank)
          end = atSize(op.getMixedSizes()[axis]);
        return std::nullopt;
      })
      .Default([](Operation *) { return std::nullopt; });
}

ExtentSource attn::findExtent(Value tensor, int64_t axis) {
  ExtentSource source;
  source.tensor = tensor;
  source.axis = axis;
  for (int i = 0; i < kMaxSteps; ++i) {
    auto type = cast<RankedTensorType>(source.tensor.getType());
    if (!type.isDynamicDim(source.axis)) {
      source.constant = type.getDimSize(source.axis);
      break;
    }
    auto result = dyn_cast<OpResult>(source.tensor);
    if (!result)
      break;
    ExtentSource end;
    std::optional<Place> next = stepBack(result, type, source.axis, end);
    if (!next || !isa<RankedTensorType>(next->first.getType())) {
      if (end.constant || end.size)
        return end;
      break;
    }
    std::tie(source.tensor, source.axis) = *next;
  }
  return source;
}

Value attn::emitExtent(OpBuilder &builder, Location loc, Value tensor,
                       int64_t axis) {
  ExtentSource source = findExtent(tensor, axis);
  if (source.constant)
    return arith::ConstantIndexOp::create(builder, loc, *source.constant);
  if (source.size)
    return source.size;
  return tensor::DimOp::create(builder, loc, source.tensor, source.axis);
}

Value attn::emitOnesColumn(OpBuilder &builder, Location loc, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = 1;
  SmallVector<Value> sizes;
  for (auto [axis, extent] : llvm::enumerate(shape))
    if (ShapedType::isDynamic(extent))
      sizes.push_back(emitExtent(builder, loc, like, axis));
  Value one = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(type.getElementType(), 1.0));
  return tensor::SplatOp::create(builder, loc, one, type.clone(shape), sizes);
}

void attn::resolveDims(Operation *root) {
  SmallVector<tensor::DimOp> dims;
  root->walk([&](tensor::DimOp op) { dims.push_back(op); });
  for (tensor::DimOp dim : dims) {
    std::optional<int64_t> axis = dim.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    if (!axis || !type || *axis < 0 || *axis >= type.getRank() ||
        !isa_and_nonnull<AttnDialect>(
            dim.getSource().getDefiningOp()
                ? dim.getSource().getDefiningOp()->getDialect()
                : nullptr))
      continue;
    OpBuilder builder(dim);
    Value size = emitExtent(builder, dim.getLoc(), dim.getSource(), *axis);
    dim.replaceAllUsesWith(size);
    dim.erase();
  }
}

AffineExpr Extents::getUnknown(Value value, int64_t axis) {
  unsigned next = kFirstUnknown + unknowns.size();
  unsigned symbol = unknowns.try_emplace({value, axis}, next).first->second;
  return getAffineSymbolExpr(symbol, value.getContext());
}

AffineExpr Extents::getSize(Value size, int depth) {
  if (auto known = sizes.find(size); known != sizes.end())
    return known->second;
  AffineExpr expr = computeSize(size, depth);
  sizes[size] = expr;
  return expr;
}

AffineExpr Extents::computeSize(Value size, int depth) {
  MLIRContext *context = size.getContext();
  APInt constant;
  if (matchPattern(size, m_ConstantInt(&constant)) &&
      constant.getSignificantBits() <= 64)
    return getAffineConstantExpr(constant.getSExtValue(), context);
  Operation *op = size.getDefiningOp();
  if (!op || depth == kMaxDepth)
    return getUnknown(size, 0);
  auto lhs = [&] { return getSize(op->getOperand(0), depth + 1); };
  auto rhs = [&] { return getSize(op->getOperand(1), depth + 1); };
  return TypeSwitch<Operation *, AffineExpr>(op)
      .Case([&](arith::AddIOp) { return lhs() + rhs(); })
      .Case([&](arith::SubIOp) { return lhs() - rhs(); })
      .Case([&](arith::MulIOp) { return lhs() * rhs(); })
      .Case([&](arith::IndexCastOp) { return lhs(); })
      .Case([&](tensor::DimOp dim) {
        std::optional<int64_t> axis = dim.getConstantIndex();
        auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
        if (!axis || !type || *axis < 0 || *axis >= type.getRank())
          return getUnknown(size, 0);
        ExtentSource source = findExtent(dim.getSource(), *axis);
        if (source.size)
          return getSize(source.size, depth + 1);
        return get(dim.getSource(), *axis);
      })
      .Default([&](Operation *) { return getUnknown(size, 0); });
}

AffineExpr Extents::get(Value tensor, int64_t axis) {
  ExtentSource source = findExtent(tensor, axis);
  MLIRContext *context = tensor.getContext();
  if (source.constant)
    return getAffineConstantExpr(*source.constant, context);
  if (source.size)
    return getSize(source.size, 0);
  // The dimension's name, if the tensor is an argument of the program.
  if (auto argument = dyn_cast<BlockArgument>(source.tensor)) {
    Block *block = argument.getOwner();
    auto func = dyn_cast_or_null<FunctionOpInterface>(block->getParentOp());
    if (func && block->isEntryBlock()) {
      auto shape = func.getArgAttrOfType<AffineMapAttr>(
          argument.getArgNumber(), AttnDialect::kShapeAttr);
      if (shape && source.axis < shape.getValue().getNumResults() &&
          shape.getValue().getNumDims() == 0)
        return shape.getValue().getResult(source.axis);
    }
  }
  return getUnknown(source.tensor, source.axis);
}

bool Extents::isExtent(Value scalar, Value tensor, int64_t axis) {
  FloatAttr number;
  AffineExpr extent = get(tensor, axis);
  if (matchPattern(scalar, m_Constant(&number))) {
    auto constant = dyn_cast<AffineConstantExpr>(extent);
    return constant && number.getValueAsDouble() ==
                           static_cast<double>(constant.getValue());
  }
  // A size that was made a float.
  for (int i = 0; i < kMaxDepth; ++i) {
    Operation *op = scalar.getDefiningOp();
    if (!isa_and_nonnull<arith::SIToFPOp, arith::UIToFPOp, arith::ExtFOp,
                         arith::TruncFOp>(op))
      break;
    scalar = op->getOperand(0);
  }
  return scalar.getType().isIntOrIndex() && getSize(scalar, 0) == extent;
}

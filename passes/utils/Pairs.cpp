//===- Pairs.cpp - Tensors with a number for every pair ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Pairs.h"

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace attn;

/// Sides below this are no lengths: the matrix is a small part of the rest.
static constexpr int64_t kLong = 256;
/// The bits of a set of axes.
static constexpr int64_t kMaxRank = 64;

using Axes = std::optional<PairAxes>;

static RankedTensorType getTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() <= kMaxRank ? type : RankedTensorType();
}

/// Moves every axis to where `place` says, or drops it at -1.
static Axes moveAxes(const PairAxes &axes, int64_t rank,
                     function_ref<int64_t(int64_t)> place) {
  PairAxes moved;
  moved.source = axes.source;
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t to = axes.has(axis) ? place(axis) : -1;
    if (to < 0)
      continue;
    moved.rows |= (axes.rows >> axis & 1) << to;
    moved.columns |= (axes.columns >> axis & 1) << to;
  }
  if (!moved.rows || !moved.columns)
    return std::nullopt;
  return moved;
}

/// The same axes of a broadcast result.
static Axes alignRight(const PairAxes &axes, int64_t rank, int64_t toRank) {
  return moveAxes(axes, rank,
                  [&](int64_t axis) { return axis + toRank - rank; });
}

/// Whether both sides of a product have batches, or neither.
static bool multipliesPairs(MatmulOp op) {
  RankedTensorType lhs = op.getLhs().getType(), rhs = op.getRhs().getType();
  if (lhs.getRank() != rhs.getRank() || lhs.getRank() > kMaxRank)
    return false;
  return lhs.getRank() == 2 ||
         (lhs.getDimSize(0) == 1) == (rhs.getDimSize(0) == 1);
}

static Axes visitMatmul(MatmulOp op, const Axes &lhs, const Axes &rhs) {
  int64_t rank = op.getType().getRank();
  if (lhs) {
    int64_t own = op.getLhs().getType().getRank();
    return moveAxes(*lhs, own, [&](int64_t axis) {
      return axis == own - 1 ? -1 : axis + rank - own;
    });
  }
  if (rhs) {
    int64_t own = op.getRhs().getType().getRank();
    return moveAxes(*rhs, own, [&](int64_t axis) {
      return axis == own - 2 ? -1 : axis + rank - own;
    });
  }
  if (!multipliesPairs(op))
    return std::nullopt;
  return PairAxes{uint64_t(1) << (rank - 2), uint64_t(1) << (rank - 1), op};
}

/// Two sides that stretch along an axis each: q[:, :, None] + k[:, None].
static Axes visitOuter(BinaryOp op) {
  auto lhs = getTensor(op.getLhs()), rhs = getTensor(op.getRhs());
  RankedTensorType type = op.getType();
  if (!lhs || !rhs || type.getRank() > kMaxRank ||
      !isa<FloatType>(lhs.getElementType()))
    return std::nullopt;
  auto isThere = [&](RankedTensorType side, int64_t axis) {
    int64_t own = axis - (type.getRank() - side.getRank());
    return own >= 0 && side.getDimSize(own) != 1;
  };
  PairAxes axes;
  axes.source = op;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    bool left = isThere(lhs, axis), right = isThere(rhs, axis);
    axes.rows |= uint64_t(left && !right) << axis;
    axes.columns |= uint64_t(right && !left) << axis;
  }
  // Several axes are no outer sum of two lengths.
  if (llvm::popcount(axes.rows) != 1 || llvm::popcount(axes.columns) != 1)
    return std::nullopt;
  return axes;
}

static Axes visitReduce(ReduceOp op, const PairAxes &axes) {
  ArrayRef<int64_t> reduced = op.getAxes();
  return moveAxes(
      axes, op.getInput().getType().getRank(), [&](int64_t axis) -> int64_t {
        if (llvm::is_contained(reduced, axis))
          return -1;
        return op.getKeep() ? axis
                            : axis - llvm::count_if(reduced, [&](int64_t r) {
                                return r < axis;
                              });
      });
}

static Axes visitCollapse(tensor::CollapseShapeOp op, const PairAxes &axes) {
  SmallVector<int64_t> to(op.getSrcType().getRank());
  for (auto [axis, group] : llvm::enumerate(op.getReassociationIndices()))
    for (int64_t member : group)
      to[member] = axis;
  return moveAxes(axes, to.size(), [&](int64_t axis) { return to[axis]; });
}

static Axes visitExpand(tensor::ExpandShapeOp op, const PairAxes &axes) {
  PairAxes result;
  result.source = axes.source;
  ArrayRef<int64_t> shape = op.getResultType().getShape();
  if (op.getResultType().getRank() > kMaxRank)
    return std::nullopt;
  for (auto [axis, group] : llvm::enumerate(op.getReassociationIndices())) {
    bool isRow = axes.rows >> axis & 1, isColumn = axes.columns >> axis & 1;
    auto isWide = [&](int64_t member) { return shape[member] != 1; };
    uint64_t members = 0;
    for (int64_t member : llvm::make_filter_range(group, isWide))
      members |= uint64_t(1) << member;
    if (!members)
      members = uint64_t(1) << group.back();
    uint64_t first = members & -members;
    // Pairs along one axis come apart as they went together.
    bool isBoth = isRow && isColumn && members != first;
    result.rows |= isBoth ? first : isRow ? members : 0;
    result.columns |= isBoth ? members & ~first : isColumn ? members : 0;
  }
  return result;
}

void Pairs::visit(Operation *op) {
  if (auto choice = dyn_cast<scf::IfOp>(op)) {
    for (Region *region : {&choice.getThenRegion(), &choice.getElseRegion()})
      if (!region->empty())
        for (auto [result, value] :
             llvm::zip(op->getResults(),
                       region->front().getTerminator()->getOperands()))
          if (Axes found = get(value))
            axes.try_emplace(result, *found);
    return;
  }
  auto type = op->getNumResults() == 1 ? getTensor(op->getResult(0))
                                       : RankedTensorType();
  if (!type)
    return;
  Axes found;
  if (auto product = dyn_cast<MatmulOp>(op)) {
    found = visitMatmul(product, get(product.getLhs()), get(product.getRhs()));
  } else {
    for (Value operand : op->getOperands()) {
      Axes own = get(operand);
      if (!own || found)
        continue;
      int64_t rank = getTensor(operand).getRank();
      if (auto transpose = dyn_cast<TransposeOp>(op))
        found = moveAxes(*own, rank, [&](int64_t axis) -> int64_t {
          return llvm::find(transpose.getPermutation(), axis) -
                 transpose.getPermutation().begin();
        });
      else if (auto reduce = dyn_cast<ReduceOp>(op))
        found = visitReduce(reduce, *own);
      else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
        found = visitCollapse(collapse, *own);
      else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
        found = visitExpand(expand, *own);
      else if (isa<BinaryOp, SelectOp>(op) || rank == type.getRank())
        found = isa<AttentionOp, LinearAttentionOp>(op)
                    ? std::nullopt
                    : alignRight(*own, rank, type.getRank());
    }
    if (auto binary = dyn_cast<BinaryOp>(op); binary && !found)
      found = visitOuter(binary);
  }
  if (found)
    axes.try_emplace(op->getResult(0), *found);
}

Pairs::Pairs(func::FuncOp func) {
  func.walk([&](Operation *op) { visit(op); });
}

std::optional<PairAxes> Pairs::get(Value value) const {
  auto known = axes.find(value);
  if (known == axes.end())
    return std::nullopt;
  return known->second;
}

bool Pairs::areLong(Value value) const {
  Axes own = get(value);
  if (!own)
    return false;
  ArrayRef<int64_t> shape = getTensor(value).getShape();
  auto isLong = [&](uint64_t set, int64_t least) {
    int64_t size = 1;
    for (auto [axis, extent] : llvm::enumerate(shape)) {
      if (!(set >> axis & 1))
        continue;
      if (ShapedType::isDynamic(extent))
        return true;
      size = llvm::SaturatingMultiply<uint64_t>(size, extent);
    }
    return size >= least;
  };
  if (own->rows & own->columns)
    return isLong(own->rows | own->columns, kLong * kLong);
  return isLong(own->rows, kLong) && isLong(own->columns, kLong);
}

//===- Reads.cpp - Where a formula reads a tensor ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Reads.h"

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace attn;

/// More views in a row than programs have; unreachable code may have cycles.
static constexpr int kMaxViews = 64;

bool Read::isScalar() const { return !isa<ShapedType>(tensor.getType()); }

ArrayRef<int64_t> Read::getShape() const {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  return type ? type.getShape() : ArrayRef<int64_t>();
}

bool Read::isWhole() const { return isSameRead(*this, readWhole(tensor)); }

bool attn::isSameRead(const Read &lhs, const Read &rhs) {
  if (lhs.tensor != rhs.tensor || lhs.index.size() != rhs.index.size())
    return false;
  // Along an axis of extent 1 there is one place only.
  return llvm::all_of(llvm::zip_equal(lhs.index, rhs.index, lhs.getShape()),
                      [](auto axis) {
                        auto [left, right, extent] = axis;
                        return left == right || extent == 1;
                      });
}

Read attn::readWhole(Value tensor) {
  Read read{tensor, {}};
  int64_t rank = read.getShape().size();
  llvm::append_range(read.index, llvm::seq<int64_t>(0, rank));
  return read;
}

Read attn::readOperand(const Read &result, Value operand) {
  Read read{operand, {}};
  ArrayRef<int64_t> shape = read.getShape();
  ArrayRef<int64_t> full = result.getShape().take_back(shape.size());
  ArrayRef<int64_t> index = ArrayRef(result.index).take_back(shape.size());
  for (auto [extent, resultExtent, axis] : llvm::zip_equal(shape, full, index))
    read.index.push_back(extent == 1 && resultExtent != 1 ? Read::kZero : axis);
  return read;
}

/// Reads the shape with fewer axes where the one with more is read at `index`.
static bool dropUnitAxes(ArrayRef<ReassociationIndices> groups,
                         ArrayRef<int64_t> longShape, ArrayRef<int64_t> index,
                         SmallVectorImpl<int64_t> &result) {
  for (const ReassociationIndices &group : groups) {
    int64_t axis = Read::kZero;
    bool found = false;
    for (int64_t member : group) {
      if (longShape[member] == 1)
        continue;
      if (found)
        return false;
      found = true;
      axis = index[member];
    }
    result.push_back(axis);
  }
  return true;
}

/// Reads the shape with more axes where the one with fewer is read at `index`.
static bool addUnitAxes(ArrayRef<ReassociationIndices> groups,
                        ArrayRef<int64_t> longShape, ArrayRef<int64_t> index,
                        SmallVectorImpl<int64_t> &result) {
  result.assign(longShape.size(), Read::kZero);
  for (auto [axis, group] : llvm::zip_equal(index, groups)) {
    bool found = false;
    for (int64_t member : group) {
      if (longShape[member] == 1)
        continue;
      if (found)
        return false;
      found = true;
      result[member] = axis;
    }
  }
  return true;
}

std::optional<Read> attn::readThroughView(const Read &read) {
  Operation *op = read.tensor.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    Read inner{transpose.getInput(), {}};
    inner.index.resize(read.index.size());
    for (auto [axis, from] :
         llvm::zip_equal(read.index, transpose.getPermutation()))
      inner.index[from] = axis;
    return inner;
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(cast.getSource().getType()))
      return std::nullopt;
    return Read{cast.getSource(), read.index};
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    Read inner{expand.getSrc(), {}};
    if (!dropUnitAxes(expand.getReassociationIndices(), read.getShape(),
                      read.index, inner.index))
      return std::nullopt;
    return inner;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    Read inner{collapse.getSrc(), {}};
    if (!addUnitAxes(collapse.getReassociationIndices(), inner.getShape(),
                     read.index, inner.index))
      return std::nullopt;
    return inner;
  }
  return std::nullopt;
}

Read attn::skipViews(Read read) {
  for (int i = 0; i < kMaxViews; ++i) {
    std::optional<Read> inner = readThroughView(read);
    if (!inner)
      break;
    read = std::move(*inner);
  }
  return read;
}

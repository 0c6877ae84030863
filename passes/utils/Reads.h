//===- Reads.h - Where a formula reads a tensor -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A formula step by step is a graph of tensors. To compare its parts, passes
// ask which element of one tensor an element of another is computed from. For
// ops that are elementwise, that broadcast, permute axes or add and drop axes
// of extent 1, the answer is one axis for each axis: a `Read`.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_READS_H
#define ATTN_PASSES_UTILS_READS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace attn {

/// A tensor read at a place: axis i of `tensor` at the position along axis
/// `index[i]` of the place. A scalar is read with an empty index.
struct Read {
  /// At position 0, where the axis has extent 1.
  static constexpr int64_t kZero = -1;
  /// At every position: the axis is reduced.
  static constexpr int64_t kReduced = -2;

  mlir::Value tensor;
  llvm::SmallVector<int64_t, 4> index;

  bool isScalar() const;
  /// The shape of the tensor; empty for a scalar.
  llvm::ArrayRef<int64_t> getShape() const;
  /// Whether the place is that of the tensor itself.
  bool isWhole() const;
};

/// Whether both read the same tensor at the same place.
bool isSameRead(const Read &lhs, const Read &rhs);

/// `tensor` read at a place with its own axes.
Read readWhole(mlir::Value tensor);

/// What the op that defines `result.tensor` reads of its operand, where the op
/// broadcasts its operands elementwise.
Read readOperand(const Read &result, mlir::Value operand);

/// The same element in the operand of the op that defines the tensor, if that
/// op only permutes axes or adds and drops axes of extent 1.
std::optional<Read> readThroughView(const Read &read);

/// Past every op that `readThroughView` sees through.
Read skipViews(Read read);

} // namespace attn

#endif // ATTN_PASSES_UTILS_READS_H

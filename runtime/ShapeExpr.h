//===- ShapeExpr.h - Dimensions as expressions ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dimension of a signature: an integer expression over named dimensions,
// which are numbered as in Signature::dims.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_SHAPEEXPR_H
#define ATTN_RUNTIME_SHAPEEXPR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attn::runtime {

class ShapeExpr {
public:
  /// FloorDiv, CeilDiv and Mod round as the language does: towards minus
  /// infinity (CeilDiv: plus infinity), with a remainder of the divisor's sign.
  /// ExactDiv is a FloorDiv that a requirement says leaves no remainder.
  enum class Kind { Constant, Dim, Add, Mul, FloorDiv, CeilDiv, ExactDiv, Mod };

  static ShapeExpr constant(int64_t value);
  static ShapeExpr dim(unsigned index);
  static ShapeExpr binary(Kind kind, ShapeExpr lhs, ShapeExpr rhs);

  Kind kind() const { return tag; }
  bool isDim() const { return tag == Kind::Dim; }
  bool isConstant() const { return tag == Kind::Constant; }
  int64_t constantValue() const { return payload; }
  unsigned dimIndex() const { return static_cast<unsigned>(payload); }
  const ShapeExpr &lhs() const { return operands[0]; }
  const ShapeExpr &rhs() const { return operands[1]; }

  bool operator==(const ShapeExpr &other) const;

  bool uses(unsigned dim) const;

  /// The dimensions that occur, each once, in the order they occur.
  std::vector<unsigned> usedDims() const;

  /// The value with these sizes. Nothing where it overflows or divides by zero,
  /// and where a dimension that occurs has no size.
  std::optional<int64_t> evaluate(llvm::ArrayRef<int64_t> sizes) const;
  std::optional<int64_t>
  evaluate(llvm::ArrayRef<std::optional<int64_t>> sizes) const;

  /// What solve() found. Undetermined: the expression is not affine in the
  /// unknown (after undoing exact divisions), or any value would do.
  struct Solution {
    enum Status { Solved, NoSolution, Undetermined } status;
    int64_t value;
  };

  /// Solves `expr = value` for `unknown`, given the other sizes. Solutions are
  /// integers, not only those that are sizes.
  Solution solve(unsigned unknown, int64_t value,
                 llvm::ArrayRef<std::optional<int64_t>> sizes) const;

  /// Makes every FloorDiv for which `isExact` an ExactDiv.
  void markExact(llvm::function_ref<bool(const ShapeExpr &division)> isExact);

  /// "3 * C", "(T + 1) // 2", "T - 5", with the names of the dimensions.
  std::string toString(llvm::ArrayRef<std::string> names) const;

private:
  ShapeExpr(Kind kind, int64_t payload) : tag(kind), payload(payload) {}

  using Sizes = llvm::function_ref<std::optional<int64_t>(unsigned dim)>;
  std::optional<int64_t> evaluateWith(Sizes sizes) const;

  Kind tag;
  /// The value of a Constant, the index of a Dim.
  int64_t payload;
  /// Two for the binary kinds, else none.
  std::vector<ShapeExpr> operands;
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_SHAPEEXPR_H

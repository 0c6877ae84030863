//===- FormulaMatchers.h - Matchers for formulas written out ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_FORMULAMATCHERS_H
#define ATTN_PASSES_UTILS_FORMULAMATCHERS_H

#include "dialect/AttnOps.h"

#include <optional>

namespace attn {

/// A reduction along one axis whose result broadcasts against its input: kept
/// as an axis of 1, or brought back as one.
struct AxisReduction {
  ReduceOp op;
  mlir::Value input;
  int64_t axis;
};
std::optional<AxisReduction> matchAxisReduction(mlir::Value value,
                                                ReduceKind kind);

/// The operands of `lhs kind rhs`.
std::optional<std::pair<mlir::Value, mlir::Value>>
matchBinary(mlir::Value value, BinaryKind kind);

/// The operand of a unary op.
mlir::Value matchUnary(mlir::Value value, UnaryKind kind);

/// The value of a float or integer constant scalar.
std::optional<double> matchConstant(mlir::Value value);

/// x / y in its spellings: `x / y`, `x * (1 / y)`; the pair (x, y).
std::optional<std::pair<mlir::Value, mlir::Value>>
matchQuotient(mlir::Value value);

} // namespace attn

#endif // ATTN_PASSES_UTILS_FORMULAMATCHERS_H

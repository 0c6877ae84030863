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
#include "passes/utils/Reads.h"

#include <optional>

namespace attn {

/// Every matcher looks past ops that only change the shape (`skipViews`), and
/// gives back what the matched op reads, at the place that was asked for.

/// The operands of `lhs kind rhs`.
std::optional<std::pair<Read, Read>> matchBinary(const Read &read,
                                                 BinaryKind kind);

/// The operand of a unary op.
std::optional<Read> matchUnary(const Read &read, UnaryKind kind);

/// The input of a reduction, read at every position of the reduced axes.
std::optional<Read> matchReduce(const Read &read, ReduceKind kind);

/// The value of a scalar constant.
std::optional<double> matchConstant(mlir::Value value);

/// x / y in its spellings `x / y`, `x * (1 / y)`, `x * y ^ -1`: the pair (x,
/// y).
std::optional<std::pair<Read, Read>> matchQuotient(const Read &read);

/// Whether `reduced` is what a reduction of `whole` along one axis reads; the
/// axis.
std::optional<int64_t> matchReducedAxis(const Read &whole, const Read &reduced);

/// Erases `op` if nothing uses it, and what is unused after that.
void eraseDead(mlir::Operation *op);

} // namespace attn

#endif // ATTN_PASSES_UTILS_FORMULAMATCHERS_H

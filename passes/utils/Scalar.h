//===- Scalar.h - Scalar code for the elementwise ops -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_SCALAR_H
#define ATTN_PASSES_UTILS_SCALAR_H

#include "dialect/AttnOps.h"

#include "mlir/IR/Builders.h"

namespace attn {

/// The scalar form (arith, math) of `attn.unary kind` on one element. `x` may
/// also be a vector. The type of the result is that of `x`.
mlir::Value emitUnary(mlir::OpBuilder &builder, mlir::Location loc,
                      UnaryKind kind, mlir::Value x);

/// The scalar form of `attn.binary kind`: two values of one type, which may be
/// index in rules; comparisons give i1. NaN spreads through `max` and `min`;
/// `floordiv` and `mod` round towards minus infinity for floats and integers.
mlir::Value emitBinary(mlir::OpBuilder &builder, mlir::Location loc,
                       BinaryKind kind, mlir::Value lhs, mlir::Value rhs);

/// The scalar form of `attn.cast`, with the rounding and saturation that
/// docs/spec.md asks for.
mlir::Value emitCast(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value x, mlir::Type to);

/// Copies the body of a rule region to the builder's place with its arguments
/// replaced, and returns the value that it yields.
mlir::Value inlineRule(mlir::OpBuilder &builder, mlir::Region &rule,
                       mlir::ValueRange arguments);

} // namespace attn

#endif // ATTN_PASSES_UTILS_SCALAR_H

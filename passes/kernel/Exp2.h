//===- Exp2.h - Powers of two for the softmax -------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_EXP2_H
#define ATTN_PASSES_KERNEL_EXP2_H

#include "mlir/IR/Value.h"

namespace attn {

class KernelBuilder;

inline constexpr double kLog2E = 1.4426950408889634;
inline constexpr double kLn2 = 0.6931471805599453;

/// What e^x / 2^origin needs of an origin, for all x at once.
struct Exp2Origin {
  /// Added to x log2(e), rounds it to a whole number and moves it by -origin.
  mlir::Value shift;
  /// The x below which the result is 0.
  mlir::Value floor;
};

/// Whole numbers of a magnitude below this are exact as origins.
double getExp2OriginLimit(mlir::Type type);

/// `x` rounded to a whole number where that is below the origin limit,
/// otherwise a number near it; infinities stay.
mlir::Value emitRoundToOrigin(KernelBuilder &builder, mlir::Value x);

/// The terms of `origin`, a whole number below the origin limit.
Exp2Origin emitExp2Origin(KernelBuilder &builder, mlir::Value origin);

/// The origin that has these terms.
mlir::Value emitOrigin(KernelBuilder &builder, const Exp2Origin &terms);

/// Emits e^x / 2^origin for x log2(e) up to a few above the origin (scalars or
/// vectors of f32 or f64). Results below 2^-100 (f64: 2^-900), far beyond what
/// a sum with the largest weight can hold, are exactly 0, as those of -inf are:
/// masked keys have no weight, and no product with a value is denormal. NaN
/// stays NaN.
///
/// x log2(e) = n + f with |f| <= 1/2 by the addition of 1.5 * 2^23 (f64: 2^52),
/// 2^f by a polynomial of degree 6 (f64: 11) with a relative error of 3e-9
/// (2e-17) before rounding, 2^(n - origin) by its bit pattern. Products with
/// log2(e) are parts of multiply-adds, which do not round them: large scores
/// that are close to each other keep their distance. A whole origin costs no
/// instruction, and e^0 is exactly 1.
mlir::Value emitExp(KernelBuilder &builder, mlir::Value x,
                    const Exp2Origin &origin);

/// 2^x, in the same way.
mlir::Value emitExp2(KernelBuilder &builder, mlir::Value x);

} // namespace attn

#endif // ATTN_PASSES_KERNEL_EXP2_H

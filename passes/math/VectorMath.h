//===- VectorMath.h - Functions of vectors of f32 ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_MATH_VECTORMATH_H
#define ATTN_PASSES_MATH_VECTORMATH_H

#include "passes/math/Lanes.h"

#include <cstdint>

namespace attn {

// Each takes and gives vectors of f32. The error of each, and what it does
// with special values, is in the description of attn-approximate-math.

Lanes emitExp(Lanes x);
Lanes emitExp2(Lanes x);
Lanes emitExpM1(Lanes x);
Lanes emitTanh(Lanes x);
Lanes emitErf(Lanes x);

Lanes emitLog(Lanes x);
Lanes emitLog2(Lanes x);
Lanes emitLog1P(Lanes x);
Lanes emitPow(Lanes x, Lanes y);

/// Correct up to `kTurnLimit` in absolute value, and for NaN.
Lanes emitSin(Lanes x);
Lanes emitCos(Lanes x);
constexpr double kTurnLimit = 0x1p20;

/// |x| and, as integers, the sign bit of `x` by itself.
inline Lanes magnitude(Lanes x) { return (x.bits() & 0x7fffffff).fromBits(); }
inline Lanes signBit(Lanes x) { return x.bits() & INT32_MIN; }
/// `x` with its sign turned where `sign` has that bit.
inline Lanes turnSign(Lanes x, Lanes sign) {
  return (x.bits() ^ sign).fromBits();
}

} // namespace attn

#endif // ATTN_PASSES_MATH_VECTORMATH_H

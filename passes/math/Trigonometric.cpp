//===- Trigonometric.cpp - Sine and cosine ----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/math/VectorMath.h"

using namespace attn;

/// The sine if `quadrant` is 0, the cosine if it is 1, of a number that is not
/// negative.
static Lanes emitTurned(Lanes x, int quadrant) {
  static constexpr double sine[] = {
      -0.00019468465697629836, 0.0083317980908915464, -0.16666648578672783};
  static constexpr double cosine[] = {
      2.4379570604128728e-5, -0.0013886822759114386, 0.041666635010008737};
  // pi / 2; the first has so few bits that its multiples are exact.
  constexpr double kHigh = 0x1.921fb544p+0, kLow = 0x1.0b4611a626331p-34;
  constexpr double kRounder = 0x1.8p23;

  Lanes sum = fma(x, 0.63661977236758134, kRounder);
  Lanes turns = (sum - kRounder).toF64();
  Lanes rest = fma(turns, -kLow, fma(turns, -kHigh, x.toF64())).toF32();
  Lanes square = rest * rest;
  Lanes sin = fma(polynomial(square, sine), square * rest, rest);
  Lanes cos =
      fma(polynomial(square, cosine) * square, square, fma(square, -0.5, 1));
  Lanes turned = sum.bits() + quadrant;
  // Bit 0 chooses, bit 1 is the sign.
  Lanes isOdd = isNonZero(turned & 1);
  return turnSign(select(isOdd, cos, sin), (turned << 30) & INT32_MIN);
}

Lanes attn::emitSin(Lanes x) {
  return turnSign(emitTurned(magnitude(x), 0), signBit(x));
}

Lanes attn::emitCos(Lanes x) { return emitTurned(magnitude(x), 1); }

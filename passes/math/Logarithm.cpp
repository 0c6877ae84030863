//===- Logarithm.cpp - Logarithms and powers --------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/math/VectorMath.h"

#include <limits>

using namespace attn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kLeastNormal = 0x1p-126;

namespace {

/// x = 2^exponent * (1 + fraction), with the latter from 1/sqrt(2) to sqrt(2).
struct Parts {
  Lanes exponent, fraction;
};

} // namespace

/// Of a positive finite number, which may be denormal.
static Parts split(Lanes x) {
  Lanes isSmall = less(x, kLeastNormal);
  Lanes normal = select(isSmall, x * 0x1p23, x);
  // 1/sqrt(2), from which on a significand counts to the next exponent.
  constexpr double kStart = 0x3f3504f3;
  Lanes bits = normal.bits() - kStart;
  Lanes exponent = (bits >> 23).toF32();
  Lanes shift = select(isSmall, -23, exponent.splat(0));
  return {exponent + shift, ((bits & 0x7fffff) + kStart).fromBits() - 1};
}

/// (log(1 + f) - f + f^2 / 2) / f^2, minimax in the relative error of log.
static Lanes emitTail(Lanes fraction) {
  static constexpr double coefficients[] = {
      0.067466269700268778, -0.11675634038914973, 0.11888159198880724,
      -0.1240559148224645,  0.14219552962587196,  -0.16667995745368407,
      0.20002118638991233,  -0.25000009600531725, 0.33333312603878511};
  return polynomial(fraction, coefficients) * fraction;
}

/// `result` where `x` is inside of the domain, that is above `start`.
static Lanes guard(Lanes x, double start, Lanes result) {
  result = select(less(x, kInfinity), result, x);
  result = select(equal(x, start), -kInfinity, result);
  return select(less(x, start), std::numeric_limits<double>::quiet_NaN(),
                result);
}

/// `correction` is small.
static Lanes addLogarithm(const Parts &parts, const Lanes *correction) {
  // ln 2; multiples of the first by exponents are exact.
  constexpr double kHigh = 0.693359375;
  constexpr double kLow = -2.1219444005469057e-4;
  Lanes square = parts.fraction * parts.fraction;
  Lanes tail = fma(emitTail(parts.fraction), square, parts.exponent * kLow);
  if (correction)
    tail = tail + *correction;
  tail = fma(square, -0.5, tail);
  return fma(parts.exponent, kHigh, parts.fraction + tail);
}

Lanes attn::emitLog(Lanes x) {
  return guard(x, 0, addLogarithm(split(x), nullptr));
}

/// 1 + x rounds to u, and log(1 + x) is log u + (1 + x - u) / u.
Lanes attn::emitLog1P(Lanes x) {
  Lanes sum = x + 1;
  Lanes lost = x - (sum - 1);
  Lanes correction = lost / sum;
  Lanes result = addLogarithm(split(sum), &correction);
  return guard(x, -1, select(equal(x, 0), x, result));
}

Lanes attn::emitLog2(Lanes x) {
  // log2 e, the first part in few bits.
  constexpr double kHigh = 1.4375;
  constexpr double kLow = 0.0051950408889634074;
  Parts parts = split(x);
  Lanes square = parts.fraction * parts.fraction;
  Lanes tail = fma(emitTail(parts.fraction), square, square * -0.5);
  Lanes sum = fma(parts.fraction, kLow, tail * kLow);
  sum = fma(parts.fraction, kHigh, fma(tail, kHigh, sum));
  return guard(x, 0, sum + parts.exponent);
}

/// log2 of a number that is not negative, to 38 bits in f64.
static Lanes emitWideLog2(Lanes x) {
  // log2((1 + s) / (1 - s)) = s * p(s^2).
  static constexpr double coefficients[] = {
      0.34072800760362053, 0.41167282643415928, 0.57708358329077997,
      0.96179667334980905, 2.8853900817900807};
  Parts parts = split(x);
  Lanes fraction = parts.fraction.toF64();
  Lanes s = fraction / (fraction + 2);
  Lanes result =
      fma(s, polynomial(s * s, coefficients), parts.exponent.toF64());
  Lanes isZero = equal(x, 0);
  Lanes isSpecial = isZero | logicalNot(less(x, kInfinity));
  return select(isSpecial, select(isZero, -kInfinity, x).toF64(), result);
}

/// 2^x rounded to f32, from f64.
static Lanes emitNarrowExp2(Lanes x) {
  static constexpr double coefficients[] = {
      1.3359974349778643e-5, 0.00015461367110042544,
      0.0013341950318945512, 0.0096180569215920221,
      0.055504003762999376,  0.24022650920760372,
      0.69314718381644623,   1};
  constexpr double kRounder = 0x1.8p52, kBias = 1023;
  Lanes bounded = atLeast(atMost(x, 160), -160);
  Lanes sum = bounded + (kRounder + kBias);
  Lanes rest = bounded - (sum - (kRounder + kBias));
  Lanes power = (sum.bits() << 52).fromBits();
  return (polynomial(rest, coefficients) * power).toF32();
}

Lanes attn::emitPow(Lanes x, Lanes y) {
  Lanes size = magnitude(x);
  Lanes result = emitNarrowExp2(y.toF64() * emitWideLog2(size));
  // ±1 to the power of ±inf.
  Lanes isOrdered = equal(y, y);
  result = select(equal(size, 1) & isOrdered, 1, result);
  // Infinities, and all large numbers, are even.
  Lanes half = y * 0.5;
  Lanes isWhole = equal(floor(y), y);
  Lanes isOdd = isWhole & differs(floor(half), half);
  result = select(isOdd, turnSign(result, signBit(x)), result);
  Lanes isUndefined =
      less(x, 0) & less(size, kInfinity) & isOrdered & logicalNot(isWhole);
  result =
      select(isUndefined, std::numeric_limits<double>::quiet_NaN(), result);
  return select(equal(x, 1) | equal(y, 0), 1, result);
}

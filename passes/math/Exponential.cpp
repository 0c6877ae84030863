//===- Exponential.cpp - Functions made of powers of e ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Coefficients are minimax in relative error over the range of the reduced
// argument, found by Remez's algorithm.
//
//===----------------------------------------------------------------------===//

#include "passes/math/VectorMath.h"

using namespace attn;

/// Sums with it are whole numbers, which are in their low bits.
static constexpr double kRounder = 0x1.8p23;
/// Of the exponents of f32.
static constexpr double kBias = 127;

static constexpr double kLog2E = 1.4426950408889634;
static constexpr double kLn2 = 0.69314718055994531;
/// The first has so few bits that its multiples by exponents are exact.
static constexpr double kLn2High = 0x1.62e4p-1;
static constexpr double kLn2Low = kLn2 - kLn2High;

namespace {

/// A number split into `whole * unit + rest`, with `sum` the sum of the whole
/// number and a rounder.
struct Split {
  Lanes sum, whole;

  /// 2^whole, if the rounder had `kBias` added.
  Lanes power() const { return (sum.bits() << 23).fromBits(); }
};

} // namespace

/// The whole number next to `x * factor`.
static Split split(Lanes x, double factor, double rounder) {
  Lanes sum = fma(x, factor, rounder);
  return {sum, sum - rounder};
}

/// x - whole * ln 2.
static Lanes subtractLn2(Lanes x, const Split &parts) {
  Lanes rest = fma(parts.whole, -kLn2High, x);
  return fma(parts.whole, -kLn2Low, rest);
}

/// e^x for |x| <= ln 2 / 2.
static Lanes emitSmallExp(Lanes x) {
  static constexpr double coefficients[] = {
      0.0013814559307709506, 0.00836873518392645, 0.041668389846361522,
      0.16666520481598797, 0.49999993437604285};
  return fma(polynomial(x, coefficients), x * x, x) + 1;
}

/// value * 2^whole, rounded once where that is denormal.
static Lanes scale(Lanes value, const Split &parts) {
  Lanes exponent = parts.sum.bits() - parts.sum.splat(kRounder).bits();
  Lanes half = exponent >> 1;
  Lanes otherHalf = exponent - half;
  return value * ((half + kBias) << 23).fromBits() *
         ((otherHalf + kBias) << 23).fromBits();
}

Lanes attn::emitExp(Lanes x) {
  Lanes bounded = atLeast(atMost(x, 89), -104);
  Split parts = split(bounded, kLog2E, kRounder);
  return scale(emitSmallExp(subtractLn2(bounded, parts)), parts);
}

Lanes attn::emitExp2(Lanes x) {
  static constexpr double coefficients[] = {
      0.00015403518559642078, 0.0013390735083098765, 0.0096182374754250097,
      0.055503574344190004,   0.2402264979505376,    0.69314718792673972};
  Lanes bounded = atLeast(atMost(x, 129), -151);
  Split parts = split(bounded, 1, kRounder);
  Lanes rest = bounded - parts.whole;
  Lanes power = fma(rest, polynomial(rest, coefficients), rest.splat(1));
  return scale(power, parts);
}

/// With e^x = 2^n * e^r, half of the result is 2^(n-1) * (e^r - 1) plus the
/// exact 2^(n-1) - 1/2. A half does not overflow before the result does.
Lanes attn::emitExpM1(Lanes x) {
  static constexpr double coefficients[] = {
      0.000199623158097814, 0.0013943253762767902, 0.0083332197444781391,
      0.041666326427633856, 0.16666666903309356,   0.50000000531881895};
  Lanes bounded = atLeast(atMost(x, 89), -20);
  Split parts = split(bounded, kLog2E, kRounder + kBias - 1);
  Lanes rest = subtractLn2(bounded, parts);
  Lanes small = fma(polynomial(rest, coefficients), rest * rest, rest);
  Lanes power = parts.power();
  Lanes half = fma(power, small, power - 0.5);
  return select(equal(x, 0), x, half + half);
}

/// tanh x = (1 - e^-2x) / (1 + e^-2x), of which numerator and denominator are
/// taken by half. With e^-2x = 2^n * (1 - 2u), they are
/// (1 - 2^n) / 2 + 2^n * u and (1 + 2^n) / 2 - 2^n * u.
/// For a small x, n is 0 and the numerator is u, which is as accurate as x.
Lanes attn::emitTanh(Lanes x) {
  static constexpr double coefficients[] = {
      0.012775882118260096, -0.044618412040857287, 0.13333151591165023,
      -0.33333061142107084, 0.66666667613237426,   -1.0000000106376379};
  // It is 1 from 9.02 on.
  Lanes bounded = atMost(magnitude(x), 10);
  Split parts = split(bounded, -2 * kLog2E, kRounder + kBias);
  Lanes rest = fma(parts.whole, kLn2 / 2, bounded);
  Lanes u = fma(polynomial(rest, coefficients), rest * rest, rest);
  Lanes power = parts.power();
  Lanes numerator = fma(power, u, fma(power, -0.5, 0.5));
  Lanes denominator = fma(-power, u, fma(power, 0.5, 0.5));
  return ((numerator / denominator).bits() | signBit(x)).fromBits();
}

Lanes attn::emitErf(Lanes x) {
  // erf x = x + x * p(x^2).
  static constexpr double small[] = {
      -0.0005953746879950839, 0.004985941619225478, -0.026761720524894128,
      0.11281682555460962,    -0.37612481100408342, 0.12837914768979426};
  // erf x = 1 - e^(x * p(x) - x).
  static constexpr double large[] = {
      -1.1423810246333142e-5, 0.00032473098256588136, -0.0036502962771542742,
      0.02377864268991558,    -0.1062561313894153,    -0.63513967103637353,
      -0.1286513587100931};
  Lanes size = magnitude(x);
  Lanes nearZero = fma(polynomial(size * size, small), size, size);
  // It is 1 from 3.92 on.
  Lanes bounded = atMost(size, 3.95);
  Lanes exponent = fma(polynomial(bounded, large), bounded, -bounded);
  Split parts = split(exponent, kLog2E, kRounder + kBias);
  Lanes power = emitSmallExp(subtractLn2(exponent, parts)) * parts.power();
  Lanes nearOne = power.splat(1) - power;
  Lanes result = select(less(size, 0.93), nearZero, nearOne);
  return (result.bits() | signBit(x)).fromBits();
}

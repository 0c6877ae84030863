//===- Exp2.cpp - Powers of two for the softmax -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/Exp2.h"

#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace attn;

namespace {

/// What the method takes from a floating-point format.
struct Format {
  /// Stored bits of the significand.
  unsigned significandBits;
  /// Of the exponents.
  double bias;
  /// Powers with a lower exponent count as 0. It leaves room above the least
  /// normal number, so that products with values are not denormal either:
  /// processors take a hundred times as long over those.
  double leastExponent;
  /// 1.5 * 2^significandBits: sums with it are whole numbers.
  double rounder;
  /// Minimax in relative error over [-1/2, 1/2] with the value 1 at 0, highest
  /// power first.
  ArrayRef<double> coefficients;
};

} // namespace

static Format getFormat(Type type) {
  static constexpr double single[] = {1.5594677836287063e-4,
                                      1.3406643901987163e-3,
                                      9.6176929739808419e-3,
                                      5.5503105510010271e-2,
                                      2.4022652782882338e-1,
                                      6.9314721496803992e-1,
                                      1.0};
  static constexpr double twice[] = {
      4.0780671733675832e-10, 7.0725704288474169e-9, 1.0180647693436777e-7,
      1.3215442675238751e-6,  1.5252727385103186e-5, 1.5403530441572300e-4,
      1.3333558153440072e-3,  9.6181291076070023e-3, 5.5504108664790394e-2,
      2.4022650695910098e-1,  6.9314718055994570e-1, 1.0};
  if (getElementTypeOrSelf(type).isF64())
    return {52, 1023, -900, 0x1.8p52, twice};
  return {23, 127, -100, 0x1.8p23, single};
}

/// With the bias in it, the low bits of a sum are the exponent of 2^n.
static Value emitShift(KernelBuilder &builder, Type type) {
  Format format = getFormat(type);
  return builder.constant(type, format.rounder + format.bias);
}

double attn::getExp2OriginLimit(Type type) {
  // The shift of such an origin still has the rounder's exponent.
  return getElementTypeOrSelf(type).isF64() ? 0x1p49 : 0x1p20;
}

Value attn::emitRoundToOrigin(KernelBuilder &builder, Value x) {
  Value rounder = builder.constant(x.getType(), getFormat(x.getType()).rounder);
  return arith::SubFOp::create(
      builder, arith::AddFOp::create(builder, x, rounder), rounder);
}

Exp2Origin attn::emitExp2Origin(KernelBuilder &builder, Value origin) {
  Type type = origin.getType();
  Format format = getFormat(type);
  Value least = builder.createOrFold<arith::AddFOp>(
      origin, builder.constant(type, format.leastExponent));
  return {
      builder.createOrFold<arith::SubFOp>(emitShift(builder, type), origin),
      builder.createOrFold<arith::MulFOp>(least, builder.constant(type, kLn2))};
}

Value attn::emitOrigin(KernelBuilder &builder, const Exp2Origin &terms) {
  return builder.createOrFold<arith::SubFOp>(
      emitShift(builder, terms.shift.getType()), terms.shift);
}

/// Where a processor has no such instruction, vectors multiply and add.
static Value emitFma(KernelBuilder &builder, Value a, Value b, Value c) {
  if (isa<VectorType>(a.getType()))
    return vector::FMAOp::create(builder, a, b, c);
  return math::FmaOp::create(builder, a, b, c);
}

/// 2^fraction times the power of two in the low bits of `shifted`; 0 where it
/// is not live.
static Value emitPower(KernelBuilder &builder, Value fraction, Value shifted,
                       Value live) {
  Type type = fraction.getType();
  Format format = getFormat(type);
  Value power = builder.constant(type, format.coefficients.front());
  for (double coefficient : format.coefficients.drop_front())
    power =
        emitFma(builder, power, fraction, builder.constant(type, coefficient));

  Type bits = builder.getIntegerType(
      getElementTypeOrSelf(type).getIntOrFloatBitWidth());
  if (auto shaped = dyn_cast<ShapedType>(type))
    bits = shaped.clone(bits);
  Value sum = arith::BitcastOp::create(builder, bits, shifted);
  Value exponent = arith::ShLIOp::create(
      builder, sum, builder.integer(bits, format.significandBits));
  // A product keeps NaN, which an addition of bits would not.
  Value scale = arith::BitcastOp::create(builder, type, exponent);
  Value result = arith::MulFOp::create(builder, power, scale);
  return arith::SelectOp::create(builder, live, result,
                                 builder.constant(type, 0.0));
}

/// Unordered, so that NaN counts as live.
static Value emitIsLive(KernelBuilder &builder, Value x, Value floor) {
  return arith::CmpFOp::create(builder, arith::CmpFPredicate::UGE, x, floor);
}

Value attn::emitExp(KernelBuilder &builder, Value x, const Exp2Origin &origin) {
  Value log2e = builder.constant(x.getType(), kLog2E);
  Value live = emitIsLive(builder, x, origin.floor);
  Value shifted = emitFma(builder, x, log2e, origin.shift);
  Value whole = arith::SubFOp::create(builder, origin.shift, shifted);
  Value fraction = emitFma(builder, x, log2e, whole);
  return emitPower(builder, fraction, shifted, live);
}

Value attn::emitExp2(KernelBuilder &builder, Value x) {
  Type type = x.getType();
  Value shift = emitShift(builder, type);
  Value live = emitIsLive(
      builder, x, builder.constant(type, getFormat(type).leastExponent));
  Value shifted = arith::AddFOp::create(builder, x, shift);
  Value whole = arith::SubFOp::create(builder, shifted, shift);
  Value fraction = arith::SubFOp::create(builder, x, whole);
  return emitPower(builder, fraction, shifted, live);
}

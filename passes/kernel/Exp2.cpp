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
  // With the bias in it, the low bits of a sum are the exponent of 2^n.
  Value shift = builder.constant(type, format.rounder + format.bias);
  Value least = builder.constant(type, format.leastExponent);
  return {builder.createOrFold<arith::SubFOp>(shift, origin),
          builder.createOrFold<arith::AddFOp>(origin, least)};
}

Value attn::emitOrigin(KernelBuilder &builder, const Exp2Origin &terms) {
  Type type = terms.floor.getType();
  Value least = builder.constant(type, getFormat(type).leastExponent);
  return builder.createOrFold<arith::SubFOp>(terms.floor, least);
}

Value attn::emitExp2(KernelBuilder &builder, Value x,
                     const Exp2Origin &origin) {
  Type type = x.getType();
  Format format = getFormat(type);
  // Unordered, so that NaN counts as live.
  Value live = arith::CmpFOp::create(builder, arith::CmpFPredicate::UGE, x,
                                     origin.floor);
  Value shifted = arith::AddFOp::create(builder, x, origin.shift);
  Value whole = arith::SubFOp::create(builder, shifted, origin.shift);
  Value fraction = arith::SubFOp::create(builder, x, whole);
  Value power = builder.constant(type, format.coefficients.front());
  for (double coefficient : format.coefficients.drop_front()) {
    Value next = builder.constant(type, coefficient);
    // Where a processor has no such instruction, vectors multiply and add.
    if (isa<VectorType>(type))
      power = vector::FMAOp::create(builder, power, fraction, next);
    else
      power = math::FmaOp::create(builder, power, fraction, next);
  }

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

Value attn::emitExp2(KernelBuilder &builder, Value x) {
  Value zero = builder.constant(x.getType(), 0.0);
  return emitExp2(builder, x, emitExp2Origin(builder, zero));
}

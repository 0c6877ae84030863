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
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace attn;

Value attn::emitExp2(KernelBuilder &builder, Value x) {
  Type type = x.getType();
  if (getElementTypeOrSelf(type).isF64())
    return math::Exp2Op::create(builder, x);

  // Unordered, so that NaN counts as live.
  Value live = arith::CmpFOp::create(builder, arith::CmpFPredicate::UGE, x,
                                     builder.constant(type, -126.0));
  Value magic = builder.constant(type, 12582912.0);
  Value shifted = arith::AddFOp::create(builder, x, magic);
  Value whole = arith::SubFOp::create(builder, shifted, magic);
  Value fraction = arith::SubFOp::create(builder, x, whole);

  // Minimax in relative error over [-1/2, 1/2], highest power first.
  static constexpr double coefficients[] = {1.53458124e-4,
                                            1.33999309e-3,
                                            9.61848907e-3,
                                            5.55032864e-2,
                                            2.40226462e-1,
                                            6.93147182e-1,
                                            1.0};
  Value power = builder.constant(type, coefficients[0]);
  for (double coefficient : ArrayRef(coefficients).drop_front())
    power = math::FmaOp::create(builder, power, fraction,
                                builder.constant(type, coefficient));

  Type bits = builder.getI32Type();
  if (auto shaped = dyn_cast<ShapedType>(type))
    bits = shaped.clone(bits);
  auto integer = [&](int32_t value) -> Value {
    TypedAttr attr = builder.getI32IntegerAttr(value);
    if (auto shaped = dyn_cast<ShapedType>(bits))
      attr = DenseElementsAttr::get(shaped, static_cast<Attribute>(attr));
    return arith::ConstantOp::create(builder, attr);
  };
  // The low bits of `shifted` are n; 2^n has the exponent n + 127. A product
  // keeps NaN where an addition of bits would not.
  Value n = arith::BitcastOp::create(builder, bits, shifted);
  Value exponent = arith::ShLIOp::create(builder, n, integer(23));
  exponent = arith::AddIOp::create(builder, exponent, integer(0x3F800000));
  Value scale = arith::BitcastOp::create(builder, type, exponent);
  Value result = arith::MulFOp::create(builder, power, scale);
  return arith::SelectOp::create(builder, live, result,
                                 builder.constant(type, 0.0));
}

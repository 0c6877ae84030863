//===- Lanes.h - Formulas on vectors ----------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_MATH_LANES_H
#define ATTN_PASSES_MATH_LANES_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace attn {

/// A vector of floats, integers or truth values under construction, or a
/// scalar, which is one lane: operators emit the op for each lane. A number
/// beside a vector stands for a vector of its type filled with it.
class Lanes {
public:
  Lanes(mlir::ImplicitLocOpBuilder &builder, mlir::Value value)
      : builder(&builder), value(value) {}

  operator mlir::Value() const { return value; }
  mlir::ImplicitLocOpBuilder &getBuilder() const { return *builder; }
  mlir::Type getElementType() const;
  unsigned getElementWidth() const;

  /// A vector of this one's type filled with `number`.
  Lanes splat(double number) const;
  /// The bits of floats as integers of the same width, and back.
  Lanes bits() const;
  Lanes fromBits() const;
  /// Floats in another precision; integers, which are signed, as floats.
  Lanes toF32() const;
  Lanes toF64() const;

private:
  /// The type of as many lanes of `element`.
  mlir::Type getTypeOf(mlir::Type element) const;

  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;
};

Lanes operator+(Lanes lhs, Lanes rhs);
Lanes operator-(Lanes lhs, Lanes rhs);
Lanes operator*(Lanes lhs, Lanes rhs);
/// Of floats.
Lanes operator/(Lanes lhs, Lanes rhs);
Lanes operator-(Lanes value);
/// Of integers and truth values.
Lanes operator&(Lanes lhs, Lanes rhs);
Lanes operator|(Lanes lhs, Lanes rhs);
Lanes operator^(Lanes lhs, Lanes rhs);
/// Of integers; `>>` repeats the sign.
Lanes operator<<(Lanes lhs, int64_t count);
Lanes operator>>(Lanes lhs, int64_t count);

inline Lanes operator+(Lanes lhs, double rhs) { return lhs + lhs.splat(rhs); }
inline Lanes operator-(Lanes lhs, double rhs) { return lhs - lhs.splat(rhs); }
inline Lanes operator*(Lanes lhs, double rhs) { return lhs * lhs.splat(rhs); }
Lanes operator&(Lanes lhs, int64_t rhs);

/// Comparisons of floats, false for NaN but for `differs`.
Lanes less(Lanes lhs, Lanes rhs);
Lanes equal(Lanes lhs, Lanes rhs);
Lanes differs(Lanes lhs, Lanes rhs);
inline Lanes less(Lanes lhs, double rhs) { return less(lhs, lhs.splat(rhs)); }
inline Lanes equal(Lanes lhs, double rhs) { return equal(lhs, lhs.splat(rhs)); }
/// Of integers.
Lanes isNonZero(Lanes value);
Lanes logicalNot(Lanes condition);

Lanes select(Lanes condition, Lanes ifTrue, Lanes ifFalse);
inline Lanes select(Lanes condition, double ifTrue, Lanes ifFalse) {
  return select(condition, ifFalse.splat(ifTrue), ifFalse);
}
/// `value` within [low, high], as one instruction a side; NaN stays.
Lanes atMost(Lanes value, double high);
Lanes atLeast(Lanes value, double low);
Lanes floor(Lanes value);

/// `a * b + c`, rounded once where the processor has an instruction for that.
Lanes fma(Lanes a, Lanes b, Lanes c);
inline Lanes fma(Lanes a, double b, Lanes c) { return fma(a, a.splat(b), c); }
inline Lanes fma(Lanes a, double b, double c) {
  return fma(a, a.splat(b), a.splat(c));
}

/// A polynomial in `x`, highest power first.
Lanes polynomial(Lanes x, llvm::ArrayRef<double> coefficients);

} // namespace attn

#endif // ATTN_PASSES_MATH_LANES_H

//===- Type.h - Types of values in a program --------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_TYPE_H
#define ATTN_FRONTEND_TYPE_H

#include "frontend/AST.h"
#include "frontend/Dim.h"

#include <string>
#include <vector>

namespace attn::frontend {

/// What one element is. `Index` is the type of sizes and of the indices of
/// rules, shown to users as i64; `Number` stands for any number while a rule is
/// checked by itself, before its parameters have types.
enum class Scalar { F16, BF16, F32, F64, I32, I64, Bool, Index, Number };

Scalar toScalar(DType dtype);
bool isFloat(Scalar scalar);
bool isInteger(Scalar scalar);
/// Neither a bool nor anything but a number.
inline bool isNumber(Scalar scalar) { return scalar != Scalar::Bool; }
/// As the program writes it: "f32"; "i64" for an index, "number" for any.
llvm::StringRef stringify(Scalar scalar);

/// The type that scores have for tensors of `element`: f64 for f64, else f32.
Scalar getAccumulator(Scalar element);

struct Type {
  enum class Kind { Scalar, Tensor, Tuple, Mask, Score };

  static Type scalar(Scalar element);
  /// A tensor, or a scalar where `shape` is empty.
  static Type tensor(Scalar element, std::vector<Dim> shape);
  static Type tuple(std::vector<Type> elements);
  static Type mask() { return {Kind::Mask, Scalar::Bool, {}, {}}; }
  static Type score() { return {Kind::Score, Scalar::F32, {}, {}}; }

  bool isScalar() const { return kind == Kind::Scalar; }
  bool isTensor() const { return kind == Kind::Tensor; }
  bool isTuple() const { return kind == Kind::Tuple; }
  bool isRule() const { return kind == Kind::Mask || kind == Kind::Score; }
  /// A scalar or a tensor: what elementwise operators work on.
  bool isArray() const { return isScalar() || isTensor(); }
  int64_t getRank() const { return shape.size(); }

  /// The same shape with other elements.
  Type withElement(Scalar other) const;

  /// As the program writes it: "f32[B, H, T, D]", "(f32[T], i64)",
  /// "a mask rule".
  std::string str() const;

  /// An index counts as an i64.
  bool operator==(const Type &other) const;
  bool operator!=(const Type &other) const { return !(*this == other); }

  Kind kind = Kind::Scalar;
  Scalar element = Scalar::F32;
  std::vector<Dim> shape;
  std::vector<Type> elements;
};

/// A shape as the program writes it: "[B, H, T, D]".
std::string printShape(llvm::ArrayRef<Dim> shape);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_TYPE_H

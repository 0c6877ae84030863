//===- Type.cpp - Types of values in a program ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Type.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace attn::frontend;

Scalar attn::frontend::toScalar(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return Scalar::F16;
  case DType::BF16:
    return Scalar::BF16;
  case DType::F32:
    return Scalar::F32;
  case DType::F64:
    return Scalar::F64;
  case DType::I32:
    return Scalar::I32;
  case DType::I64:
    return Scalar::I64;
  case DType::Bool:
    return Scalar::Bool;
  }
  llvm_unreachable("unknown dtype");
}

bool attn::frontend::isFloat(Scalar scalar) {
  return scalar == Scalar::F16 || scalar == Scalar::BF16 ||
         scalar == Scalar::F32 || scalar == Scalar::F64;
}

bool attn::frontend::isInteger(Scalar scalar) {
  return scalar == Scalar::I32 || scalar == Scalar::I64 ||
         scalar == Scalar::Index;
}

llvm::StringRef attn::frontend::stringify(Scalar scalar) {
  switch (scalar) {
  case Scalar::F16:
    return "f16";
  case Scalar::BF16:
    return "bf16";
  case Scalar::F32:
    return "f32";
  case Scalar::F64:
    return "f64";
  case Scalar::I32:
    return "i32";
  case Scalar::I64:
  case Scalar::Index:
    return "i64";
  case Scalar::Bool:
    return "bool";
  case Scalar::Number:
    return "number";
  }
  llvm_unreachable("unknown scalar");
}

Scalar attn::frontend::getAccumulator(Scalar element) {
  return element == Scalar::F64 ? Scalar::F64 : Scalar::F32;
}

Type Type::scalar(Scalar element) { return {Kind::Scalar, element, {}, {}}; }

Type Type::tensor(Scalar element, std::vector<Dim> shape) {
  Kind kind = shape.empty() ? Kind::Scalar : Kind::Tensor;
  return {kind, element, std::move(shape), {}};
}

Type Type::tuple(std::vector<Type> elements) {
  return {Kind::Tuple, Scalar::F32, {}, std::move(elements)};
}

Type Type::withElement(Scalar other) const {
  Type result = *this;
  result.element = other;
  return result;
}

std::string attn::frontend::printShape(llvm::ArrayRef<Dim> shape) {
  return "[" +
         llvm::join(
             llvm::map_range(shape, [](const Dim &d) { return d.str(); }),
             ", ") +
         "]";
}

std::string Type::str() const {
  switch (kind) {
  case Kind::Scalar:
    return stringify(element).str();
  case Kind::Tensor:
    return stringify(element).str() + printShape(shape);
  case Kind::Tuple:
    return "(" +
           llvm::join(
               llvm::map_range(elements, [](const Type &t) { return t.str(); }),
               ", ") +
           ")";
  case Kind::Mask:
    return "a mask rule";
  case Kind::Score:
    return "a score rule";
  }
  llvm_unreachable("unknown type");
}

bool Type::operator==(const Type &other) const {
  return kind == other.kind &&
         (isTuple() || stringify(element) == stringify(other.element)) &&
         shape == other.shape && elements == other.elements;
}

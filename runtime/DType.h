//===- DType.h - Element types of arrays -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The element types that cross the border between a program and its caller,
// and the conversions of the two that C++17 has no type for.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_DTYPE_H
#define ATTN_RUNTIME_DTYPE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <cstring>
#include <optional>

namespace attn::runtime {

/// Bool is one byte an element, 0 or 1.
enum class DType { F16, BF16, F32, F64, I32, I64, Bool };

/// Bytes an element takes: 1, 2, 4 or 8.
constexpr int64_t sizeInBytes(DType type) {
  switch (type) {
  case DType::Bool:
    return 1;
  case DType::F16:
  case DType::BF16:
    return 2;
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F64:
  case DType::I64:
    return 8;
  }
  return 0;
}

constexpr bool isFloat(DType type) {
  return type == DType::F16 || type == DType::BF16 || type == DType::F32 ||
         type == DType::F64;
}

/// The name in the language: "f16", "bf16", "f32", "f64", "i32", "i64", "bool".
llvm::StringRef toString(DType type);

/// The inverse of toString; nothing for any other text.
std::optional<DType> parseDType(llvm::StringRef name);

/// "f16, bf16, f32, f64, i32, i64, bool", for messages.
llvm::StringRef allDTypeNames();

/// The bits of `value` rounded to nearest, ties to even. Overflow gives an
/// infinity; a NaN stays a NaN with its sign and is quiet.
uint16_t doubleToHalf(double value);
uint16_t doubleToBFloat(double value);

/// Exact.
float halfToFloat(uint16_t bits);

/// Exact.
inline float bfloatToFloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

} // namespace attn::runtime

#endif // ATTN_RUNTIME_DTYPE_H

//===- DType.cpp - Element types of arrays --------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/DType.h"

#include "llvm/ADT/StringSwitch.h"

using namespace attn::runtime;

llvm::StringRef attn::runtime::toString(DType type) {
  switch (type) {
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::F32:
    return "f32";
  case DType::F64:
    return "f64";
  case DType::I32:
    return "i32";
  case DType::I64:
    return "i64";
  case DType::Bool:
    return "bool";
  }
  return "";
}

std::optional<DType> attn::runtime::parseDType(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<DType>>(name)
      .Case("f16", DType::F16)
      .Case("bf16", DType::BF16)
      .Case("f32", DType::F32)
      .Case("f64", DType::F64)
      .Case("i32", DType::I32)
      .Case("i64", DType::I64)
      .Case("bool", DType::Bool)
      .Default(std::nullopt);
}

llvm::StringRef attn::runtime::allDTypeNames() {
  return "f16, bf16, f32, f64, i32, i64, bool";
}

/// Rounds a double to a 16-bit float of `MantissaBits` stored mantissa bits,
/// the rest being sign and exponent.
template <int MantissaBits> static uint16_t roundToSixteenBits(double value) {
  constexpr int kExponentBits = 15 - MantissaBits;
  constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  constexpr uint64_t kInfinity = ((uint64_t(1) << kExponentBits) - 1)
                                 << MantissaBits;
  constexpr int kDropped = 52 - MantissaBits;

  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint16_t sign = static_cast<uint16_t>((bits >> 48) & 0x8000);
  int exponent = static_cast<int>((bits >> 52) & 0x7ff);
  uint64_t mantissa = bits & ((uint64_t(1) << 52) - 1);

  if (exponent == 0x7ff) {
    uint64_t quiet = uint64_t(1) << (MantissaBits - 1);
    uint64_t payload = mantissa ? (mantissa >> kDropped) | quiet : 0;
    return static_cast<uint16_t>(sign | kInfinity | payload);
  }

  int target = exponent - 1023 + kBias;
  int shift = kDropped;
  uint64_t base = 0;
  if (target > 0) {
    // The stored mantissa may round up into the exponent, which is right.
    base = static_cast<uint64_t>(target) << MantissaBits;
    if (base >= kInfinity)
      return static_cast<uint16_t>(sign | kInfinity);
  } else {
    // Subnormal: the leading 1 becomes explicit and moves right. From 64 places
    // on nothing is left of it, nor from 54 on anything to round.
    shift += 1 - target;
    if (exponent == 0 || shift > 53)
      return sign;
    mantissa |= uint64_t(1) << 52;
  }
  uint64_t kept = mantissa >> shift;
  uint64_t rest = mantissa & ((uint64_t(1) << shift) - 1);
  uint64_t half = uint64_t(1) << (shift - 1);
  kept += rest > half || (rest == half && (kept & 1));
  return static_cast<uint16_t>(sign | (base + kept));
}

uint16_t attn::runtime::doubleToHalf(double value) {
  return roundToSixteenBits<10>(value);
}

uint16_t attn::runtime::doubleToBFloat(double value) {
  return roundToSixteenBits<7>(value);
}

float attn::runtime::halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f;
  uint32_t mantissa = bits & 0x3ff;
  uint32_t wide;
  if (exponent == 0x1f) {
    wide = sign | 0x7f800000 | (mantissa << 13);
  } else if (exponent != 0) {
    wide = sign | ((exponent + 112) << 23) | (mantissa << 13);
  } else {
    float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    std::memcpy(&wide, &magnitude, sizeof(wide));
    wide |= sign;
  }
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

//===- Random.cpp - Reproducible inputs -----------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Random.h"

#include "runtime/Tensor.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace attn::runtime;

std::array<uint32_t, 4> attn::runtime::philox4x32(std::array<uint32_t, 4> c,
                                                  std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t(0xD2511F53) * c[0];
    uint64_t product1 = uint64_t(0xCD9E8D57) * c[2];
    c = {static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ key[0],
         static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ key[1],
         static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

/// FNV-1a, so that a name's stream is the same with every version of LLVM.
static uint64_t hashName(llvm::StringRef name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : name)
    hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

namespace {
/// 128 random bits at a time, addressed by seed, name and number.
class Stream {
public:
  Stream(uint64_t seed, llvm::StringRef name)
      : key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
        stream(hashName(name)) {}

  std::array<uint64_t, 2> block(uint64_t number) const {
    std::array<uint32_t, 4> bits = philox4x32(
        {static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32),
         static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
        key);
    return {bits[0] | uint64_t(bits[1]) << 32, bits[2] | uint64_t(bits[3])
                                                             << 32};
  }

private:
  std::array<uint32_t, 2> key;
  uint64_t stream;
};
} // namespace

/// Box-Muller: elements 2n and 2n + 1 are the two coordinates of a point whose
/// radius and angle come from block n.
template <typename T, typename Convert>
static void fillNormal(Tensor &tensor, const Stream &stream, Convert convert) {
  constexpr double kTwoPi = 6.283185307179586476925;
  T *data = tensor.values<T>().data();
  int64_t total = tensor.numElements();
  for (int64_t i = 0; i < total; i += 2) {
    auto [radiusBits, angleBits] = stream.block(i / 2);
    // In (0, 1], so that the logarithm is finite.
    double uniform = static_cast<double>((radiusBits >> 11) + 1) * 0x1p-53;
    double radius = std::sqrt(-2 * std::log(uniform));
    double angle = kTwoPi * (static_cast<double>(angleBits >> 11) * 0x1p-53);
    data[i] = convert(radius * std::cos(angle));
    if (i + 1 < total)
      data[i + 1] = convert(radius * std::sin(angle));
  }
}

template <typename T>
static void fillUniform(Tensor &tensor, const Stream &stream, uint64_t bound) {
  T *data = tensor.values<T>().data();
  int64_t total = tensor.numElements();
  for (int64_t i = 0; i < total; ++i) {
    uint64_t bits = stream.block(i / 2)[i % 2];
    // The high half of the product is uniform in [0, bound] but for 2^-64
    // parts.
    unsigned __int128 product =
        static_cast<unsigned __int128>(bits) * (bound + 1);
    data[i] = static_cast<T>(product >> 64);
  }
}

void attn::runtime::fillRandom(Tensor &tensor, uint64_t seed,
                               llvm::StringRef name, int64_t upperBound) {
  Stream stream(seed, name);
  int64_t bound = std::max<int64_t>(upperBound, 0);
  switch (tensor.dtype()) {
  case DType::F16:
    return fillNormal<uint16_t>(tensor, stream, doubleToHalf);
  case DType::BF16:
    return fillNormal<uint16_t>(tensor, stream, doubleToBFloat);
  case DType::F32:
    return fillNormal<float>(tensor, stream,
                             [](double x) { return static_cast<float>(x); });
  case DType::F64:
    return fillNormal<double>(tensor, stream, [](double x) { return x; });
  case DType::I32:
    return fillUniform<int32_t>(
        tensor, stream,
        std::min<int64_t>(bound, std::numeric_limits<int32_t>::max()));
  case DType::I64:
    return fillUniform<int64_t>(tensor, stream, bound);
  case DType::Bool:
    return fillUniform<uint8_t>(tensor, stream, 1);
  }
}

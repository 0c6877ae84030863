//===- Random.h - Reproducible inputs ---------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The generator is counter based: an element depends on the seed, the name of
// the array and its own index in C order, and on nothing else. An array thus
// does not change when others come or go, nor with the number of threads, and a
// longer array begins with the elements of a shorter one.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_RANDOM_H
#define ATTN_RUNTIME_RANDOM_H

#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>

namespace attn::runtime {

class Tensor;

/// Philox4x32 with 10 rounds (Salmon et al., SC 2011).
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                   std::array<uint32_t, 2> key);

/// Fills `tensor` according to its type:
///
///   float    normal, mean 0, deviation 1, computed in double and rounded once
///   integer  uniform in [0, upperBound], both ends included; a negative
///            bound counts as 0, one beyond the type as the type's largest
///   bool     0 or 1, each half of the time
///
/// The driver passes the size of the largest dimension as `upperBound`: then a
/// length such as `len: i32[B]` may be anything from nothing to all keys, and
/// an index lies in its array, or is at most one beyond (and clamped).
void fillRandom(Tensor &tensor, uint64_t seed, llvm::StringRef name,
                int64_t upperBound);

} // namespace attn::runtime

#endif // ATTN_RUNTIME_RANDOM_H

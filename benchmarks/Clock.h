//===- Clock.h - Seconds ----------------------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_CLOCK_H
#define ATTN_BENCHMARKS_CLOCK_H

#include <chrono>

namespace attn::benchmarks {

/// Seconds on a clock that never goes back.
inline double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_CLOCK_H

//===- Probes.h - The limits of this machine --------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_PROBES_H
#define ATTN_BENCHMARKS_PROBES_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace attn::benchmarks {

/// Each probe runs for a few milliseconds on `threads` threads and returns what
/// all of them did together in a second.
class Probes {
public:
  /// `maxThreads` is the most that the probes are asked for.
  explicit Probes(int maxThreads);

  /// Multiply-adds of numbers that stay in registers.
  double multiplyAddPeak(int threads);

  /// Multiply-adds of a product in register tiles, of packed operands that fit
  /// the L2 cache: what attention could reach if softmax cost nothing.
  double tilePeak(int threads);

private:
  struct FreeMemory {
    void operator()(float *memory) const;
  };
  using Floats = std::unique_ptr<float, FreeMemory>;
  static Floats allocate(int64_t count);

  /// Operands and result of the tiles, for each thread.
  struct Tiles {
    Floats a, b, c;
  };
  std::vector<Tiles> tiles;
};

/// Bytes in one piece.
struct Span {
  const void *data;
  int64_t bytes;
};

/// Reads the spans once with `threads` threads, each of which reads `streams`
/// (1, 4 or 8) places at a time. Returns the seconds it took.
double readOnce(llvm::ArrayRef<Span> spans, int threads, int streams);

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_PROBES_H

//===- Probes.cpp - The limits of this machine ----------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Probes.h"

#include "benchmarks/Clock.h"
#include "benchmarks/VectorKernels.h"
#include "runtime/Memory.h"

#include <algorithm>
#include <cstdlib>
#include <omp.h>

using namespace attn::benchmarks;

/// The tiles of a product of 72 by 256 by 64 numbers (AVX-512): probabilities
/// of a block of queries by values of a block of keys.
static constexpr int64_t kRowTiles = 6, kColumnTiles = 2, kDepth = 256;

/// Long enough for the threads' start not to matter, short enough to be
/// interleaved with everything else.
static constexpr double kMultiplyAdds = 1.5e8;

/// Where results go that nobody wants, so that they are computed.
static volatile float sink;

void Probes::FreeMemory::operator()(float *memory) const { std::free(memory); }

Probes::Floats Probes::allocate(int64_t count) {
  size_t bytes = (size_t(count) * sizeof(float) + 63) / 64 * 64;
  auto *memory = static_cast<float *>(attn::runtime::allocatePages(64, bytes));
  if (!memory)
    std::abort();
  std::fill_n(memory, count, 1e-3f);
  return Floats(memory);
}

Probes::Probes(int maxThreads) {
  const VectorKernels &kernels = vectorKernels();
  int64_t rows = kRowTiles * kernels.tileRows;
  int64_t columns = kColumnTiles * 2 * kernels.lanes;
  for (int i = 0; i < maxThreads; ++i)
    tiles.push_back({allocate(rows * kDepth), allocate(columns * kDepth),
                     allocate(rows * columns)});
}

/// Seconds that `work(thread)` takes, from the moment when all threads are
/// there until the last one is done.
template <typename Work> static double timeTogether(int threads, Work work) {
  double start = 0, end = 0;
#pragma omp parallel num_threads(threads)
  {
#pragma omp barrier
#pragma omp master
    start = now();
    work(omp_get_thread_num());
#pragma omp barrier
#pragma omp master
    end = now();
  }
  return end - start;
}

double Probes::multiplyAddPeak(int threads) {
  const VectorKernels &kernels = vectorKernels();
  std::vector<int64_t> done(threads);
  double seconds = timeTogether(threads, [&](int thread) {
    float factor = 0.5f;
    done[thread] = kernels.multiplyAdd(int64_t(kMultiplyAdds), &factor);
    sink = factor;
  });
  return double(done[0]) * threads / seconds;
}

double Probes::tilePeak(int threads) {
  const VectorKernels &kernels = vectorKernels();
  int64_t each =
      kRowTiles * kernels.tileRows * kColumnTiles * 2 * kernels.lanes * kDepth;
  int64_t times = int64_t(kMultiplyAdds) / each + 1;
  double seconds = timeTogether(threads, [&](int thread) {
    const Tiles &mine = tiles[thread];
    for (int64_t i = 0; i < times; ++i)
      kernels.multiplyTiles(mine.a.get(), mine.b.get(), mine.c.get(), kRowTiles,
                            kColumnTiles, kDepth);
    sink = mine.c.get()[0];
  });
  return double(each * times) * threads / seconds;
}

double attn::benchmarks::readOnce(llvm::ArrayRef<Span> spans, int threads,
                                  int streams) {
  const VectorKernels &kernels = vectorKernels();
  return timeTogether(threads, [&](int thread) {
    float total = 0;
    for (const Span &span : spans) {
      int64_t count = span.bytes / int64_t(sizeof(float));
      int64_t begin = count * thread / threads;
      int64_t end = count * (thread + 1) / threads;
      total += kernels.sum(static_cast<const float *>(span.data) + begin,
                           end - begin, streams);
    }
    sink = total;
  });
}

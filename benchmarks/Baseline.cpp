//===- Baseline.cpp - Attention without a compiler ------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Baseline.h"

#include "benchmarks/VectorKernels.h"

#include "llvm/Support/DynamicLibrary.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <omp.h>

using namespace attn::benchmarks;

static constexpr int64_t kQueriesPerBlock = 256;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

const Products &Products::get() {
  static const Products products;
  return products;
}

Products::Products() {
#ifdef __x86_64__
  // OpenBLAS 0.3.21 takes processors that it does not know for a Haswell.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    setenv("OPENBLAS_CORETYPE", "SkylakeX", /*overwrite=*/0);
#endif
  auto library =
      llvm::sys::DynamicLibrary::getPermanentLibrary("libopenblas.so.0");
  if (!library.isValid())
    return;
  auto find = [&](const char *name) {
    return library.getAddressOfSymbol(name);
  };
  sgemm = reinterpret_cast<Sgemm *>(find("cblas_sgemm"));
  if (!sgemm)
    return;
  // The threads are ours: one for each head and block of queries.
  if (void *setThreads = find("openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(setThreads)(1);
  description = "OpenBLAS";
  if (void *getConfig = find("openblas_get_config"))
    description = reinterpret_cast<char *(*)()>(getConfig)();
}

void Products::multiply(bool transposed, int64_t m, int64_t n, int64_t k,
                        const float *a, int64_t lda, const float *b,
                        int64_t ldb, float *c, int64_t ldc) const {
  if (sgemm) {
    constexpr int kRowMajor = 101, kAsIs = 111, kTransposed = 112;
    sgemm(kRowMajor, kAsIs, transposed ? kTransposed : kAsIs, int(m), int(n),
          int(k), 1, a, int(lda), b, int(ldb), 0, c, int(ldc));
    return;
  }
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      float total = 0;
      for (int64_t x = 0; x < k; ++x)
        total +=
            a[i * lda + x] * (transposed ? b[j * ldb + x] : b[x * ldb + j]);
      c[i * ldc + j] = total;
    }
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

Baseline::Baseline(const Problem &problem, int maxThreads)
    : problem(problem), scores(maxThreads) {
  int64_t rows = std::min(kQueriesPerBlock, problem.sizes.queries);
  for (std::vector<float> &mine : scores)
    mine.resize(rows * problem.sizes.keys);
}

/// Turns scores into probabilities. `row` begins at key `all.begin`; keys that
/// query `q` does not see become 0.
void Baseline::softmaxRow(const BaselineArrays &arrays, int64_t h, int64_t q,
                          KeyRange all, float *row) const {
  const VectorKernels &kernels = vectorKernels();
  KeyRange seen = problem.keysOf(q);
  int64_t count = seen.end - seen.begin;
  float *first = row + (seen.begin - all.begin);
  std::fill(row, first, 0.0f);
  std::fill(first + count, row + (all.end - all.begin), 0.0f);
  if (!count)
    return;
  kernels.rowScale(first, count, 1 / std::sqrt(float(problem.sizes.headDim)));
  switch (problem.score) {
  case Score::Plain:
    break;
  case Score::Alibi: {
    float slope = float(problem.alibiSlope(h));
    kernels.rowAddRamp(first, count, slope * float(seen.begin - q), slope);
    break;
  }
  case Score::Softcap:
    kernels.rowSoftcap(first, count, float(kSoftcap));
    break;
  case Score::Table:
    kernels.rowAddReversed(
        first, count, arrays.table + h * problem.sizes.keys + q - seen.begin);
    break;
  }
  float sum = kernels.rowExp(first, count, kernels.rowMax(first, count));
  kernels.rowScale(first, count, 1 / sum);
}

void Baseline::attendBlock(const BaselineArrays &arrays, int64_t b, int64_t h,
                           int64_t firstQuery, float *scores) const {
  const auto &sizes = problem.sizes;
  int64_t rows = std::min(kQueriesPerBlock, sizes.queries - firstQuery);
  KeyRange all{sizes.keys, 0};
  for (int64_t i = 0; i < rows; ++i) {
    KeyRange seen = problem.keysOf(firstQuery + i);
    all.begin = std::min(all.begin, seen.begin);
    all.end = std::max(all.end, seen.end);
  }
  int64_t count = all.end - all.begin;
  int64_t head = b * sizes.heads + h;
  int64_t kvHead = b * sizes.kvHeads + h / (sizes.heads / sizes.kvHeads);
  const float *q =
      arrays.q + (head * sizes.queries + firstQuery) * sizes.headDim;
  const float *k = arrays.k + (kvHead * sizes.keys + all.begin) * sizes.headDim;
  const float *v =
      arrays.v + (kvHead * sizes.keys + all.begin) * sizes.valueDim;
  float *out =
      arrays.out + (head * sizes.queries + firstQuery) * sizes.valueDim;

  const Products &products = Products::get();
  products.multiply(/*transposed=*/true, rows, count, sizes.headDim, q,
                    sizes.headDim, k, sizes.headDim, scores, count);
  for (int64_t i = 0; i < rows; ++i)
    softmaxRow(arrays, h, firstQuery + i, all, scores + i * count);
  products.multiply(/*transposed=*/false, rows, sizes.valueDim, count, scores,
                    count, v, sizes.valueDim, out, sizes.valueDim);
}

void Baseline::run(const BaselineArrays &arrays, int threads) {
  const auto &sizes = problem.sizes;
  int64_t blocks = (sizes.queries + kQueriesPerBlock - 1) / kQueriesPerBlock;
  int64_t all = sizes.batch * sizes.heads * blocks;
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int64_t i = 0; i < all; ++i) {
    int64_t head = i / blocks;
    attendBlock(arrays, head / sizes.heads, head % sizes.heads,
                i % blocks * kQueriesPerBlock,
                scores[omp_get_thread_num()].data());
  }
}

//===- Baseline.h - Attention without a compiler ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// What one writes in C++ with a library for the products: scores of up to 256
// queries at a time, softmax over the rows, the product with the values.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_BASELINE_H
#define ATTN_BENCHMARKS_BASELINE_H

#include "benchmarks/Problem.h"

#include "llvm/ADT/StringRef.h"

#include <vector>

namespace attn::benchmarks {

/// The library of the products: OpenBLAS, found when first asked for, or plain
/// loops without it.
class Products {
public:
  static const Products &get();

  /// c [m, n] = a [m, k] times b, which is [k, n], or [n, k] if `transposed`;
  /// rows are as long as `lda`, `ldb` and `ldc` say. On the calling thread.
  void multiply(bool transposed, int64_t m, int64_t n, int64_t k,
                const float *a, int64_t lda, const float *b, int64_t ldb,
                float *c, int64_t ldc) const;

  /// "OpenBLAS 0.3.21 …", or "none".
  llvm::StringRef name() const { return description; }

private:
  Products();

  using Sgemm = void(int order, int transA, int transB, int m, int n, int k,
                     float alpha, const float *a, int lda, const float *b,
                     int ldb, float beta, float *c, int ldc);
  Sgemm *sgemm = nullptr;
  std::string description = "none";
};

/// Arrays as in runtime/Reference.h; `table` is [heads, keys], for
/// Score::Table.
struct BaselineArrays {
  const float *q;
  const float *k;
  const float *v;
  const float *table;
  float *out;
};

/// Computes f32 attention of one problem. It has temporaries, which it keeps.
class Baseline {
public:
  /// For calls with up to `maxThreads` threads.
  Baseline(const Problem &problem, int maxThreads);

  void run(const BaselineArrays &arrays, int threads);

private:
  void attendBlock(const BaselineArrays &arrays, int64_t b, int64_t h,
                   int64_t firstQuery, float *scores) const;
  void softmaxRow(const BaselineArrays &arrays, int64_t h, int64_t q,
                  KeyRange all, float *row) const;

  Problem problem;
  /// Those of one thread each.
  std::vector<std::vector<float>> scores;
};

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_BASELINE_H

//===- Reference.h - The oracle in double precision -------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Naive definitions, written to be read and believed: one loop an index, double
// precision, no compiler behind them. Arrays are in C order.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_REFERENCE_H
#define ATTN_RUNTIME_REFERENCE_H

#include <cstdint>
#include <functional>
#include <vector>

namespace attn::runtime::reference {

/// The sizes of one attention. `heads` is a multiple of `kvHeads`; query head h
/// uses key and value head h / (heads / kvHeads).
struct AttentionSizes {
  int64_t batch = 1;
  int64_t heads = 1;
  int64_t kvHeads = 1;
  int64_t queries = 0;
  int64_t keys = 0;
  int64_t headDim = 0;
  int64_t valueDim = 0;
};

/// Whether query q may see key k.
using MaskRule =
    std::function<bool(int64_t b, int64_t h, int64_t q, int64_t k)>;

/// The new score of query q and key k.
using ScoreRule =
    std::function<double(double s, int64_t b, int64_t h, int64_t q, int64_t k)>;

/// softmax(score(scale * q k')) v over the keys the mask allows, which is all
/// of them without a mask.
///
///   q [batch, heads, queries, headDim]      k [batch, kvHeads, keys, headDim]
///   v [batch, kvHeads, keys, valueDim]      result [batch, heads, queries,
///   valueDim]
///
/// A key that the mask excludes is not read, nor is its value, nor is the score
/// rule called for it; the value of a key whose score is -inf is not read
/// either. A row without a key that takes part is zeros. Everything else follows IEEE arithmetic: a NaN
/// score, or a score of +inf, makes the row NaN.
std::vector<double>
attention(const AttentionSizes &sizes, const std::vector<double> &q,
          const std::vector<double> &k, const std::vector<double> &v,
          double scale, const MaskRule &mask = {}, const ScoreRule &score = {});

/// a [batch, m, k] times b [batch, k, n] gives [batch, m, n].
std::vector<double> matmul(int64_t batch, int64_t m, int64_t k, int64_t n,
                           const std::vector<double> &a,
                           const std::vector<double> &b);

/// Over the rows of x [rows, n]. A row of only -inf gives zeros.
std::vector<double> softmax(int64_t rows, int64_t n,
                            const std::vector<double> &x);

/// (x - mean) / sqrt(variance + epsilon) * weight + bias over the rows of
/// x [rows, n], with the variance over n. weight and bias are [n] or empty.
std::vector<double> layerNorm(int64_t rows, int64_t n,
                              const std::vector<double> &x,
                              const std::vector<double> &weight,
                              const std::vector<double> &bias, double epsilon);

/// x / sqrt(mean(x^2) + epsilon) * weight over the rows of x [rows, n]. weight
/// is [n] or empty.
std::vector<double> rmsNorm(int64_t rows, int64_t n,
                            const std::vector<double> &x,
                            const std::vector<double> &weight, double epsilon);

} // namespace attn::runtime::reference

#endif // ATTN_RUNTIME_REFERENCE_H

//===- Reference.cpp - The oracle in double precision ---------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Reference.h"

#include <cmath>
#include <limits>

using namespace attn::runtime;

namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A key that takes part in a row, and its score, later its weight.
struct Term {
  int64_t key;
  double value;
};
} // namespace

/// Turns scores into weights. Leaves no term if there is no weight to give.
static void normalize(std::vector<Term> &terms) {
  double largest = -kInfinity;
  for (const Term &term : terms)
    // A NaN is the largest, and stays it.
    if (std::isnan(term.value) || term.value > largest)
      largest = term.value;
  if (largest == -kInfinity) {
    terms.clear();
    return;
  }
  double sum = 0;
  for (Term &term : terms) {
    term.value = std::exp(term.value - largest);
    sum += term.value;
  }
  for (Term &term : terms)
    term.value /= sum;
}

std::vector<double> reference::attention(const AttentionSizes &sizes,
                                         const std::vector<double> &q,
                                         const std::vector<double> &k,
                                         const std::vector<double> &v,
                                         double scale, const MaskRule &mask,
                                         const ScoreRule &score) {
  const AttentionSizes &n = sizes;
  std::vector<double> result(n.batch * n.heads * n.queries * n.valueDim, 0.0);
  std::vector<Term> terms;
  for (int64_t b = 0; b < n.batch; ++b) {
    for (int64_t h = 0; h < n.heads; ++h) {
      int64_t kvHead = b * n.kvHeads + h / (n.heads / n.kvHeads);
      for (int64_t iq = 0; iq < n.queries; ++iq) {
        int64_t row = (b * n.heads + h) * n.queries + iq;
        terms.clear();
        for (int64_t ik = 0; ik < n.keys; ++ik) {
          if (mask && !mask(b, h, iq, ik))
            continue;
          int64_t keyRow = kvHead * n.keys + ik;
          double dot = 0;
          for (int64_t d = 0; d < n.headDim; ++d)
            dot += q[row * n.headDim + d] * k[keyRow * n.headDim + d];
          double s = dot * scale;
          if (score)
            s = score(s, b, h, iq, ik);
          // A score of -inf takes its key out, as the mask does.
          if (s != -kInfinity)
            terms.push_back({ik, s});
        }
        normalize(terms);
        for (const Term &term : terms)
          for (int64_t d = 0; d < n.valueDim; ++d)
            result[row * n.valueDim + d] +=
                term.value * v[(kvHead * n.keys + term.key) * n.valueDim + d];
      }
    }
  }
  return result;
}

std::vector<double> reference::matmul(int64_t batch, int64_t m, int64_t k,
                                      int64_t n, const std::vector<double> &a,
                                      const std::vector<double> &b) {
  std::vector<double> result(batch * m * n, 0.0);
  for (int64_t ib = 0; ib < batch; ++ib)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        for (int64_t l = 0; l < k; ++l)
          result[(ib * m + i) * n + j] +=
              a[(ib * m + i) * k + l] * b[(ib * k + l) * n + j];
  return result;
}

std::vector<double> reference::softmax(int64_t rows, int64_t n,
                                       const std::vector<double> &x) {
  std::vector<double> result(rows * n, 0.0);
  std::vector<Term> terms;
  for (int64_t row = 0; row < rows; ++row) {
    terms.clear();
    for (int64_t i = 0; i < n; ++i)
      terms.push_back({i, x[row * n + i]});
    normalize(terms);
    for (const Term &term : terms)
      result[row * n + term.key] = term.value;
  }
  return result;
}

std::vector<double> reference::layerNorm(int64_t rows, int64_t n,
                                         const std::vector<double> &x,
                                         const std::vector<double> &weight,
                                         const std::vector<double> &bias,
                                         double epsilon) {
  std::vector<double> result(rows * n);
  for (int64_t row = 0; row < rows; ++row) {
    const double *in = x.data() + row * n;
    double mean = 0;
    for (int64_t i = 0; i < n; ++i)
      mean += in[i] / n;
    double variance = 0;
    for (int64_t i = 0; i < n; ++i)
      variance += (in[i] - mean) * (in[i] - mean) / n;
    for (int64_t i = 0; i < n; ++i)
      result[row * n + i] = (in[i] - mean) / std::sqrt(variance + epsilon) *
                                (weight.empty() ? 1 : weight[i]) +
                            (bias.empty() ? 0 : bias[i]);
  }
  return result;
}

std::vector<double> reference::rmsNorm(int64_t rows, int64_t n,
                                       const std::vector<double> &x,
                                       const std::vector<double> &weight,
                                       double epsilon) {
  std::vector<double> result(rows * n);
  for (int64_t row = 0; row < rows; ++row) {
    const double *in = x.data() + row * n;
    double meanSquare = 0;
    for (int64_t i = 0; i < n; ++i)
      meanSquare += in[i] * in[i] / n;
    for (int64_t i = 0; i < n; ++i)
      result[row * n + i] = in[i] / std::sqrt(meanSquare + epsilon) *
                            (weight.empty() ? 1 : weight[i]);
  }
  return result;
}

//===- Problem.h - What a case computes -------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_PROBLEM_H
#define ATTN_BENCHMARKS_PROBLEM_H

#include "runtime/DType.h"
#include "runtime/Reference.h"

#include <cstdint>
#include <vector>

namespace attn::benchmarks {

/// Score rules, as the programs write them.
enum class Score { Plain, Alibi, Softcap, Table };

/// The cap of Score::Softcap.
constexpr double kSoftcap = 30;

/// Keys from `begin` up to, not including, `end`.
struct KeyRange {
  int64_t begin;
  int64_t end;
};

/// One attention: sizes and rules, which together allow one range of keys for
/// each query, if there is no `mask`. Windows, documents and score rules are
/// for as many queries as keys.
struct Problem {
  runtime::reference::AttentionSizes sizes;
  runtime::DType dtype = runtime::DType::F32;
  /// A query sees no later key; the last query sees the last key.
  bool causal = false;
  /// A query sees its own key and the `window - 1` before it; 0 for no window.
  int64_t window = 0;
  /// The sequence is that many documents of (nearly) equal length; 0 for none.
  int64_t documents = 0;
  /// Only keys below this one; 0 for all.
  int64_t length = 0;
  Score score = Score::Plain;
  /// Whether query `q` sees key `k`. It stands in the place of the members
  /// above, which it may use.
  using Mask = bool (*)(const Problem &problem, int64_t q, int64_t k);
  Mask mask = nullptr;

  /// The document that position `t` belongs to.
  int64_t documentOf(int64_t t) const { return t * documents / sizes.keys; }

  /// The last descendant of position `k` in a tree in depth-first order: a
  /// trunk of half the positions, and branches of 64.
  int64_t lastDescendant(int64_t k) const;

  /// What query `q` sees, without a `mask`.
  KeyRange keysOf(int64_t q) const;

  bool allows(int64_t q, int64_t k) const;

  /// The pairs of a query and a key that take part, over all heads and batches.
  int64_t countPairs() const;

  /// Tiles of 12 queries by 32 keys of one head in which a pair takes part.
  /// Vector code works on all of a tile.
  int64_t countTiles() const;

  /// The multiply-adds of both products for these pairs, and no others.
  double multiplyAdds() const;

  /// Bytes of keys and values.
  int64_t keyValueBytes() const;

  /// The score rule, for the oracle. `table` is [heads, keys].
  double applyScore(double s, const std::vector<double> &table, int64_t h,
                    int64_t q, int64_t k) const;

  /// 2^(-8 (h + 1) / heads)
  double alibiSlope(int64_t h) const;

  /// The same problem, small enough to be checked by an oracle: odd lengths,
  /// few heads, the same width of heads.
  Problem shrunk() const;
};

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_PROBLEM_H

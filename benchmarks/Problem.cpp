//===- Problem.cpp - What a case computes ---------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Problem.h"

#include <algorithm>
#include <cmath>

using namespace attn::benchmarks;

/// The register tile of AVX-512.
static constexpr int64_t kTileQueries = 12;
static constexpr int64_t kTileKeys = 32;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

KeyRange Problem::keysOf(int64_t q) const {
  KeyRange range{0, sizes.keys};
  if (length)
    range.end = std::min(range.end, length);
  if (causal)
    range.end = std::min(range.end, q + 1 + sizes.keys - sizes.queries);
  if (window)
    range.begin = std::max(range.begin, q - window + 1);
  if (documents) {
    int64_t document = documentOf(q);
    range.begin =
        std::max(range.begin, ceilDiv(document * sizes.keys, documents));
    range.end =
        std::min(range.end, ceilDiv((document + 1) * sizes.keys, documents));
  }
  range.end = std::max(range.begin, range.end);
  return range;
}

int64_t Problem::lastDescendant(int64_t k) const {
  if (k < sizes.keys / 2)
    return sizes.keys - 1;
  return std::min(sizes.keys - 1, k / 64 * 64 + 63);
}

bool Problem::allows(int64_t q, int64_t k) const {
  if (mask)
    return mask(*this, q, k);
  KeyRange range = keysOf(q);
  return range.begin <= k && k < range.end;
}

int64_t Problem::countTiles() const {
  auto isNeeded = [&](int64_t firstQuery, int64_t firstKey) {
    int64_t lastQuery = std::min(firstQuery + kTileQueries, sizes.queries);
    int64_t lastKey = std::min(firstKey + kTileKeys, sizes.keys);
    for (int64_t q = firstQuery; q < lastQuery; ++q)
      for (int64_t k = firstKey; k < lastKey; ++k)
        if (allows(q, k))
          return true;
    return false;
  };
  int64_t tiles = 0;
  for (int64_t q = 0; q < sizes.queries; q += kTileQueries)
    for (int64_t k = 0; k < sizes.keys; k += kTileKeys)
      tiles += isNeeded(q, k);
  return tiles;
}

int64_t Problem::countPairs() const {
  int64_t pairs = 0;
  for (int64_t q = 0; q < sizes.queries; ++q) {
    if (mask) {
      for (int64_t k = 0; k < sizes.keys; ++k)
        pairs += mask(*this, q, k);
      continue;
    }
    KeyRange range = keysOf(q);
    pairs += range.end - range.begin;
  }
  return pairs * sizes.batch * sizes.heads;
}

double Problem::multiplyAdds() const {
  return double(countPairs()) * double(sizes.headDim + sizes.valueDim);
}

int64_t Problem::keyValueBytes() const {
  return sizes.batch * sizes.kvHeads * sizes.keys *
         (sizes.headDim + sizes.valueDim) * runtime::sizeInBytes(dtype);
}

double Problem::alibiSlope(int64_t h) const {
  return std::exp2(-8.0 * double(h + 1) / double(sizes.heads));
}

double Problem::applyScore(double s, const std::vector<double> &table,
                           int64_t h, int64_t q, int64_t k) const {
  switch (score) {
  case Score::Plain:
    return s;
  case Score::Alibi:
    return s - alibiSlope(h) * double(q - k);
  case Score::Softcap:
    return kSoftcap * std::tanh(s / kSoftcap);
  case Score::Table:
    return s + table[h * sizes.keys + q - k];
  }
  return s;
}

Problem Problem::shrunk() const {
  Problem small = *this;
  int64_t group = sizes.heads / sizes.kvHeads;
  small.sizes.kvHeads = std::min<int64_t>(sizes.kvHeads, 2);
  small.sizes.heads = small.sizes.kvHeads * group;
  bool isSquare = sizes.queries == sizes.keys;
  // Masks are interesting where they leave blocks out.
  small.sizes.keys = std::min<int64_t>(sizes.keys, mask ? 643 : 83);
  small.sizes.queries = isSquare ? small.sizes.keys : sizes.queries;
  if (window && !mask)
    small.window = std::min<int64_t>(window, 21);
  if (length)
    small.length = std::max<int64_t>(1, length * small.sizes.keys / sizes.keys);
  return small;
}

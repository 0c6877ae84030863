//===- Shuffles.cpp - Exchanges of lanes between vectors --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/Shuffles.h"

#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Swaps the lanes of `upper` whose index has the bit `distance` with those of
/// `lower` whose index does not.
static std::pair<Value, Value> exchange(KernelBuilder &builder, Value upper,
                                        Value lower, int64_t distance) {
  int64_t lanes = cast<VectorType>(upper.getType()).getNumElements();
  SmallVector<int64_t> first, second;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    bool swaps = lane & distance;
    // Lanes of `lower` are numbered from `lanes` on.
    first.push_back(swaps ? lanes + lane - distance : lane);
    second.push_back(swaps ? lanes + lane : lane + distance);
  }
  return {vector::ShuffleOp::create(builder, upper, lower, first),
          vector::ShuffleOp::create(builder, upper, lower, second)};
}

void attn::emitTranspose(KernelBuilder &b, VectorType type, Value buffer,
                         Value offset, function_ref<Value(Value)> load,
                         function_ref<void(Value, Value)> store) {
  int64_t lanes = type.getNumElements();
  // The far exchanges of a few rows that are `near` apart, then the near ones
  // of neighbours.
  int64_t near = std::min<int64_t>(lanes, 4);
  auto place = [&](Value row) {
    return b.add(offset, b.mul(row, b.index(lanes)));
  };
  auto exchangeAll = [&](MutableArrayRef<Value> rows, int64_t step) {
    for (int64_t distance = rows.size() / 2; distance > 0; distance /= 2)
      for (size_t row = 0; row < rows.size(); ++row)
        if (!(row & distance))
          std::tie(rows[row], rows[row + distance]) =
              exchange(b, rows[row], rows[row + distance], distance * step);
  };
  if (near < lanes)
    b.forLoop(b.index(0), b.index(near), b.index(1), [&](Value first) {
      SmallVector<Value> rows;
      for (int64_t row = 0; row < lanes; row += near)
        rows.push_back(load(b.add(first, b.index(row))));
      exchangeAll(rows, near);
      for (auto [i, row] : llvm::enumerate(rows))
        vector::StoreOp::create(b, row, buffer,
                                place(b.add(first, b.index(i * near))));
    });
  b.forLoop(b.index(0), b.index(lanes), b.index(near), [&](Value first) {
    SmallVector<Value> rows;
    for (int64_t i = 0; i < near; ++i) {
      Value row = b.add(first, b.index(i));
      rows.push_back(near < lanes ? Value(vector::LoadOp::create(
                                        b, type, buffer, place(row)))
                                  : load(row));
    }
    exchangeAll(rows, 1);
    for (auto [i, row] : llvm::enumerate(rows))
      store(b.add(first, b.index(i)), row);
  });
}

/// Lanes of `upper` whose index does not have the bit `distance` and lanes of
/// `lower` whose index does, and in the same lanes those at that distance. The
/// first takes a blend, which is cheaper than a shuffle.
static std::pair<Value, Value> pairUp(KernelBuilder &builder, Value upper,
                                      Value lower, int64_t distance) {
  int64_t lanes = cast<VectorType>(upper.getType()).getNumElements();
  SmallVector<int64_t> own, other;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    bool isLower = lane & distance;
    own.push_back(isLower ? lanes + lane : lane);
    other.push_back(isLower ? lanes + lane - distance : lane + distance);
  }
  return {vector::ShuffleOp::create(builder, upper, lower, own),
          vector::ShuffleOp::create(builder, upper, lower, other)};
}

Value attn::emitReduceEach(KernelBuilder &builder, ValueRange vectors,
                           function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(vectors.front().getType()).getNumElements();
  SmallVector<Value> partial(vectors);
  for (int64_t distance = lanes / 2; distance > 0; distance /= 2) {
    SmallVector<Value> next;
    for (int64_t row = 0; row < distance; ++row) {
      // Stages with one vector for both sides fill lanes that nobody reads.
      if (row >= static_cast<int64_t>(partial.size()))
        break;
      size_t other = row + distance;
      auto [first, second] = pairUp(
          builder, partial[row],
          other < partial.size() ? partial[other] : partial[row], distance);
      next.push_back(combine(first, second));
    }
    partial = std::move(next);
  }
  return partial.front();
}

//===- PagePool.h - Memory kept from call to call ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the engine.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_PAGEPOOL_H
#define ATTN_RUNTIME_PAGEPOOL_H

#include <cstdint>
#include <mutex>
#include <vector>

namespace attn::runtime {

/// Memory from std::aligned_alloc.
struct Pages {
  void *memory = nullptr;
  int64_t bytes = 0;
};

/// Large temporaries that were given back, for calls to come: to get memory
/// from the system takes a fault for each page, which is longer than much of
/// what is computed there. Any number of threads may use one.
class PagePool {
public:
  PagePool() = default;
  PagePool(const PagePool &) = delete;
  PagePool &operator=(const PagePool &) = delete;
  ~PagePool() { trim(0); }

  /// Pages of at least `bytes`, and not many more; null if there are none.
  Pages take(int64_t bytes);
  void give(Pages pages);
  /// A call is to hold `bytes` with the new pages that it takes: what is kept
  /// then is no more than a call has held beyond that before.
  void makeRoom(int64_t bytes);
  /// Frees pages until at most `bytes` are kept.
  void trim(int64_t bytes);

private:
  void trimLocked(int64_t bytes);

  std::mutex mutex;
  std::vector<Pages> kept;
  int64_t keptBytes = 0;
  /// The most that a call has held.
  int64_t peak = 0;
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_PAGEPOOL_H

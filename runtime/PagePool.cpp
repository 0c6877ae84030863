//===- PagePool.cpp - Memory kept from call to call -----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/PagePool.h"

#include <algorithm>
#include <cstdlib>

using namespace attn::runtime;

Pages PagePool::take(int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  auto best = kept.end();
  for (auto it = kept.begin(); it != kept.end(); ++it)
    if (it->bytes >= bytes && it->bytes / 2 <= bytes &&
        (best == kept.end() || it->bytes < best->bytes))
      best = it;
  if (best == kept.end())
    return {};
  Pages pages = *best;
  kept.erase(best);
  keptBytes -= pages.bytes;
  return pages;
}

void PagePool::give(Pages pages) {
  std::lock_guard<std::mutex> lock(mutex);
  kept.push_back(pages);
  keptBytes += pages.bytes;
}

void PagePool::makeRoom(int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  peak = std::max(peak, bytes);
  trimLocked(peak - bytes);
}

void PagePool::trim(int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  trimLocked(bytes);
}

void PagePool::trimLocked(int64_t bytes) {
  // Those that have been there the longest first.
  auto end = kept.begin();
  for (; end != kept.end() && keptBytes > bytes; ++end) {
    keptBytes -= end->bytes;
    std::free(end->memory);
  }
  kept.erase(kept.begin(), end);
}

//===- Memory.h - How much memory there is ----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linux promises memory it does not have and ends the process that uses it.
// Large requests are therefore compared with what is available first.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_MEMORY_H
#define ATTN_RUNTIME_MEMORY_H

#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace attn::runtime {

/// Requests below this many bytes are not compared with the memory available:
/// finding that out takes tens of microseconds.
constexpr int64_t kLargeRequest = int64_t(16) << 20;

/// The bytes this process can still use: the least of MemAvailable in
/// /proc/meminfo, what its memory cgroups leave, and RLIMIT_AS. The largest
/// int64_t where the system says nothing.
int64_t availableMemory();

/// "not enough memory: needs 4.0 TiB, 22.1 GiB available", if `bytes` is large
/// and more than there is.
llvm::Error checkMemory(int64_t bytes);

/// The error above, without the check.
llvm::Error notEnoughMemory(int64_t bytes, int64_t available);

constexpr int64_t kHugePage = int64_t(2) << 20;

/// From how many bytes on allocatePages() asks for huge pages.
constexpr int64_t kLeastInHugePages = 2 * kHugePage;

/// Memory to be freed with std::free, null if there is not enough. Much of it
/// is in huge pages, if the system has them: to get small ones takes longer at
/// the first touch than to compute what goes there, and to find them takes
/// longer at each. `bytes` is a multiple of `alignment`.
void *allocatePages(int64_t alignment, int64_t bytes);

/// "640 bytes", "1.5 KiB", "22.1 GiB".
std::string formatBytes(int64_t bytes);

/// The part of `size` bytes at `memory` that the system has not yet given a
/// page. 0 where that cannot be told.
int64_t untouchedBytes(void *memory, int64_t size);

} // namespace attn::runtime

#endif // ATTN_RUNTIME_MEMORY_H

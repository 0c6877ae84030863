//===- Memory.cpp - How much memory there is ------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Memory.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

using namespace attn::runtime;
using llvm::StringRef;

namespace {
constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();
} // namespace

/// The contents of a file of the kernel, whose size the file system gives as 0;
/// empty if it cannot be read.
static std::string readSystemFile(const llvm::Twine &path) {
  auto buffer = llvm::MemoryBuffer::getFileAsStream(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// The number on the line `key 123 …` of a file such as /proc/meminfo.
static std::optional<int64_t> findNumber(StringRef text, StringRef key) {
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (StringRef line : lines) {
    int64_t value;
    if (line.consume_front(key) && !line.ltrim().consumeInteger(10, value))
      return value;
  }
  return std::nullopt;
}

static std::optional<int64_t> readNumber(const llvm::Twine &path) {
  int64_t value;
  if (StringRef(readSystemFile(path)).trim().getAsInteger(10, value))
    return std::nullopt;
  return value;
}

/// What a control group in `folder` leaves, given the names of its files. Pages
/// of files that nobody has used for a while are counted as free: the kernel
/// drops them when memory is short.
static int64_t availableInGroup(const llvm::Twine &folder, StringRef limitFile,
                                StringRef usageFile, StringRef inactiveKey) {
  std::optional<int64_t> limit = readNumber(folder + "/" + limitFile);
  if (!limit)
    return kUnlimited;
  int64_t usage = readNumber(folder + "/" + usageFile).value_or(0);
  std::string stat = readSystemFile(folder + "/memory.stat");
  int64_t inactive = findNumber(stat, inactiveKey).value_or(0);
  return std::max<int64_t>(0, *limit - std::max<int64_t>(0, usage - inactive));
}

/// The least that the memory control groups of this process leave, of either
/// version, from its own group up to the root.
static int64_t availableInGroups() {
  std::string groups = readSystemFile("/proc/self/cgroup");
  llvm::SmallVector<StringRef> lines;
  StringRef(groups).split(lines, '\n', -1, /*KeepEmpty=*/false);
  int64_t available = kUnlimited;
  for (StringRef line : lines) {
    auto [controllers, path] = line.split(':').second.split(':');
    bool second = controllers.empty();
    if (!second && !llvm::is_contained(llvm::split(controllers, ','), "memory"))
      continue;
    while (true) {
      // In a container the path may be that of the host; the group is then the
      // root of what is mounted, which the loop ends with.
      StringRef own = path == "/" ? "" : path;
      available = std::min(
          available,
          second ? availableInGroup("/sys/fs/cgroup" + own, "memory.max",
                                    "memory.current", "inactive_file ")
                 : availableInGroup(
                       "/sys/fs/cgroup/memory" + own, "memory.limit_in_bytes",
                       "memory.usage_in_bytes", "total_inactive_file "));
      if (own.empty())
        break;
      path = llvm::sys::path::parent_path(path);
      if (path.empty())
        path = "/";
    }
  }
  return available;
}

static int64_t availableAddresses() {
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY ||
      limit.rlim_cur > static_cast<rlim_t>(kUnlimited))
    return kUnlimited;
  int64_t pages = 0;
  std::string statm = readSystemFile("/proc/self/statm");
  if (StringRef text(statm); text.consumeInteger(10, pages))
    return kUnlimited;
  return std::max<int64_t>(0, static_cast<int64_t>(limit.rlim_cur) -
                                  pages * sysconf(_SC_PAGESIZE));
}

int64_t attn::runtime::availableMemory() {
  int64_t available = std::min(availableInGroups(), availableAddresses());
  std::string meminfo = readSystemFile("/proc/meminfo");
  if (std::optional<int64_t> kib = findNumber(meminfo, "MemAvailable:"))
    available = std::min(available, *kib * 1024);
  return available;
}

llvm::Error attn::runtime::checkMemory(int64_t bytes) {
  if (bytes < kLargeRequest)
    return llvm::Error::success();
  int64_t available = availableMemory();
  if (bytes <= available)
    return llvm::Error::success();
  return notEnoughMemory(bytes, available);
}

llvm::Error attn::runtime::notEnoughMemory(int64_t bytes, int64_t available) {
  return llvm::createStringError("not enough memory: needs " +
                                 formatBytes(bytes) + ", " +
                                 formatBytes(available) + " available");
}

void *attn::runtime::allocatePages(int64_t alignment, int64_t bytes) {
  bool isLarge = bytes >= kLeastInHugePages;
  void *memory = std::aligned_alloc(
      isLarge ? std::max(alignment, kHugePage) : alignment, bytes);
#ifdef MADV_HUGEPAGE
  // Only a wish.
  if (isLarge && memory)
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

std::string attn::runtime::formatBytes(int64_t bytes) {
  if (bytes < 1024)
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  static constexpr const char *kUnits[] = {"KiB", "MiB", "GiB",
                                           "TiB", "PiB", "EiB"};
  double scaled = static_cast<double>(bytes) / 1024;
  unsigned unit = 0;
  // 1023.95 would print as 1024.0.
  while (scaled >= 1023.95 && unit + 1 < std::size(kUnits)) {
    scaled /= 1024;
    ++unit;
  }
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format("%.1f ", scaled) << kUnits[unit];
  return text;
}

int64_t attn::runtime::untouchedBytes(void *memory, int64_t size) {
  int64_t page = sysconf(_SC_PAGESIZE);
  uintptr_t begin = reinterpret_cast<uintptr_t>(memory) / page * page;
  uintptr_t end = reinterpret_cast<uintptr_t>(memory) + size;
  std::vector<unsigned char> resident((end - begin + page - 1) / page);
  if (mincore(reinterpret_cast<void *>(begin), end - begin, resident.data()))
    return 0;
  int64_t untouched = 0;
  for (unsigned char flags : resident)
    untouched += !(flags & 1);
  return std::min<int64_t>(untouched * page, size);
}

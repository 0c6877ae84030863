//===- Allocator.cpp - Temporaries of compiled code -----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Allocator.h"

#include "runtime/CheckFailure.h"
#include "runtime/KernelFailure.h"
#include "runtime/Memory.h"
#include "runtime/PagePool.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <limits>
#include <memory>
#include <omp.h>
#include <vector>

using namespace attn::runtime;

namespace {
constexpr int64_t kMinAlignment = 64;

struct Block {
  /// What there is, of which `bytes` were asked for.
  Pages pages;
  int64_t bytes;
};

struct Call {
  explicit Call(PagePool &pool) : pool(pool) {}

  PagePool &pool;
  std::jmp_buf failure;
  /// How deep in parallel regions the call stands.
  int level = omp_get_level();
  std::vector<Block> live;
  int64_t bytes = 0;
  int64_t peak = 0;
  /// Of `bytes`, those of blocks that the pool would keep.
  int64_t largeBytes = 0;
  /// What the failed request needed, and what there was.
  int64_t neededBytes = 0;
  int64_t availableBytes = 0;
  /// The check that failed, if it was one.
  std::unique_ptr<CheckFailure> check;
  /// Whether it was a kernel that cannot be compiled.
  bool isKernel = false;

  [[noreturn]] void fail(int64_t needed, int64_t available);
  /// Returns if there is memory for `request` bytes more.
  void checkAvailable(int64_t request);
};

/// The innermost call on this thread.
thread_local Call *currentCall = nullptr;
} // namespace

void Call::fail(int64_t needed, int64_t available) {
  neededBytes = needed;
  availableBytes = available;
  std::longjmp(failure, 1);
}

void Call::checkAvailable(int64_t request) {
  if (request < kLargeRequest)
    return;
  // The system counts pages as available until they are first written, so what
  // this call took and has not written yet is needed on top.
  int64_t needed = request;
  for (const Block &block : live)
    if (block.bytes >= kLargeRequest)
      needed += untouchedBytes(block.pages.memory, block.bytes);
  int64_t available = availableMemory();
  if (needed > available) {
    pool.trim(0);
    available = availableMemory();
  }
  if (needed > available)
    fail(needed, available);
}

/// Whether memory of that size is worth keeping.
static bool isLarge(int64_t bytes) { return bytes >= kLeastInHugePages; }

void *attn::runtime::allocateAlignedTemporary(int64_t alignment,
                                              int64_t bytes) {
  Call *call = currentCall;
  // Generated code calls on the thread that runs it, so there is a call.
  if (!call)
    llvm::report_fatal_error("a temporary was requested outside of a call");
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  alignment = std::max(alignment, kMinAlignment);
  // A size that overflowed on its way here is negative.
  if (bytes < 0 || bytes > kLargest - alignment ||
      !llvm::isPowerOf2_64(alignment))
    call->fail(kLargest, availableMemory());

  int64_t rounded = static_cast<int64_t>(
      llvm::alignTo(std::max<int64_t>(bytes, 1), alignment));
  Pages pages;
  if (isLarge(rounded)) {
    call->largeBytes += rounded;
    if (alignment <= kHugePage)
      pages = call->pool.take(rounded);
    if (!pages.memory)
      call->pool.makeRoom(call->largeBytes);
  }
  if (!pages.memory) {
    call->checkAvailable(rounded);
    pages = {allocatePages(alignment, rounded), rounded};
  }
  if (!pages.memory)
    call->fail(rounded, availableMemory());
  call->live.push_back({pages, rounded});
  call->bytes += rounded;
  call->peak = std::max(call->peak, call->bytes);
  return pages.memory;
}

void *attn::runtime::allocateTemporary(int64_t bytes) {
  return allocateAlignedTemporary(kMinAlignment, bytes);
}

void attn::runtime::freeTemporary(void *memory) {
  if (!memory || !currentCall)
    return;
  // Mostly the last one taken.
  std::vector<Block> &live = currentCall->live;
  auto found =
      std::find_if(live.rbegin(), live.rend(), [&](const Block &block) {
        return block.pages.memory == memory;
      });
  if (found == live.rend())
    return;
  currentCall->bytes -= found->bytes;
  if (isLarge(found->bytes)) {
    currentCall->largeBytes -= found->bytes;
    currentCall->pool.give(found->pages);
  } else {
    std::free(memory);
  }
  live.erase(std::next(found).base());
}

char CheckFailure::ID;
char KernelFailure::ID;

void CheckFailure::log(llvm::raw_ostream &os) const {
  if (line)
    os << file << ":" << line << ":" << column << ": ";
  os << message;
}

static void replace(std::string &text, llvm::StringRef mark,
                    const std::string &value) {
  if (size_t place = text.find(mark.str()); place != std::string::npos)
    text.replace(place, mark.size(), value);
}

/// A function of its own, so that nothing is left to destroy at the longjmp.
static std::unique_ptr<CheckFailure>
describeFailure(const char *file, int64_t line, int64_t column,
                const char *text, std::initializer_list<int64_t> indices,
                double value) {
  std::string message = text, at, number;
  for (int64_t index : indices)
    if (index >= 0)
      at += (at.empty() ? "[" : ", ") + std::to_string(index);
  llvm::raw_string_ostream(number) << llvm::format("%.9g", value);
  replace(message, "{at}", at + "]");
  replace(message, "{value}", number);
  return std::make_unique<CheckFailure>(file, line, column, std::move(message));
}

void attn::runtime::failCheck(const char *file, int64_t line, int64_t column,
                              const char *text, int64_t i0, int64_t i1,
                              int64_t i2, int64_t i3, double value) {
  Call *call = currentCall;
  if (!call)
    llvm::report_fatal_error("a check failed outside of a call");
  call->check =
      describeFailure(file, line, column, text, {i0, i1, i2, i3}, value);
  std::longjmp(call->failure, 1);
}

void attn::runtime::failKernel() {
  Call *call = currentCall;
  // Out of a parallel region there is no way but its end.
  if (!call || omp_get_level() != call->level)
    llvm::report_fatal_error(
        "a kernel that is called in a parallel region cannot be compiled");
  call->isKernel = true;
  std::longjmp(call->failure, 1);
}

llvm::Error attn::runtime::callWithTemporaries(void (*code)(void **),
                                               void **arguments, PagePool &pool,
                                               int64_t &peakBytes) {
  Call call(pool);
  Call *outer = currentCall;
  currentCall = &call;
  bool completed = false;
  if (setjmp(call.failure) == 0) {
    code(arguments);
    completed = true;
  }
  currentCall = outer;
  for (const Block &block : call.live)
    std::free(block.pages.memory);
  peakBytes = call.peak;
  if (completed)
    return llvm::Error::success();
  if (call.check)
    return llvm::Error(std::move(call.check));
  if (call.isKernel)
    return llvm::make_error<KernelFailure>("");
  return notEnoughMemory(call.neededBytes, call.availableBytes);
}

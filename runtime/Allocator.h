//===- Allocator.h - Temporaries of compiled code ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code takes its temporaries from these functions
// (docs/architecture.md). It has no way to report a failure, so one ends the
// call by a longjmp over the frames of the code, which hold nothing that would
// need a destructor.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_ALLOCATOR_H
#define ATTN_RUNTIME_ALLOCATOR_H

#include "llvm/Support/Error.h"

#include <cstdint>

namespace attn::runtime {

class PagePool;

/// Calls `code(arguments)` such that its temporaries belong to the call: when
/// it ends, in either way, all are given back, large ones to the pool. Sets
/// `peakBytes` to the most that were held at one time. Calls may nest and run
/// on several threads.
llvm::Error callWithTemporaries(void (*code)(void **), void **arguments,
                                PagePool &pool, int64_t &peakBytes);

/// What `_mlir_memref_to_llvm_alloc` and its siblings resolve to.
void *allocateTemporary(int64_t bytes);
void *allocateAlignedTemporary(int64_t alignment, int64_t bytes);
void freeTemporary(void *memory);

/// What `_attn_check_failed` resolves to: ends the call with a CheckFailure.
/// `{at}` in the text stands for the indices that are not negative, `{value}`
/// for the value.
[[noreturn]] void failCheck(const char *file, int64_t line, int64_t column,
                            const char *text, int64_t i0, int64_t i1,
                            int64_t i2, int64_t i3, double value);

/// Where a call of a kernel that cannot be compiled ends up: ends the call with
/// a KernelFailure without a message.
[[noreturn]] void failKernel();

} // namespace attn::runtime

#endif // ATTN_RUNTIME_ALLOCATOR_H

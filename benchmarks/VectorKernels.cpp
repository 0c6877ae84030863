//===- VectorKernels.cpp - Vector code for this processor -----------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/VectorKernels.h"

using namespace attn::benchmarks;

namespace {

#define ATTN_NAME "128 bits"
#define ATTN_TARGET
#define ATTN_VECTOR_BYTES 16
#ifdef __aarch64__
#define ATTN_TILE_ROWS 12
#else
#define ATTN_TILE_ROWS 6
#endif
namespace baseline {
#include "benchmarks/VectorKernels.inc"
} // namespace baseline
#undef ATTN_NAME
#undef ATTN_TARGET
#undef ATTN_VECTOR_BYTES
#undef ATTN_TILE_ROWS

#ifdef __x86_64__
#define ATTN_NAME "AVX2"
#define ATTN_TARGET __attribute__((target("avx2,fma")))
#define ATTN_VECTOR_BYTES 32
#define ATTN_TILE_ROWS 6
namespace avx2 {
#include "benchmarks/VectorKernels.inc"
} // namespace avx2
#undef ATTN_NAME
#undef ATTN_TARGET
#undef ATTN_VECTOR_BYTES
#undef ATTN_TILE_ROWS

#define ATTN_NAME "AVX-512"
#define ATTN_TARGET __attribute__((target("avx512f,avx512dq,avx2,fma")))
#define ATTN_VECTOR_BYTES 64
#define ATTN_TILE_ROWS 12
namespace avx512 {
#include "benchmarks/VectorKernels.inc"
} // namespace avx512
#undef ATTN_NAME
#undef ATTN_TARGET
#undef ATTN_VECTOR_BYTES
#undef ATTN_TILE_ROWS
#endif

} // namespace

const VectorKernels &attn::benchmarks::vectorKernels() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    return avx512::kKernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return avx2::kKernels;
#endif
  return baseline::kKernels;
}

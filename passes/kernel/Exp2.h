//===- Exp2.h - Powers of two for the softmax -------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_EXP2_H
#define ATTN_PASSES_KERNEL_EXP2_H

#include "mlir/IR/Value.h"

namespace attn {

class KernelBuilder;

/// Emits 2^x for x <= 0 (scalar or vector of f32 or f64). -inf and, in f32,
/// results below 2^-126 give exactly 0, so that masked keys have no weight and
/// no denormal enters a product; NaN stays NaN.
///
/// f32: x = n + f with |f| <= 1/2 by the addition of 1.5 * 2^23, 2^f by a
/// polynomial of degree 6 (relative error 2e-9 before rounding; 1 ulp after),
/// 2^n by its bit pattern. f64 calls the math library.
mlir::Value emitExp2(KernelBuilder &builder, mlir::Value x);

} // namespace attn

#endif // ATTN_PASSES_KERNEL_EXP2_H

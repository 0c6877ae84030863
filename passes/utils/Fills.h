//===- Fills.h - What the output of a reduction starts from -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_FILLS_H
#define ATTN_PASSES_UTILS_FILLS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace attn {

/// The fill of the output of a reduction on buffers right before it, which the
/// reduction's loops can do in passing; null if there is none.
mlir::linalg::FillOp findFill(mlir::linalg::LinalgOp op);

} // namespace attn

#endif // ATTN_PASSES_UTILS_FILLS_H

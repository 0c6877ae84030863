//===- Shuffles.h - Exchanges of lanes between vectors ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_SHUFFLES_H
#define ATTN_PASSES_KERNEL_SHUFFLES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ValueRange.h"

namespace attn {

class KernelBuilder;

/// Transposes a square of as many rows as a vector has lanes: `store` takes
/// column after column, which has its lane `i` from what `load` gives for row
/// `i`; both emit code for a row or column that a loop counts. `buffer` has
/// room for the square from `offset` on. In one piece, the shuffles of a square
/// of 16 rows would take the code generator longer than a matrix product.
void emitTranspose(
    KernelBuilder &builder, mlir::VectorType type, mlir::Value buffer,
    mlir::Value offset, llvm::function_ref<mlir::Value(mlir::Value row)> load,
    llvm::function_ref<void(mlir::Value column, mlir::Value vector)> store);

/// Reduces up to as many vectors as they have lanes, each over its lanes: lane
/// `i` of the result is that of vector `i`. Lanes beyond the vectors repeat one
/// of them. The order of the terms depends on nothing but the vector length.
mlir::Value emitReduceEach(
    KernelBuilder &builder, mlir::ValueRange vectors,
    llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

} // namespace attn

#endif // ATTN_PASSES_KERNEL_SHUFFLES_H

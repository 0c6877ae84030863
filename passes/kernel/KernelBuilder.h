//===- KernelBuilder.h - Short forms for emitting kernels -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_KERNELBUILDER_H
#define ATTN_PASSES_KERNEL_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace attn {

/// Emits index arithmetic (folding constants as it goes), structured control
/// flow, and vectors of a kernel. Kernels read like the loop nests that they
/// stand for.
class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  mlir::Value index(int64_t value);
  /// A float scalar or vector of `type` filled with `value`.
  mlir::Value constant(mlir::Type type, double value);
  /// An integer scalar or vector of `type` filled with `value`.
  mlir::Value integer(mlir::Type type, int64_t value);

  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value min(mlir::Value lhs, mlir::Value rhs);
  mlir::Value max(mlir::Value lhs, mlir::Value rhs);
  /// Quotients of values that are not negative.
  mlir::Value div(mlir::Value lhs, mlir::Value rhs);
  mlir::Value rem(mlir::Value lhs, mlir::Value rhs);
  mlir::Value ceilDiv(mlir::Value lhs, mlir::Value rhs);
  /// `value` rounded up to a multiple of `unit`.
  mlir::Value roundUp(mlir::Value value, int64_t unit);
  mlir::Value cmp(mlir::arith::CmpIPredicate predicate, mlir::Value lhs,
                  mlir::Value rhs);
  mlir::Value logicalAnd(mlir::Value lhs, mlir::Value rhs);
  mlir::Value logicalOr(mlir::Value lhs, mlir::Value rhs);
  mlir::Value logicalNot(mlir::Value value);

  /// The larger of two floats or vectors, as one instruction: where either is
  /// NaN the result is `rhs`.
  mlir::Value fastMax(mlir::Value lhs, mlir::Value rhs);

  /// `for i in [lower, upper) step step`, carrying `inits`.
  llvm::SmallVector<mlir::Value>
  forLoop(mlir::Value lower, mlir::Value upper, mlir::Value step,
          mlir::ValueRange inits,
          llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                            mlir::ValueRange)>
              body);
  /// The same without carried values.
  void forLoop(mlir::Value lower, mlir::Value upper, mlir::Value step,
               llvm::function_ref<void(mlir::Value)> body);

  /// `choose` is the `if` that has values.
  void ifThen(mlir::Value condition, llvm::function_ref<void()> then);
  void ifElse(mlir::Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise);
  llvm::SmallVector<mlir::Value>
  choose(mlir::Value condition,
         llvm::function_ref<llvm::SmallVector<mlir::Value>()> then,
         llvm::function_ref<llvm::SmallVector<mlir::Value>()> otherwise);

  /// `type` filled with a scalar.
  mlir::Value splat(mlir::Type type, mlir::Value scalar);
  /// The index vector `first, first + 1, …`.
  mlir::Value iota(int64_t length, mlir::Value first);
  /// Lane i is true where `i < count`.
  mlir::Value laneMask(int64_t length, mlir::Value count);
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_KERNELBUILDER_H

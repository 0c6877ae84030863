//===- Outline.h - Ops as a function of their own ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_OUTLINE_H
#define ATTN_PASSES_UTILS_OUTLINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace attn {

/// What ops and their regions take from around them.
struct OutlineInputs {
  explicit OutlineInputs(llvm::ArrayRef<mlir::Operation *> ops);

  llvm::SmallVector<mlir::Value> all;
  /// Those that are no constants, which a function has of its own.
  llvm::SmallVector<mlir::Value> arguments;
};

/// Holds names of attributes that the conversion to LLVM puts on LLVM's
/// functions.
inline constexpr llvm::StringLiteral kFunctionAttributes = "passthrough";

/// A private function without a place in the module that does what `ops` do,
/// with those arguments. `attribute` is one of LLVM's function.
mlir::func::FuncOp outline(llvm::ArrayRef<mlir::Operation *> ops,
                           const OutlineInputs &inputs, llvm::StringRef name,
                           llvm::StringRef attribute);

/// The same for two functions that compute the same from other arguments.
std::string getFunctionText(mlir::func::FuncOp function);

} // namespace attn

#endif // ATTN_PASSES_UTILS_OUTLINE_H

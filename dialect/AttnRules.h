//===- AttnRules.h - Regions over b, h, q, k --------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNRULES_H
#define ATTN_DIALECT_ATTNRULES_H

#include "dialect/AttnOps.h"

namespace attn {

/// Checks a rule region's arguments, [score,] b, h, q, k, and what it yields.
/// `scores` are the types of what comes before the indices.
llvm::LogicalResult verifyRule(mlir::Operation *op, mlir::Region &region,
                               llvm::StringRef name, mlir::TypeRange scores,
                               mlir::Type result);
llvm::LogicalResult verifyMask(mlir::Operation *op, mlir::Region &region,
                               llvm::StringRef name);
llvm::LogicalResult verifyScore(mlir::Operation *op, mlir::Region &region,
                                llvm::StringRef name, mlir::Type score);

/// A rule is evaluated in any order and any number of times, so it must not
/// write.
llvm::LogicalResult verifyNoWrites(mlir::Operation *op, mlir::Region &region,
                                   llvm::StringRef name);

/// Names the arguments s, b, h, q, k.
void nameRuleArguments(mlir::Region &region, mlir::OpAsmSetValueNameFn setName);

} // namespace attn

#endif // ATTN_DIALECT_ATTNRULES_H

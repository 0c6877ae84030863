//===- RuleVectorizer.h - Rules evaluated for a vector of keys --*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_RULEVECTORIZER_H
#define ATTN_PASSES_KERNEL_RULEVECTORIZER_H

#include "mlir/IR/Value.h"

namespace mlir {
class Region;
} // namespace mlir

namespace attn {

class KernelBuilder;

/// Where a rule is evaluated: one batch, head and query position, and the keys
/// `firstKey, firstKey + 1, …`, one a lane.
struct RuleLanes {
  mlir::Value batch;
  mlir::Value head;
  mlir::Value query;
  mlir::Value firstKey;
  /// vector<length x i1>: the lanes whose key exists. Arrays are read for these
  /// only.
  mlir::Value live;
  int64_t length;
};

/// Emits the rule for all lanes and returns a vector of its values: i1 for a
/// mask; for a score rule, given the vector of `scores`, their type. What does
/// not depend on the key or the score stays scalar code. A rule may take a
/// `number` after the score, the same in all lanes.
mlir::Value vectorizeRule(KernelBuilder &builder, mlir::Region &rule,
                          const RuleLanes &lanes, mlir::Value scores,
                          mlir::Value number = {});

/// Whether a rule has a loop: several vectors of keys at a time keep more of
/// the processor busy then.
bool hasLoop(mlir::Region &rule);

} // namespace attn

#endif // ATTN_PASSES_KERNEL_RULEVECTORIZER_H

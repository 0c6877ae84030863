//===- ScoreSplit.h - The mask in a score rule ------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_SCORESPLIT_H
#define ATTN_PASSES_UTILS_SCORESPLIT_H

#include "dialect/AttnOps.h"

#include "llvm/ADT/DenseSet.h"

namespace attn {

/// A score that is -inf where `allowed` is false, and `rest` elsewhere. Without
/// a condition that does not depend on the score, `allowed` is null.
struct ScoreSplit {
  mlir::Value allowed;
  mlir::Value rest;
};

/// Splits the score that a score region yields; what is computed anew stands
/// before `yield`. -inf is followed through sums, through products and
/// quotients with what is positive, and through conversions. A term that is
/// +inf or NaN would make another score of -inf; such a term is as much as NaN
/// weights for the whole row, and is not considered.
ScoreSplit splitScore(YieldOp yield);

/// The same for a weight that no softmax follows: where it is 0, followed
/// through products, and through what makes 0 of a score of -inf.
ScoreSplit splitWeight(YieldOp yield);

/// The values of the block that depend on its argument, itself included.
llvm::DenseSet<mlir::Value> getDependents(mlir::BlockArgument argument);

} // namespace attn

#endif // ATTN_PASSES_UTILS_SCORESPLIT_H

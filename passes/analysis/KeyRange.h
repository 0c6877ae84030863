//===- KeyRange.h - The keys a mask leaves to some queries ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_ANALYSIS_KEYRANGE_H
#define ATTN_PASSES_ANALYSIS_KEYRANGE_H

#include "passes/analysis/MaskIntervals.h"

namespace attn {

/// The keys from `first` up to, not including, `end`, as index values; none
/// where `end <= first`.
struct KeyRange {
  mlir::Value first;
  mlir::Value end;
};

/// Emits the closed form of a range, inside of the box, that holds every key
/// which `mask` may allow to any query of the box. Conditions are solved for
/// the key where it is compared with something that does not depend on it:
/// `a * k + r <= 0` and its like, with `k` also inside of a quotient, a minimum
/// or a maximum. Their conjunctions intersect, disjunctions give the hull. Of
/// other conditions nothing is taken; those are appended to `undecided` if that
/// is given.
KeyRange
emitKeyRange(KernelBuilder &builder, mlir::Region &mask, const IndexBox &box,
             const ReadBoundsMap &reads = ReadBoundsMap(),
             llvm::SmallVectorImpl<mlir::Operation *> *undecided = nullptr);

} // namespace attn

#endif // ATTN_PASSES_ANALYSIS_KEYRANGE_H

//===- MaskIntervals.h - What a mask says about a box of indices *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_ANALYSIS_MASKINTERVALS_H
#define ATTN_PASSES_ANALYSIS_MASKINTERVALS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace mlir {
class Region;
} // namespace mlir

namespace attn {

class KernelBuilder;

/// A box of rule indices: one batch, one head, and inclusive ranges of query
/// and key positions, as index values.
struct IndexBox {
  mlir::Value batch;
  mlir::Value head;
  mlir::Value firstQuery;
  mlir::Value lastQuery;
  mlir::Value firstKey;
  mlir::Value lastKey;
};

/// Two i1 values: whether a mask may allow any pair of the box, and whether it
/// allows all of them. Both err on the safe side: (true, false) says nothing.
struct BoxClass {
  mlir::Value possible;
  mlir::Value certain;
};

/// A position of a rule.
enum class Position { Query, Key };

/// A read from an array that depends on one of the positions, not on both, and
/// perhaps on the batch and the head: the document of a key, whether a key is
/// padding.
struct PositionRead {
  mlir::Operation *load;
  Position position;
  bool dependsOnBatch;
  bool dependsOnHead;
};

/// The operands of an op of a rule, and what loops in it read from around them.
llvm::SetVector<mlir::Value> getRuleInputs(mlir::Operation *op);

/// The ops of a rule that `op` needs, in order, itself the last.
llvm::SetVector<mlir::Operation *> getRuleSlice(mlir::Region &rule,
                                                mlir::Operation *op);

/// The reads of integers and conditions in `mask` of that form.
llvm::SmallVector<PositionRead> findPositionReads(mlir::Region &mask);

/// The least and the largest value of a read, of its own type.
struct ReadBounds {
  mlir::Value low;
  mlir::Value high;
};
using ReadBoundsMap = llvm::DenseMap<mlir::Operation *, ReadBounds>;

/// Emits a loop that reads for the positions from `first` to `last`, of which
/// there is at least one.
ReadBounds scanRead(KernelBuilder &builder, mlir::Region &mask,
                    const PositionRead &read, mlir::Value batch,
                    mlir::Value head, mlir::Value first, mlir::Value last);
/// The bounds of both.
ReadBounds joinBounds(KernelBuilder &builder, const ReadBounds &lhs,
                      const ReadBounds &rhs);

/// Emits the code that classifies `box` under the mask rule: interval
/// arithmetic over the integer expressions of the region, three-valued logic
/// over its conditions. The lengths stay symbolic, so nothing is tabulated.
/// What the rule reads from arrays is exact where the indices are single
/// points (`len[b]`), as `reads` says for the reads in there, and unknown
/// otherwise.
BoxClass classifyBox(KernelBuilder &builder, mlir::Region &mask,
                     const IndexBox &box,
                     const ReadBoundsMap &reads = ReadBoundsMap());

/// Positions of a part of a box.
struct PartLengths {
  int64_t queries;
  int64_t keys;
};

/// What attention cuts blocks into, and panels of a number of queries and keys,
/// so that looking at all parts takes less time than what they may save.
PartLengths getBlockParts();
PartLengths getPanelParts(int64_t queries, int64_t keys);

/// The same, at more cost, with the box in parts: cut where a quotient of a
/// query or of a key by a number changes, `q div 64`, so that these are points.
/// Numbers below `least` make no parts.
BoxClass classifyParts(KernelBuilder &builder, mlir::Region &mask,
                       const IndexBox &box, const PartLengths &least,
                       const ReadBoundsMap &reads = ReadBoundsMap());

} // namespace attn

#endif // ATTN_PASSES_ANALYSIS_MASKINTERVALS_H

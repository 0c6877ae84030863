//===- MaskReport.h - What the compiler knows of a mask, as text *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_ANALYSIS_MASKREPORT_H
#define ATTN_PASSES_ANALYSIS_MASKREPORT_H

#include "mlir/IR/Location.h"
#include "mlir/IR/Region.h"

#include <optional>
#include <string>

namespace attn {

/// Says how a value from outside of a rule is called; empty if it has no name.
using NameFunction = llvm::function_ref<std::string(mlir::Value)>;

/// A condition that no closed form was found for.
struct UndecidedCondition {
  mlir::Location loc;
  /// Whether it is decided for whole blocks all the same: by arithmetic over
  /// their ranges, or by the least and largest of what is read there. If not,
  /// it is tested for each pair.
  bool isDecidedByBlock;
  /// Why not, as part of a sentence.
  std::string reason;
};

/// The keys that a mask leaves to the queries q0 … q1 of one batch `b` and one
/// head `h`.
struct MaskReport {
  /// First key and end, in terms of b, h, q0, q1 and what the rule uses.
  std::string first;
  std::string end;
  llvm::SmallVector<UndecidedCondition> undecided;
};

/// `mask` is a rule on tensors or on buffers. `keys` is the name of the number
/// of keys.
MaskReport reportMask(mlir::Region &mask, llvm::StringRef keys,
                      NameFunction getName);

/// Pieces of the table of queries and keys, by what the mask allows of them.
struct PieceCounts {
  int64_t empty = 0;
  int64_t partial = 0;
  int64_t full = 0;
  /// Those whose class depends on values that are known only when the program
  /// runs.
  int64_t open = 0;
};

struct MaskCounts {
  /// All blocks; a kernel skips those that are empty.
  PieceCounts blocks;
  /// The panels of the partial blocks: empty ones are skipped, partial ones are
  /// tested pair by pair.
  PieceCounts panels;
};

/// Queries and keys of a piece.
struct PieceShape {
  int64_t queries;
  int64_t keys;
};

/// Classifies the pieces of the first batch and head as attn-tile-attention's
/// code does, by working that code out; nothing if they are too many.
std::optional<MaskCounts> countPieces(mlir::Region &mask, PieceShape all,
                                      PieceShape block, PieceShape panel);

/// How many pairs of a query and a key the closed forms leave to a kernel that
/// takes tiles, each from the first to the last key that one of its queries may
/// see, begun at a multiple of `step`; nothing if they are not known.
std::optional<int64_t> countPairs(mlir::Region &mask, PieceShape all,
                                  PieceShape tile, int64_t step);

} // namespace attn

#endif // ATTN_PASSES_ANALYSIS_MASKREPORT_H

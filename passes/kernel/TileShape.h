//===- TileShape.h - How attention is cut into tiles ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_TILESHAPE_H
#define ATTN_PASSES_KERNEL_TILESHAPE_H

#include <cstdint>

namespace attn {

/// The sizes of a register-tiled product and of the blocks around it, in
/// elements of the accumulation type.
///
///   panel  = vectorLength * panelVectors   keys (or output columns) a step
///   registers used: rowTile * panelVectors sums + panelVectors operands
///
/// The query block is a multiple of the row tile, the key block of the panel.
struct TileShape {
  /// Lanes of one vector register.
  int64_t vectorLength;
  /// Query rows of a register tile.
  int64_t rowTile;
  /// Vector registers across a register tile.
  int64_t panelVectors;
  /// Query rows that share the keys read from cache.
  int64_t queryBlock;
  /// Keys between two updates of the running maximum and sum.
  int64_t keyBlock;

  int64_t getPanel() const { return vectorLength * panelVectors; }
  int64_t getRowTiles() const { return queryBlock / rowTile; }
  /// Vectors that hold one element for each row of a register tile.
  int64_t getRowVectors() const {
    return (rowTile + vectorLength - 1) / vectorLength;
  }
};

/// What the cost model knows of the target.
struct TileTarget {
  /// Width of a vector register, in bits: 128, 256 or 512.
  int64_t vectorBits;
  /// Width of an element of the accumulation type, in bits: 32 or 64.
  int64_t elementBits;
};

/// The tile shape for a target. `queryBlock` and `keyBlock` override the model
/// where they are positive; they are rounded up to whole tiles.
TileShape chooseTileShape(const TileTarget &target, int64_t queryBlock,
                          int64_t keyBlock);

} // namespace attn

#endif // ATTN_PASSES_KERNEL_TILESHAPE_H

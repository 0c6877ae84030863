//===- TileShape.cpp - How attention is cut into tiles ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/TileShape.h"

#include "llvm/Support/MathExtras.h"

using namespace attn;

TileShape attn::chooseTileShape(const TileTarget &target, int64_t queryBlock,
                                int64_t keyBlock) {
  TileShape tile;
  tile.vectorLength = target.vectorBits / target.elementBits;
  tile.panelVectors = 2;
  // Sums, one panel of the right operand and, where a broadcast is no operand
  // of the multiply-add, one register for it: 26 of AVX-512's 32 registers, 15
  // of the 16 that narrower x86 vectors have.
  tile.rowTile = target.vectorBits == 512 ? 12 : 6;
  // A block of queries and its output stay in L1 beside a score tile, keys and
  // values come from L2 once per block.
  tile.queryBlock =
      llvm::alignTo(queryBlock > 0 ? queryBlock : 72, tile.rowTile);
  tile.keyBlock = llvm::alignTo(keyBlock > 0 ? keyBlock : 256, tile.getPanel());
  return tile;
}

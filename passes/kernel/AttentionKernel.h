//===- AttentionKernel.h - The online-softmax loop nest ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_ATTENTIONKERNEL_H
#define ATTN_PASSES_KERNEL_ATTENTIONKERNEL_H

#include "passes/analysis/KeyRange.h"
#include "passes/kernel/AttentionBase.h"
#include "passes/kernel/OnlineSoftmax.h"
#include "passes/kernel/RuleVectorizer.h"
#include "passes/kernel/TileShape.h"

namespace attn {

/// Emits the loop nest of one attn.attention on buffers, at the builder's
/// place. The description of attn-tile-attention shows the nest.
///
/// One wave of (batch, key head) pairs at a time: the threads pack its keys
/// into panels, `[panel][head dim][key]`, then share out its query blocks.
/// Values are read in place unless their rows are strided or of another type
/// than the sums. Every row is computed in one fixed order, so that results do
/// not depend on the number of threads or on the rest of the batch.
class AttentionKernel : AttentionBase {
public:
  AttentionKernel(KernelBuilder &builder, AttentionOp op, TileShape tile);

  void emit(const ThreadFunctions &threads);

private:
  /// One query block of one head. `slot` is the (batch, key head) pair's place
  /// in the wave.
  struct Block {
    mlir::Value batch, head, keyHead, slot;
    mlir::Value firstQuery, rows;
    /// What the mask reads for its queries.
    ReadBoundsMap reads;
  };
  /// One register tile of rows against one block of keys, of which `panels`
  /// panels take part. They are side by side in the tile's scores.
  struct Tile {
    mlir::Value number, firstQuery, lastQuery;
    mlir::Value firstKey, keys;
    mlir::Value panels;
    /// What the mask reads for its queries.
    ReadBoundsMap reads;
  };
  /// What the mask reads for the keys of each panel, `[row][panel]`; a row is a
  /// batch, a head, both or neither, as the read depends on them.
  struct KeySummary {
    PositionRead read;
    mlir::Value lows, highs;
  };

  // AttentionKernel.cpp: waves and blocks.
  void emitWave(mlir::Value firstPair, mlir::Value pairs);
  void emitBlock(Block block);
  void resetBlock();
  void attendKeyBlock(const Block &block, mlir::Value firstKey,
                      mlir::Value careful);
  mlir::Value hasNonFinite(const Block &block);
  void storeRow(const Block &block, mlir::Value row);
  OnlineSoftmax getSoftmax();

  // AttentionMask.cpp: what the mask says about blocks and panels.
  void allocateSummaries();
  void summarizeKeys();
  mlir::Value getSummaryRow(const PositionRead &read, mlir::Value batch,
                            mlir::Value head);
  ReadBoundsMap readQueries(const Block &block, mlir::Value first,
                            mlir::Value last);
  void readKeys(ReadBoundsMap &reads, const Block &block, mlir::Value firstKey,
                mlir::Value keys);
  KeyRange getKeyRange(const Block &block);
  BoxClass classifyBlock(const Block &block, mlir::Value firstKey,
                         mlir::Value keys);
  BoxClass classifyPanel(const Block &block, const Tile &tile,
                         mlir::Value firstKey);

  // AttentionPanels.cpp: the panels of a tile that take part.
  void listPanels(const Block &block, Tile &tile);
  mlir::Value storeAllowed(const Block &block, const Tile &tile,
                           mlir::Value slot, mlir::Value firstKey);
  mlir::Value loadAllowed(mlir::Value slot, mlir::Value row, int64_t firstLane,
                          int64_t length);
  mlir::Value getFirstKey(const Tile &tile, mlir::Value slot);
  mlir::Value isWhole(const Tile &tile, mlir::Value slot);
  llvm::SmallVector<mlir::Value>
  forEachKey(const Tile &tile, mlir::ValueRange inits,
             llvm::function_ref<llvm::SmallVector<mlir::Value>(
                 mlir::Value key, mlir::Value column, mlir::ValueRange carried)>
                 body);
  mlir::Value loadNumber(mlir::Value offset);
  void storeNumber(mlir::Value number, mlir::Value offset);

  // AttentionPack.cpp: operands in the order in which the tiles read them.
  void packKeys(mlir::Value slot, mlir::Value pair, mlir::Value panel);
  void packValues(mlir::Value slot, mlir::Value pair, mlir::Value key);
  void packQueries(const Block &block);

  // AttentionTile.cpp: one tile.
  void attendTile(const Block &block, Tile tile, mlir::Value careful);
  llvm::SmallVector<mlir::Value>
  multiplyPanel(const Block &block, const Tile &tile, mlir::Value slot);
  void scorePanel(const Block &block, const Tile &tile, mlir::Value slot);
  void applyRules(const Block &block, const Tile &tile, mlir::Value slot,
                  bool masked);
  RuleLanes getLanes(const Block &block, const Tile &tile, mlir::Value row,
                     mlir::Value firstKey);
  void takeWeights(const Tile &tile);
  void applyFactor(const Block &block, const Tile &tile);

  // AttentionValues.cpp: weights times values.
  void weighValues(const Block &block, const Tile &tile);
  void weighColumns(const Block &block, const Tile &tile, mlir::Value column,
                    int64_t vectors, bool partial);
  void weighValuesCarefully(const Block &block, const Tile &tile);
  mlir::Value loadRescale(mlir::Value row);
  mlir::Value loadOutput(mlir::Value rescale, mlir::Value offset);
  mlir::Value loadValues(const Block &block, mlir::Value key,
                         mlir::Value column, mlir::Value live);

  TileShape tile;
  bool packsValues;
  llvm::SmallVector<PositionRead> queryReads;
  llvm::SmallVector<KeySummary> keySummaries;
  /// Panels of packed keys a pair, and elements a pair takes.
  mlir::Value panels, packedKeySize, packedValueSize;
  mlir::Value packedKeys, packedValues;

  mlir::Value queryPart, squarePart, scorePart, keptPart, outputPart;
  /// The list of a tile's panels, and for each of them and each row the keys
  /// that the mask allows, a bit a key.
  mlir::Value listPart, allowedPart;
  /// One vector of partial results for each row of a tile.
  mlir::Value lanePart;
  /// One element for each row, in whole vectors a tile: over the block, the
  /// softmax's origins and sums; of the tile, its factors.
  mlir::Value originPart, sumPart, rescalePart, shiftPart, floorPart;
  /// The maxima and moments over the block, where they are asked for, and the
  /// moments of a tile by lanes.
  mlir::Value maxPart, momentPart, momentLanePart;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_ATTENTIONKERNEL_H

//===- AttentionKernel.h - The online-softmax loop nest ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_ATTENTIONKERNEL_H
#define ATTN_PASSES_KERNEL_ATTENTIONKERNEL_H

#include "dialect/AttnOps.h"
#include "passes/kernel/KernelBuilder.h"
#include "passes/kernel/TileShape.h"

namespace attn {

/// The OpenMP functions a kernel calls, declared in its module.
struct ThreadFunctions {
  mlir::FlatSymbolRefAttr maxThreads;
  mlir::FlatSymbolRefAttr threadNumber;
  mlir::FlatSymbolRefAttr teamSize;
};

/// Emits the loop nest of one attn.attention on buffers, at the builder's
/// place. The description of attn-tile-attention shows the nest.
///
/// One wave of (batch, key head) pairs at a time: the threads pack its keys
/// into panels, `[panel][head dim][key]`, then share out its query blocks.
/// Values are read in place unless their rows are strided or of another type
/// than the sums. Every row is computed in one fixed order, so that results do
/// not depend on the number of threads or on the rest of the batch.
class AttentionKernel {
public:
  AttentionKernel(KernelBuilder &builder, AttentionOp op, TileShape tile);

  void emit(const ThreadFunctions &threads);

private:
  /// One query block of one head. `slot` is the (batch, key head) pair's place
  /// in the wave.
  struct Block {
    mlir::Value batch, head, keyHead, slot;
    mlir::Value firstQuery, rows;
  };
  /// One register tile of rows against one block of keys. The panels from
  /// `firstPanel` to before `lastPanel` may hold allowed keys.
  struct Tile {
    mlir::Value number, firstQuery, lastQuery;
    mlir::Value firstKey, keys;
    mlir::Value firstPanel, lastPanel;
  };

  // AttentionKernel.cpp: waves and blocks.
  void measure();
  void layOutScratch();
  void emitTeam(const ThreadFunctions &threads, mlir::Value wave);
  void emitWave(mlir::Value firstPair, mlir::Value pairs);
  void emitBlock(const Block &block);
  void resetBlock();
  void attendKeyBlock(const Block &block, mlir::Value firstKey,
                      mlir::Value careful);
  mlir::Value hasNonFinite(const Block &block);
  void storeBlock(const Block &block);
  void storeRow(const Block &block, mlir::Value row);

  // AttentionPack.cpp: operands in the order in which the tiles read them.
  void packKeys(mlir::Value slot, mlir::Value pair, mlir::Value panel);
  void packValues(mlir::Value slot, mlir::Value pair, mlir::Value key);
  void packQueries(const Block &block);
  void forEachChunk(mlir::Value operand, mlir::Value extent,
                    llvm::function_ref<void(mlir::Value)> whole,
                    llvm::function_ref<void(mlir::Value)> single);

  // AttentionTile.cpp: one tile.
  void attendTile(const Block &block, Tile tile, mlir::Value careful);
  void findPanels(const Block &block, Tile &tile);
  void scorePanel(const Block &block, const Tile &tile, mlir::Value panel);
  void applyRules(const Block &block, const Tile &tile, mlir::Value panel,
                  bool masked);

  // AttentionSoftmax.cpp: scores to weights, and weights times values.
  void beginSoftmax(const Tile &tile);
  void moveScores(const Tile &tile, mlir::Value moved, mlir::Value number);
  void weighRow(const Tile &tile, mlir::Value row);
  void endSoftmax(const Tile &tile);
  void weighValues(const Block &block, const Tile &tile);
  void weighColumns(const Block &block, const Tile &tile, mlir::Value column,
                    int64_t vectors, bool partial);
  void weighValuesCarefully(const Block &block, const Tile &tile);

  // AttentionAccess.cpp: operands and scratch.
  mlir::Value dim(mlir::Value operand, int64_t axisFromEnd);
  llvm::SmallVector<mlir::Value> place(mlir::Value operand, mlir::Value batch,
                                       mlir::Value head, mlir::Value row,
                                       mlir::Value column);
  mlir::Value loadElement(mlir::Value operand, mlir::Value batch,
                          mlir::Value head, mlir::Value row,
                          mlir::Value column);
  mlir::Value loadElements(mlir::Value operand, mlir::Value batch,
                           mlir::Value head, mlir::Value row,
                           mlir::Value column);
  mlir::Value loadValues(const Block &block, mlir::Value key,
                         mlir::Value column, mlir::Value live);
  mlir::Value loadVector(mlir::Value buffer, mlir::Value offset);
  void storeVector(mlir::Value vector, mlir::Value buffer, mlir::Value offset);
  mlir::Value loadScalar(mlir::Value offset);
  void storeScalar(mlir::Value scalar, mlir::Value offset);
  mlir::Value broadcast(mlir::Value buffer, mlir::Value offset);

  KernelBuilder &b;
  AttentionOp op;
  TileShape tile;

  mlir::FloatType element;
  mlir::VectorType vectorType;
  bool packsValues;
  /// Whether a key can be left out, so that its value must not be multiplied.
  bool hasRules;

  mlir::Value zero, one;
  mlir::Value batches, heads, keyHeads, group;
  mlir::Value queries, keys, headDim, valueDim, paddedValueDim;
  /// Panels of packed keys a pair, and elements a pair takes.
  mlir::Value panels, packedKeySize, packedValueSize;
  /// What a score is multiplied with before the rules and after them.
  mlir::Value scaleBefore, scaleAfter;

  mlir::Value packedKeys, packedValues, scratch;
  /// Elements of scratch a thread has, and the parts of this thread's piece.
  mlir::Value scratchSize;
  llvm::SmallVector<mlir::Value> partOffsets;
  mlir::Value queryPart, scorePart, keptPart, outputPart;
  /// One vector of partial results for each row of a tile.
  mlir::Value lanePart;
  /// One element for each row, in whole vectors a tile: over the block, the
  /// whole number that exponents are taken from and the sum of weights; of the
  /// tile, what older sums are multiplied with, and the terms of its exponents.
  mlir::Value originPart, sumPart, rescalePart, shiftPart, floorPart;
  mlir::Value threadNumber, teamSize;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_ATTENTIONKERNEL_H

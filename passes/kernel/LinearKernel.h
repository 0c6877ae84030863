//===- LinearKernel.h - The loop nest of linear attention -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_LINEARKERNEL_H
#define ATTN_PASSES_KERNEL_LINEARKERNEL_H

#include "dialect/AttnOps.h"
#include "passes/kernel/AttentionBase.h"
#include "passes/kernel/TileShape.h"

namespace attn {

/// Emits one attn.linear_attention on buffers, at the builder's place. The
/// description of attn-tile-linear-attention shows the loop nest.
///
/// Positions are taken in chunks of a fixed length (Yang et al. 2024, "Gated
/// Linear Attention", the chunkwise form): what came before a chunk is in the
/// state, the keys of the chunk itself are weighed one by one. A causal
/// sequence has segments of a fixed length, whose states are summed up by
/// themselves and then joined: where there are more threads than sequences,
/// they share the segments. Every sum has one order, so results do not depend
/// on the number of threads. Feature maps are applied while operands are
/// packed, the output's rule while it is stored.
class LinearKernel : AttentionSizes, KernelBase {
public:
  LinearKernel(KernelBuilder &builder, LinearAttentionOp op, TileShape tile);

  /// Positions of a chunk: whole row tiles and whole panels.
  static int64_t getLength(const TileShape &tile);

  void emit(const ThreadFunctions &threads);

private:
  /// Positions of one sequence. `decay` is what the state is multiplied with
  /// over the chunk, null for 1.
  struct Chunk {
    mlir::Value batch, head, keyHead;
    mlir::Value first, count;
    mlir::Value decay;
  };
  /// A state, `[head dim][value dim]` with padded rows and columns, and behind
  /// it the sum of the keys, if the op uses that: its place, and how many rows
  /// to read, none of a state that is 0.
  struct State {
    mlir::Value buffer, offset, rows;
  };

  // LinearKernel.cpp: sequences and chunks.
  void layOutScratch();
  void clearScratch();
  void emitFull(const ThreadFunctions &threads, mlir::Value work);
  void emitOutputs(const Chunk &chunk, const State &state);
  void storeRows(const Chunk &chunk, mlir::Value firstRow);

  // LinearCausal.cpp: sequences of segments.
  /// Some segments of one sequence. Without `hasOutputs` only their states are
  /// worked out.
  struct Part {
    mlir::Value sequence, batch, head;
    mlir::Value firstSegment, endSegment;
    mlir::Value hasOutputs;
  };
  void emitCausal(const ThreadFunctions &threads, mlir::Value work);
  void emitPart(const Part &part);
  void emitSegment(const Part &part, mlir::Value segment);
  mlir::Value emitChunk(const Part &part, mlir::Value segment,
                        mlir::Value first, mlir::Value decay);
  /// target = decay * before + own, of whole states.
  void joinStates(mlir::Value target, mlir::Value targetOffset,
                  mlir::Value decay, mlir::Value before,
                  mlir::Value beforeOffset, mlir::Value own,
                  mlir::Value ownOffset);
  void copyState(mlir::Value from, mlir::Value fromOffset, mlir::Value to,
                 mlir::Value toOffset);
  mlir::Value getSlot(mlir::Value sequence, mlir::Value segment);
  void joinSegments(mlir::Value sequence);
  void loadState(mlir::Value batch, mlir::Value head);
  void storeState(mlir::Value batch, mlir::Value head);

  // LinearPack.cpp: operands in the order in which the tiles read them.
  void packQuery(const Chunk &chunk);
  void packMappedKeys(const Chunk &chunk);
  void packKeyColumns(const Chunk &chunk);
  void packKeyRows(const Chunk &chunk);
  void packValue(const Chunk &chunk);
  void packColumns(mlir::Value operand, mlir::Value part, mlir::Value head,
                   const Chunk &chunk, mlir::Value scale = {});
  void transposeRows(mlir::Value rows, mlir::Value part, const Chunk &chunk,
                     mlir::Value scale = {});
  /// Stores a square of `load(row)`, a vector each, as columns.
  void storeColumns(const Chunk &chunk, mlir::Value part, mlir::Value position,
                    mlir::Value column, mlir::Value scale,
                    llvm::function_ref<mlir::Value(mlir::Value)> load);
  /// The row in the chunk that stands at `position`.
  mlir::Value clampRow(const Chunk &chunk, mlir::Value position);
  mlir::Value getColumnsEnd(const Chunk &chunk);
  mlir::Value multiply(mlir::Value elements, mlir::Value scale);
  void packRows(mlir::Value operand, mlir::Region &map, mlir::Value part,
                mlir::Value stride, mlir::Value extent, mlir::Value head,
                const Chunk &chunk, bool scales);
  void mapRow(mlir::Value operand, mlir::Region &map, mlir::Value head,
              const Chunk &chunk, mlir::Value row, mlir::Value extent,
              mlir::Value offset, mlir::Value factor);
  void scaleKeyRows(const Chunk &chunk);
  mlir::Value loadFactor(const Chunk &chunk, mlir::Value position);

  // LinearTotal.cpp: the sums of a row's weights.
  mlir::Value getSums(const State &state);
  void addKeys(const Chunk &chunk, const State &state);
  void totalState(const Chunk &chunk, const State &state);
  void totalScores(mlir::Value firstRow);

  // LinearDecay.cpp: the factors between the positions of a chunk.
  mlir::Value loadDecay(mlir::Value batch, mlir::Value head,
                        mlir::Value position);
  mlir::Value emitFactor(mlir::Value logarithm);
  void weighDistances(mlir::Value decay);
  void weighPositions(const Chunk &chunk);
  void storeWeights(mlir::Value row, mlir::Value column, mlir::Value logs);

  // LinearTile.cpp: register tiles.
  void scoreRows(mlir::Value firstRow);
  void emitColumns(llvm::function_ref<void(mlir::Value, int64_t)> body);
  void outputColumns(mlir::Value firstRow, const State &state,
                     mlir::Value column, int64_t vectors);
  void updateState(const Chunk &chunk, const State &state);
  /// What fades below `getLeast` becomes 0, not denormal: processors take a
  /// hundred times as long over those.
  double getLeast() { return element.isF64() ? 0x1p-900 : 0x1p-100; }
  mlir::Value dropFaded(mlir::Value sum);
  void updateColumns(const Chunk &chunk, const State &state,
                     mlir::Value firstRow, mlir::Value column, int64_t vectors);
  /// sums += broadcasts of `left(step, row)` times the vectors at `right(step)`
  /// of `buffer`, for steps from `first` to before `last`.
  llvm::SmallVector<mlir::Value>
  accumulate(mlir::Value first, mlir::Value last, mlir::ValueRange sums,
             mlir::Value buffer, int64_t vectors,
             llvm::function_ref<mlir::Value(mlir::Value, int64_t)> left,
             llvm::function_ref<mlir::Value(mlir::Value)> right);

  LinearAttentionOp op;
  TileShape tile;
  int64_t length;
  bool decays, usesTotal;

  /// The head dim in whole row tiles, the same in whole vectors, and the value
  /// dim in whole vectors.
  mlir::Value stateRows, keyStride, paddedValueDim;
  /// Of the state alone, and with the sum of the keys.
  mlir::Value productSize, stateSize;

  /// Of a chunk: queries and keys `[head dim][position]`; keys and values
  /// `[position][…]`, keys by what they decay to the end of the chunk.
  mlir::Value queryPart, keyPart, keyRowPart, valuePart;
  /// Mapped queries `[position][…]`.
  mlir::Value queryRowPart;
  /// Of a tile of rows: `[row][position]` and `[row][value dim]`.
  mlir::Value scorePart, outputPart;
  /// Where a square of rows is transposed.
  mlir::Value squarePart;
  /// The state of a segment alone, that before it, and both as a chunk sees
  /// them.
  mlir::Value statePart, beforePart, currentPart;
  /// Segments of a sequence. Where threads share them, the states before each,
  /// and in `fadings` what the one before is multiplied with over it.
  mlir::Value segments, isShared, states, fadings;
  /// Factors from position to position, `[row][position]`, and from before the
  /// chunk to each; logarithms of a row.
  mlir::Value weightPart, entryPart, logPart;
  /// The sum of the weights of each position.
  mlir::Value totalPart;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_LINEARKERNEL_H

//===- LinearKernel.cpp - The loop nest of linear attention -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/LinearKernel.h"

#include "passes/kernel/RuleVectorizer.h"

#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace attn;

/// Positions of a chunk at least. Longer chunks weigh more keys one by one,
/// shorter ones update the state more often.
static constexpr int64_t kMinLength = 64;

int64_t LinearKernel::getLength(const TileShape &tile) {
  return llvm::alignTo(kMinLength, std::lcm(tile.rowTile, tile.getPanel()));
}

LinearKernel::LinearKernel(KernelBuilder &builder, LinearAttentionOp op,
                           TileShape tile)
    : AttentionSizes(builder, op.getQuery(), op.getKey(), op.getValue()),
      KernelBase(builder, op.getAccumulatorType(), tile.vectorLength), op(op),
      tile(tile), length(getLength(tile)), decays(op.getDecay() != nullptr),
      usesTotal(op.usesTotal()), stateRows(b.roundUp(headDim, tile.rowTile)),
      keyStride(b.roundUp(stateRows, vectorLength)),
      paddedValueDim(b.roundUp(valueDim, vectorLength)),
      productSize(b.mul(stateRows, paddedValueDim)),
      stateSize(usesTotal ? b.add(productSize, keyStride) : productSize) {}

void LinearKernel::emit(const ThreadFunctions &threads) {
  layOutScratch();
  Value work = b.mul(b.mul(b.mul(batches, heads), b.max(queries, keys)),
                     b.mul(headDim, b.mul(valueDim, b.index(2))));
  if (op.getCausal())
    emitCausal(threads, work);
  else
    emitFull(threads, work);
}

void LinearKernel::layOutScratch() {
  Value columns = b.mul(b.roundUp(headDim, vectorLength), b.index(length));
  addPart(queryPart, columns);
  addPart(squarePart, b.index(vectorLength * vectorLength));
  addPart(keyRowPart, b.mul(b.index(length), keyStride));
  addPart(valuePart, b.mul(b.index(length), paddedValueDim));
  addPart(outputPart, b.mul(b.index(tile.rowTile), paddedValueDim));
  if (!op.getQueryMap().empty())
    addPart(queryRowPart, b.mul(b.index(length), keyStride));
  // Row sums are stored by vectors, beyond the last row too.
  if (usesTotal)
    addPart(totalPart, b.index(length + vectorLength));
  if (!op.getCausal())
    return;
  addPart(keyPart, columns);
  addPart(scorePart, b.index(tile.rowTile * length));
  addPart(statePart, stateSize);
  addPart(beforePart, stateSize);
  addPart(currentPart, stateSize);
  if (!decays)
    return;
  addPart(weightPart, b.index(length * length));
  addPart(entryPart, b.index(length));
  addPart(logPart, b.index(length));
}

/// What no operand fills stays 0: products of what happens to be in memory are
/// not used, but may be denormal, which is slow.
void LinearKernel::clearScratch() {
  fill(keyRowPart, b.mul(b.index(length), keyStride), 0.0);
  fill(valuePart, b.mul(b.index(length), paddedValueDim), 0.0);
  if (!op.getQueryMap().empty())
    fill(queryRowPart, b.mul(b.index(length), keyStride), 0.0);
  if (usesTotal)
    fill(totalPart, b.index(length + vectorLength), 0.0);
  if (!decays)
    return;
  fill(weightPart, b.index(length * length), 0.0);
  fill(entryPart, b.index(length), 0.0);
  fill(logPart, b.index(length), 0.0);
}

//===----------------------------------------------------------------------===//
// Not causal
//===----------------------------------------------------------------------===//

/// The states of all keys first, then the queries.
void LinearKernel::emitFull(const ThreadFunctions &threads, Value work) {
  Value pairs = b.mul(batches, keyHeads);
  Value states = allocate(b.mul(pairs, stateSize));
  Value chunkLength = b.index(length);
  emitTeam(threads, work, [&] {
    clearScratch();
    b.forLoop(threadNumber, pairs, teamSize, [&](Value pair) {
      State state = {states, b.mul(pair, stateSize), headDim};
      b.forLoop(zero, stateSize, b.index(vectorLength), [&](Value place) {
        storeVector(b.constant(vectorType, 0.0), states,
                    b.add(state.offset, place));
      });
      b.forLoop(zero, keys, chunkLength, [&](Value first) {
        Chunk chunk;
        chunk.batch = b.div(pair, keyHeads);
        chunk.keyHead = b.rem(pair, keyHeads);
        chunk.first = first;
        chunk.count = b.min(chunkLength, b.sub(keys, first));
        packMappedKeys(chunk);
        packKeyRows(chunk);
        packValue(chunk);
        updateState(chunk, state);
      });
    });
    omp::BarrierOp::create(b);

    Value chunks = b.ceilDiv(queries, chunkLength);
    Value tasks = b.mul(b.mul(batches, heads), chunks);
    b.forLoop(threadNumber, tasks, teamSize, [&](Value task) {
      Value sequence = b.div(task, chunks);
      Chunk chunk;
      chunk.batch = b.div(sequence, heads);
      chunk.head = b.rem(sequence, heads);
      chunk.keyHead = b.div(chunk.head, group);
      chunk.first = b.mul(b.rem(task, chunks), chunkLength);
      chunk.count = b.min(chunkLength, b.sub(queries, chunk.first));
      packQuery(chunk);
      Value pair = b.add(b.mul(chunk.batch, keyHeads), chunk.keyHead);
      emitOutputs(chunk, {states, b.mul(pair, stateSize), headDim});
    });
  });
  deallocate(states);
}

//===----------------------------------------------------------------------===//
// Outputs of a chunk
//===----------------------------------------------------------------------===//

void LinearKernel::emitOutputs(const Chunk &chunk, const State &state) {
  if (usesTotal)
    totalState(chunk, state);
  b.forLoop(zero, chunk.count, b.index(tile.rowTile), [&](Value firstRow) {
    if (op.getCausal()) {
      scoreRows(firstRow);
      if (usesTotal)
        totalScores(firstRow);
    }
    emitColumns([&](Value column, int64_t vectors) {
      outputColumns(firstRow, state, column, vectors);
    });
    storeRows(chunk, firstRow);
  });
}

void LinearKernel::storeRows(const Chunk &chunk, Value firstRow) {
  Value rows = b.min(b.index(tile.rowTile), b.sub(chunk.count, firstRow));
  Region &output = op.getOutput();
  b.forLoop(zero, rows, one, [&](Value row) {
    Value source = b.add(outputPart, b.mul(row, paddedValueDim));
    Value position = b.add(firstRow, row);
    Value query = b.add(chunk.first, position);
    Value total = b.constant(element, 0.0);
    if (usesTotal)
      total = loadScalar(b.add(totalPart, position));
    b.forLoop(zero, valueDim, b.index(vectorLength), [&](Value column) {
      Value sums = loadVector(scratch, b.add(source, column));
      Value count = b.sub(valueDim, column);
      if (!output.empty()) {
        Value live = b.laneMask(vectorLength, count);
        RuleLanes lanes = {chunk.batch, chunk.head, query,
                           column,      live,       vectorLength};
        sums = vectorizeRule(b, output, lanes, sums, total);
      }
      storeElements(sums, op.getInits()[0], chunk.batch, chunk.head, query,
                    column, count);
    });
  });
}

//===- LinearCausal.cpp - Sequences of linear attention ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state before a segment is that before the one before it, decayed, and
// what the segment before adds. A thread that goes through a whole sequence
// takes it along; where threads share a sequence, the segments' own states come
// first. Both compute the same numbers.
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/LinearKernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

/// Chunks of a segment: its state is worked out twice where threads share a
/// sequence, and joined with what came before once.
static constexpr int64_t kSegmentChunks = 16;

void LinearKernel::emitCausal(const ThreadFunctions &threads, Value work) {
  Value sequences = b.mul(batches, heads);
  segments = b.max(b.ceilDiv(keys, b.index(kSegmentChunks * length)), one);
  // Nothing is shared unless there are more threads than sequences.
  Value maxThreads = arith::IndexCastOp::create(
      b, b.getIndexType(),
      func::CallOp::create(b, threads.maxThreads, b.getI32Type(), ValueRange())
          .getResult(0));
  auto isWorthSharing = [&](Value team) {
    return b.logicalAnd(b.cmp(arith::CmpIPredicate::slt, sequences, team),
                        b.cmp(arith::CmpIPredicate::sgt, segments, one));
  };
  Value slots = b.createOrFold<arith::SelectOp>(
      isWorthSharing(maxThreads), b.mul(sequences, segments), one);
  states = allocate(b.mul(slots, stateSize));
  fadings = allocate(slots);
  emitTeam(threads, work, [&] {
    clearScratch();
    isShared = isWorthSharing(teamSize);
    auto choose = [&](Value shared, Value whole) -> Value {
      return b.createOrFold<arith::SelectOp>(isShared, shared, whole);
    };
    // States first, if they are shared, then outputs.
    b.forLoop(choose(zero, one), b.index(2), one, [&](Value phase) {
      Part part;
      part.hasOutputs = b.cmp(arith::CmpIPredicate::eq, phase, one);
      // Nothing needs the state after the last segment.
      Value parts = choose(b.add(b.sub(segments, one), phase), one);
      b.forLoop(
          threadNumber, b.mul(sequences, parts), teamSize, [&](Value task) {
            part.sequence = b.div(task, parts);
            part.batch = b.div(part.sequence, heads);
            part.head = b.rem(part.sequence, heads);
            part.firstSegment = b.rem(task, parts);
            part.endSegment = choose(b.add(part.firstSegment, one), segments);
            emitPart(part);
          });
      omp::BarrierOp::create(b);
      b.ifThen(b.logicalNot(part.hasOutputs), [&] {
        b.forLoop(threadNumber, sequences, teamSize,
                  [&](Value sequence) { joinSegments(sequence); });
        omp::BarrierOp::create(b);
      });
    });
  });
  deallocate(fadings);
  deallocate(states);
}

void LinearKernel::emitPart(const Part &part) {
  if (decays && !op.hasPositionDecay())
    weighDistances(loadDecay(part.batch, part.head, zero));
  b.forLoop(part.firstSegment, part.endSegment, one,
            [&](Value segment) { emitSegment(part, segment); });
}

void LinearKernel::emitSegment(const Part &part, Value segment) {
  Value isFirst = b.cmp(arith::CmpIPredicate::eq, segment, zero);
  Value isLater = b.logicalNot(isFirst);
  fill(statePart, stateSize, 0.0);
  if (op.getState())
    b.ifThen(isFirst, [&] { loadState(part.batch, part.head); });
  Value hasSlot =
      b.logicalAnd(b.logicalAnd(isShared, part.hasOutputs), isLater);
  b.ifThen(hasSlot, [&] {
    copyState(states, b.mul(getSlot(part.sequence, segment), stateSize),
              scratch, beforePart);
  });

  Value segmentLength = b.index(kSegmentChunks * length);
  Value first = b.mul(segment, segmentLength);
  Value end = b.min(b.add(first, segmentLength), keys);
  Value decay = b.forLoop(
      first, end, b.index(length), ValueRange{b.constant(element, 1.0)},
      [&](Value chunk, ValueRange carried) -> SmallVector<Value> {
        return {emitChunk(part, segment, chunk, carried[0])};
      })[0];

  b.ifElse(
      part.hasOutputs,
      [&] {
        b.ifElse(
            isLater,
            [&] {
              joinStates(scratch, beforePart, decay, scratch, beforePart,
                         scratch, statePart);
            },
            [&] { copyState(scratch, statePart, scratch, beforePart); });
      },
      [&] {
        Value slot = getSlot(part.sequence, b.add(segment, one));
        copyState(scratch, statePart, states, b.mul(slot, stateSize));
        memref::StoreOp::create(b, decay, fadings, slot);
      });
  if (!op.getState())
    return;
  Value isLast = b.cmp(arith::CmpIPredicate::eq, b.add(segment, one), segments);
  b.ifThen(b.logicalAnd(isLast, part.hasOutputs),
           [&] { storeState(part.batch, part.head); });
}

/// Gives what the state before the segment is multiplied with after the chunk.
Value LinearKernel::emitChunk(const Part &part, Value segment, Value first,
                              Value decay) {
  Chunk chunk;
  chunk.batch = part.batch;
  chunk.head = part.head;
  chunk.keyHead = b.div(part.head, group);
  chunk.first = first;
  chunk.count = b.min(b.index(length), b.sub(keys, first));
  if (op.hasPositionDecay())
    weighPositions(chunk);
  packValue(chunk);
  packMappedKeys(chunk);

  Value isFirst = b.cmp(arith::CmpIPredicate::eq, segment, zero);
  b.ifThen(part.hasOutputs, [&] {
    packQuery(chunk);
    packKeyColumns(chunk);
    b.ifThen(b.logicalNot(isFirst), [&] {
      joinStates(scratch, currentPart, decay, scratch, beforePart, scratch,
                 statePart);
    });
    Value offset =
        b.createOrFold<arith::SelectOp>(isFirst, statePart, currentPart);
    State state = {scratch, offset, headDim};
    if (!op.getState()) {
      Value isStart = b.cmp(arith::CmpIPredicate::eq, first, zero);
      state.rows = b.createOrFold<arith::SelectOp>(isStart, zero, state.rows);
    }
    emitOutputs(chunk, state);
  });

  Value end = b.add(first, chunk.count);
  Value fading;
  if (decays) {
    fading = loadScalar(b.add(entryPart, b.sub(chunk.count, one)));
    chunk.decay = b.splat(vectorType, fading);
  }
  auto update = [&] {
    packKeyRows(chunk);
    updateState(chunk, {scratch, statePart, headDim});
  };
  if (op.getState())
    update();
  else
    b.ifThen(b.cmp(arith::CmpIPredicate::slt, end, keys), update);
  if (!decays)
    return decay;
  Value product = arith::MulFOp::create(b, decay, fading);
  Value isSmall = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, product,
                                        b.constant(element, getLeast()));
  return arith::SelectOp::create(b, isSmall, b.constant(element, 0.0), product);
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

Value LinearKernel::getSlot(Value sequence, Value segment) {
  return b.add(b.mul(sequence, segments), segment);
}

void LinearKernel::joinStates(Value target, Value targetOffset, Value decay,
                              Value before, Value beforeOffset, Value own,
                              Value ownOffset) {
  Value factor = b.splat(vectorType, decay);
  b.forLoop(zero, stateSize, b.index(vectorLength), [&](Value place) {
    Value past = loadVector(before, b.add(beforeOffset, place));
    Value sum = loadVector(own, b.add(ownOffset, place));
    if (decays)
      sum = dropFaded(vector::FMAOp::create(b, factor, past, sum));
    else
      sum = arith::AddFOp::create(b, past, sum);
    storeVector(sum, target, b.add(targetOffset, place));
  });
}

void LinearKernel::copyState(Value from, Value fromOffset, Value to,
                             Value toOffset) {
  b.forLoop(zero, stateSize, b.index(vectorLength), [&](Value place) {
    storeVector(loadVector(from, b.add(fromOffset, place)), to,
                b.add(toOffset, place));
  });
}

/// Of the segments' own states, those before each segment.
void LinearKernel::joinSegments(Value sequence) {
  b.forLoop(b.index(2), segments, one, [&](Value segment) {
    Value slot = getSlot(sequence, segment);
    Value decay = memref::LoadOp::create(b, fadings, slot);
    Value own = b.mul(slot, stateSize);
    joinStates(states, own, decay, states, b.sub(own, stateSize), states, own);
  });
}

void LinearKernel::loadState(Value batch, Value head) {
  b.forLoop(zero, headDim, one, [&](Value row) {
    Value place = b.add(statePart, b.mul(row, paddedValueDim));
    copyRow(op.getState(), batch, head, row, valueDim, scratch, place);
  });
}

/// The state before a segment that there is not.
void LinearKernel::storeState(Value batch, Value head) {
  b.forLoop(zero, headDim, one, [&](Value row) {
    Value place = b.add(beforePart, b.mul(row, paddedValueDim));
    b.forLoop(zero, valueDim, b.index(vectorLength), [&](Value column) {
      storeElements(loadVector(scratch, b.add(place, column)), op.getInits()[1],
                    batch, head, row, column, b.sub(valueDim, column));
    });
  });
}

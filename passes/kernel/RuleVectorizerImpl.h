//===- RuleVectorizerImpl.h - How rules are vectorised ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the vectoriser.
//   RuleVectorizer.cpp  ops in turn, vectors, single lanes
//   RuleOffsets.cpp     integers as one number and an offset for each lane
//   RuleReads.cpp       reads from arrays
//   RuleLoops.cpp       loops
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNEL_RULEVECTORIZERIMPL_H
#define ATTN_PASSES_KERNEL_RULEVECTORIZERIMPL_H

#include "passes/kernel/KernelBuilder.h"
#include "passes/kernel/RuleVectorizer.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"

#include <optional>

namespace attn {

/// A value of the rule in all lanes: one number for all of them, one number
/// and small offsets from it, or a vector of the value's type.
struct LaneValue {
  /// In the type of the value; null for a vector of its own.
  mlir::Value base;
  /// With a base, offsets as vector<length x i32> or null; otherwise the
  /// vector.
  mlir::Value lanes;
  /// No offset is larger than this, nor smaller than its negative.
  int64_t bound = 0;

  bool isUniform() const { return !lanes; }
  bool isOffset() const { return base && lanes; }
};

class Vectorizer {
public:
  Vectorizer(KernelBuilder &builder, mlir::Region &rule, const RuleLanes &lanes)
      : builder(builder), rule(rule), lanes(lanes), live(lanes.live),
        offsetType(mlir::VectorType::get(lanes.length, builder.getI32Type())) {}

  mlir::Value run(mlir::Value scores, mlir::Value number);

private:
  // RuleVectorizer.cpp
  LaneValue lookup(mlir::Value value);
  bool isUniform(mlir::Value value) { return lookup(value).isUniform(); }
  /// The vector of a value in its own type.
  mlir::Value asVector(mlir::Value value);
  void visit(mlir::Operation *op);
  void visitElementwise(mlir::Operation *op);
  /// A product that a loop adds up, in one instruction; null for other sums.
  mlir::Value emitMultiplyAdd(mlir::arith::AddFOp op);
  /// One lane at a time, for what has no vector form; 0 in lanes without a
  /// key.
  void visitByLane(mlir::Operation *op,
                   const llvm::SetVector<mlir::Value> &inputs);

  // RuleOffsets.cpp
  /// The result of an integer op on values with offsets, empty where it has no
  /// such form.
  LaneValue visitOffsets(mlir::Operation *op);
  mlir::Value offsets(const LaneValue &value);
  template <typename Op> LaneValue computeSum(Op op);
  LaneValue compute(mlir::arith::AddIOp op);
  LaneValue compute(mlir::arith::SubIOp op);
  LaneValue compute(mlir::arith::MulIOp op);
  LaneValue compute(mlir::arith::FloorDivSIOp op);
  LaneValue compute(mlir::arith::IndexCastOp op);
  LaneValue compute(mlir::arith::CmpIOp op);
  LaneValue compute(mlir::arith::SIToFPOp op);
  mlir::Value toI32(mlir::Value value);

  // RuleReads.cpp
  /// Neighbouring places, one a lane, upwards from the first lane or from the
  /// last one.
  struct Neighbours {
    mlir::Value first;
    bool isReversed;
  };
  /// Neighbours held within two ends.
  struct ClampedPlace {
    Neighbours places;
    mlir::Value low, high;
  };
  /// An array read; null where it has no vector form.
  mlir::Value visitLoad(mlir::memref::LoadOp load);
  std::optional<Neighbours> getNeighbours(mlir::Value index);
  std::optional<ClampedPlace> matchClamp(mlir::Value index);
  /// Neighbours along the last axis; the other indices are those of the load.
  mlir::Value readNeighbours(mlir::memref::LoadOp load,
                             const Neighbours &places);
  mlir::Value readClamped(mlir::memref::LoadOp load, const ClampedPlace &place);
  mlir::Value isWithin(const ClampedPlace &place);
  mlir::Value gather(mlir::memref::LoadOp load);
  llvm::SmallVector<mlir::Value> getPlace(mlir::memref::LoadOp load,
                                          mlir::Value last);
  mlir::Value reverse(mlir::Value vector);

  // RuleLoops.cpp
  /// What of `values` and of the loop's own is not the same in all lanes.
  bool varies(mlir::Value value, const llvm::DenseSet<mlir::Value> &varying);
  /// The values that a loop carries, if they are not the same in all lanes.
  llvm::SmallVector<bool> findVarying(mlir::scf::ForOp loop);
  /// A loop that all lanes go through together; where their bounds differ, each
  /// keeps what it has at its own. False if they do not step alike.
  bool visitLoop(mlir::scf::ForOp loop);
  /// The loop with vectors in the place of the values that say so.
  llvm::SmallVector<mlir::Value> emitLoop(mlir::scf::ForOp loop,
                                          llvm::ArrayRef<bool> isVector);
  /// The clamped reads in a loop at places that stay the same in it.
  llvm::SmallVector<mlir::memref::LoadOp> findClamped(mlir::scf::ForOp loop);

  KernelBuilder &builder;
  mlir::Region &rule;
  const RuleLanes &lanes;
  /// The lanes for which arrays are read.
  mlir::Value live;
  mlir::VectorType offsetType;
  /// Clamped reads whose lanes are all known to be within the ends.
  llvm::DenseSet<mlir::Operation *> knownWithin;
  llvm::DenseMap<mlir::Value, LaneValue> values;
};

} // namespace attn

#endif // ATTN_PASSES_KERNEL_RULEVECTORIZERIMPL_H

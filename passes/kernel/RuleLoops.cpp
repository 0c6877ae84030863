//===- RuleLoops.cpp - Loops of a rule for all lanes together -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/MaskIntervals.h"
#include "passes/kernel/RuleVectorizerImpl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attn;

bool Vectorizer::varies(Value value, const DenseSet<Value> &varying) {
  return varying.contains(value) || !isUniform(value);
}

SmallVector<bool> Vectorizer::findVarying(scf::ForOp loop) {
  DenseSet<Value> varying;
  bool all = !isUniform(loop.getUpperBound());
  for (auto [init, argument] :
       llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs()))
    if (all || !isUniform(init))
      varying.insert(argument);
  for (bool changed = true; changed;) {
    for (Operation &op : loop.getBody()->without_terminator())
      if (llvm::any_of(getRuleInputs(&op),
                       [&](Value input) { return varies(input, varying); }))
        varying.insert_range(op.getResults());
    changed = false;
    for (auto [next, argument] :
         llvm::zip_equal(loop.getYieldedValues(), loop.getRegionIterArgs()))
      if (varies(next, varying))
        changed |= varying.insert(argument).second;
  }
  return llvm::map_to_vector(loop.getRegionIterArgs(), [&](Value argument) {
    return varying.contains(argument);
  });
}

SmallVector<memref::LoadOp> Vectorizer::findClamped(scf::ForOp loop) {
  SmallVector<memref::LoadOp> clamped;
  loop.walk([&](memref::LoadOp load) {
    if (load.getIndices().empty() || knownWithin.contains(load))
      return;
    Value index = load.getIndices().back();
    if (loop.isDefinedOutsideOfLoop(index) && matchClamp(index))
      clamped.push_back(load);
  });
  return clamped;
}

bool Vectorizer::visitLoop(scf::ForOp loop) {
  if (!isUniform(loop.getLowerBound()) || !isUniform(loop.getStep()) ||
      loop.getUnsignedCmp())
    return false;
  SmallVector<bool> isVector = findVarying(loop);
  SmallVector<memref::LoadOp> clamped = findClamped(loop);
  Value allWithin;
  for (memref::LoadOp load : clamped) {
    Value within = isWithin(*matchClamp(load.getIndices().back()));
    allWithin = allWithin ? builder.logicalAnd(allWithin, within) : within;
  }
  SmallVector<Value> results;
  if (allWithin)
    results = builder.choose(
        allWithin,
        [&] {
          knownWithin.insert(clamped.begin(), clamped.end());
          SmallVector<Value> results = emitLoop(loop, isVector);
          for (memref::LoadOp load : clamped)
            knownWithin.erase(load);
          return results;
        },
        [&] { return emitLoop(loop, isVector); });
  else
    results = emitLoop(loop, isVector);
  for (auto [from, to, asLanes] :
       llvm::zip_equal(loop.getResults(), results, isVector))
    values[from] = asLanes ? LaneValue{Value(), to} : LaneValue{to};
  return true;
}

SmallVector<Value> Vectorizer::emitLoop(scf::ForOp loop,
                                        ArrayRef<bool> isVector) {
  auto get = [&](Value value, bool asLanes) {
    return asLanes ? asVector(value) : lookup(value).base;
  };
  Value lower = lookup(loop.getLowerBound()).base, bounds, upper;
  if (isUniform(loop.getUpperBound())) {
    upper = lookup(loop.getUpperBound()).base;
  } else {
    bounds = asVector(loop.getUpperBound());
    Value none = builder.splat(bounds.getType(), lower);
    upper = vector::ReductionOp::create(
        builder, vector::CombiningKind::MAXSI,
        arith::SelectOp::create(builder, live, bounds, none));
  }
  SmallVector<Value> inits;
  for (auto [init, asLanes] : llvm::zip_equal(loop.getInitArgs(), isVector))
    inits.push_back(get(init, asLanes));
  Value liveAround = live;
  auto step = [&](Value number, ValueRange carried) {
    values[loop.getInductionVar()] = {number};
    for (auto [argument, value, asLanes] :
         llvm::zip_equal(loop.getRegionIterArgs(), carried, isVector))
      values[argument] = asLanes ? LaneValue{Value(), value} : LaneValue{value};
    if (bounds) {
      Value goesOn =
          builder.cmp(arith::CmpIPredicate::slt,
                      builder.splat(bounds.getType(), number), bounds);
      live = builder.logicalAnd(liveAround, goesOn);
    }
    for (Operation &op : loop.getBody()->without_terminator())
      visit(&op);
    SmallVector<Value> next;
    for (auto [value, before, asLanes] :
         llvm::zip_equal(loop.getYieldedValues(), carried, isVector)) {
      Value now = get(value, asLanes);
      next.push_back(
          bounds ? arith::SelectOp::create(builder, live, now, before) : now);
    }
    return next;
  };
  SmallVector<Value> results =
      builder.forLoop(lower, upper, lookup(loop.getStep()).base, inits, step);
  live = liveAround;
  return results;
}

//===- RuleVectorizer.cpp - Rules evaluated for a vector of keys ----------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/RuleVectorizer.h"

#include "dialect/AttnOps.h"
#include "passes/analysis/MaskIntervals.h"
#include "passes/kernel/RuleVectorizerImpl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

using namespace mlir;
using namespace attn;

Value Vectorizer::run(Value scores, Value number) {
  Block &body = rule.front();
  unsigned first = 0;
  if (scores)
    values[body.getArgument(first++)] = {Value(), scores};
  if (number)
    values[body.getArgument(first++)] = {number};
  values[body.getArgument(first++)] = {lanes.batch};
  values[body.getArgument(first++)] = {lanes.head};
  values[body.getArgument(first++)] = {lanes.query};
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes.length));
  Value steps = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(offsetType, ArrayRef<int32_t>(numbers)));
  values[body.getArgument(first)] = {lanes.firstKey, steps, lanes.length - 1};
  // Places that are the same in all steps of a loop stand before it.
  rule.walk([](scf::ForOp loop) { moveLoopInvariantCode(loop); });
  for (Operation &op : body.without_terminator())
    visit(&op);
  return asVector(cast<YieldOp>(body.getTerminator()).getValue());
}

LaneValue Vectorizer::lookup(Value value) {
  auto it = values.find(value);
  return it == values.end() ? LaneValue{value} : it->second;
}

Value Vectorizer::asVector(Value original) {
  LaneValue value = lookup(original);
  if (!value.base)
    return value.lanes;
  auto type = VectorType::get(lanes.length, value.base.getType());
  Value vector = builder.splat(type, value.base);
  if (!value.lanes)
    return vector;
  Value wide;
  if (type.getElementType().isIndex())
    wide = builder.createOrFold<arith::IndexCastOp>(type, value.lanes);
  else
    wide = builder.createOrFold<arith::ExtSIOp>(type, value.lanes);
  return arith::AddIOp::create(builder, vector, wide);
}

/// Whether an op takes longer for a number, by a call in each step of a loop,
/// than for a vector.
static bool isFasterAsVector(Operation *op) {
  return isa<scf::ForOp>(op->getParentOp()) &&
         isa<math::ExpOp, math::Exp2Op, math::LogOp, math::Log2Op, math::TanhOp,
             math::ErfOp, math::SinOp, math::CosOp, math::PowFOp>(op) &&
         op->getResult(0).getType().isF32();
}

void Vectorizer::visit(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op); loop && visitLoop(loop))
    return;
  SetVector<Value> inputs = getRuleInputs(op);
  if (llvm::all_of(inputs, [&](Value input) { return isUniform(input); })) {
    if (isFasterAsVector(op)) {
      visitElementwise(op);
      Value vector = lookup(op->getResult(0)).lanes;
      values[op->getResult(0)] = {
          vector::ExtractOp::create(builder, vector, 0)};
      return;
    }
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, lookup(input).base);
    Operation *copy = builder.clone(*op, mapping);
    for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
      values[from] = {to};
    return;
  }
  if (LaneValue result = visitOffsets(op); result.base || result.lanes) {
    values[op->getResult(0)] = result;
    return;
  }
  if (auto load = dyn_cast<memref::LoadOp>(op))
    if (Value read = visitLoad(load)) {
      values[load.getResult()] = {Value(), read};
      return;
    }
  if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1) {
    visitElementwise(op);
    return;
  }
  visitByLane(op, inputs);
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

void Vectorizer::visitElementwise(Operation *op) {
  if (auto sum = dyn_cast<arith::AddFOp>(op))
    if (Value fused = emitMultiplyAdd(sum)) {
      values[sum.getResult()] = {Value(), fused};
      return;
    }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(asVector(operand));
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addTypes(VectorType::get(lanes.length, op->getResult(0).getType()));
  state.addAttributes(op->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  values[op->getResult(0)] = {Value(), builder.create(state)->getResult(0)};
}

Value Vectorizer::emitMultiplyAdd(arith::AddFOp op) {
  for (unsigned side : {0, 1}) {
    auto sum = dyn_cast<BlockArgument>(op->getOperand(1 - side));
    auto product = op->getOperand(side).getDefiningOp<arith::MulFOp>();
    if (!sum || !isa<scf::ForOp>(sum.getOwner()->getParentOp()) || !product ||
        !product->hasOneUse() || isUniform(product))
      continue;
    return vector::FMAOp::create(builder, asVector(product.getLhs()),
                                 asVector(product.getRhs()), asVector(sum));
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Single lanes
//===----------------------------------------------------------------------===//

void Vectorizer::visitByLane(Operation *op, const SetVector<Value> &inputs) {
  SmallVector<Value> inits;
  // Vectors of those that differ by lane.
  SmallVector<Value> vectors = llvm::map_to_vector(inputs, [&](Value input) {
    return isUniform(input) ? Value() : asVector(input);
  });
  for (Type type : op->getResultTypes())
    inits.push_back(arith::ConstantOp::create(
        builder, builder.getZeroAttr(VectorType::get(lanes.length, type))));
  Value one = builder.index(1);
  SmallVector<Value> results = builder.forLoop(
      builder.index(0), builder.index(lanes.length), one, inits,
      [&](Value lane, ValueRange carried) {
        Value isLive = vector::ExtractOp::create(builder, live, lane);
        return builder.choose(
            isLive,
            [&] {
              IRMapping mapping;
              for (auto [input, vector] : llvm::zip_equal(inputs, vectors))
                mapping.map(input, vector ? vector::ExtractOp::create(
                                                builder, vector, lane)
                                          : lookup(input).base);
              Operation *copy = builder.clone(*op, mapping);
              SmallVector<Value> next;
              for (auto [into, value] : llvm::zip(carried, copy->getResults()))
                next.push_back(
                    vector::InsertOp::create(builder, value, into, lane));
              return next;
            },
            [&] { return llvm::to_vector_of<Value>(carried); });
      });
  for (auto [from, to] : llvm::zip(op->getResults(), results))
    values[from] = {Value(), to};
}

bool attn::hasLoop(Region &rule) {
  return rule.walk([](scf::ForOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

Value attn::vectorizeRule(KernelBuilder &builder, Region &rule,
                          const RuleLanes &lanes, Value scores, Value number) {
  return Vectorizer(builder, rule, lanes).run(scores, number);
}

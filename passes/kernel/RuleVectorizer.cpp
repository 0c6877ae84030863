//===- RuleVectorizer.cpp - Rules evaluated for a vector of keys *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/RuleVectorizer.h"

#include "dialect/AttnOps.h"
#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace attn;

namespace {

class Vectorizer {
public:
  Vectorizer(KernelBuilder &builder, Region &rule, const RuleLanes &lanes)
      : builder(builder), rule(rule), lanes(lanes) {}

  Value run(Value scores) {
    Block &body = rule.front();
    unsigned first = 0;
    if (scores)
      mapping[body.getArgument(first++)] = scores;
    mapping[body.getArgument(first++)] = lanes.batch;
    mapping[body.getArgument(first++)] = lanes.head;
    mapping[body.getArgument(first++)] = lanes.query;
    key = body.getArgument(first);
    mapping[key] = builder.iota(lanes.length, lanes.firstKey);
    for (Operation &op : body.without_terminator())
      visit(&op);
    return asVector(lookup(cast<YieldOp>(body.getTerminator()).getValue()));
  }

private:
  Value lookup(Value value) {
    auto it = mapping.find(value);
    return it == mapping.end() ? value : it->second;
  }

  /// A value of the rule is uniform, in its own type, or a vector of it.
  bool isUniform(Value original) {
    return lookup(original).getType() == original.getType();
  }

  Value asVector(Value value) {
    if (isa<VectorType>(value.getType()))
      return value;
    return builder.splat(VectorType::get(lanes.length, value.getType()), value);
  }

  void visit(Operation *op) {
    if (llvm::all_of(op->getOperands(),
                     [&](Value operand) { return isUniform(operand); })) {
      IRMapping values;
      for (Value operand : op->getOperands())
        values.map(operand, lookup(operand));
      Operation *copy = builder.clone(*op, values);
      for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
        mapping[from] = to;
      return;
    }
    if (auto load = dyn_cast<memref::LoadOp>(op))
      if (Value read = visitLoad(load)) {
        mapping[load.getResult()] = read;
        return;
      }
    if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1) {
      visitElementwise(op);
      return;
    }
    visitByLane(op);
  }

  void visitElementwise(Operation *op) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(asVector(lookup(operand)));
    OperationState state(op->getLoc(), op->getName());
    state.addOperands(operands);
    state.addTypes(VectorType::get(lanes.length, op->getResult(0).getType()));
    state.addAttributes(op->getDiscardableAttrDictionary().getValue());
    state.propertiesAttr = op->getPropertiesAsAttribute();
    mapping[op->getResult(0)] = builder.create(state)->getResult(0);
  }

  /// An array read: along the keys, or at an index of its own in each lane.
  Value visitLoad(memref::LoadOp load) {
    MemRefType type = load.getMemRefType();
    // Vectors of i1 are bit-packed, arrays of i1 are not.
    if (type.getElementType().isInteger(1))
      return {};
    auto result = VectorType::get(lanes.length, type.getElementType());
    Value zero =
        arith::ConstantOp::create(builder, builder.getZeroAttr(result));
    ValueRange indices = load.getIndices();
    bool alongKeys = !indices.empty() && indices.back() == key &&
                     type.isLastDimUnitStride() &&
                     llvm::all_of(indices.drop_back(), [&](Value index) {
                       return isUniform(index);
                     });
    if (alongKeys) {
      SmallVector<Value> start;
      for (Value index : indices.drop_back())
        start.push_back(lookup(index));
      start.push_back(lanes.firstKey);
      return vector::MaskedLoadOp::create(builder, result, load.getMemref(),
                                          start, lanes.live, zero);
    }
    auto metadata =
        memref::ExtractStridedMetadataOp::create(builder, load.getMemref());
    auto indexVector = VectorType::get(lanes.length, builder.getIndexType());
    Value position = builder.splat(indexVector, builder.index(0));
    Value extent = builder.index(1);
    for (auto [index, size, stride] :
         llvm::zip(indices, metadata.getSizes(), metadata.getStrides())) {
      Value step = asVector(stride);
      position =
          builder.add(position, builder.mul(asVector(lookup(index)), step));
      extent = builder.add(
          extent, builder.mul(builder.sub(size, builder.index(1)), stride));
    }
    auto flatType =
        MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                        StridedLayoutAttr::get(builder.getContext(),
                                               ShapedType::kDynamic, {1}));
    Value flat = memref::ReinterpretCastOp::create(
        builder, flatType, metadata.getBaseBuffer(),
        OpFoldResult(metadata.getOffset()), ArrayRef<OpFoldResult>{extent},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
    return vector::GatherOp::create(builder, result, flat,
                                    ValueRange{builder.index(0)}, position,
                                    lanes.live, zero);
  }

  /// One lane at a time, for what has no vector form; 0 in lanes without a
  /// key.
  void visitByLane(Operation *op) {
    SmallVector<Value> inits;
    for (Type type : op->getResultTypes())
      inits.push_back(arith::ConstantOp::create(
          builder, builder.getZeroAttr(VectorType::get(lanes.length, type))));
    Value one = builder.index(1);
    SmallVector<Value> results = builder.forLoop(
        builder.index(0), builder.index(lanes.length), one, inits,
        [&](Value lane, ValueRange carried) {
          Value isLive = vector::ExtractOp::create(builder, lanes.live, lane);
          return builder.choose(
              isLive,
              [&] {
                IRMapping values;
                for (Value operand : op->getOperands()) {
                  Value value = lookup(operand);
                  if (!isUniform(operand))
                    value = vector::ExtractOp::create(builder, value, lane);
                  values.map(operand, value);
                }
                Operation *copy = builder.clone(*op, values);
                SmallVector<Value> next;
                for (auto [into, value] :
                     llvm::zip(carried, copy->getResults()))
                  next.push_back(
                      vector::InsertOp::create(builder, value, into, lane));
                return next;
              },
              [&] { return llvm::to_vector_of<Value>(carried); });
        });
    for (auto [from, to] : llvm::zip(op->getResults(), results))
      mapping[from] = to;
  }

  KernelBuilder &builder;
  Region &rule;
  const RuleLanes &lanes;
  Value key;
  DenseMap<Value, Value> mapping;
};

} // namespace

Value attn::vectorizeRule(KernelBuilder &builder, Region &rule,
                          const RuleLanes &lanes, Value scores) {
  return Vectorizer(builder, rule, lanes).run(scores);
}

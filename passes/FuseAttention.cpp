//===- FuseAttention.cpp - Fuses softmax between two products ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/FuseAttention.h"

#include "passes/Passes.h"
#include "passes/utils/ElementAt.h"
#include "passes/utils/Extents.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Remarks.h"
#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#define DEBUG_TYPE "attn-fuse-attention"

namespace attn {
#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark =
    fusionRemark("attn-fuse-attention");

/// Writes the way from the product to the reader of the scores into the score
/// region; none if that reads the product itself.
static void emitScore(AttentionOp attention, const AttentionChain &chain,
                      ArrayRef<BinaryOp> scales) {
  OpBuilder builder(attention->getContext());
  FloatType accumulator = attention.getAccumulatorType();
  SmallVector<Type> types(5, builder.getIndexType());
  types.front() = accumulator;
  SmallVector<Location> locs(5, attention.getLoc());
  Block *body = builder.createBlock(&attention.getScore(), {}, types, locs);

  SmallVector<Value> positions(chain.getRank());
  for (unsigned index = 0; index < 4; ++index)
    if (std::optional<unsigned> axis = getRuleAxis(index, chain.getRank()))
      positions[*axis] = body->getArgument(index + 1);
  ElementEmitter emitter(builder, positions, accumulator, chain.onScores);
  Value score = body->getArgument(0);
  for (BinaryOp scale : scales)
    score = emitBinary(builder, scale.getLoc(), scale.getKind(), score,
                       emitter.widen(scale.getLoc(), getScalarFactor(scale)));
  emitter.define(chain.productRead, score);
  Location loc = chain.getReader()->getLoc();
  Value result = emitter.widen(loc, emitter.emit(chain.scores));
  if (result == body->getArgument(0)) {
    attention.getScore().getBlocks().clear();
    return;
  }
  YieldOp::create(builder, loc, result);
}

/// The values with a column of ones: a sum of weights is their product with it.
static Value emitOnesBehind(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Value parts[] = {value, emitOnesColumn(builder, loc, value)};
  auto whole = tensor::ConcatOp::inferResultType(type.getRank() - 1,
                                                 ValueRange(parts).getTypes());
  return tensor::ConcatOp::create(builder, loc, whole, type.getRank() - 1,
                                  parts);
}

/// Columns of the result of attention: those of `type` from `offset` on.
static Value emitColumns(OpBuilder &builder, Location loc, Value tensor,
                         RankedTensorType type, OpFoldResult offset,
                         OpFoldResult count) {
  int64_t rank = type.getRank();
  SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0)),
      strides(rank, builder.getIndexAttr(1)),
      sizes = tensor::getMixedSizes(builder, loc, tensor);
  offsets.back() = offset;
  sizes.back() = count;
  return tensor::ExtractSliceOp::create(builder, loc, type, tensor, offsets,
                                        sizes, strides);
}

/// Replaces the sums of the weights by the column `sum` of the attention, in
/// the type of elements that it has.
static void replaceSums(OpBuilder &builder, const AttentionChain &chain,
                        Value sum) {
  int64_t rank = chain.getRank();
  for (ReduceOp op : chain.sums) {
    Location loc = op.getLoc();
    Value result = sum;
    RankedTensorType type = op.getType();
    auto own = cast<RankedTensorType>(sum.getType());
    if (own.getElementType() != type.getElementType())
      result = CastOp::create(
          builder, loc,
          RankedTensorType::get(own.getShape(), type.getElementType()), result);
    if (!op.getKeep()) {
      SmallVector<ReassociationIndices> groups(rank - 1);
      for (int64_t axis = 0; axis < rank - 1; ++axis)
        groups[axis] = {axis};
      groups.back().push_back(rank - 1);
      result = tensor::CollapseShapeOp::create(builder, loc, result, groups);
    }
    if (result.getType() != type)
      result = tensor::CastOp::create(builder, loc, type, result);
    op.replaceAllUsesWith(result);
    op.erase();
  }
  // The second product, which goes, is where the attention ends.
  MatmulOp output = chain.output;
  Operation *last = output;
  for (Operation *op : chain.afterSums) {
    op->moveAfter(last);
    last = op;
  }
}

/// Builds the attention in the place of the second product.
static void fuse(const AttentionChain &chain,
                 const AttentionOperands &operands) {
  MatmulOp output = chain.output;
  OpBuilder builder(output);
  Location loc = output.getLoc();
  Type element = operands.element;
  auto emit = [&](const AttentionOperands::Operand &operand, Location loc) {
    return emitOperand(builder, loc, chain, operand, element);
  };
  MatmulOp product = chain.product;
  Value query = emit(operands.query, product.getLoc());
  Value key = emit(operands.key, product.getLoc());
  Value value = emit(operands.value, loc);
  OpFoldResult width =
      tensor::getMixedSize(builder, loc, value, chain.getRank() - 1);
  if (!chain.sums.empty())
    value = emitOnesBehind(builder, loc, value);

  RankedTensorType type = output.getType();
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<int64_t> swapped =
      llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
  if (chain.weightsOnRight)
    std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  SmallVector<int64_t> all(shape);
  all.back() = cast<RankedTensorType>(value.getType()).getShape().back();
  auto attention = AttentionOp::create(
      builder, loc, RankedTensorType::get(all, element), /*lse=*/Type(),
      /*max=*/Type(), /*entropy=*/Type(), query, key, value, /*scale=*/Value(),
      /*sink=*/Value(),
      /*init=*/Value(), /*lseInit=*/Value(), /*maxInit=*/Value(),
      /*entropyInit=*/Value(),
      chain.softmax ? Normalizer::Softmax : Normalizer::None);
  emitScore(attention, chain, operands.scales);

  Value result = attention.getResult();
  if (!chain.sums.empty()) {
    SmallVector<int64_t> one(shape);
    one.back() = 1;
    replaceSums(builder, chain,
                emitColumns(builder, loc, result,
                            RankedTensorType::get(one, element), width,
                            builder.getIndexAttr(1)));
    result =
        emitColumns(builder, loc, result, RankedTensorType::get(shape, element),
                    builder.getIndexAttr(0), width);
  }
  if (element != type.getElementType())
    result = CastOp::create(builder, loc,
                            RankedTensorType::get(shape, type.getElementType()),
                            result);
  if (chain.weightsOnRight)
    result = TransposeOp::create(builder, loc, result, swapped);
  for (BinaryOp scale : chain.outputScales) {
    Value factor = emitCast(builder, scale.getLoc(), getScalarFactor(scale),
                            type.getElementType());
    result = BinaryOp::create(builder, scale.getLoc(), scale.getKind(), result,
                              factor);
  }
  output.replaceAllUsesWith(result);
}

namespace {
struct FuseAttention : attn::impl::FuseAttentionBase<FuseAttention> {
  using Base::Base;

  void runOnOperation() override {
    resolveDims(getOperation());
    SmallVector<SoftmaxOp> ops;
    SmallVector<Operation *> replaced;
    getOperation().walk([&](SoftmaxOp op) { ops.push_back(op); });
    for (SoftmaxOp softmax : ops)
      if (std::optional<AttentionChain> chain =
              tryFuse(softmax, matchAttention,
                      "softmax and both products fused into one attention"))
        replaced.push_back(chain->output);
    // Last: what goes may be a softmax that was still to be looked at.
    for (Operation *op : llvm::reverse(replaced))
      eraseDead(op);
    fuseWeightedSums();
  }

private:
  /// What is left of products after the softmaxes have had theirs.
  void fuseWeightedSums() {
    SmallVector<MatmulOp> ops;
    getOperation().walk([&](MatmulOp op) { ops.push_back(op); });
    // A product that becomes dead stands before the one that is fused.
    for (MatmulOp output : ops)
      if (tryFuse(output, matchWeightedSum,
                  "both products and the weights between them fused into one "
                  "attention without a softmax"))
        eraseDead(output);
  }

  /// Fuses what `match` finds at `op`, if anything, and says so, or why not.
  template <typename OpTy>
  std::optional<AttentionChain>
  tryFuse(OpTy op, std::optional<AttentionChain> (*match)(OpTy, std::string &),
          StringRef done) {
    // The op itself may be gone afterwards.
    Location loc = op.getLoc();
    std::string reason;
    std::optional<AttentionChain> chain = match(op, reason);
    std::optional<AttentionOperands> operands;
    if (chain)
      operands = matchOperands(*chain, reason);
    if (!operands) {
      if (!reason.empty())
        remark::missed(loc, kRemark) << "attention not fused: " + reason;
      return std::nullopt;
    }
    fuse(*chain, *operands);
    ++numFused;
    remark::passed(loc, kRemark) << done;
    return chain;
  }
};
} // namespace

//===- AttnCanonicalize.cpp - Canonical forms of attn ops -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace attn;

namespace {

//===----------------------------------------------------------------------===//
// Static extents
//===----------------------------------------------------------------------===//

/// The shape `a` with its open extents taken from `b`.
SmallVector<int64_t> mergeShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> merged(a);
  for (auto [extent, other] : llvm::zip_equal(merged, b))
    if (ShapedType::isDynamic(extent))
      extent = other;
  return merged;
}

/// The result type of `op` with other operands; fails, silently, if they do not
/// fit each other.
template <typename OpTy>
FailureOr<RankedTensorType> inferResult(OpTy op, ValueRange operands) {
  SmallVector<Type> types;
  if (failed(OpTy::inferReturnTypes(op.getContext(), std::nullopt, operands,
                                    op->getDiscardableAttrDictionary(),
                                    op->getPropertiesStorage(),
                                    op->getRegions(), types)))
    return failure();
  return cast<RankedTensorType>(types.front());
}

FailureOr<RankedTensorType> inferResult(CastOp op, ValueRange operands) {
  auto input = cast<RankedTensorType>(operands.front().getType());
  return input.clone(op.getType().getElementType());
}

FailureOr<RankedTensorType> inferResult(AttentionOp op, ValueRange operands) {
  if (!op.hasPureTensorSemantics())
    return failure();
  auto result = cast<RankedTensorType>(op.getResult().getType());
  auto query = cast<RankedTensorType>(operands[0].getType());
  auto key = cast<RankedTensorType>(operands[1].getType());
  auto value = cast<RankedTensorType>(operands[2].getType());
  if (failed(
          AttentionOp::verifyShapes(std::nullopt, query, key, value, result)))
    return failure();
  // `outs` fixes the type.
  if (op.getInit())
    return result;
  SmallVector<int64_t> shape(query.getShape());
  shape.back() = value.getShape().back();
  return RankedTensorType::get(mergeShapes(result.getShape(), shape),
                               result.getElementType());
}

/// Gives `op` a result type that says more, and its users the old one.
void refineResult(RewriterBase &rewriter, Operation *op,
                  RankedTensorType type) {
  Value result = op->getResult(0);
  Type old = result.getType();
  if (old == type)
    return;
  rewriter.modifyOpInPlace(op, [&] { result.setType(type); });
  rewriter.setInsertionPointAfter(op);
  auto cast = tensor::CastOp::create(rewriter, op->getLoc(), old, result);
  rewriter.replaceAllUsesExcept(result, cast, cast);
}

/// An op whose operand comes from a tensor.cast that only forgets extents uses
/// the operand of the cast.
template <typename OpTy> struct AbsorbCast : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> operands(op->getOperands());
    bool changed = false;
    for (Value &operand : operands) {
      if constexpr (std::is_same_v<OpTy, AttentionOp>)
        if (operand == op.getInit() || operand == op.getLseInit() ||
            operand == op.getMaxInit() || operand == op.getEntropyInit())
          continue;
      auto cast = operand.getDefiningOp<tensor::CastOp>();
      if (!cast || !tensor::canFoldIntoConsumerOp(cast))
        continue;
      operand = cast.getSource();
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "no operand from a cast");
    FailureOr<RankedTensorType> type = inferResult(op, operands);
    auto old = llvm::cast<RankedTensorType>(op->getResult(0).getType());
    if (failed(type) || !tensor::preservesStaticInformation(old, *type))
      return rewriter.notifyMatchFailure(op, "operands do not fit each other");
    rewriter.modifyOpInPlace(op, [&] { op->setOperands(operands); });
    refineResult(rewriter, op, *type);
    return success();
  }
};

/// The extent that a constant size gives, or an open one.
int64_t getConstantSize(Value size) {
  APInt constant;
  if (!matchPattern(size, m_ConstantInt(&constant)) || constant.isNegative())
    return ShapedType::kDynamic;
  return constant.getSExtValue();
}

/// attn.mask with constant sizes has them in its type.
struct StaticMask : OpRewritePattern<MaskOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MaskOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<int64_t> shape(op.getType().getShape());
    SmallVector<Value> open;
    ValueRange sizes = op.getSizes();
    for (int64_t &extent : shape) {
      if (!ShapedType::isDynamic(extent))
        continue;
      extent = getConstantSize(sizes.front());
      if (ShapedType::isDynamic(extent))
        open.push_back(sizes.front());
      sizes = sizes.drop_front();
    }
    if (open.size() == op.getSizes().size())
      return rewriter.notifyMatchFailure(op, "no constant size");
    rewriter.modifyOpInPlace(op, [&] { op.getSizesMutable().assign(open); });
    refineResult(rewriter, op, op.getType().clone(shape));
    return success();
  }
};

/// attn.repeat and attn.range with a constant size have it in their type.
struct StaticRepeat : OpRewritePattern<RepeatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RepeatOp op,
                                PatternRewriter &rewriter) const override {
    int64_t axis = op.getAxis(), size = getConstantSize(op.getSize());
    if (!op.getType().isDynamicDim(axis) || ShapedType::isDynamic(size))
      return rewriter.notifyMatchFailure(op, "nothing to learn");
    int64_t from = op.getInput().getType().getDimSize(axis);
    if (!ShapedType::isDynamic(from) &&
        (from == 0 ? size != 0 : size % from != 0))
      return rewriter.notifyMatchFailure(op, "the size does not fit");
    SmallVector<int64_t> shape(op.getType().getShape());
    shape[axis] = size;
    refineResult(rewriter, op, op.getType().clone(shape));
    return success();
  }
};

struct StaticRange : OpRewritePattern<RangeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RangeOp op,
                                PatternRewriter &rewriter) const override {
    int64_t size = getConstantSize(op.getSize());
    if (!op.getType().isDynamicDim(0) || ShapedType::isDynamic(size))
      return rewriter.notifyMatchFailure(op, "nothing to learn");
    refineResult(rewriter, op, op.getType().clone({size}));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Trivial operands and regions
//===----------------------------------------------------------------------===//

Value getYielded(Region &rule) {
  return cast<YieldOp>(rule.front().getTerminator()).getValue();
}

bool isMinusInfinity(Value value) {
  FloatAttr number;
  return matchPattern(value, m_Constant(&number)) &&
         number.getValue().isInfinity() && number.getValue().isNegative();
}

/// A scale of 1, a mask that allows every key, a score rule that yields the
/// score, a factor of 1 and a sink of -inf go.
struct SimplifyAttention : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    bool unitScale = op.getScale() && matchPattern(op.getScale(), m_OneFloat());
    bool fullMask =
        op.hasMask() && matchPattern(getYielded(op.getMask()), m_One());
    bool plainScore = op.hasScore() &&
                      getYielded(op.getScore()) == op.getScore().getArgument(0);
    bool unitFactor = op.hasFactor() &&
                      matchPattern(getYielded(op.getFactor()), m_OneFloat());
    bool noSink = op.getSink() && isMinusInfinity(op.getSink());
    if (!unitScale && !fullMask && !plainScore && !unitFactor && !noSink)
      return rewriter.notifyMatchFailure(op, "nothing trivial");
    rewriter.modifyOpInPlace(op, [&] {
      if (unitScale)
        op.getScaleMutable().clear();
      if (fullMask)
        rewriter.eraseBlock(&op.getMask().front());
      if (plainScore)
        rewriter.eraseBlock(&op.getScore().front());
      if (unitFactor)
        rewriter.eraseBlock(&op.getFactor().front());
      if (noSink)
        op.getSinkMutable().clear();
    });
    return success();
  }
};

/// select(not c, a, b) is select(c, b, a).
struct SelectOfNot : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SelectOp op,
                                PatternRewriter &rewriter) const override {
    auto inverted = op.getCondition().getDefiningOp<UnaryOp>();
    if (!inverted || inverted.getKind() != UnaryKind::Not)
      return rewriter.notifyMatchFailure(op, "the condition is no `not`");
    rewriter.replaceOpWithNewOp<SelectOp>(op, inverted.getInput(), op.getRhs(),
                                          op.getLhs());
    return success();
  }
};

} // namespace

void attn::populateCanonicalizationPatterns(RewritePatternSet &patterns) {
  patterns
      .add<AbsorbCast<AttentionOp>, AbsorbCast<BinaryOp>, AbsorbCast<CastOp>,
           AbsorbCast<LayerNormOp>, AbsorbCast<MatmulOp>, AbsorbCast<ReduceOp>,
           AbsorbCast<RmsNormOp>, AbsorbCast<ScoreOp>, AbsorbCast<SelectOp>,
           AbsorbCast<SoftmaxOp>, AbsorbCast<TransposeOp>, AbsorbCast<UnaryOp>,
           SelectOfNot, SimplifyAttention, StaticMask, StaticRange,
           StaticRepeat>(patterns.getContext());
}

void AttnDialect::getCanonicalizationPatterns(
    RewritePatternSet &patterns) const {
  populateCanonicalizationPatterns(patterns);
}

//===- FuseNorm.cpp - Recognises norms written out --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

#define DEBUG_TYPE "attn-fuse-norm"

namespace attn {
#define GEN_PASS_DEF_FUSENORM
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark = fusionRemark("attn-fuse-norm");

/// x * x or x ^ 2.
static Value matchSquare(Value value) {
  if (auto product = matchBinary(value, BinaryKind::Mul))
    if (product->first == product->second)
      return product->first;
  if (auto power = matchBinary(value, BinaryKind::Pow))
    if (matchConstant(power->second) == 2.0)
      return power->first;
  return {};
}

/// x / sqrt(y) in its spellings: the pair (x, y).
static std::optional<std::pair<Value, Value>> matchQuotientByRoot(Value value) {
  if (auto quotient = matchQuotient(value))
    if (Value root = matchUnary(quotient->second, UnaryKind::Sqrt))
      return std::make_pair(quotient->first, root);
  auto product = matchBinary(value, BinaryKind::Mul);
  if (!product)
    return std::nullopt;
  if (Value root = matchUnary(product->second, UnaryKind::Rsqrt))
    return std::make_pair(product->first, root);
  if (Value root = matchUnary(product->first, UnaryKind::Rsqrt))
    return std::make_pair(product->second, root);
  return std::nullopt;
}

/// A mean along the last axis.
static Value matchMean(Value value) {
  auto mean = matchAxisReduction(value, ReduceKind::Mean);
  if (!mean)
    return {};
  int64_t rank = cast<RankedTensorType>(mean->input.getType()).getRank();
  return mean->axis == rank - 1 ? mean->input : Value();
}

/// The axis' worth of numbers that a norm is multiplied with or added to:
/// `[n]`, where the norm is `[…, n]`.
static bool isPerColumn(Value operand, RankedTensorType norm) {
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  return type && type.getRank() == 1 &&
         type.getDimSize(0) == norm.getShape().back();
}

namespace {

struct FuseNorm : attn::impl::FuseNormBase<FuseNorm> {
  using Base::Base;

  void runOnOperation() override {
    // In program order: weight and bias come after the norm they belong to.
    SmallVector<BinaryOp> ops;
    getOperation().walk([&](BinaryOp op) { ops.push_back(op); });
    for (BinaryOp op : ops)
      if (!fuseNorm(op))
        fuseWeightOrBias(op);
  }

private:
  bool fuseNorm(BinaryOp op) {
    auto quotient = matchQuotientByRoot(op.getResult());
    if (!quotient)
      return false;
    auto [x, root] = *quotient;
    auto shifted = matchBinary(root, BinaryKind::Add);
    if (!shifted || x.getType() != op.getType())
      return false;
    Value uncentred;
    if (auto difference = matchBinary(x, BinaryKind::Sub))
      if (matchMean(difference->second) == difference->first)
        uncentred = difference->first;
    bool isNorm = false, isDifference = false;
    std::optional<double> epsilon;
    for (auto [variance, added] :
         {*shifted, std::pair(shifted->second, shifted->first)}) {
      Value mean = matchMean(variance);
      isNorm = mean && matchSquare(mean) == x;
      // E[x^2] - E[x]^2 in place of E[(x - E[x])^2].
      isDifference = uncentred && isVarianceOf(variance, uncentred);
      if (isNorm || isDifference) {
        epsilon = matchConstant(added);
        break;
      }
    }
    if (!isNorm && !isDifference)
      return false;
    if (!epsilon) {
      remark::missed(op.getLoc(), kRemark)
          << "norm not fused: its epsilon is no constant";
      return false;
    }
    OpBuilder builder(op);
    FloatAttr attr = builder.getF64FloatAttr(*epsilon);
    Value norm;
    if (uncentred)
      norm = LayerNormOp::create(builder, op.getLoc(), uncentred,
                                 /*weight=*/Value(), /*bias=*/Value(), attr);
    else
      norm =
          RmsNormOp::create(builder, op.getLoc(), x, /*weight=*/Value(), attr);
    op.replaceAllUsesWith(norm);
    ++numFused;
    remark::passed(op.getLoc(), kRemark)
        << (uncentred ? "layer norm recognised" : "RMS norm recognised")
        << (isDifference ? "; the variance is computed around the mean, which "
                           "rounds better than the difference of moments"
                         : "");
    return true;
  }

  static bool isVarianceOf(Value variance, Value x) {
    auto difference = matchBinary(variance, BinaryKind::Sub);
    if (!difference)
      return false;
    Value mean = matchMean(difference->first);
    Value squaredMean = matchSquare(difference->second);
    return mean && matchSquare(mean) == x && squaredMean &&
           matchMean(squaredMean) == x;
  }

  /// norm * weight, then norm + bias.
  bool fuseWeightOrBias(BinaryOp op) {
    bool isProduct = op.getKind() == BinaryKind::Mul;
    if (!isProduct && op.getKind() != BinaryKind::Add)
      return false;
    for (auto [norm, operand] :
         {std::pair(op.getLhs(), op.getRhs()), {op.getRhs(), op.getLhs()}}) {
      if (!norm.hasOneUse() || norm.getType() != op.getType() ||
          !isPerColumn(operand, cast<RankedTensorType>(norm.getType())))
        continue;
      OpBuilder builder(op);
      Value fused;
      if (auto layer = norm.getDefiningOp<LayerNormOp>()) {
        // The bias is added last.
        if (layer.getBias() || (isProduct && layer.getWeight()))
          continue;
        fused = LayerNormOp::create(builder, layer.getLoc(), layer.getInput(),
                                    isProduct ? operand : layer.getWeight(),
                                    isProduct ? Value() : operand,
                                    layer.getEpsilonAttr());
        op.replaceAllUsesWith(fused);
        op.erase();
        layer.erase();
        return true;
      }
      auto rms = norm.getDefiningOp<RmsNormOp>();
      if (!rms || !isProduct || rms.getWeight())
        continue;
      fused = RmsNormOp::create(builder, rms.getLoc(), rms.getInput(), operand,
                                rms.getEpsilonAttr());
      op.replaceAllUsesWith(fused);
      op.erase();
      rms.erase();
      return true;
    }
    return false;
  }
};

} // namespace

//===- FuseNorm.cpp - Recognises norms written out --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/Extents.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

#include <cstdio>
#include <cstdlib>

#define DEBUG_TYPE "attn-fuse-norm"

namespace attn {
#define GEN_PASS_DEF_FUSENORM
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark = fusionRemark("attn-fuse-norm");
/// Factors of one product: x, weight, and root.
static constexpr size_t kMaxFactors = 4;

/// x * x or x ^ 2.
static std::optional<Read> matchSquare(const Read &read) {
  if (auto product = matchBinary(read, BinaryKind::Mul))
    if (isSameRead(product->first, product->second))
      return skipViews(product->first);
  if (auto power = matchBinary(read, BinaryKind::Pow))
    if (matchConstant(power->second.tensor) == 2.0)
      return skipViews(power->first);
  return std::nullopt;
}

/// The y of 1 / sqrt(y), or of sqrt(y) where `isInverse` is false.
static std::optional<Read> matchRoot(const Read &read, bool isInverse) {
  if (auto power = matchBinary(read, BinaryKind::Pow))
    if (matchConstant(power->second.tensor) == (isInverse ? -0.5 : 0.5))
      return power->first;
  if (!isInverse)
    return matchUnary(read, UnaryKind::Sqrt);
  if (auto root = matchUnary(read, UnaryKind::Rsqrt))
    return root;
  if (auto quotient = matchBinary(read, BinaryKind::Div))
    if (matchConstant(quotient->first.tensor) == 1.0)
      return matchRoot(quotient->second, false);
  return std::nullopt;
}

/// A number as the shortest decimal that rounds to it, so that an epsilon of
/// 1e-5 is not 9.99999974e-06 in the wider type.
static double widenDecimal(double value, Type type) {
  if (!type.isF32())
    return value;
  char text[32];
  for (int digits = 0; digits < 9; ++digits) {
    std::snprintf(text, sizeof(text), "%.*e", digits, value);
    if (static_cast<double>(std::strtof(text, nullptr)) == value)
      return std::strtod(text, nullptr);
  }
  return value;
}

namespace {

/// A norm without weight and bias.
struct Norm {
  Value input;
  bool isCentred = false;
  /// Var(x) was written E[x^2] - E[x]^2.
  bool hasMoments = false;
  double epsilon = 0.0;
};

struct FuseNorm : attn::impl::FuseNormBase<FuseNorm> {
  using Base::Base;

  void runOnOperation() override {
    // In program order: weight and bias come after the norm they belong to.
    SmallVector<BinaryOp> ops;
    getOperation().walk([&](BinaryOp op) { ops.push_back(op); });
    SmallVector<Operation *> replaced;
    Extents extents;
    this->extents = &extents;
    for (BinaryOp op : ops) {
      Value result = fuseNorm(op);
      if (!result)
        result = fuseWeightOrBias(op);
      if (!result)
        continue;
      op.replaceAllUsesWith(result);
      replaced.push_back(op);
    }
    for (Operation *op : llvm::reverse(replaced))
      eraseDead(op);
  }

private:
  Value fuseNorm(BinaryOp op);
  Value fuseWeightOrBias(BinaryOp op);
  std::optional<Read> matchMean(const Read &read);
  bool isMeanOf(const Read &read, const Read &x);
  std::optional<Norm> matchNorm(BinaryOp op, const Read &x, const Read &root);
  bool matchVariance(const Read &variance, const Read &x, Norm &norm);

  Extents *extents = nullptr;
};

} // namespace

/// What is averaged: mean(x), sum(x) / n, sum(x) * (1 / n).
std::optional<Read> FuseNorm::matchMean(const Read &read) {
  if (auto mean = matchReduce(read, ReduceKind::Mean))
    return mean;
  auto isCount = [&](const Read &sum, Value scalar) {
    for (auto [axis, here] : llvm::enumerate(sum.index))
      if (here == Read::kReduced)
        return extents->isExtent(scalar, sum.tensor, axis);
    return false;
  };
  if (auto quotient = matchBinary(read, BinaryKind::Div))
    if (auto sum = matchReduce(quotient->first, ReduceKind::Sum);
        sum && quotient->second.isScalar() &&
        isCount(*sum, quotient->second.tensor))
      return sum;
  return std::nullopt;
}

/// Whether `read` is the mean of x along its last axis.
bool FuseNorm::isMeanOf(const Read &read, const Read &x) {
  auto mean = matchMean(read);
  return mean &&
         matchReducedAxis(x, *mean) == static_cast<int64_t>(x.index.size()) - 1;
}

/// mean(x^2), or of x = y - mean(y) the variance of y.
bool FuseNorm::matchVariance(const Read &variance, const Read &x, Norm &norm) {
  int64_t last = x.index.size() - 1;
  auto isMeanSquareOf = [&](const Read &read, const Read &of) {
    auto mean = matchMean(read);
    auto squared = mean ? matchSquare(*mean) : std::nullopt;
    return squared && matchReducedAxis(of, *squared) == last;
  };
  norm.input = x.tensor;
  auto difference = matchBinary(x, BinaryKind::Sub);
  std::optional<Read> uncentred;
  if (difference) {
    uncentred = skipViews(difference->first);
    if (!isMeanOf(difference->second, *uncentred))
      uncentred = std::nullopt;
  }
  if (uncentred) {
    norm.input = uncentred->tensor;
    norm.isCentred = true;
  }
  if (isMeanSquareOf(variance, x))
    return true;
  if (!uncentred)
    return false;
  auto moments = matchBinary(variance, BinaryKind::Sub);
  if (!moments || !isMeanSquareOf(moments->first, *uncentred))
    return false;
  auto mean = matchSquare(moments->second);
  norm.hasMoments = true;
  return mean && isMeanOf(*mean, *uncentred);
}

/// x / sqrt(mean(x^2) + epsilon).
std::optional<Norm> FuseNorm::matchNorm(BinaryOp op, const Read &x,
                                        const Read &root) {
  Norm norm;
  if (matchVariance(root, x, norm))
    return norm;
  auto shifted = matchBinary(root, BinaryKind::Add);
  if (!shifted)
    return std::nullopt;
  for (auto &[variance, added] :
       {*shifted, std::pair(shifted->second, shifted->first)}) {
    norm = Norm();
    if (!matchVariance(variance, x, norm))
      continue;
    std::optional<double> epsilon = matchConstant(added.tensor);
    if (added.isScalar() && epsilon) {
      norm.epsilon = widenDecimal(*epsilon, added.tensor.getType());
      return norm;
    }
    remark::missed(op.getLoc(), kRemark)
        << "norm not fused: its epsilon is no constant";
    return std::nullopt;
  }
  return std::nullopt;
}

/// Splits a product into its factors; of a quotient the second is inverse.
/// False if there are too many.
static bool collectFactors(const Read &read, bool isInverse,
                           SmallVectorImpl<std::pair<Read, bool>> &factors) {
  SmallVector<std::pair<Read, bool>> pending = {{read, isInverse}};
  bool isFirst = true;
  while (!pending.empty()) {
    auto [next, inverse] = pending.pop_back_val();
    std::optional<std::pair<Read, Read>> operands;
    // A root is a factor, however it is written; so is a shared square.
    bool isLeaf = !isFirst && (matchRoot(next, !inverse) || matchSquare(next));
    isFirst = false;
    if (!isLeaf && (operands = matchBinary(next, BinaryKind::Mul))) {
      pending.emplace_back(operands->second, inverse);
      pending.emplace_back(operands->first, inverse);
    } else if (!isLeaf && (operands = matchBinary(next, BinaryKind::Div))) {
      pending.emplace_back(operands->second, !inverse);
      pending.emplace_back(operands->first, inverse);
    } else {
      factors.emplace_back(next, inverse);
    }
    if (factors.size() + pending.size() > kMaxFactors)
      return false;
  }
  return true;
}

/// A number for each column: `[n]` where the norm is `[…, n]`.
static Value matchColumns(const Read &read, RankedTensorType norm) {
  Read inner = skipViews(read);
  bool isColumns = inner.index.size() == 1 &&
                   inner.index.front() == norm.getRank() - 1 &&
                   inner.getShape().front() == norm.getShape().back();
  return isColumns ? inner.tensor : Value();
}

/// x / (sqrt(mean(x^2)) + epsilon) looks like a norm, but is none.
static void reportLateEpsilon(BinaryOp op,
                              ArrayRef<std::pair<Read, bool>> factors) {
  for (const auto &[factor, isInverse] : factors) {
    auto shifted = matchBinary(factor, BinaryKind::Add);
    if (!isInverse || !shifted)
      continue;
    for (const Read &side : {shifted->first, shifted->second})
      if (auto root = matchRoot(side, false);
          root && matchReduce(*root, ReduceKind::Mean))
        remark::missed(op.getLoc(), kRemark)
            << "norm not fused: its epsilon is added after the square root";
  }
}

Value FuseNorm::fuseNorm(BinaryOp op) {
  if (op.getKind() != BinaryKind::Mul && op.getKind() != BinaryKind::Div)
    return {};
  RankedTensorType type = op.getType();
  SmallVector<std::pair<Read, bool>> factors;
  if (type.getRank() == 0 || !isa<FloatType>(type.getElementType()) ||
      !collectFactors(readWhole(op.getResult()), false, factors))
    return {};
  std::optional<Read> x, root;
  Value weight;
  for (auto &[factor, isInverse] : factors) {
    std::optional<Read> radicand = matchRoot(factor, !isInverse);
    if (radicand && !root) {
      root = radicand;
      continue;
    }
    if (isInverse)
      return {};
    if (Value columns = matchColumns(factor, type);
        columns && type.getRank() > 1 && !weight)
      weight = columns;
    else if (!x && factor.tensor.getType() == type && factor.isWhole())
      x = factor;
    else
      return {};
  }
  if (!x || !root) {
    reportLateEpsilon(op, factors);
    return {};
  }
  std::optional<Norm> norm = matchNorm(op, *x, *root);
  if (!norm || norm->input.getType() != type)
    return {};

  OpBuilder builder(op);
  FloatAttr epsilon = builder.getF64FloatAttr(norm->epsilon);
  ++numFused;
  remark::passed(op.getLoc(), kRemark)
      << (norm->isCentred ? "layer norm recognised" : "RMS norm recognised")
      << (norm->hasMoments ? "; the variance is computed around the mean, "
                             "which rounds better than the difference of "
                             "moments"
                           : "");
  if (norm->isCentred)
    return LayerNormOp::create(builder, op.getLoc(), norm->input, weight,
                               /*bias=*/Value(), epsilon);
  return RmsNormOp::create(builder, op.getLoc(), norm->input, weight, epsilon);
}

/// norm * weight, then norm + bias.
Value FuseNorm::fuseWeightOrBias(BinaryOp op) {
  bool isProduct = op.getKind() == BinaryKind::Mul;
  if (!isProduct && op.getKind() != BinaryKind::Add)
    return {};
  for (auto [norm, operand] :
       {std::pair(op.getLhs(), op.getRhs()), {op.getRhs(), op.getLhs()}}) {
    if (norm.getType() != op.getType() || !norm.hasOneUse())
      continue;
    Value columns = matchColumns(
        readOperand(readWhole(op.getResult()), operand), op.getType());
    if (!columns)
      continue;
    OpBuilder builder(op);
    if (auto layer = norm.getDefiningOp<LayerNormOp>()) {
      // The bias is added last.
      if (layer.getBias() || (isProduct && layer.getWeight()))
        continue;
      return LayerNormOp::create(builder, layer.getLoc(), layer.getInput(),
                                 isProduct ? columns : layer.getWeight(),
                                 isProduct ? Value() : columns,
                                 layer.getEpsilonAttr());
    }
    auto rms = norm.getDefiningOp<RmsNormOp>();
    if (rms && isProduct && !rms.getWeight())
      return RmsNormOp::create(builder, rms.getLoc(), rms.getInput(), columns,
                               rms.getEpsilonAttr());
  }
  return {};
}

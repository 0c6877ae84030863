//===- RaiseLinearAttention.cpp - Sums without a softmax --------*- C++ -*-===//
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
#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#define DEBUG_TYPE "attn-raise-linear-attention"

namespace attn {
#define GEN_PASS_DEF_RAISELINEARATTENTION
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark =
    fusionRemark("attn-raise-linear-attention");

/// Whether a mask is `k <= q`, or `k > q` where `negated`.
static bool isCausal(MaskOp op, bool negated) {
  Block &rule = op.getRule().front();
  auto yield = cast<YieldOp>(rule.getTerminator());
  auto compare = yield.getValue().getDefiningOp<arith::CmpIOp>();
  if (!compare)
    return false;
  arith::CmpIPredicate predicate = compare.getPredicate();
  if (negated)
    predicate = arith::invertPredicate(predicate);
  Value lhs = compare.getLhs(), rhs = compare.getRhs();
  if (predicate == arith::CmpIPredicate::sge)
    std::swap(lhs, rhs);
  else if (predicate != arith::CmpIPredicate::sle)
    return false;
  return lhs == rule.getArgument(3) && rhs == rule.getArgument(2);
}

namespace {

/// where(causal, factors(query @ key'), 0).
struct Weights {
  SelectOp op;
  MatmulOp product;
  /// Products and quotients with scalars, outermost first.
  SmallVector<BinaryOp> factors;
};

struct RaiseLinearAttention
    : attn::impl::RaiseLinearAttentionBase<RaiseLinearAttention> {
  using Base::Base;

  void runOnOperation() override {
    resolveDims(getOperation());
    SmallVector<SelectOp> ops;
    getOperation().walk([&](SelectOp op) { ops.push_back(op); });
    SmallVector<Operation *> replaced;
    for (SelectOp op : ops) {
      std::optional<Weights> weights = matchWeights(op);
      if (!weights)
        continue;
      std::string obstacle = findObstacle(*weights);
      if (!obstacle.empty()) {
        remark::missed(op.getLoc(), kRemark)
            << "linear attention not recognised: " + obstacle;
        continue;
      }
      for (Operation *user : llvm::to_vector(op->getUsers())) {
        raise(*weights, user);
        replaced.push_back(user);
      }
      ++numRaised;
      remark::passed(op.getLoc(), kRemark)
          << "products around a causal mask became linear attention";
    }
    for (Operation *op : llvm::reverse(replaced))
      eraseDead(op);
  }

private:
  std::optional<Weights> matchWeights(SelectOp op);
  std::string findObstacle(const Weights &weights);
  void raise(const Weights &weights, Operation *user);
  Value emitScale(OpBuilder &builder, const Weights &weights);
  bool haveEqualExtents(Value lhs, Value rhs, int64_t count);

  Extents extents;
};

} // namespace

std::optional<Weights> RaiseLinearAttention::matchWeights(SelectOp op) {
  auto mask = op.getCondition().getDefiningOp<MaskOp>();
  Value scores = op.getLhs(), other = op.getRhs();
  bool negated = matchConstant(scores) == 0.0;
  if (negated)
    std::swap(scores, other);
  if (!mask || !isCausal(mask, negated) || matchConstant(other) != 0.0)
    return std::nullopt;
  Weights weights;
  weights.op = op;
  while (auto factor = scores.getDefiningOp<BinaryOp>()) {
    bool isQuotient = factor.getKind() == BinaryKind::Div;
    if (!isQuotient && factor.getKind() != BinaryKind::Mul)
      return std::nullopt;
    bool scalarLhs = !isa<RankedTensorType>(factor.getLhs().getType());
    bool scalarRhs = !isa<RankedTensorType>(factor.getRhs().getType());
    if (scalarLhs == scalarRhs || (scalarLhs && isQuotient))
      return std::nullopt;
    weights.factors.push_back(factor);
    scores = scalarLhs ? factor.getRhs() : factor.getLhs();
  }
  weights.product = scores.getDefiningOp<MatmulOp>();
  if (!weights.product || scores.getType() != op.getType() || op->use_empty())
    return std::nullopt;
  return weights;
}

/// Whether the first `count` axes of two tensors of one rank are equal in every
/// run.
bool RaiseLinearAttention::haveEqualExtents(Value lhs, Value rhs,
                                            int64_t count) {
  auto type = cast<RankedTensorType>(lhs.getType());
  if (type.getRank() != cast<RankedTensorType>(rhs.getType()).getRank())
    return false;
  return llvm::all_of(llvm::seq(count), [&](int64_t axis) {
    return extents.areEqual(lhs, axis, rhs, axis);
  });
}

/// What stands against it, in words; nothing if all is well.
std::string RaiseLinearAttention::findObstacle(const Weights &weights) {
  MatmulOp product = weights.product;
  SelectOp op = weights.op;
  Value query = product.getLhs(), keys = product.getRhs();
  int64_t rank = product.getType().getRank();
  if (!haveEqualExtents(query, keys, rank - 2))
    return "queries and keys have different batches or heads";
  if (!extents.areEqual(product, rank - 2, product, rank - 1))
    return "there are not as many queries as keys";
  for (OpOperand &use : op->getUses()) {
    Operation *user = use.getOwner();
    std::string place = describePlace(user->getLoc());
    if (auto output = dyn_cast<MatmulOp>(user)) {
      if (use.getOperandNumber() != 0 || output.getLhs() == output.getRhs())
        return "the weights are the right side of the product at " + place;
      if (!haveEqualExtents(op, output.getRhs(), rank - 2))
        return "weights and values have different batches or heads at " + place;
      continue;
    }
    auto sum = dyn_cast<ReduceOp>(user);
    if (!sum || sum.getKind() != ReduceKind::Sum ||
        sum.getAxes() != ArrayRef<int64_t>{rank - 1})
      return "the weights have another use at " + place;
  }
  return "";
}

/// All factors of the weights as one; null for 1.
Value RaiseLinearAttention::emitScale(OpBuilder &builder,
                                      const Weights &weights) {
  SelectOp op = weights.op;
  Type type = getAccumulatorType(op.getType().getElementType());
  Value scale;
  for (BinaryOp factor : weights.factors) {
    Location loc = factor.getLoc();
    bool scalarLhs = !isa<RankedTensorType>(factor.getLhs().getType());
    Value number = emitCast(
        builder, loc, scalarLhs ? factor.getLhs() : factor.getRhs(), type);
    if (factor.getKind() == BinaryKind::Div) {
      Value one = arith::ConstantOp::create(builder, loc,
                                            builder.getFloatAttr(type, 1.0));
      number = arith::DivFOp::create(builder, loc, one, number);
    }
    scale = scale ? arith::MulFOp::create(builder, loc, scale, number) : number;
  }
  return scale;
}

/// Replaces a product of the weights with values, or a sum of the weights,
/// which is their product with ones.
void RaiseLinearAttention::raise(const Weights &weights, Operation *user) {
  OpBuilder builder(user);
  Location loc = user->getLoc();
  MatmulOp product = weights.product;
  SelectOp op = weights.op;
  int64_t rank = product.getType().getRank();
  auto swapped = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(swapped[rank - 1], swapped[rank - 2]);
  Value key =
      TransposeOp::create(builder, product.getLoc(), product.getRhs(), swapped);
  auto output = dyn_cast<MatmulOp>(user);
  Value value = output ? output.getRhs() : emitOnesColumn(builder, loc, key);

  Value scale = emitScale(builder, weights);
  auto valueType = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(op.getType().getShape());
  shape.back() = valueType.getShape().back();
  Value result = LinearAttentionOp::create(builder, loc, valueType.clone(shape),
                                           product.getLhs(), key, value, scale,
                                           /*causal=*/true,
                                           /*decay=*/Value(), /*state=*/Value(),
                                           /*inits=*/ValueRange())
                     .getResult(0);
  auto sum = dyn_cast<ReduceOp>(user);
  if (sum && !sum.getKeep()) {
    SmallVector<ReassociationIndices> groups(rank - 1);
    for (int64_t axis = 0; axis < rank - 1; ++axis)
      groups[axis] = {axis};
    groups.back().push_back(rank - 1);
    result = tensor::CollapseShapeOp::create(builder, loc, result, groups);
  }
  Type type = user->getResult(0).getType();
  if (result.getType() != type)
    result = tensor::CastOp::create(builder, loc, type, result);
  user->getResult(0).replaceAllUsesWith(result);
}

//===- DistributeProducts.cpp - Sums of weights, sums of scores -*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/FuseAttention.h"
#include "passes/Passes.h"
#include "passes/utils/Extents.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Pairs.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/PointerIntPair.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "attn-distribute-products"

namespace attn {
#define GEN_PASS_DEF_DISTRIBUTEPRODUCTS
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark =
    fusionRemark("attn-distribute-products");

namespace {

/// A product of queries and keys in a sum, with its factors.
struct ScoreProduct {
  MatmulOp product;
  /// Outermost first.
  SmallVector<BinaryOp> factors;
  bool isNegative = false;
};

/// A term of a sum that is no such product.
struct OtherTerm {
  Value value;
  bool isNegative = false;
};

/// How a factor of weights is stretched over them.
enum class Stretch { None, Row, Key };

struct DistributeProducts
    : attn::impl::DistributeProductsBase<DistributeProducts> {
  using Base::Base;

  void runOnOperation() override;

private:
  bool isSum(Value value);
  bool feedsWeights(BinaryOp sum);
  void splitSum(Value value, bool isNegative,
                SmallVectorImpl<ScoreProduct> &products,
                SmallVectorImpl<OtherTerm> &others);
  std::optional<ScoreProduct> matchProduct(Value value);
  bool haveEqualExtents(Value lhs, Value rhs, int64_t first);
  bool canJoin(ArrayRef<Value> sides, int64_t joined);
  Value emitJoin(OpBuilder &builder, Location loc, ArrayRef<Value> sides);
  void joinScores(BinaryOp sum);

  Stretch getStretch(Value factor, Value weights);
  bool holdsSoftmax(Value weights);
  bool isWholeSum(BinaryOp op);
  bool distribute(MatmulOp output);

  const Pairs *pairs = nullptr;
  Extents extents;
  /// Products that still have to be looked at.
  SmallVector<MatmulOp> pending;
};

} // namespace

static bool isSumOrDifference(BinaryOp op) {
  return op &&
         (op.getKind() == BinaryKind::Add || op.getKind() == BinaryKind::Sub);
}

/// Whether axes from `first` on have equal extents in two tensors of one rank.
bool DistributeProducts::haveEqualExtents(Value lhs, Value rhs, int64_t first) {
  auto left = dyn_cast<RankedTensorType>(lhs.getType());
  auto right = dyn_cast<RankedTensorType>(rhs.getType());
  return left && right && left.getRank() == right.getRank() &&
         left.getElementType() == right.getElementType() &&
         llvm::all_of(llvm::seq(first, left.getRank()), [&](int64_t axis) {
           return extents.areEqual(lhs, axis, rhs, axis);
         });
}

//===----------------------------------------------------------------------===//
// Sums of scores
//===----------------------------------------------------------------------===//

/// Whether a value is a sum of pairs that nothing else uses.
bool DistributeProducts::isSum(Value value) {
  return value.hasOneUse() && pairs->get(value) &&
         isSumOrDifference(value.getDefiningOp<BinaryOp>());
}

/// Whether weights that a product sums up are made of the scores: what is
/// joined for anything else would only be slower. Without batches or a softmax
/// it may well be a layer.
bool DistributeProducts::feedsWeights(BinaryOp sum) {
  bool hasBatches = sum.getType().getRank() > 2;
  llvm::SetVector<llvm::PointerIntPair<Value, 1, bool>> values;
  values.insert({sum.getResult(), hasBatches});
  for (size_t i = 0; i < values.size(); ++i) {
    bool isScore = values[i].getInt();
    for (Operation *user : values[i].getPointer().getUsers()) {
      if (isa<MatmulOp>(user) && isScore)
        return true;
      if (isa<UnaryOp, BinaryOp, SelectOp, CastOp, ScoreOp, SoftmaxOp>(user) &&
          pairs->get(user->getResult(0)))
        values.insert({user->getResult(0), isScore || isa<SoftmaxOp>(user)});
    }
  }
  return false;
}

/// A product of the dialect's pairs, times scalars, that nothing else uses.
std::optional<ScoreProduct> DistributeProducts::matchProduct(Value value) {
  ScoreProduct result;
  while (value.hasOneUse()) {
    if (auto product = value.getDefiningOp<MatmulOp>()) {
      std::optional<PairAxes> axes = pairs->get(value);
      if (!axes || axes->source != product)
        return std::nullopt;
      result.product = product;
      return result;
    }
    auto factor = value.getDefiningOp<BinaryOp>();
    Value scalar = factor ? getScalarFactor(factor) : Value();
    if (!scalar)
      return std::nullopt;
    result.factors.push_back(factor);
    value = scalar == factor.getLhs() ? factor.getRhs() : factor.getLhs();
  }
  return std::nullopt;
}

void DistributeProducts::splitSum(Value value, bool isNegative,
                                  SmallVectorImpl<ScoreProduct> &products,
                                  SmallVectorImpl<OtherTerm> &others) {
  SmallVector<OtherTerm> terms = {{value, isNegative}};
  while (!terms.empty()) {
    OtherTerm term = terms.pop_back_val();
    auto sum = term.value.getDefiningOp<BinaryOp>();
    if (term.value == value || isSum(term.value)) {
      bool isDifference = sum.getKind() == BinaryKind::Sub;
      terms.push_back({sum.getRhs(), term.isNegative != isDifference});
      terms.push_back({sum.getLhs(), term.isNegative});
      continue;
    }
    std::optional<ScoreProduct> product = matchProduct(term.value);
    // Only products of all batches, queries and keys that the sum has.
    if (product && haveEqualExtents(product->product, value, 0)) {
      product->isNegative = term.isNegative;
      products.push_back(*product);
    } else {
      others.push_back(term);
    }
  }
}

/// Whether sides of products can stand behind each other along the axis
/// `joined`: their other extents are equal or 1.
bool DistributeProducts::canJoin(ArrayRef<Value> sides, int64_t joined) {
  auto first = cast<RankedTensorType>(sides.front().getType());
  for (Value side : sides.drop_front()) {
    auto type = cast<RankedTensorType>(side.getType());
    if (type.getRank() != first.getRank() ||
        type.getElementType() != first.getElementType())
      return false;
    for (int64_t axis = 0; axis < type.getRank(); ++axis)
      if (axis != joined && first.getDimSize(axis) != 1 &&
          type.getDimSize(axis) != 1 &&
          !extents.areEqual(sides.front(), axis, side, axis))
        return false;
  }
  return true;
}

/// The sides one behind the other, repeated where others have more batches.
Value DistributeProducts::emitJoin(OpBuilder &builder, Location loc,
                                   ArrayRef<Value> sides) {
  SmallVector<Value> parts(sides);
  int64_t rank = cast<RankedTensorType>(sides.front().getType()).getRank();
  for (int64_t axis = 0; axis < rank - 1; ++axis) {
    auto isOne = [&](Value part) {
      return cast<RankedTensorType>(part.getType()).getDimSize(axis) == 1;
    };
    auto *whole = llvm::find_if_not(parts, isOne);
    if (whole == parts.end())
      continue;
    int64_t extent = cast<RankedTensorType>(whole->getType()).getDimSize(axis);
    Value size = emitExtent(builder, loc, *whole, axis);
    for (Value &part : parts) {
      if (!isOne(part))
        continue;
      auto type = cast<RankedTensorType>(part.getType());
      SmallVector<int64_t> shape(type.getShape());
      shape[axis] = extent;
      part =
          RepeatOp::create(builder, loc, type.clone(shape), part, axis, size);
    }
  }
  auto type = tensor::ConcatOp::inferResultType(
      rank - 1, ValueRange(ArrayRef<Value>(parts)).getTypes());
  return tensor::ConcatOp::create(builder, loc, type, rank - 1, parts);
}

static Value emitSwapped(OpBuilder &builder, Location loc, Value tensor) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  auto swapped = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(swapped[rank - 1], swapped[rank - 2]);
  auto transpose = tensor.getDefiningOp<TransposeOp>();
  if (transpose && transpose.getPermutation() == ArrayRef<int64_t>(swapped))
    return transpose.getInput();
  return TransposeOp::create(builder, loc, tensor, swapped);
}

/// q1 @ k1' + q2 @ k2' is the product of the sides joined.
void DistributeProducts::joinScores(BinaryOp sum) {
  SmallVector<ScoreProduct> products;
  SmallVector<OtherTerm> others;
  splitSum(sum.getResult(), /*isNegative=*/false, products, others);
  if (products.size() < 2 || !feedsWeights(sum))
    return;
  SmallVector<Value> queries, keys;
  OpBuilder builder(sum);
  bool isNarrow = sum.getType().getElementType().getIntOrFloatBitWidth() < 32;
  for (ScoreProduct &term : products) {
    // A factor would round the queries once more.
    if (isNarrow && !term.factors.empty())
      return;
    queries.push_back(term.product.getLhs());
    keys.push_back(term.product.getRhs());
  }
  int64_t rank = sum.getType().getRank();
  if (!canJoin(queries, rank - 1) || !canJoin(keys, rank - 2))
    return;
  Location loc = products.front().product.getLoc();
  for (Value &key : keys)
    key = emitSwapped(builder, loc, key);
  for (auto [term, query] : llvm::zip_equal(products, queries)) {
    for (BinaryOp factor : llvm::reverse(term.factors))
      query = BinaryOp::create(builder, factor.getLoc(), factor.getKind(),
                               query, getScalarFactor(factor));
    if (term.isNegative)
      query = UnaryOp::create(builder, term.product.getLoc(), UnaryKind::Neg,
                              query);
  }
  Value key = emitSwapped(builder, loc, emitJoin(builder, loc, keys));
  Value result =
      MatmulOp::create(builder, loc, emitJoin(builder, loc, queries), key);
  for (OtherTerm &term : others)
    result =
        BinaryOp::create(builder, sum.getLoc(),
                         term.isNegative ? BinaryKind::Sub : BinaryKind::Add,
                         result, term.value);
  if (result.getType() != sum.getType())
    result = tensor::CastOp::create(builder, loc, sum.getType(), result);
  remark::passed(sum.getLoc(), kRemark)
      << "a sum of " << std::to_string(products.size())
      << " products of queries and keys became one product";
  ++numJoined;
  sum.replaceAllUsesWith(result);
}

//===----------------------------------------------------------------------===//
// Sums of weights
//===----------------------------------------------------------------------===//

/// How a factor is stretched over weights; nothing for one that has an element
/// for each of them.
Stretch DistributeProducts::getStretch(Value factor, Value weights) {
  auto type = dyn_cast<RankedTensorType>(factor.getType());
  int64_t rank = cast<RankedTensorType>(weights.getType()).getRank();
  if (!type || type.getRank() == 0)
    return Stretch::Row;
  if (type.getRank() > rank)
    return Stretch::None;
  if (type.getShape().back() == 1)
    return Stretch::Row;
  bool isKey = type.getRank() > 1 && type.getShape()[type.getRank() - 2] == 1 &&
               extents.areEqual(factor, type.getRank() - 1, weights, rank - 1);
  return isKey ? Stretch::Key : Stretch::None;
}

/// The weights in a product or quotient with a factor, and the factor.
static std::pair<Value, Value> splitFactor(BinaryOp op, const Pairs &pairs) {
  bool isQuotient = op.getKind() == BinaryKind::Div;
  if (!isQuotient && op.getKind() != BinaryKind::Mul)
    return {};
  if (pairs.get(op.getLhs()) && !pairs.get(op.getRhs()))
    return {op.getLhs(), op.getRhs()};
  if (!isQuotient && pairs.get(op.getRhs()) && !pairs.get(op.getLhs()))
    return {op.getRhs(), op.getLhs()};
  return {};
}

/// Whether a softmax of a product is a part of the weights, by sums and factors
/// that nothing else uses: attention can stand around it.
bool DistributeProducts::holdsSoftmax(Value weights) {
  SmallVector<Value> parts = {weights};
  while (!parts.empty()) {
    Value part = parts.pop_back_val();
    if (!part.hasOneUse())
      continue;
    if (auto softmax = part.getDefiningOp<SoftmaxOp>()) {
      std::optional<PairAxes> axes = pairs->get(softmax.getInput());
      int64_t rank = softmax.getType().getRank();
      if (axes && isa<MatmulOp>(axes->source) &&
          static_cast<int64_t>(softmax.getAxis()) == rank - 1)
        return true;
      continue;
    }
    auto binary = part.getDefiningOp<BinaryOp>();
    if (!binary)
      continue;
    if (isWholeSum(binary)) {
      parts.push_back(binary.getLhs());
      parts.push_back(binary.getRhs());
      continue;
    }
    auto [inner, factor] = splitFactor(binary, *pairs);
    if (inner && haveEqualExtents(inner, part, 0) &&
        getStretch(factor, inner) != Stretch::None)
      parts.push_back(inner);
  }
  return false;
}

/// Whether both sides of a sum or difference have all of its elements.
bool DistributeProducts::isWholeSum(BinaryOp op) {
  return isSumOrDifference(op) &&
         haveEqualExtents(op.getLhs(), op.getResult(), 0) &&
         haveEqualExtents(op.getRhs(), op.getResult(), 0);
}

/// Takes one sum or factor of the weights out of a product with values.
bool DistributeProducts::distribute(MatmulOp output) {
  Value weights = output.getLhs(), values = output.getRhs();
  auto op = weights.getDefiningOp<BinaryOp>();
  std::optional<PairAxes> axes = pairs->get(weights);
  auto type = output.getLhs().getType();
  if (!op || !axes || !axes->has(type.getRank() - 1) || !weights.hasOneUse() ||
      op->getBlock() != output->getBlock())
    return false;
  OpBuilder builder(output);
  Location loc = output.getLoc();
  auto multiply = [&](Value left, Value right) -> Value {
    auto product = MatmulOp::create(builder, loc, left, right);
    pending.push_back(product);
    return product;
  };
  auto replace = [&](Value result) {
    if (result.getType() != output.getType())
      result = tensor::CastOp::create(builder, loc, output.getType(), result);
    output.replaceAllUsesWith(result);
    output.erase();
    eraseDead(op);
    ++numDistributed;
    return true;
  };
  if (isSumOrDifference(op))
    return isWholeSum(op) && holdsSoftmax(weights) &&
           replace(BinaryOp::create(builder, op.getLoc(), op.getKind(),
                                    multiply(op.getLhs(), values),
                                    multiply(op.getRhs(), values)));
  auto [inner, factor] = splitFactor(op, *pairs);
  if (!inner || !haveEqualExtents(inner, weights, 0))
    return false;
  switch (getStretch(factor, weights)) {
  case Stretch::None:
    return false;
  case Stretch::Row:
    // Scalars that nothing else stands behind stay: attention has them.
    if (!isa<RankedTensorType>(factor.getType()) &&
        !isa_and_nonnull<BinaryOp>(inner.getDefiningOp()))
      return false;
    return replace(BinaryOp::create(builder, op.getLoc(), op.getKind(),
                                    multiply(inner, values), factor));
  case Stretch::Key:
    if (!holdsSoftmax(inner))
      return false;
    return replace(multiply(
        inner, BinaryOp::create(builder, op.getLoc(), op.getKind(), values,
                                emitSwapped(builder, op.getLoc(), factor))));
  }
  llvm_unreachable("all ways to stretch handled");
}

void DistributeProducts::runOnOperation() {
  resolveDims(getOperation());
  extents = Extents();
  {
    Pairs found(getOperation());
    pairs = &found;
    SmallVector<BinaryOp> sums;
    getOperation().walk([&](BinaryOp op) {
      // The outermost of a sum speaks for all of it.
      bool isPart = isSum(op.getResult()) &&
                    isSumOrDifference(dyn_cast<BinaryOp>(*op->user_begin()));
      if (isSumOrDifference(op) && pairs->get(op.getResult()) && !isPart)
        sums.push_back(op);
    });
    for (BinaryOp sum : sums)
      joinScores(sum);
    for (BinaryOp sum : sums)
      eraseDead(sum);
  }
  Pairs found(getOperation());
  pairs = &found;
  getOperation().walk([&](MatmulOp op) { pending.push_back(op); });
  while (!pending.empty()) {
    MatmulOp output = pending.pop_back_val();
    Location place = output.getLoc();
    if (distribute(output))
      remark::passed(place, kRemark)
          << "a product with a sum or a multiple of weights became products "
             "with the weights";
  }
}

//===- FuseLinearAttention.cpp - Feature maps and normalisers ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/ElementAt.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "attn-fuse-linear-attention"

namespace attn {
#define GEN_PASS_DEF_FUSELINEARATTENTION
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark =
    fusionRemark("attn-fuse-linear-attention");

/// More ops than a feature map or a normaliser has.
static constexpr size_t kMaxOps = 32;

//===----------------------------------------------------------------------===//
// Sums of weights
//===----------------------------------------------------------------------===//

/// The number that every element of a tensor is, if that is known.
static std::optional<double> matchUniform(Value root) {
  SmallVector<Value> values = {root};
  // The place of an op's first operand in the list, the others follow.
  SmallVector<size_t> sources;
  for (size_t i = 0; i < values.size(); ++i) {
    Operation *op = values[i].getDefiningOp();
    sources.push_back(values.size());
    bool isKnown =
        op && isa<ShapedType>(values[i].getType()) &&
        isa<BinaryOp, CastOp, RepeatOp, TransposeOp, tensor::CastOp,
            tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::SplatOp>(
            op);
    if (isKnown && values.size() < kMaxOps)
      llvm::append_range(
          values, op->getOperands().take_front(isa<BinaryOp>(op) ? 2 : 1));
  }
  SmallVector<std::optional<double>> numbers(values.size());
  for (size_t i = values.size(); i-- > 0;) {
    std::optional<double> &number = numbers[i];
    if (!isa<ShapedType>(values[i].getType())) {
      number = matchConstant(values[i]);
      continue;
    }
    size_t end = i + 1 < values.size() ? sources[i + 1] : values.size();
    if (sources[i] == end)
      continue;
    std::optional<double> lhs = numbers[sources[i]];
    auto binary = values[i].getDefiningOp<BinaryOp>();
    if (!binary) {
      number = lhs;
      continue;
    }
    std::optional<double> rhs = numbers[sources[i] + 1];
    bool isInteger = isa<IntegerType>(binary.getType().getElementType());
    if (binary.getKind() == BinaryKind::Add && lhs && rhs)
      number = *lhs + *rhs;
    else if (binary.getKind() == BinaryKind::Mul && isInteger &&
             (lhs == 0.0 || rhs == 0.0))
      number = 0.0;
  }
  return numbers.front();
}

/// Whether `read` is the sum of the weights of each row of `op`, as one more
/// attention whose values are 1.
static bool isAttentionToOnes(LinearAttentionOp op, const Read &read) {
  auto other = read.tensor.getDefiningOp<LinearAttentionOp>();
  if (!other || other == op || other.getNumResults() != 1)
    return false;
  ArrayRef<int64_t> shape = read.getShape();
  return shape.back() == 1 && read.isWhole() &&
         other.getQuery() == op.getQuery() && other.getKey() == op.getKey() &&
         other.getScale() == op.getScale() &&
         other.getCausal() == op.getCausal() &&
         other.getDecay() == op.getDecay() && !other.getState() &&
         llvm::all_of(other->getRegions(),
                      [](Region &region) { return region.empty(); }) &&
         matchUniform(other.getValue()) == 1.0;
}

/// The same as the product of each query with the sum of all keys.
static bool isProductWithSum(LinearAttentionOp op, const Read &read) {
  int64_t rank = op.getQueryType().getRank();
  auto total = read.tensor.getDefiningOp<ReduceOp>();
  if (op.getCausal() || op.getScale() || !total ||
      total.getKind() != ReduceKind::Sum ||
      total.getAxes() != ArrayRef<int64_t>{rank - 1})
    return false;
  for (auto [axis, place] : llvm::enumerate(read.index))
    if (place != static_cast<int64_t>(axis) && read.getShape()[axis] != 1)
      return false;
  auto product = total.getInput().getDefiningOp<BinaryOp>();
  if (!product || product.getKind() != BinaryKind::Mul ||
      total.getInput().getType().getRank() != rank)
    return false;
  Value sums = product.getRhs();
  if (product.getLhs() != op.getQuery()) {
    sums = product.getLhs();
    if (product.getRhs() != op.getQuery())
      return false;
  }
  if (auto repeat = sums.getDefiningOp<RepeatOp>();
      repeat && rank == 4 && repeat.getAxis() == 1)
    sums = repeat.getInput();
  auto keys = sums.getDefiningOp<ReduceOp>();
  return keys && keys.getKind() == ReduceKind::Sum && keys.getKeep() &&
         keys.getAxes() == ArrayRef<int64_t>{rank - 2} &&
         keys.getInput() == op.getKey();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static bool isElementwise(Operation *op) {
  return isa<UnaryOp, BinaryOp, SelectOp>(op);
}

/// A region of `op` over [y, total] or [x] and the indices.
static Block *createRegion(OpBuilder &builder, LinearAttentionOp op,
                           Region &region, unsigned numElements) {
  SmallVector<Type> types(numElements, op.getAccumulatorType());
  types.append(4, builder.getIndexType());
  return builder.createBlock(&region, {}, types,
                             SmallVector<Location>(types.size(), op.getLoc()));
}

/// The indices of a region for the axes of an operand.
static SmallVector<Value> getPositions(LinearAttentionOp op, Block *body) {
  int64_t rank = op.getQueryType().getRank();
  SmallVector<Value> positions(rank);
  auto indices = body->getArguments().take_back(4);
  for (unsigned index = 0; index < 4; ++index)
    if (std::optional<unsigned> axis = getRuleAxis(index, rank))
      positions[*axis] = indices[index];
  return positions;
}

namespace {

/// What follows an attention elementwise.
struct Tail {
  /// From the attention's result on, each the only user of the one before.
  SmallVector<Operation *> ops;
  /// Where the sum of the weights is read, if it is.
  std::optional<Read> total;
  /// The tail, and what is computed from the sum.
  DenseSet<Operation *> inside;
};

/// What makes an operand elementwise of a tensor of its shape.
struct FeatureMap {
  Read base;
  DenseSet<Operation *> inside;
};

struct FuseLinearAttention
    : attn::impl::FuseLinearAttentionBase<FuseLinearAttention> {
  using Base::Base;

  void runOnOperation() override {
    // Sums that are no longer needed go when all tails are known.
    SmallVector<Operation *> replaced;
    for (LinearAttentionOp op : collect())
      if (Operation *last = fuseTail(op))
        replaced.push_back(last);
    for (Operation *last : replaced)
      eraseDead(last);
    for (LinearAttentionOp op : collect())
      fuseMaps(op);
  }

private:
  SmallVector<LinearAttentionOp> collect() {
    SmallVector<LinearAttentionOp> ops;
    getOperation().walk([&](LinearAttentionOp op) {
      if (op.hasPureTensorSemantics())
        ops.push_back(op);
    });
    return ops;
  }

  /// The op that the fused one replaces, if there is any.
  Operation *fuseTail(LinearAttentionOp op);
  void fuseMaps(LinearAttentionOp op);
};

} // namespace

/// What is computed from the sum of weights, where all of it goes into the
/// tail.
static bool collectFromTotal(const Read &total, Tail &tail) {
  llvm::SetVector<Operation *> pending;
  pending.insert_range(total.tensor.getUsers());
  for (size_t i = 0; i < pending.size(); ++i) {
    Operation *op = pending[i];
    if (llvm::is_contained(tail.ops, op))
      continue;
    bool isInside = isElementwise(op) || isa<CastOp>(op) ||
                    (op->getNumResults() == 1 &&
                     readThroughView(readWhole(op->getResult(0))));
    if (!isInside || pending.size() > kMaxOps)
      return false;
    pending.insert_range(op->getUsers());
  }
  tail.inside.insert(pending.begin(), pending.end());
  tail.total = total;
  return true;
}

static Tail findTail(LinearAttentionOp op) {
  Tail tail;
  Value result = op->getResult(0);
  while (result.hasOneUse() && tail.ops.size() < kMaxOps) {
    Operation *user = *result.getUsers().begin();
    if (!isElementwise(user) || user->getBlock() != op->getBlock() ||
        user->getResult(0).getType() != result.getType())
      break;
    tail.ops.push_back(user);
    result = user->getResult(0);
  }
  tail.inside.insert(tail.ops.begin(), tail.ops.end());
  SmallVector<Read> pending;
  if (!tail.ops.empty())
    pending.push_back(readWhole(result));
  for (size_t i = 0; i < pending.size() && i < kMaxOps; ++i) {
    Read read = pending[i];
    if (read.isScalar() || read.tensor == op->getResult(0))
      continue;
    if (isAttentionToOnes(op, read) || isProductWithSum(op, read)) {
      if (collectFromTotal(read, tail))
        break;
      continue;
    }
    if (std::optional<SmallVector<Read, 3>> sources = getSources(read))
      llvm::append_range(pending, *sources);
  }
  return tail;
}

Operation *FuseLinearAttention::fuseTail(LinearAttentionOp op) {
  if (op.getNumResults() != 1 || !op.getOutput().empty())
    return nullptr;
  Tail tail = findTail(op);
  // What others have in their tails is not used any more.
  if (tail.ops.empty() || tail.ops.back()->use_empty())
    return nullptr;
  Operation *last = tail.ops.back();
  OpBuilder builder(op->getContext());
  builder.setInsertionPointAfter(last);
  auto fused =
      cast<LinearAttentionOp>(builder.insert(op->cloneWithoutRegions()));
  Location loc = last->getLoc();
  fused->setLoc(loc);
  for (auto [to, from] : llvm::zip_equal(fused->getRegions(), op->getRegions()))
    to.takeBody(from);

  Block *body = createRegion(builder, fused, fused.getOutput(), 2);
  SmallVector<Value> positions = getPositions(fused, body);
  ElementEmitter emitter(builder, positions, fused.getAccumulatorType(),
                         tail.inside);
  emitter.define(readWhole(op->getResult(0)), body->getArgument(0));
  if (tail.total)
    emitter.define(*tail.total, body->getArgument(1));
  YieldOp::create(
      builder, loc,
      emitter.widen(loc, emitter.emit(readWhole(last->getResult(0)))));

  last->getResult(0).replaceAllUsesWith(fused->getResult(0));
  ++numFused;
  remark::passed(loc, kRemark)
      << (tail.total ? "linear attention fused with its normaliser"
                     : "linear attention fused with what follows it");
  return last;
}

/// The elementwise ops that `operand` is computed with and nothing else needs.
static std::optional<FeatureMap> findMap(LinearAttentionOp op, Value operand) {
  Operation *last = operand.getDefiningOp();
  auto type = cast<RankedTensorType>(operand.getType());
  if (!last || !isElementwise(last) || last->getBlock() != op->getBlock() ||
      llvm::any_of(operand.getUsers(),
                   [&](Operation *user) { return user != op; }))
    return std::nullopt;
  FeatureMap map;
  map.inside.insert(last);
  SmallVector<Read> pending = {readWhole(operand)};
  // Ops are looked at again after each of their users.
  for (size_t i = 0; i < pending.size() && i < 4 * kMaxOps; ++i) {
    Operation *source = pending[i].tensor.getDefiningOp();
    bool isInside =
        source && source->getBlock() == op->getBlock() &&
        (source == last ||
         ((isElementwise(source) ||
           (isa<CastOp>(source) &&
            !isa<FloatType>(getElementTypeOrSelf(source->getOperand(0))))) &&
          pending[i].index == readWhole(operand).index &&
          llvm::all_of(source->getUsers(), [&](Operation *user) {
            return map.inside.contains(user);
          })));
    if (!isInside)
      continue;
    map.inside.insert(source);
    llvm::append_range(pending, *getSources(pending[i]));
  }
  for (const Read &read : pending) {
    auto own = dyn_cast<RankedTensorType>(read.tensor.getType());
    Operation *source = read.tensor.getDefiningOp();
    if (own && own.getElementType() == type.getElementType() &&
        own.getRank() == type.getRank() && read.isWhole() &&
        !(source && map.inside.contains(source)) &&
        llvm::all_of_zip(own.getShape(), type.getShape(), areCompatible)) {
      map.base = read;
      return map;
    }
  }
  return std::nullopt;
}

void FuseLinearAttention::fuseMaps(LinearAttentionOp op) {
  struct Operand {
    OpOperand &use;
    Region &region;
    StringRef name;
  };
  Operand operands[] = {
      {op.getQueryMutable(), op.getQueryMap(), "query"},
      {op.getKeyMutable(), op.getKeyMap(), "key"},
      {op.getValueMutable(), op.getValueMap(), "value"},
  };
  SmallVector<Operation *> replaced;
  for (const auto &[use, region, name] : operands) {
    if (!region.empty())
      continue;
    std::optional<FeatureMap> map = findMap(op, use.get());
    if (!map)
      continue;
    OpBuilder builder(op->getContext());
    Block *body = createRegion(builder, op, region, 1);
    SmallVector<Value> positions = getPositions(op, body);
    ElementEmitter emitter(builder, positions, op.getAccumulatorType(),
                           map->inside);
    emitter.define(map->base, body->getArgument(0));
    Operation *last = use.get().getDefiningOp();
    Location loc = last->getLoc();
    YieldOp::create(builder, loc,
                    emitter.widen(loc, emitter.emit(readWhole(use.get()))));
    use.set(map->base.tensor);
    replaced.push_back(last);
    ++numFused;
    remark::passed(loc, kRemark)
        << ("feature map of the " + name + " fused into linear attention")
               .str();
  }
  for (Operation *last :
       llvm::SetVector<Operation *>(replaced.begin(), replaced.end()))
    eraseDead(last);
}

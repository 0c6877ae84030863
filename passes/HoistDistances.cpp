//===- HoistDistances.cpp - Rules of distances to tables --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/analysis/MaskIntervals.h"
#include "passes/utils/Extents.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "attn-hoist-distances"

namespace attn {
#define GEN_PASS_DEF_HOISTDISTANCES
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark =
    fusionRemark("attn-hoist-distances");

/// What a vector of keys costs, in simple instructions, from which on a read
/// of a table is cheaper with its share of the table.
static constexpr int64_t kLeastCost = 16;

namespace {

/// How a value of a rule depends on the positions of query and key.
struct Dependence {
  /// On k - q at most, or on something else too.
  bool isOfDistance = true;
  /// On neither.
  bool isUniform = true;
  /// On the batch or the head.
  bool isOfPlace = false;
  /// Of integers, whether the value is query * q + key * k and what does not
  /// depend on positions.
  bool isLinear = true;
  int64_t query = 0, key = 0;

  static Dependence linear(int64_t query, int64_t key) {
    return {query + key == 0,
            query == 0 && key == 0,
            /*isOfPlace=*/false,
            /*isLinear=*/true,
            query,
            key};
  }
};

/// On anything.
constexpr Dependence kOther = {/*isOfDistance=*/false, /*isUniform=*/false,
                               /*isOfPlace=*/true, /*isLinear=*/false};

/// The dependences of a rule's values.
class Distances {
public:
  explicit Distances(Region &rule);

  Dependence get(Value value) const {
    auto known = values.find(value);
    return known == values.end() ? Dependence() : known->second;
  }

  /// A value to tabulate, with all that it is computed with.
  struct Root {
    Value value;
    llvm::SetVector<Operation *> slice;
    /// Where it meets something else.
    SmallVector<OpOperand *> uses;
  };
  /// The first one. What does not depend on batch and head goes first, up to
  /// where they come in: all heads share its table.
  std::optional<Root> findRoot();

private:
  Dependence visit(Operation *op);
  std::optional<Dependence> visitLinear(Operation *op);
  int64_t getCost(Operation *op);

  Region &rule;
  DenseMap<Value, Dependence> values;
};

} // namespace

Distances::Distances(Region &rule) : rule(rule) {
  auto indices = rule.getArguments().take_back(4);
  for (Value argument : rule.getArguments())
    values[argument] = kOther;
  values[indices[0]] = values[indices[1]] = Dependence::linear(0, 0);
  values[indices[0]].isOfPlace = values[indices[1]].isOfPlace = true;
  values[indices[2]] = Dependence::linear(1, 0);
  values[indices[3]] = Dependence::linear(0, 1);
  for (Operation &op : rule.front().without_terminator()) {
    Dependence result = visit(&op);
    for (Value value : op.getResults())
      values[value] = result;
  }
}

std::optional<Dependence> Distances::visitLinear(Operation *op) {
  auto combine = [&](int64_t sign) -> std::optional<Dependence> {
    Dependence lhs = get(op->getOperand(0)), rhs = get(op->getOperand(1));
    if (!lhs.isLinear || !rhs.isLinear)
      return std::nullopt;
    Dependence sum = Dependence::linear(lhs.query + sign * rhs.query,
                                        lhs.key + sign * rhs.key);
    sum.isOfPlace = lhs.isOfPlace || rhs.isOfPlace;
    return sum;
  };
  return TypeSwitch<Operation *, std::optional<Dependence>>(op)
      .Case([&](arith::AddIOp) { return combine(1); })
      .Case([&](arith::SubIOp) { return combine(-1); })
      .Case([&](arith::IndexCastOp cast) -> std::optional<Dependence> {
        // Narrower integers would wrap, each at its own place.
        if (!cast.getType().isIndex() && !cast.getType().isInteger(64))
          return std::nullopt;
        return get(cast.getIn());
      })
      .Case([&](arith::CmpIOp) -> std::optional<Dependence> {
        // k < q is a matter of k - q.
        std::optional<Dependence> difference = combine(-1);
        if (!difference)
          return std::nullopt;
        difference->isLinear = difference->isUniform;
        return difference;
      })
      .Default([](Operation *) { return std::nullopt; });
}

Dependence Distances::visit(Operation *op) {
  if (std::optional<Dependence> linear = visitLinear(op))
    if (linear->isLinear || linear->isOfDistance)
      return *linear;
  Dependence result;
  for (Value input : getRuleInputs(op)) {
    Dependence own = get(input);
    result.isOfDistance &= own.isOfDistance;
    result.isUniform &= own.isUniform;
    result.isOfPlace |= own.isOfPlace;
  }
  // Pairs that a mask leaves out have distances too.
  bool isSafe = result.isUniform ? isMemoryEffectFree(op) : isPure(op);
  if (!isSafe)
    return kOther;
  result.isLinear = result.isUniform;
  return result;
}

/// What an op costs for a vector of keys; what all keys share costs nothing.
int64_t Distances::getCost(Operation *op) {
  if (llvm::all_of(op->getResults(),
                   [&](Value result) { return get(result).isUniform; }))
    return 0;
  return TypeSwitch<Operation *, int64_t>(op)
      .Case([&](tensor::ExtractOp read) -> int64_t {
        // Neighbours along the last axis are read as one vector.
        ValueRange indices = read.getIndices();
        for (Value index : indices.drop_back())
          if (!get(index).isUniform)
            return kLeastCost;
        Value last = indices.back();
        while (Operation *clamp = last.getDefiningOp()) {
          if (!isa<arith::MaxSIOp, arith::MinSIOp>(clamp) ||
              !get(clamp->getOperand(1)).isUniform)
            break;
          last = clamp->getOperand(0);
        }
        return get(last).isLinear ? 1 : kLeastCost;
      })
      .Case<math::AbsFOp, math::AbsIOp, math::FloorOp, math::CeilOp,
            math::CopySignOp, math::FmaOp>([](auto) -> int64_t { return 1; })
      .Case<arith::DivFOp, arith::RemFOp, arith::DivSIOp, arith::DivUIOp,
            arith::FloorDivSIOp, arith::CeilDivSIOp, arith::RemSIOp,
            arith::RemUIOp, math::SqrtOp, math::RsqrtOp>(
          [](auto) -> int64_t { return 6; })
      .Default([](Operation *other) -> int64_t {
        bool isCall = other->getNumRegions() ||
                      isa<math::MathDialect>(other->getDialect());
        return isCall ? kLeastCost : 1;
      });
}

std::optional<Distances::Root> Distances::findRoot() {
  for (Operation &op : rule.front().without_terminator()) {
    if (op.getNumResults() != 1)
      continue;
    Value value = op.getResult(0);
    Dependence own = get(value);
    Type type = value.getType();
    bool isNumber = type.isIntOrIndexOrFloat() && !type.isInteger(1);
    if (own.isUniform || !own.isOfDistance || !isNumber)
      continue;
    Root root{value, getRuleSlice(rule, &op), {}};
    for (OpOperand &use : value.getUses()) {
      Operation *user = rule.front().findAncestorOpInBlock(*use.getOwner());
      Dependence result =
          user->getNumResults() == 0 ? kOther : get(user->getResult(0));
      if (!result.isOfDistance || (result.isOfPlace && !own.isOfPlace))
        root.uses.push_back(&use);
    }
    if (root.uses.empty())
      continue;
    int64_t cost = 0;
    for (Operation *part : root.slice)
      cost += getCost(part);
    if (cost >= kLeastCost)
      return root;
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct HoistDistances : attn::impl::HoistDistancesBase<HoistDistances> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([&](AttentionOp op) {
      if (!op.hasPureTensorSemantics())
        return;
      hoist(op, op.getQuery(), op.getKey(), op.getScore());
      hoist(op, op.getQuery(), op.getKey(), op.getFactor());
    });
    getOperation().walk([&](TopKeysOp op) {
      if (op.hasPureTensorSemantics())
        hoist(op, op.getQuery(), op.getKey(), op.getScore());
    });
  }

private:
  void hoist(Operation *op, Value query, Value key, Region &rule) {
    if (rule.empty())
      return;
    while (std::optional<Distances::Root> root = Distances(rule).findRoot()) {
      replace(op, query, key, rule, *root);
      ++numHoisted;
      remark::passed(op->getLoc(), kRemark)
          << "a part of a rule depends on the distance alone, and is computed "
             "once for each";
    }
  }

  void replace(Operation *op, Value query, Value key, Region &rule,
               const Distances::Root &root);
};

} // namespace

/// Whether the slice uses one of the rule's indices.
static bool usesIndex(const llvm::SetVector<Operation *> &slice, Value index) {
  return llvm::any_of(
      slice, [&](Operation *op) { return getRuleInputs(op).contains(index); });
}

void HoistDistances::replace(Operation *op, Value query, Value key,
                             Region &rule, const Distances::Root &root) {
  Location loc = root.value.getLoc();
  auto indices = rule.getArguments().take_back(4);
  int64_t rank = cast<ShapedType>(query.getType()).getRank();
  OpBuilder builder(op);
  auto add = [&](Value lhs, Value rhs) -> Value {
    return builder.createOrFold<arith::AddIOp>(loc, lhs, rhs);
  };
  auto sub = [&](Value lhs, Value rhs) -> Value {
    return builder.createOrFold<arith::SubIOp>(loc, lhs, rhs);
  };
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value last = sub(emitExtent(builder, loc, query, rank - 2), one);
  Value length = add(last, emitExtent(builder, loc, key, rank - 2));

  // Axes of batch and head, where the value depends on them, and the distance.
  SmallVector<Value> sizes, place;
  SmallVector<unsigned> used;
  for (unsigned index : {0, 1}) {
    std::optional<unsigned> axis = getRuleAxis(index, rank);
    if (!axis || !usesIndex(root.slice, indices[index]))
      continue;
    used.push_back(index);
    sizes.push_back(emitExtent(builder, loc, query, *axis));
    place.push_back(indices[index]);
  }
  sizes.push_back(builder.createOrFold<arith::MaxSIOp>(loc, length, zero));
  Type type = root.value.getType();
  bool isIndex = type.isIndex();
  Type stored = isIndex ? builder.getI64Type() : type;
  int64_t numAxes = sizes.size();
  SmallVector<int64_t> shape(numAxes, ShapedType::kDynamic);
  auto tableType = RankedTensorType::get(shape, stored);
  Value init = tensor::EmptyOp::create(builder, loc, tableType, sizes);
  SmallVector<utils::IteratorType> iterators(numAxes,
                                             utils::IteratorType::parallel);
  auto fill = [&](OpBuilder &nested, Location bodyLoc, ValueRange) {
    // A pair at the distance: one of the two stands at the beginning.
    IRMapping mapping;
    mapping.map(indices[0], zero);
    mapping.map(indices[1], zero);
    for (auto [axis, index] : llvm::enumerate(used))
      mapping.map(indices[index],
                  linalg::IndexOp::create(nested, bodyLoc, axis).getResult());
    Value at = linalg::IndexOp::create(nested, bodyLoc, numAxes - 1);
    Value distance = arith::SubIOp::create(nested, bodyLoc, at, last);
    Value opposite = arith::SubIOp::create(nested, bodyLoc, zero, distance);
    auto fromZero = [&](Value position) -> Value {
      return arith::MaxSIOp::create(nested, bodyLoc, position, zero);
    };
    mapping.map(indices[2], fromZero(opposite));
    mapping.map(indices[3], fromZero(distance));
    for (Operation &part : rule.front().without_terminator())
      if (root.slice.contains(&part))
        nested.clone(part, mapping);
    Value element = mapping.lookup(root.value);
    if (isIndex)
      element = arith::IndexCastOp::create(nested, bodyLoc, stored, element);
    linalg::YieldOp::create(nested, bodyLoc, element);
  };
  Value table =
      linalg::GenericOp::create(
          builder, loc, TypeRange(tableType), ValueRange(), ValueRange(init),
          builder.getMultiDimIdentityMap(numAxes), iterators, fill)
          .getResult(0);

  builder.setInsertionPointAfterValue(root.value);
  place.push_back(add(sub(indices[3], indices[2]), last));
  Value read = tensor::ExtractOp::create(builder, loc, table, place);
  if (isIndex)
    read = arith::IndexCastOp::create(builder, loc, type, read);
  for (OpOperand *use : root.uses)
    use->set(read);
}

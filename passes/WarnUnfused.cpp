//===- WarnUnfused.cpp - Attention that holds its scores --------*- C++ -*-===//
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

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "attn-warn-unfused"

namespace attn {
#define GEN_PASS_DEF_WARNUNFUSED
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

namespace {

struct WarnUnfused : attn::impl::WarnUnfusedBase<WarnUnfused> {
  using Base::Base;

  void runOnOperation() override;

private:
  using Ops = llvm::SetVector<Operation *>;

  /// The ops that a tensor of pairs is computed by, itself first.
  Ops collectBefore(Value value);
  bool isReturned(Value value);
  bool sumsOverPairs(MatmulOp op, Value &weights);
  bool reads(AttentionOp op, Value value);

  void visitProduct(MatmulOp op);
  void visitSoftmax(SoftmaxOp op);
  void visitReduce(ReduceOp op);
  void visitAttention(AttentionOp op);
  std::string explain(SoftmaxOp softmax, const Ops &ops);
  std::string explain(MatmulOp output, const Ops &ops);
  std::optional<std::string> findMixture(const Ops &ops, SoftmaxOp softmax);
  std::string describe(Value tensor);
  void warn(Location loc, const Twine &message);

  const Pairs *pairs = nullptr;
  Extents extents;
  /// What has been reported, or needs no report.
  llvm::DenseSet<Operation *> done;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names and places
//===----------------------------------------------------------------------===//

/// The dimension's names in a formula of extents.
static std::string printExtent(AffineExpr expr, ArrayAttr dims) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::to_string(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return dims && symbol.getPosition() < dims.size()
               ? cast<StringAttr>(dims[symbol.getPosition()]).str()
               : "?";
  if (!binary)
    return "?";
  auto isSum = [](AffineExpr side) {
    return side.getKind() == AffineExprKind::Add;
  };
  std::string lhs = printExtent(binary.getLHS(), dims);
  std::string rhs = printExtent(binary.getRHS(), dims);
  if (isSum(expr))
    return StringRef(rhs).starts_with("-") ? lhs + " - " + rhs.substr(1)
                                           : lhs + " + " + rhs;
  if (expr.getKind() != AffineExprKind::Mul)
    return "?";
  if (rhs == "-1" && !isSum(binary.getLHS()))
    return "-" + lhs;
  return (isSum(binary.getRHS()) ? "(" + rhs + ")" : rhs) + " * " +
         (isSum(binary.getLHS()) ? "(" + lhs + ")" : lhs);
}

/// "f32[B, H, T, T]", with the bytes where they are known.
std::string WarnUnfused::describe(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto dims = getOperation()->getAttrOfType<ArrayAttr>(AttnDialect::kDimsAttr);
  std::string text;
  llvm::raw_string_ostream os(text);
  os << type.getElementType() << "[";
  llvm::interleaveComma(llvm::seq<int64_t>(0, type.getRank()), os,
                        [&](int64_t axis) {
                          os << printExtent(extents.get(tensor, axis), dims);
                        });
  os << "]";
  if (!type.hasStaticShape())
    return text;
  uint64_t bytes = (type.getElementTypeBitWidth() + 7) / 8;
  for (int64_t extent : type.getShape())
    bytes = llvm::SaturatingMultiply<uint64_t>(bytes, extent);
  os << " of " << (bytes >> 20 ? bytes >> 20 : bytes >> 10)
     << (bytes >> 20 ? " MiB" : " KiB");
  return text;
}

/// At the first place outside of the library, with a note at the one inside.
void WarnUnfused::warn(Location loc, const Twine &message) {
  FileLineColLoc own = getOwnPlace(loc);
  InFlightDiagnostic warning = emitWarning(own ? Location(own) : loc);
  warning << message;
  if (FileLineColLoc inner = own ? getPlaces(loc).front() : own; inner != own)
    warning.attachNote(inner) << "computed here";
}

//===----------------------------------------------------------------------===//
// Chains of pairs
//===----------------------------------------------------------------------===//

WarnUnfused::Ops WarnUnfused::collectBefore(Value value) {
  Ops ops;
  if (Operation *op = value.getDefiningOp())
    ops.insert(op);
  for (size_t i = 0; i < ops.size(); ++i)
    for (Value operand : ops[i]->getOperands())
      if (Operation *op = operand.getDefiningOp(); op && pairs->get(operand))
        ops.insert(op);
  return ops;
}

/// Whether the matrix, or another one computed from it, is a result.
bool WarnUnfused::isReturned(Value value) {
  llvm::SetVector<Value> values;
  values.insert(value);
  for (size_t i = 0; i < values.size(); ++i)
    for (Operation *user : values[i].getUsers()) {
      if (isa<func::ReturnOp>(user))
        return true;
      for (Value result : user->getResults())
        if (pairs->get(result))
          values.insert(result);
    }
  return false;
}

/// Whether a product sums over one side of pairs, and over which tensor's.
bool WarnUnfused::sumsOverPairs(MatmulOp op, Value &weights) {
  if (pairs->get(op.getResult()) &&
      pairs->get(op.getResult())->source != op.getOperation())
    return false;
  int64_t lhsAxis = op.getLhs().getType().getRank() - 1;
  int64_t rhsAxis = op.getRhs().getType().getRank() - 2;
  for (auto [side, axis] :
       {std::pair(op.getLhs(), lhsAxis), std::pair(op.getRhs(), rhsAxis)})
    if (std::optional<PairAxes> axes = pairs->get(side);
        axes && axes->has(axis) && pairs->areLong(side)) {
      weights = side;
      return true;
    }
  return false;
}

//===----------------------------------------------------------------------===//
// Reasons
//===----------------------------------------------------------------------===//

/// A product of pairs with a matrix that leaves them pairs.
std::optional<std::string> WarnUnfused::findMixture(const Ops &ops,
                                                    SoftmaxOp softmax) {
  Ops before;
  if (softmax)
    before = collectBefore(softmax.getInput());
  for (Operation *op : ops) {
    auto product = dyn_cast<MatmulOp>(op);
    if (!product || pairs->get(product.getResult())->source == op)
      continue;
    bool isLeft = pairs->get(product.getLhs()).has_value();
    Value side = isLeft ? product.getLhs() : product.getRhs();
    int64_t rank = cast<RankedTensorType>(side.getType()).getRank();
    int64_t summed = isLeft ? rank - 1 : rank - 2;
    std::string what = softmax && !before.contains(op) ? "weights" : "scores";
    // The heads come before the queries where there are both.
    Value scores = softmax ? softmax.getResult() : product.getResult();
    int64_t heads = cast<RankedTensorType>(scores.getType()).getRank() - 3;
    bool mixesHeads =
        !softmax ||
        (heads >= 0 && extents.areEqual(side, summed, scores, heads));
    return "the " + what + " are " +
           (mixesHeads ? "mixed over the heads" : "multiplied by a matrix") +
           " at " + describePlace(op->getLoc());
  }
  return std::nullopt;
}

std::string WarnUnfused::explain(SoftmaxOp softmax, const Ops &ops) {
  if (std::optional<std::string> mixture = findMixture(ops, softmax))
    return *mixture;
  if (!isa<MatmulOp>(pairs->get(softmax.getInput())->source))
    return "the scores are no product of queries and keys";
  std::string reason;
  if (std::optional<AttentionChain> chain = matchAttention(softmax, reason))
    (void)matchOperands(*chain, reason);
  if (!reason.empty())
    return reason;
  for (Operation *user : softmax->getUsers())
    if (!isa<MatmulOp>(user))
      return "the weights are used at " + describePlace(user->getLoc());
  return "the product with the values is no part of it";
}

/// Without a softmax; empty where it may well be something else.
std::string WarnUnfused::explain(MatmulOp output, const Ops &ops) {
  std::string reason;
  if (std::optional<AttentionChain> chain = matchWeightedSum(output, reason))
    (void)matchOperands(*chain, reason);
  if (!reason.empty())
    return reason;
  auto isSource = [&](Operation *op) {
    auto product = dyn_cast<MatmulOp>(op);
    auto keys =
        product ? product.getRhs().getDefiningOp<TransposeOp>() : TransposeOp();
    return keys && keys.getType().getRank() > 2 &&
           pairs->get(product.getResult())->source == op;
  };
  if (!llvm::any_of(ops, isSource))
    return "";
  if (std::optional<std::string> mixture = findMixture(ops, SoftmaxOp()))
    return *mixture;
  if (llvm::all_of(ops, [&](Operation *op) {
        auto binary = dyn_cast<BinaryOp>(op);
        return isa<MatmulOp, CastOp, TransposeOp, tensor::CastOp>(op) ||
               (binary && getScalarFactor(binary));
      }))
    return "nothing stands between the products; q @ (k' @ v) needs no matrix "
           "of scores";
  for (Operation *op : ops)
    if (isa<ReduceOp>(op))
      return "the weights depend on a reduction at " +
             describePlace(op->getLoc());
  return "";
}

//===----------------------------------------------------------------------===//
// What is reported
//===----------------------------------------------------------------------===//

void WarnUnfused::visitProduct(MatmulOp op) {
  Value weights;
  if (!sumsOverPairs(op, weights))
    return;
  Ops ops = collectBefore(weights);
  auto report = [&](Operation *at, StringRef reason) {
    bool isNew = done.insert(at).second;
    done.insert(ops.begin(), ops.end());
    if (isNew)
      warn(at->getLoc(), "attention is computed with the whole matrix of "
                         "scores " +
                             describe(at == op ? weights : at->getResult(0)) +
                             ": " + reason);
  };
  for (Operation *before : ops)
    if (auto softmax = dyn_cast<SoftmaxOp>(before)) {
      std::optional<PairAxes> axes = pairs->get(softmax.getInput());
      if (axes && axes->has(softmax.getAxis())) {
        report(softmax, explain(softmax, ops));
        return;
      }
    }
  if (llvm::any_of(ops, [&](Operation *before) {
        return isa<BinaryOp>(before) &&
               pairs->get(before->getResult(0))->source == before;
      }))
    return;
  if (std::string reason = explain(op, ops); !reason.empty())
    report(op, reason);
}

/// Weights that are summed up in another way than by a product.
void WarnUnfused::visitSoftmax(SoftmaxOp op) {
  std::optional<PairAxes> axes = pairs->get(op.getInput());
  if (!axes || !axes->has(op.getAxis()) || !pairs->areLong(op.getInput()) ||
      op.getType().getRank() < 3 || !isa<MatmulOp>(axes->source) ||
      done.contains(op) || isReturned(op.getResult()))
    return;
  Ops ops = collectBefore(op.getResult());
  done.insert(ops.begin(), ops.end());
  warn(op.getLoc(), "the whole matrix of weights " + describe(op.getResult()) +
                        " is computed: " + explain(op, ops));
}

/// Scores that are summed up, or of which the largest is taken.
void WarnUnfused::visitReduce(ReduceOp op) {
  Value scores = op.getInput();
  std::optional<PairAxes> axes = pairs->get(scores);
  auto isPairAxis = [&](int64_t axis) { return axes->has(axis); };
  if (!axes || !llvm::any_of(op.getAxes(), isPairAxis) ||
      !pairs->areLong(scores) || op.getInput().getType().getRank() < 3 ||
      !isa<MatmulOp>(axes->source) || done.contains(axes->source) ||
      isReturned(scores))
    return;
  done.insert(axes->source);
  warn(axes->source->getLoc(),
       "the whole matrix of scores " + describe(scores) +
           " is computed: it is reduced at " + describePlace(op.getLoc()));
}

/// Whether two axes of a tensor grow with the lengths of an attention.
bool WarnUnfused::reads(AttentionOp op, Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *source = value.getDefiningOp();
  if (!type || !source || isa<arith::ConstantOp>(source))
    return false;
  int64_t rank = op.getQueryType().getRank();
  auto follows = [&](int64_t axis, Value side) {
    AffineExpr own = extents.get(value, axis);
    AffineExpr length = extents.get(side, rank - 2);
    auto size = dyn_cast<AffineConstantExpr>(own);
    auto least = dyn_cast<AffineConstantExpr>(length);
    if (size || least)
      return size && least && size.getValue() >= 256 &&
             size.getValue() >= least.getValue();
    bool shares = false;
    length.walk([&](AffineExpr part) {
      auto symbol = dyn_cast<AffineSymbolExpr>(part);
      shares |= symbol && own.isFunctionOfSymbol(symbol.getPosition());
    });
    return shares;
  };
  for (int64_t row = 0; row < type.getRank(); ++row)
    for (int64_t column = 0; column < type.getRank(); ++column)
      if (row != column && follows(row, op.getQuery()) &&
          follows(column, op.getKey()))
        return true;
  return false;
}

void WarnUnfused::visitAttention(AttentionOp op) {
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    if (reads(op, value))
      warn(op.getLoc(), "attention reads the whole matrix " + describe(value) +
                            " of queries and keys: it is computed before, at " +
                            describePlace(value.getLoc()));
}

void WarnUnfused::runOnOperation() {
  Pairs found(getOperation());
  pairs = &found;
  extents = Extents();
  done.clear();
  getOperation().walk([&](MatmulOp op) { visitProduct(op); });
  // The later of two in a row holds what the first one does.
  SmallVector<SoftmaxOp> softmaxes;
  getOperation().walk([&](SoftmaxOp op) { softmaxes.push_back(op); });
  for (SoftmaxOp softmax : llvm::reverse(softmaxes))
    visitSoftmax(softmax);
  getOperation().walk([&](ReduceOp op) { visitReduce(op); });
  getOperation().walk([&](AttentionOp op) { visitAttention(op); });
}

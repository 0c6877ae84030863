//===- FuseAttentionChain.cpp - Products around a softmax -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/FuseAttention.h"

#include "passes/utils/ElementAt.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;
using namespace attn;

Value attn::getScalarFactor(BinaryOp op) {
  bool isMul = op.getKind() == BinaryKind::Mul;
  if (!isMul && op.getKind() != BinaryKind::Div)
    return {};
  if (!isa<ShapedType>(op.getRhs().getType()))
    return op.getRhs();
  if (isMul && !isa<ShapedType>(op.getLhs().getType()))
    return op.getLhs();
  return {};
}

namespace {

/// Finds the parts of a chain, one after the other.
class ChainMatcher {
public:
  ChainMatcher(AttentionChain &chain, std::string &reason)
      : chain(chain), reason(reason) {}

  bool match() { return findOutput() && readScores() && findProduct(); }
  /// The same from the second product, which is known.
  bool matchFromOutput() {
    readWeights();
    bool isFound = chain.getRank() <= 4 && walkScores() && pickProduct();
    bool isWhole = isFound && collectOnScores();
    if (isFound && !isWhole) {
      chain.onScores.insert(chain.product);
      chain.onScores.insert(elementwise.begin(), elementwise.end());
    }
    bool isSum = isFound && isWeightedSum();
    // What is no attention needs no reason.
    if (!isSum)
      reason.clear();
    return isWhole && isSum;
  }

private:
  bool fail(const Twine &message) {
    reason = message.str();
    return false;
  }
  bool failAt(const Twine &message, Operation *op) {
    return fail(message + " at " + describePlace(op->getLoc()));
  }

  bool findOutput();
  bool followWeights(Operation *user, unsigned operand);
  bool keepsZeros(SelectOp select, unsigned operand);
  Read readWeights();
  bool readScores();
  bool findProduct() {
    return walkScores() && pickProduct() && collectOnScores();
  }
  bool walkScores();
  bool pickProduct();
  bool collectOnScores();
  bool isSumOfWeights(Operation *op);
  bool collectAfterSums();
  bool isWeightedSum();
  bool isProductPlace(const Read &read, bool &keysOnLeft);

  AttentionChain &chain;
  std::string &reason;
  /// Between the softmax and the second product.
  SmallVector<Operation *> afterSoftmax;
  /// The ops that the scores are computed with, element by element.
  DenseSet<Operation *> elementwise;
  /// The products that may be the scores, and where they are read.
  SmallVector<std::pair<Read, bool>> products;
  /// What the walk ended at.
  llvm::SetVector<Operation *> ends;
};

} // namespace

static bool isMinusInfinity(Value value) {
  std::optional<double> constant = matchConstant(value);
  return constant && std::isinf(*constant) && *constant < 0;
}

/// Whether a choice between weights and 0 keeps weights that are 0 anyway: the
/// same condition chose -inf among the scores.
bool ChainMatcher::keepsZeros(SelectOp select, unsigned operand) {
  auto scores = chain.softmax.getInput().getDefiningOp<SelectOp>();
  if (!scores || scores.getCondition() != select.getCondition() ||
      select.getType().getShape() != chain.softmax.getType().getShape())
    return false;
  return operand == 1 ? matchConstant(select.getRhs()) == 0.0 &&
                            isMinusInfinity(scores.getRhs())
                      : operand == 2 && matchConstant(select.getLhs()) == 0.0 &&
                            isMinusInfinity(scores.getLhs());
}

/// Whether the weights are still softmax's after `user`.
bool ChainMatcher::followWeights(Operation *user, unsigned operand) {
  if (auto cast = dyn_cast<CastOp>(user))
    return isa<FloatType>(cast.getType().getElementType());
  if (auto select = dyn_cast<SelectOp>(user))
    return keepsZeros(select, operand);
  if (auto binary = dyn_cast<BinaryOp>(user)) {
    Value factor = getScalarFactor(binary);
    if (!factor || factor == binary->getOperand(operand))
      return false;
    chain.outputScales.push_back(binary);
    return true;
  }
  return user->getNumResults() == 1 &&
         readThroughView(readWhole(user->getResult(0)));
}

bool ChainMatcher::findOutput() {
  Value weights = chain.softmax.getResult();
  auto feedsProduct = [](Value value) {
    return llvm::any_of(value.getUsers(),
                        [](Operation *user) { return isa<MatmulOp>(user); });
  };
  while (true) {
    if (weights.use_empty())
      return false;
    if (!weights.hasOneUse()) {
      if (!feedsProduct(weights))
        return false;
      for (Operation *user : weights.getUsers())
        if (isa<func::ReturnOp>(user))
          return fail("the weights are returned too");
      for (Operation *user : weights.getUsers())
        if (!isa<MatmulOp>(user))
          return failAt("the weights are used again", user);
      return fail("the weights are used by several products");
    }
    OpOperand &use = *weights.use_begin();
    Operation *user = use.getOwner();
    if (user->getBlock() != chain.softmax->getBlock())
      return isa<MatmulOp>(user) &&
             failAt("the product with the values is in another block", user);
    if (auto product = dyn_cast<MatmulOp>(user)) {
      chain.output = product;
      chain.weightsOnRight = use.getOperandNumber() == 1;
      return true;
    }
    if (!followWeights(user, use.getOperandNumber())) {
      // Of two softmaxes in a row the second has its own say.
      bool isPath = user->getNumResults() == 1 && !isa<SoftmaxOp>(user) &&
                    feedsProduct(user->getResult(0));
      return isPath &&
             failAt("the weights are changed after the softmax", user);
    }
    afterSoftmax.push_back(user);
    weights = user->getResult(0);
  }
}

/// The weights as the second product reads them, which are the scores if
/// nothing else is found.
Read ChainMatcher::readWeights() {
  Value weights = chain.output->getOperand(chain.weightsOnRight ? 1 : 0);
  Read read = readWhole(weights);
  int64_t rank = read.index.size();
  chain.extents.assign(read.getShape().begin(), read.getShape().end());
  if (chain.weightsOnRight) {
    std::swap(read.index[rank - 1], read.index[rank - 2]);
    std::swap(chain.extents[rank - 1], chain.extents[rank - 2]);
  }
  chain.scores = read;
  return read;
}

bool ChainMatcher::readScores() {
  Read read = readWeights();
  int64_t rank = chain.getRank();
  for (Operation *op : llvm::reverse(afterSoftmax)) {
    if (std::optional<Read> inner = readThroughView(read)) {
      read = *inner;
      continue;
    }
    for (Value operand : op->getOperands())
      if (operand == chain.softmax.getResult() ||
          llvm::is_contained(afterSoftmax, operand.getDefiningOp())) {
        read = readOperand(read, operand);
        break;
      }
  }
  chain.scores = read;
  chain.scores.tensor = chain.softmax.getInput();
  // A softmax on the right along its rows is no weights of a sum.
  if (read.index[chain.softmax.getAxis()] != rank - 1)
    return !chain.weightsOnRight &&
           fail("the softmax is not along the keys, the last axis");
  if (rank > 4)
    return fail("the scores have " + Twine(rank) +
                " axes; attention has at most batch, heads, queries, keys");
  return true;
}

/// Whether each element of the scores has its own element of the product.
bool ChainMatcher::isProductPlace(const Read &read, bool &keysOnLeft) {
  int64_t rank = chain.getRank();
  if (static_cast<int64_t>(read.index.size()) != rank)
    return false;
  auto stands = [&](int64_t axis, int64_t place) {
    return read.index[axis] == place ||
           (read.index[axis] == Read::kZero && read.getShape()[axis] == 1 &&
            chain.extents[place] == 1);
  };
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    if (!stands(axis, axis))
      return false;
  keysOnLeft = !(stands(rank - 2, rank - 2) && stands(rank - 1, rank - 1));
  return !keysOnLeft ||
         (stands(rank - 2, rank - 1) && stands(rank - 1, rank - 2));
}

/// Walks back from the reader of the scores through everything elementwise.
bool ChainMatcher::walkScores() {
  SmallVector<Read> pending = {chain.scores};
  DenseMap<Value, SmallVector<Read, 1>> seen;
  for (size_t i = 0; i < pending.size(); ++i) {
    Read read = pending[i];
    Operation *op = read.tensor.getDefiningOp();
    if (!op || read.isScalar() || !isBefore(op, chain.getReader()))
      continue;
    SmallVector<Read, 1> &places = seen[read.tensor];
    if (llvm::any_of(
            places, [&](const Read &place) { return isSameRead(place, read); }))
      continue;
    places.push_back(read);
    bool keysOnLeft = false;
    if (isa<MatmulOp>(op) && op->getBlock() == chain.getReader()->getBlock() &&
        isProductPlace(read, keysOnLeft)) {
      products.emplace_back(read, keysOnLeft);
      continue;
    }
    if (std::optional<SmallVector<Read, 3>> sources = getSources(read)) {
      elementwise.insert(op);
      llvm::append_range(pending, *sources);
    } else {
      ends.insert(op);
    }
  }
  return true;
}

/// Whether `op` is computed from a product of the same block.
static bool dependsOnProduct(Operation *op) {
  static constexpr size_t kMaxOps = 1024;
  llvm::SetVector<Operation *> pending;
  pending.insert(op);
  for (size_t i = 0; i < pending.size() && i < kMaxOps; ++i) {
    if (isa<MatmulOp>(pending[i]))
      return true;
    for (Value operand : pending[i]->getOperands())
      if (Operation *source = operand.getDefiningOp())
        pending.insert(source);
  }
  return false;
}

bool ChainMatcher::pickProduct() {
  if (products.empty()) {
    for (Operation *end : ends) {
      if (isa<MatmulOp>(end))
        return failAt("the scores do not have one element for each element of "
                      "the product",
                      end);
      if (dependsOnProduct(end))
        return failAt("the scores go through an operation that is not "
                      "elementwise",
                      end);
    }
    return fail("the scores are no product of queries and keys");
  }
  if (products.size() > 1) {
    Operation *first = products[0].first.tensor.getDefiningOp();
    Operation *second = products[1].first.tensor.getDefiningOp();
    if (first == second)
      return failAt("each score reads two elements of the product", first);
    return fail("the scores are a sum of several products, at " +
                describePlace(first->getLoc()) + " and " +
                describePlace(second->getLoc()));
  }
  std::tie(chain.productRead, chain.keysOnLeft) = products.front();
  chain.product = chain.productRead.tensor.getDefiningOp<MatmulOp>();
  return true;
}

/// What depends on the product goes with it, so nothing else may use it.
bool ChainMatcher::collectOnScores() {
  llvm::SetVector<Operation *> pending;
  pending.insert(chain.product);
  for (size_t i = 0; i < pending.size(); ++i)
    for (Operation *user : pending[i]->getUsers()) {
      if (user == chain.getReader())
        continue;
      if (isSumOfWeights(user)) {
        chain.sums.push_back(cast<ReduceOp>(user));
        continue;
      }
      if (ends.contains(user))
        return failAt("the scores go through an operation that is not "
                      "elementwise",
                      user);
      if (!elementwise.contains(user))
        return failAt("the scores are used again", user);
      pending.insert(user);
    }
  chain.onScores.insert(pending.begin(), pending.end());
  return collectAfterSums();
}

/// Whether an op adds up the very weights that the second product takes: this
/// is one more column of its result.
bool ChainMatcher::isSumOfWeights(Operation *op) {
  auto sum = dyn_cast<ReduceOp>(op);
  return sum && !chain.softmax && !chain.weightsOnRight &&
         sum.getInput() == chain.output.getLhs() &&
         sum.getKind() == ReduceKind::Sum &&
         sum.getAxes() == ArrayRef<int64_t>{chain.getRank() - 1} &&
         sum->getBlock() == chain.output->getBlock();
}

/// What needs the sums has to come after the second product.
bool ChainMatcher::collectAfterSums() {
  if (chain.sums.empty())
    return true;
  DenseSet<Operation *> late(chain.sums.begin(), chain.sums.end());
  for (Operation &op : *chain.output->getBlock()) {
    bool isLate = false;
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        isLate |= late.contains(operand.getDefiningOp());
    });
    if (&op == chain.output)
      return !isLate ||
             failAt("the values depend on a sum of the weights", &op);
    if (!isLate)
      continue;
    late.insert(&op);
    chain.afterSums.push_back(&op);
  }
  llvm_unreachable("the product stands in its block");
}

/// Whether a choice takes 0 at places that do not depend on the scores.
static bool isMasked(const AttentionChain &chain, Operation *op) {
  auto select = dyn_cast<SelectOp>(op);
  return select &&
         (matchConstant(select.getLhs()) == 0.0 ||
          matchConstant(select.getRhs()) == 0.0) &&
         !chain.onScores.contains(select.getCondition().getDefiningOp());
}

/// Whether `op` says nothing about what the weights are.
static bool isPlain(Operation *op) {
  auto binary = dyn_cast<BinaryOp>(op);
  return isa<MatmulOp, CastOp>(op) || (binary && getScalarFactor(binary)) ||
         readThroughView(readWhole(op->getResult(0)));
}

/// Whether the keys are rows, as those of k' are, not columns as the weights of
/// a layer are.
static bool hasKeyRows(const AttentionChain &chain) {
  MatmulOp product = chain.product;
  if (chain.keysOnLeft)
    return true;
  auto transpose = product.getRhs().getDefiningOp<TransposeOp>();
  return transpose && transpose.getPermutation().back() != chain.getRank() - 1;
}

bool ChainMatcher::isWeightedSum() {
  if (llvm::any_of(chain.onScores,
                   [&](Operation *op) { return isMasked(chain, op); }))
    return true;
  Value operands[] = {chain.product.getLhs(), chain.product.getRhs(),
                      chain.output.getLhs(), chain.output.getRhs()};
  return chain.getRank() > 2 && hasKeyRows(chain) &&
         !llvm::all_of(chain.onScores, isPlain) &&
         llvm::all_of(operands, [&](Value operand) {
           return cast<RankedTensorType>(operand.getType()).getRank() ==
                  chain.getRank();
         });
}

Operation *AttentionChain::getReader() const {
  SoftmaxOp first = softmax;
  MatmulOp second = output;
  return first ? first.getOperation() : second.getOperation();
}

std::optional<AttentionChain> attn::matchWeightedSum(MatmulOp output,
                                                     std::string &reason) {
  for (bool weightsOnRight : {false, true}) {
    AttentionChain chain;
    chain.output = output;
    chain.weightsOnRight = weightsOnRight;
    if (ChainMatcher(chain, reason).matchFromOutput())
      return chain;
    if (!reason.empty())
      break;
  }
  return std::nullopt;
}

std::optional<AttentionChain> attn::matchAttention(SoftmaxOp softmax,
                                                   std::string &reason) {
  AttentionChain chain;
  chain.softmax = softmax;
  if (!ChainMatcher(chain, reason).match())
    return std::nullopt;
  return chain;
}

//===- FuseAttention.cpp - Fuses softmax between two products ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/ElementAt.h"
#include "passes/utils/Remarks.h"
#include "passes/utils/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "attn-fuse-attention"

namespace attn {
#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark =
    fusionRemark("attn-fuse-attention");

/// Whether two axes have the same extent: by type, or because the program gives
/// them the same dimension.
static bool haveSameExtent(Value lhs, unsigned lhsAxis, Value rhs,
                           unsigned rhsAxis) {
  if (lhs == rhs && lhsAxis == rhsAxis)
    return true;
  int64_t lhsExtent = cast<RankedTensorType>(lhs.getType()).getDimSize(lhsAxis);
  int64_t rhsExtent = cast<RankedTensorType>(rhs.getType()).getDimSize(rhsAxis);
  if (!ShapedType::isDynamic(lhsExtent) && !ShapedType::isDynamic(rhsExtent))
    return lhsExtent == rhsExtent;
  auto getDim = [](Value value, unsigned axis) -> AffineExpr {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      return {};
    auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto shape = func ? func.getArgAttrOfType<AffineMapAttr>(
                            argument.getArgNumber(), AttnDialect::kShapeAttr)
                      : AffineMapAttr();
    if (!shape || axis >= shape.getValue().getNumResults())
      return {};
    return shape.getValue().getResult(axis);
  };
  AffineExpr lhsDim = getDim(lhs, lhsAxis);
  return lhsDim && lhsDim == getDim(rhs, rhsAxis);
}

/// The permutation that makes k' of k.
static SmallVector<int64_t> swapLastAxes(int64_t rank) {
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(axes[rank - 1], axes[rank - 2]);
  return axes;
}

namespace {

/// One softmax and what stands around it.
class Candidate {
public:
  explicit Candidate(SoftmaxOp softmax) : softmax(softmax) {}

  /// Finds the two products. Without one the softmax stands alone; what keeps
  /// a candidate with both from fusion is in `reason`.
  bool match();
  AttentionOp fuse();

  std::string reason;

private:
  bool fail(const Twine &message) {
    reason = message.str();
    return false;
  }
  bool findOutputProduct();
  bool findScoreProduct();
  bool hasNoOtherUse(Operation *op, StringRef what);
  bool readOperands();
  bool skipRepeats();
  /// x * c and x / c with a scalar c: x, and the factor as an op to redo.
  Value skipScale(Value operand);

  SoftmaxOp softmax;
  MatmulOp scoreProduct, outputProduct;
  /// The ops between the products, which go when they are fused.
  llvm::SetVector<Operation *> between;
  Value query, key, value;
  bool keyIsTransposed = false;
  SmallVector<BinaryOp> scales;
};

} // namespace

/// The product that the weights go to, conversions aside.
bool Candidate::findOutputProduct() {
  Value weights = softmax.getResult();
  while (true) {
    if (!weights.hasOneUse()) {
      bool feedsProduct = llvm::any_of(weights.getUsers(), [](Operation *user) {
        return isa<MatmulOp>(user);
      });
      if (!feedsProduct)
        return false;
      for (Operation *user : weights.getUsers())
        if (!isa<MatmulOp>(user))
          return fail("the weights are used again at " +
                      describePlace(user->getLoc()));
      return fail("the weights are used by several products");
    }
    Operation *user = *weights.getUsers().begin();
    if (auto cast = dyn_cast<CastOp>(user)) {
      weights = cast.getResult();
      continue;
    }
    outputProduct = dyn_cast<MatmulOp>(user);
    return outputProduct && outputProduct.getLhs() == weights &&
           outputProduct.getRhs() != weights;
  }
}

/// Walks back from the softmax through everything elementwise in the scores.
bool Candidate::findScoreProduct() {
  RankedTensorType scores = softmax.getInput().getType();
  llvm::SetVector<Value> pending;
  llvm::SetVector<Operation *> products;
  Operation *obstacle = nullptr;
  pending.insert(softmax.getInput());
  for (size_t i = 0; i < pending.size(); ++i) {
    Operation *op = pending[i].getDefiningOp();
    auto type = dyn_cast<RankedTensorType>(pending[i].getType());
    // A tensor that broadcasts along the queries or keys is read, not computed
    // with the scores.
    if (!op || !type || type.getRank() != scores.getRank() ||
        llvm::any_of(llvm::zip(type.getShape(), scores.getShape()),
                     [](auto extents) {
                       auto [own, full] = extents;
                       return own == 1 && full != 1;
                     }))
      continue;
    if (auto product = dyn_cast<MatmulOp>(op)) {
      products.insert(product);
      continue;
    }
    if (!isElementwise(op) || isa<TransposeOp>(op)) {
      obstacle = op;
      continue;
    }
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        pending.insert(operand);
  }
  if (products.empty()) {
    if (obstacle)
      return fail("the scores go through an operation that is not elementwise "
                  "at " +
                  describePlace(obstacle->getLoc()));
    return fail("the scores are no product of queries and keys");
  }
  if (products.size() > 1)
    return fail("the scores are a sum of several products, at " +
                describePlace(products[0]->getLoc()) + " and " +
                describePlace(products[1]->getLoc()));
  scoreProduct = cast<MatmulOp>(products[0]);

  // What depends on the product goes with it.
  between.insert(scoreProduct);
  for (size_t i = 0; i < between.size(); ++i)
    for (Operation *user : between[i]->getUsers()) {
      bool isOnPath = user == softmax ||
                      llvm::any_of(user->getResults(), [&](Value result) {
                        return pending.contains(result);
                      });
      if (!isOnPath)
        return fail("the scores are used again at " +
                    describePlace(user->getLoc()));
      if (user != softmax)
        between.insert(user);
    }
  return true;
}

Value Candidate::skipScale(Value operand) {
  auto binary = operand.getDefiningOp<BinaryOp>();
  if (!binary || isa<ShapedType>(binary.getRhs().getType())) {
    bool scalarFirst = binary && binary.getKind() == BinaryKind::Mul &&
                       !isa<ShapedType>(binary.getLhs().getType());
    if (!scalarFirst)
      return operand;
    scales.push_back(binary);
    return skipScale(binary.getRhs());
  }
  if (binary.getKind() != BinaryKind::Mul &&
      binary.getKind() != BinaryKind::Div)
    return operand;
  scales.push_back(binary);
  return skipScale(binary.getLhs());
}

/// Grouped heads written out: attention reads the heads that there are.
bool Candidate::skipRepeats() {
  auto getRepeat = [](Value operand) -> RepeatOp {
    auto repeat = operand.getDefiningOp<RepeatOp>();
    return repeat && repeat.getAxis() == 1 ? repeat : RepeatOp();
  };
  RepeatOp keyRepeat = getRepeat(key), valueRepeat = getRepeat(value);
  if (!keyRepeat || !valueRepeat ||
      !haveSameExtent(keyRepeat.getInput(), 1, valueRepeat.getInput(), 1))
    return false;
  key = keyRepeat.getInput();
  value = valueRepeat.getInput();
  return true;
}

bool Candidate::readOperands() {
  int64_t rank = softmax.getInput().getType().getRank();
  query = skipScale(scoreProduct.getLhs());
  key = skipScale(scoreProduct.getRhs());
  auto transpose = key.getDefiningOp<TransposeOp>();
  SmallVector<int64_t> swapped = swapLastAxes(rank);
  if (transpose && transpose.getPermutation() == ArrayRef<int64_t>(swapped)) {
    keyIsTransposed = true;
    key = skipScale(transpose.getInput());
  }
  value = outputProduct.getRhs();
  for (auto [operand, name] :
       {std::pair(query, "query"), {key, "key"}, {value, "value"}}) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (type.getRank() != rank)
      return fail(Twine(name) + " has " + Twine(type.getRank()) +
                  " axes where the scores have " + Twine(rank));
    if (type.getElementType() !=
        cast<RankedTensorType>(query.getType()).getElementType())
      return fail("query and " + Twine(name) + " have different types");
  }
  if (outputProduct.getType().getElementType() !=
      cast<RankedTensorType>(query.getType()).getElementType())
    return fail("query and result have different types");
  bool grouped = rank == 4 && keyIsTransposed && skipRepeats();
  // Leading axes broadcast in a product; in attention only the heads do.
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    for (auto [operand, name] : {std::pair(key, "key"), {value, "value"}}) {
      bool isHeads = rank == 4 && axis == 1;
      int64_t own = cast<RankedTensorType>(operand.getType()).getDimSize(axis);
      int64_t full = cast<RankedTensorType>(query.getType()).getDimSize(axis);
      bool stretches = (own == 1) != (full == 1);
      if (stretches && !(isHeads && own == 1))
        return fail(Twine(name) + " broadcasts along the " +
                    (isHeads ? "heads" : "batch"));
    }
  if (rank == 4 && !grouped) {
    bool keyOne = cast<RankedTensorType>(key.getType()).getDimSize(1) == 1;
    bool valueOne = cast<RankedTensorType>(value.getType()).getDimSize(1) == 1;
    if (keyOne != valueOne)
      return fail("key and value have different numbers of heads");
  }
  return true;
}

bool Candidate::match() {
  int64_t rank = softmax.getInput().getType().getRank();
  if (!findOutputProduct())
    return false;
  if (static_cast<int64_t>(softmax.getAxis()) != rank - 1)
    return fail("the softmax is not along the keys, the last axis");
  if (rank > 4)
    return fail("the scores have " + Twine(rank) +
                " axes; attention has at most batch, heads, queries, keys");
  return findScoreProduct() && readOperands();
}

AttentionOp Candidate::fuse() {
  OpBuilder builder(outputProduct);
  Location loc = outputProduct.getLoc();
  int64_t rank = softmax.getInput().getType().getRank();
  if (!keyIsTransposed) {
    SmallVector<int64_t> swapped = swapLastAxes(rank);
    key = TransposeOp::create(builder, scoreProduct.getLoc(), key, swapped);
  }
  auto attention =
      AttentionOp::create(builder, loc, outputProduct.getType(), query, key,
                          value, /*scale=*/Value(), /*init=*/Value());
  Type score = attention.getAccumulatorType();
  SmallVector<Type> types(4, builder.getIndexType());
  types.insert(types.begin(), score);
  SmallVector<Location> locs(5, loc);
  Block *body = builder.createBlock(&attention.getScore(), {}, types, locs);

  SmallVector<Value> axes(rank);
  for (unsigned index = 0; index < 4; ++index)
    if (std::optional<unsigned> axis = getRuleAxis(index, rank))
      axes[*axis] = body->getArgument(index + 1);
  Value leaf = body->getArgument(0);
  for (BinaryOp scale : scales) {
    bool isDivision = scale.getKind() == BinaryKind::Div;
    Value factor = isa<ShapedType>(scale.getLhs().getType()) ? scale.getRhs()
                                                             : scale.getLhs();
    factor = emitCast(builder, scale.getLoc(), factor, score);
    leaf = emitBinary(builder, scale.getLoc(),
                      isDivision ? BinaryKind::Div : BinaryKind::Mul, leaf,
                      factor);
  }
  ElementEmitter emitter(builder, scoreProduct.getResult(), leaf, axes);
  Value result = emitter.emit(softmax.getInput(), axes);
  YieldOp::create(builder, softmax.getLoc(),
                  emitCast(builder, softmax.getLoc(), result, score));
  outputProduct.replaceAllUsesWith(attention.getResult());
  return attention;
}

/// Erases what is left of the written-out form.
static void eraseDead(Operation *op) {
  // A set: an operand of two dead ops is erased once.
  llvm::SetVector<Operation *> pending;
  pending.insert(op);
  while (!pending.empty()) {
    Operation *dead = pending.pop_back_val();
    if (!isOpTriviallyDead(dead))
      continue;
    llvm::SetVector<Operation *> operands;
    for (Value operand : dead->getOperands())
      if (Operation *source = operand.getDefiningOp())
        operands.insert(source);
    dead->erase();
    pending.insert_range(operands);
  }
}

namespace {
struct FuseAttention : attn::impl::FuseAttentionBase<FuseAttention> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<SoftmaxOp> ops;
    getOperation().walk([&](SoftmaxOp op) { ops.push_back(op); });
    for (SoftmaxOp softmax : ops) {
      Candidate candidate(softmax);
      Location loc = softmax.getLoc();
      if (!candidate.match()) {
        if (!candidate.reason.empty())
          remark::missed(loc, kRemark)
              << "attention not fused: " + candidate.reason;
        continue;
      }
      Operation *product = *softmax.getResult().getUsers().begin();
      candidate.fuse();
      while (!isa<MatmulOp>(product))
        product = *product->getResult(0).getUsers().begin();
      eraseDead(product);
      ++numFused;
      remark::passed(loc, kRemark)
          << "softmax and both products fused into one attention";
    }
  }
};
} // namespace

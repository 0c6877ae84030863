//===- LowerToLoops.cpp - linalg on buffers to loops ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/utils/Fills.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace attn {
#define GEN_PASS_DEF_LOWERTOLOOPS
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using linalg::LinalgOp;

/// Iterations below which starting threads costs more than it gains.
static constexpr int64_t kParallelIterations = int64_t(1) << 15;

/// Loops that threads share as one: each costs a division in every iteration.
static constexpr unsigned kMaxCollapsed = 3;

//===----------------------------------------------------------------------===//
// The order of the loops
//===----------------------------------------------------------------------===//

/// How well a loop serves as the innermost one: operands it walks with stride 1
/// or not at all are good, others cost a cache line or a gather each time.
static int64_t getInnermostCost(LinalgOp op, unsigned loop) {
  int64_t cost = 0;
  for (AffineMap map : op.getIndexingMapsArray())
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (expr.isFunctionOfDim(loop)) {
        bool contiguous = axis + 1 == map.getNumResults() &&
                          expr == getAffineDimExpr(loop, op.getContext());
        cost += contiguous ? -1 : 1 << 8;
      }
  return cost;
}

/// Loops from outside to inside: parallel ones, then reductions, then the one
/// that suits the innermost place best. A product runs i, k, j.
static SmallVector<unsigned> orderLoops(LinalgOp op) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  if (iterators.empty())
    return {};
  unsigned innermost = 0;
  int64_t lowest = std::numeric_limits<int64_t>::max();
  for (unsigned loop = 0; loop < iterators.size(); ++loop) {
    int64_t cost = getInnermostCost(op, loop);
    if (cost <= lowest) {
      lowest = cost;
      innermost = loop;
    }
  }
  SmallVector<unsigned> order;
  for (bool parallel : {true, false})
    for (unsigned loop = 0; loop < iterators.size(); ++loop)
      if (loop != innermost &&
          (iterators[loop] == utils::IteratorType::parallel) == parallel)
        order.push_back(loop);
  order.push_back(innermost);
  return order;
}

//===----------------------------------------------------------------------===//
// The loops
//===----------------------------------------------------------------------===//

namespace {

class LoopNest {
public:
  LoopNest(RewriterBase &rewriter, LinalgOp op)
      : rewriter(rewriter), op(op), loc(op.getLoc()), order(orderLoops(op)),
        ivs(order.size()) {
    for (const Range &range : op.createLoopRanges(rewriter, loc))
      sizes.push_back(
          getValueOrCreateConstantIndexOp(rewriter, loc, range.size));
    zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    one = arith::ConstantIndexOp::create(rewriter, loc, 1);
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    while (firstInnerReduction > 0 &&
           iterators[order[firstInnerReduction - 1]] ==
               utils::IteratorType::reduction)
      --firstInnerReduction;
    while (firstReduction < order.size() &&
           iterators[order[firstReduction]] == utils::IteratorType::parallel)
      ++firstReduction;
    unsigned last = order.size() > 1 ? order.size() - 1 : order.size();
    numOuterParallel = std::min({firstReduction, last, kMaxCollapsed});
  }

  /// Emits the loops, and with them the effect of `fill`, if there is one: what
  /// the output holds before.
  void emit(bool parallel, linalg::FillOp fill) {
    if (fill)
      start = fill.value();
    if (parallel && numOuterParallel > 0)
      return emitTeam();
    emitLoops(0);
  }

  /// The innermost loop may be vectorised: the order of sums is not the
  /// program's, functions are those of vectors.
  bool reassociate = false;

private:
  void emitTeam();
  void emitLoops(unsigned depth);
  void emitFill();
  void emitReduction();
  SmallVector<Value> emitElement(ValueRange accumulators);
  SmallVector<Value> getIndices(AffineMap map);

  bool reads(OpOperand &init) { return op.payloadUsesValueFromOperand(&init); }
  Value load(OpOperand &operand);
  void store(ValueRange values);

  RewriterBase &rewriter;
  LinalgOp op;
  Location loc;
  SmallVector<unsigned> order;
  SmallVector<Value> ivs;
  SmallVector<Value> sizes;
  Value zero, one;
  /// What the output holds before; null for what is in memory.
  Value start;
  unsigned firstReduction = 0;
  /// The depth from which on all loops are reductions, whose values stay in
  /// registers.
  unsigned firstInnerReduction = order.size();
  /// The loops that threads may share: the outermost, but not the innermost,
  /// which is for vectors.
  unsigned numOuterParallel = 0;
};

} // namespace

void LoopNest::emitTeam() {
  Value work = one;
  for (Value size : sizes)
    work = arith::MulIOp::create(rewriter, loc, work, size);
  Value enough =
      arith::ConstantIndexOp::create(rewriter, loc, kParallelIterations);
  omp::ParallelOperands team;
  team.ifExpr = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::sge,
                                      work, enough);
  auto parallel = omp::ParallelOp::create(rewriter, loc, team);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.createBlock(&parallel.getRegion());
  auto share = omp::WsloopOp::create(rewriter, loc, omp::WsloopOperands());
  omp::TerminatorOp::create(rewriter, loc);

  rewriter.createBlock(&share.getRegion());
  omp::LoopNestOperands nest;
  for (unsigned loop : ArrayRef(order).take_front(numOuterParallel)) {
    nest.loopLowerBounds.push_back(zero);
    nest.loopUpperBounds.push_back(sizes[loop]);
    nest.loopSteps.push_back(one);
  }
  nest.collapseNumLoops = rewriter.getI64IntegerAttr(numOuterParallel);
  auto loops = omp::LoopNestOp::create(rewriter, loc, nest);
  SmallVector<Type> types(numOuterParallel, rewriter.getIndexType());
  SmallVector<Location> locs(numOuterParallel, loc);
  Block *body = rewriter.createBlock(&loops.getRegion(), {}, types, locs);
  for (unsigned depth = 0; depth < numOuterParallel; ++depth)
    ivs[order[depth]] = body->getArgument(depth);
  omp::YieldOp::create(rewriter, loc);
  rewriter.setInsertionPointToStart(body);
  emitLoops(numOuterParallel);
}

void LoopNest::emitLoops(unsigned depth) {
  bool hasOuterReduction = firstReduction < firstInnerReduction;
  if (start && hasOuterReduction && depth == firstReduction)
    emitFill();
  if (depth == firstInnerReduction)
    return emitReduction();
  auto loop = scf::ForOp::create(rewriter, loc, zero, sizes[order[depth]], one);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(loop.getBody());
  ivs[order[depth]] = loop.getInductionVar();
  emitLoops(depth + 1);
}

/// Writes `start` to the elements that the innermost loop runs over.
void LoopNest::emitFill() {
  unsigned innermost = order.back();
  auto loop = scf::ForOp::create(rewriter, loc, zero, sizes[innermost], one);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(loop.getBody());
  ivs[innermost] = loop.getInductionVar();
  store(start);
}

/// The remaining loops, which all update the same elements; or none, and one
/// element.
void LoopNest::emitReduction() {
  SmallVector<Value> values;
  for (OpOperand &init : op.getDpsInitsMutable())
    if (start && firstReduction == firstInnerReduction)
      values.push_back(start);
    else if (reads(init) || firstInnerReduction < order.size())
      values.push_back(load(init));
    else
      values.push_back(Value());
  if (firstInnerReduction == order.size())
    return store(emitElement(values));

  OpBuilder::InsertionGuard guard(rewriter);
  scf::ForOp outermost;
  for (unsigned depth = firstInnerReduction; depth < order.size(); ++depth) {
    auto loop = scf::ForOp::create(rewriter, loc, zero, sizes[order[depth]],
                                   one, values);
    if (outermost)
      scf::YieldOp::create(rewriter, loc, loop.getResults());
    else
      outermost = loop;
    rewriter.setInsertionPointToStart(loop.getBody());
    ivs[order[depth]] = loop.getInductionVar();
    values = llvm::to_vector_of<Value>(loop.getRegionIterArgs());
  }
  scf::YieldOp::create(rewriter, loc, emitElement(values));
  rewriter.setInsertionPointAfter(outermost);
  store(outermost.getResults());
}

/// Lets attn-approximate-math compute a function as it does for vectors.
static void allowApproximation(Operation *op) {
  auto relaxed = dyn_cast<arith::ArithFastMathInterface>(op);
  if (!relaxed || !isa<math::MathDialect>(op->getDialect()))
    return;
  auto flags = relaxed.getFastMathFlagsAttr().getValue();
  op->setAttr(relaxed.getFastMathAttrName(),
              arith::FastMathFlagsAttr::get(op->getContext(),
                                            flags | arith::FastMathFlags::afn));
}

/// The body for one position of the nest. `accumulators` are the values of the
/// outputs; null where the body does not read them.
SmallVector<Value> LoopNest::emitElement(ValueRange accumulators) {
  IRMapping mapping;
  Block *body = op.getBlock();
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.payloadUsesValueFromOperand(input))
      mapping.map(op.getMatchingBlockArgument(input), load(*input));
  for (auto [init, value] :
       llvm::zip_equal(op.getDpsInitsMutable(), accumulators))
    if (value)
      mapping.map(op.getMatchingBlockArgument(&init), value);
  for (Operation &inner : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), ivs[index.getDim()]);
      continue;
    }
    Operation *copy = rewriter.clone(inner, mapping);
    if (reassociate && !order.empty())
      allowApproximation(copy);
    auto sum = dyn_cast<arith::AddFOp>(copy);
    if (reassociate && sum &&
        (llvm::is_contained(accumulators, sum.getLhs()) ||
         llvm::is_contained(accumulators, sum.getRhs())))
      sum.setFastmath(sum.getFastmath() | arith::FastMathFlags::reassoc);
  }
  SmallVector<Value> results;
  for (Value value : body->getTerminator()->getOperands())
    results.push_back(mapping.lookupOrDefault(value));
  return results;
}

SmallVector<Value> LoopNest::getIndices(AffineMap map) {
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      indices.push_back(ivs[loop.getPosition()]);
    else if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      indices.push_back(
          arith::ConstantIndexOp::create(rewriter, loc, constant.getValue()));
    else
      indices.push_back(affine::AffineApplyOp::create(
          rewriter, loc, AffineMap::get(map.getNumDims(), 0, expr), ivs));
  }
  return indices;
}

Value LoopNest::load(OpOperand &operand) {
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get();
  return memref::LoadOp::create(
      rewriter, loc, operand.get(),
      getIndices(op.getMatchingIndexingMap(&operand)));
}

void LoopNest::store(ValueRange values) {
  for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), values))
    memref::StoreOp::create(rewriter, loc, value, init.get(),
                            getIndices(op.getMatchingIndexingMap(&init)));
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// A copy that is not one block of bytes, as an op over its elements.
static void generalizeCopy(RewriterBase &rewriter, memref::CopyOp copy) {
  auto isBlock = [](Value buffer) {
    auto type = dyn_cast<MemRefType>(buffer.getType());
    return !type || type.getLayout().isIdentity();
  };
  if (isBlock(copy.getSource()) && isBlock(copy.getTarget()))
    return;
  int64_t rank = cast<MemRefType>(copy.getSource().getType()).getRank();
  SmallVector<AffineMap> maps(2, rewriter.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  rewriter.setInsertionPoint(copy);
  linalg::GenericOp::create(
      rewriter, copy.getLoc(), copy.getSource(), copy.getTarget(), maps,
      iterators, [](OpBuilder &nested, Location loc, ValueRange elements) {
        linalg::YieldOp::create(nested, loc, elements[0]);
      });
  rewriter.eraseOp(copy);
}

namespace {
struct LowerToLoops : attn::impl::LowerToLoopsBase<LowerToLoops> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk(
        [&](memref::CopyOp copy) { generalizeCopy(rewriter, copy); });
    SmallVector<std::pair<LinalgOp, linalg::FillOp>> ops;
    SmallPtrSet<Operation *, 8> joined;
    getOperation().walk([&](LinalgOp op) {
      if (!op.hasPureBufferSemantics())
        return;
      ops.emplace_back(op, attn::findFill(op));
      joined.insert(ops.back().second);
    });
    llvm::erase_if(ops, [&](auto &op) { return joined.contains(op.first); });
    for (auto [op, fill] : ops) {
      rewriter.setInsertionPoint(op);
      LoopNest nest(rewriter, op);
      nest.reassociate = reassociate;
      // Threads are started by straight-line code only.
      nest.emit(parallel && !op->getParentOfType<omp::ParallelOp>() &&
                    !op->getParentOfType<LoopLikeOpInterface>(),
                fill);
      rewriter.eraseOp(op);
      if (fill)
        rewriter.eraseOp(fill);
      ++numLowered;
    }
  }
};
} // namespace

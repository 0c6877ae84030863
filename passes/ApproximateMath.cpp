//===- ApproximateMath.cpp - Functions of vectors, without calls *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "passes/math/VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace attn {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

/// The element type of a vector of one axis and known length, else null.
static Type getLaneType(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getRank() != 1 || vector.isScalable())
    return {};
  return vector.getElementType();
}

/// A function in a loop that LLVM may make vectors of: one that may be
/// approximated, and without a branch in it.
static bool isApproximatedScalar(Operation *op) {
  auto relaxed = dyn_cast<arith::ArithFastMathInterface>(op);
  return relaxed && !isa<math::SinOp, math::CosOp>(op) &&
         arith::bitEnumContainsAll(relaxed.getFastMathFlagsAttr().getValue(),
                                   arith::FastMathFlags::afn);
}

static bool isApproximated(Operation *op) {
  if (!isa<math::ExpOp, math::Exp2Op, math::ExpM1Op, math::LogOp, math::Log2Op,
           math::Log1pOp, math::TanhOp, math::ErfOp, math::SinOp, math::CosOp,
           math::PowFOp>(op))
    return false;
  Type lane = op->getResult(0).getType();
  if (lane.isFloat())
    return isApproximatedScalar(op) &&
           (lane.isF32() || lane.isF16() || lane.isBF16());
  lane = getLaneType(lane);
  // LLVM has no error function, and vectors are gone when upstream's lowering
  // calls that of the library.
  if (lane && lane.isF64())
    return isa<math::ErfOp>(op);
  return lane && (lane.isF32() || lane.isF16() || lane.isBF16());
}

/// The scalar function for each lane.
template <typename Op> static Value emitByLane(Lanes x) {
  ImplicitLocOpBuilder &builder = x.getBuilder();
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, value);
  };
  auto type = cast<VectorType>(static_cast<Value>(x).getType());
  auto loop = scf::ForOp::create(
      builder, index(0), index(type.getNumElements()), index(1), ValueRange{x},
      [&](OpBuilder &nested, Location loc, Value lane, ValueRange carried) {
        Value element = vector::ExtractOp::create(nested, loc, x, lane);
        Value result = Op::create(nested, loc, element);
        Value next = vector::InsertOp::create(nested, loc, result,
                                              carried.front(), lane);
        scf::YieldOp::create(nested, loc, next);
      });
  return loop.getResult(0);
}

/// `approximate` unless a lane is so large that a multiple of pi / 2 in f64 is
/// too far off.
template <typename Op>
static Value emitTrigonometric(Lanes x,
                               llvm::function_ref<Lanes(Lanes)> approximate) {
  ImplicitLocOpBuilder &builder = x.getBuilder();
  Lanes isLarge = less(x.splat(kTurnLimit), magnitude(x));
  Value any =
      vector::ReductionOp::create(builder, vector::CombiningKind::OR, isLarge);
  auto branch = scf::IfOp::create(
      builder, any,
      [&](OpBuilder &nested, Location loc) {
        ImplicitLocOpBuilder inside(loc, nested);
        scf::YieldOp::create(nested, loc, emitByLane<Op>(Lanes(inside, x)));
      },
      [&](OpBuilder &nested, Location loc) {
        ImplicitLocOpBuilder inside(loc, nested);
        Value result = approximate(Lanes(inside, x));
        scf::YieldOp::create(nested, loc, result);
      });
  return branch.getResult(0);
}

/// `operands` are f32, vectors of it or scalars.
static Value emitApproximation(Operation *op, ArrayRef<Lanes> operands) {
  Lanes x = operands.front();
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp) { return emitExp(x); })
      .Case([&](math::Exp2Op) { return emitExp2(x); })
      .Case([&](math::ExpM1Op) { return emitExpM1(x); })
      .Case([&](math::LogOp) { return emitLog(x); })
      .Case([&](math::Log2Op) { return emitLog2(x); })
      .Case([&](math::Log1pOp) { return emitLog1P(x); })
      .Case([&](math::TanhOp) { return emitTanh(x); })
      .Case([&](math::ErfOp) { return emitErf(x); })
      .Case([&](math::SinOp) {
        return emitTrigonometric<math::SinOp>(x, emitSin);
      })
      .Case([&](math::CosOp) {
        return emitTrigonometric<math::CosOp>(x, emitCos);
      })
      .Case([&](math::PowFOp) { return emitPow(x, operands[1]); });
}

/// Emitted at the place of `op`.
static Value approximate(Operation *op) {
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  Type type = op->getResult(0).getType();
  Type element = getElementTypeOrSelf(type);
  if (element.isF64())
    return emitByLane<math::ErfOp>(Lanes(builder, op->getOperand(0)));
  bool isNarrow = !element.isF32();
  SmallVector<Lanes> operands;
  for (Value operand : op->getOperands()) {
    Lanes lanes(builder, operand);
    operands.push_back(isNarrow ? lanes.toF32() : lanes);
  }
  Value result = emitApproximation(op, operands);
  if (isNarrow)
    result = arith::TruncFOp::create(builder, type, result);
  return result;
}

namespace {

struct ApproximateMath : attn::impl::ApproximateMathBase<ApproximateMath> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isApproximated(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      op->replaceAllUsesWith(ValueRange{approximate(op)});
      op->erase();
    }
    numApproximated += ops.size();
  }
};

} // namespace

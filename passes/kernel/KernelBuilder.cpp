//===- KernelBuilder.cpp - Short forms for emitting kernels -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace attn;

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value KernelBuilder::constant(Type type, double value) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  TypedAttr attr = getFloatAttr(element, value);
  if (auto shaped = dyn_cast<ShapedType>(type))
    attr = DenseElementsAttr::get(shaped, static_cast<Attribute>(attr));
  return arith::ConstantOp::create(*this, attr);
}

Value KernelBuilder::integer(Type type, int64_t value) {
  TypedAttr attr = getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto shaped = dyn_cast<ShapedType>(type))
    attr = DenseElementsAttr::get(shaped, static_cast<Attribute>(attr));
  return arith::ConstantOp::create(*this, attr);
}

Value KernelBuilder::add(Value lhs, Value rhs) {
  return createOrFold<arith::AddIOp>(lhs, rhs);
}
Value KernelBuilder::sub(Value lhs, Value rhs) {
  return createOrFold<arith::SubIOp>(lhs, rhs);
}
Value KernelBuilder::mul(Value lhs, Value rhs) {
  return createOrFold<arith::MulIOp>(lhs, rhs);
}
Value KernelBuilder::min(Value lhs, Value rhs) {
  return createOrFold<arith::MinSIOp>(lhs, rhs);
}
Value KernelBuilder::max(Value lhs, Value rhs) {
  return createOrFold<arith::MaxSIOp>(lhs, rhs);
}
Value KernelBuilder::div(Value lhs, Value rhs) {
  return createOrFold<arith::DivUIOp>(lhs, rhs);
}
Value KernelBuilder::rem(Value lhs, Value rhs) {
  return createOrFold<arith::RemUIOp>(lhs, rhs);
}
Value KernelBuilder::ceilDiv(Value lhs, Value rhs) {
  return createOrFold<arith::CeilDivUIOp>(lhs, rhs);
}
Value KernelBuilder::roundUp(Value value, int64_t unit) {
  return mul(ceilDiv(value, index(unit)), index(unit));
}
Value KernelBuilder::cmp(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
  return createOrFold<arith::CmpIOp>(predicate, lhs, rhs);
}
Value KernelBuilder::logicalAnd(Value lhs, Value rhs) {
  return createOrFold<arith::AndIOp>(lhs, rhs);
}
Value KernelBuilder::logicalOr(Value lhs, Value rhs) {
  return createOrFold<arith::OrIOp>(lhs, rhs);
}
Value KernelBuilder::logicalNot(Value value) {
  Value one = arith::ConstantOp::create(*this, getBoolAttr(true));
  return createOrFold<arith::XOrIOp>(value, one);
}

Value KernelBuilder::fastMax(Value lhs, Value rhs) {
  Value greater =
      arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, lhs, rhs);
  return arith::SelectOp::create(*this, greater, lhs, rhs);
}

SmallVector<Value> KernelBuilder::forLoop(
    Value lower, Value upper, Value step, ValueRange inits,
    function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(
      *this, lower, upper, step, inits,
      [&](OpBuilder &nested, Location loc, Value iv, ValueRange carried) {
        InsertionGuard guard(*this);
        restoreInsertionPoint(nested.saveInsertionPoint());
        SmallVector<Value> next = body(iv, carried);
        scf::YieldOp::create(*this, next);
      });
  return llvm::to_vector_of<Value>(loop.getResults());
}

void KernelBuilder::forLoop(Value lower, Value upper, Value step,
                            function_ref<void(Value)> body) {
  forLoop(lower, upper, step, ValueRange(),
          [&](Value iv, ValueRange) -> SmallVector<Value> {
            body(iv);
            return {};
          });
}

SmallVector<Value>
KernelBuilder::choose(Value condition, function_ref<SmallVector<Value>()> then,
                      function_ref<SmallVector<Value>()> otherwise) {
  auto build = [&](function_ref<SmallVector<Value>()> side) {
    return [this, side](OpBuilder &nested, Location) {
      InsertionGuard guard(*this);
      restoreInsertionPoint(nested.saveInsertionPoint());
      SmallVector<Value> results = side();
      scf::YieldOp::create(*this, results);
    };
  };
  auto op = scf::IfOp::create(*this, condition, build(then), build(otherwise));
  return llvm::to_vector_of<Value>(op.getResults());
}

void KernelBuilder::ifElse(Value condition, function_ref<void()> then,
                           function_ref<void()> otherwise) {
  auto none = [](function_ref<void()> side) {
    return [side]() -> SmallVector<Value> {
      side();
      return {};
    };
  };
  choose(condition, none(then), none(otherwise));
}

void KernelBuilder::ifThen(Value condition, function_ref<void()> then) {
  scf::IfOp::create(*this, condition, [&](OpBuilder &nested, Location) {
    InsertionGuard guard(*this);
    restoreInsertionPoint(nested.saveInsertionPoint());
    then();
    scf::YieldOp::create(*this);
  });
}

Value KernelBuilder::splat(Type type, Value scalar) {
  return vector::BroadcastOp::create(*this, type, scalar);
}

Value KernelBuilder::iota(int64_t length, Value first) {
  auto type = VectorType::get(length, getIndexType());
  Value steps = vector::StepOp::create(*this, type);
  return arith::AddIOp::create(*this, splat(type, first), steps);
}

Value KernelBuilder::laneMask(int64_t length, Value count) {
  auto type = VectorType::get(length, getI1Type());
  return vector::CreateMaskOp::create(*this, type, ValueRange(count));
}

//===- MLIRGenScalar.cpp - Arithmetic on single numbers ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/MLIRGenImpl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace attn::frontend;
namespace arith = mlir::arith;
namespace math = mlir::math;

mlir::Value FunctionGen::emitConstant(mlir::Type type, int64_t value,
                                      mlir::Location loc) {
  auto floatType = mlir::dyn_cast<mlir::FloatType>(type);
  if (!floatType)
    return arith::ConstantOp::create(builder, loc,
                                     builder.getIntegerAttr(type, value));
  llvm::APFloat number(floatType.getFloatSemantics());
  number.convertFromAPInt(llvm::APInt(64, value, /*isSigned=*/true),
                          /*IsSigned=*/true,
                          llvm::APFloat::rmNearestTiesToEven);
  return arith::ConstantOp::create(builder, loc,
                                   mlir::FloatAttr::get(floatType, number));
}

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

mlir::Value FunctionGen::emitScalarUnary(Op op, mlir::Value value,
                                         mlir::Location loc) {
  mlir::Type type = value.getType();
  bool isFloat = mlir::isa<mlir::FloatType>(type);
  switch (op) {
  case Op::Not:
    return arith::XOrIOp::create(builder, loc, value,
                                 emitConstant(type, 1, loc));
  case Op::Neg:
    if (isFloat)
      return arith::NegFOp::create(builder, loc, value);
    return arith::SubIOp::create(builder, loc, emitConstant(type, 0, loc),
                                 value);
  case Op::Abs: {
    if (isFloat)
      return math::AbsFOp::create(builder, loc, value);
    mlir::Value negated =
        arith::SubIOp::create(builder, loc, emitConstant(type, 0, loc), value);
    return arith::MaxSIOp::create(builder, loc, value, negated);
  }
  case Op::Exp:
    return math::ExpOp::create(builder, loc, value);
  case Op::Exp2:
    return math::Exp2Op::create(builder, loc, value);
  case Op::Log:
    return math::LogOp::create(builder, loc, value);
  case Op::Log2:
    return math::Log2Op::create(builder, loc, value);
  case Op::Tanh:
    return math::TanhOp::create(builder, loc, value);
  case Op::Erf:
    return math::ErfOp::create(builder, loc, value);
  case Op::Sqrt:
    return math::SqrtOp::create(builder, loc, value);
  case Op::Rsqrt:
    return math::RsqrtOp::create(builder, loc, value);
  case Op::Sin:
    return math::SinOp::create(builder, loc, value);
  case Op::Cos:
    return math::CosOp::create(builder, loc, value);
  case Op::Floor:
    return math::FloorOp::create(builder, loc, value);
  case Op::Ceil:
    return math::CeilOp::create(builder, loc, value);
  case Op::Sigmoid: {
    mlir::Value one = emitConstant(type, 1, loc);
    mlir::Value negated = arith::NegFOp::create(builder, loc, value);
    mlir::Value exp = math::ExpOp::create(builder, loc, negated);
    mlir::Value sum = arith::AddFOp::create(builder, loc, one, exp);
    return arith::DivFOp::create(builder, loc, one, sum);
  }
  default:
    llvm_unreachable("not an operator of one operand");
  }
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

mlir::Value FunctionGen::emitScalarBinary(Op op, mlir::Value lhs,
                                          mlir::Value rhs, mlir::Location loc) {
  return mlir::isa<mlir::FloatType>(lhs.getType())
             ? emitFloatBinary(op, lhs, rhs, loc)
             : emitIntegerBinary(op, lhs, rhs, loc);
}

mlir::Value FunctionGen::emitIntegerDivision(Op op, mlir::Value lhs,
                                             mlir::Value rhs,
                                             mlir::Location loc) {
  mlir::Type type = lhs.getType();
  llvm::APInt known;
  bool isSafe = mlir::matchPattern(rhs, mlir::m_ConstantInt(&known)) &&
                !known.isZero() && !known.isAllOnes();
  // Processors trap on a divisor of 0, and on the least integer over -1.
  mlir::Value isZero, isMinusOne;
  mlir::Value divisor = rhs;
  if (!isSafe) {
    isZero = emitIntegerBinary(Op::Eq, rhs, emitConstant(type, 0, loc), loc);
    isMinusOne =
        emitIntegerBinary(Op::Eq, rhs, emitConstant(type, -1, loc), loc);
    mlir::Value traps = emitIntegerBinary(Op::Or, isZero, isMinusOne, loc);
    divisor = arith::SelectOp::create(builder, loc, traps,
                                      emitConstant(type, 1, loc), rhs);
  }
  mlir::Value quotient =
      arith::FloorDivSIOp::create(builder, loc, lhs, divisor);
  if (op == Op::Mod) {
    // The remainder of a division that rounds down has the divisor's sign; by
    // 0, 1 and -1 it is 0.
    mlir::Value product = emitIntegerBinary(Op::Mul, quotient, divisor, loc);
    return emitIntegerBinary(Op::Sub, lhs, product, loc);
  }
  if (isSafe)
    return quotient;
  mlir::Value zero = emitConstant(type, 0, loc);
  mlir::Value negated = emitIntegerBinary(Op::Sub, zero, lhs, loc);
  quotient =
      arith::SelectOp::create(builder, loc, isMinusOne, negated, quotient);
  return arith::SelectOp::create(builder, loc, isZero, zero, quotient);
}

static arith::CmpIPredicate getIntegerPredicate(Op op) {
  switch (op) {
  case Op::Eq:
    return arith::CmpIPredicate::eq;
  case Op::Ne:
    return arith::CmpIPredicate::ne;
  case Op::Lt:
    return arith::CmpIPredicate::slt;
  case Op::Le:
    return arith::CmpIPredicate::sle;
  case Op::Gt:
    return arith::CmpIPredicate::sgt;
  default:
    return arith::CmpIPredicate::sge;
  }
}

static arith::CmpFPredicate getFloatPredicate(Op op) {
  switch (op) {
  case Op::Eq:
    return arith::CmpFPredicate::OEQ;
  case Op::Ne:
    return arith::CmpFPredicate::UNE;
  case Op::Lt:
    return arith::CmpFPredicate::OLT;
  case Op::Le:
    return arith::CmpFPredicate::OLE;
  case Op::Gt:
    return arith::CmpFPredicate::OGT;
  default:
    return arith::CmpFPredicate::OGE;
  }
}

mlir::Value FunctionGen::emitIntegerBinary(Op op, mlir::Value lhs,
                                           mlir::Value rhs,
                                           mlir::Location loc) {
  if (isComparison(op))
    return arith::CmpIOp::create(builder, loc, getIntegerPredicate(op), lhs,
                                 rhs);
  switch (op) {
  case Op::Add:
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  case Op::Sub:
    return arith::SubIOp::create(builder, loc, lhs, rhs);
  case Op::Mul:
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  case Op::FloorDiv:
  case Op::Mod:
    return emitIntegerDivision(op, lhs, rhs, loc);
  case Op::Max:
    return arith::MaxSIOp::create(builder, loc, lhs, rhs);
  case Op::Min:
    return arith::MinSIOp::create(builder, loc, lhs, rhs);
  case Op::And:
    return arith::AndIOp::create(builder, loc, lhs, rhs);
  case Op::Or:
    return arith::OrIOp::create(builder, loc, lhs, rhs);
  default:
    llvm_unreachable("not an operator on integers");
  }
}

mlir::Value FunctionGen::emitFloatBinary(Op op, mlir::Value lhs,
                                         mlir::Value rhs, mlir::Location loc) {
  if (isComparison(op))
    return arith::CmpFOp::create(builder, loc, getFloatPredicate(op), lhs, rhs);
  switch (op) {
  case Op::Add:
    return arith::AddFOp::create(builder, loc, lhs, rhs);
  case Op::Sub:
    return arith::SubFOp::create(builder, loc, lhs, rhs);
  case Op::Mul:
    return arith::MulFOp::create(builder, loc, lhs, rhs);
  case Op::Div:
    return arith::DivFOp::create(builder, loc, lhs, rhs);
  case Op::Pow:
    return math::PowFOp::create(builder, loc, lhs, rhs);
  case Op::Max:
    return arith::MaximumFOp::create(builder, loc, lhs, rhs);
  case Op::Min:
    return arith::MinimumFOp::create(builder, loc, lhs, rhs);
  case Op::FloorDiv:
    return math::FloorOp::create(builder, loc,
                                 arith::DivFOp::create(builder, loc, lhs, rhs));
  case Op::Mod: {
    // remf has the sign of the dividend; step once where the signs differ.
    mlir::Value remainder = arith::RemFOp::create(builder, loc, lhs, rhs);
    mlir::Value zero = emitConstant(lhs.getType(), 0, loc);
    auto isLess = [&](mlir::Value value) -> mlir::Value {
      return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT,
                                   value, zero);
    };
    mlir::Value isInexact = arith::CmpFOp::create(
        builder, loc, arith::CmpFPredicate::ONE, remainder, zero);
    mlir::Value signsDiffer =
        arith::XOrIOp::create(builder, loc, isLess(remainder), isLess(rhs));
    mlir::Value step =
        arith::AndIOp::create(builder, loc, isInexact, signsDiffer);
    mlir::Value sum = arith::AddFOp::create(builder, loc, remainder, rhs);
    return arith::SelectOp::create(builder, loc, step, sum, remainder);
  }
  default:
    llvm_unreachable("not an operator on floats");
  }
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

mlir::Value FunctionGen::emitFloatToInteger(mlir::Value value, mlir::Type type,
                                            mlir::Location loc) {
  // arith.fptosi has no value outside of the range of integers: saturate, and
  // give 0 for NaN.
  unsigned width = type.getIntOrFloatBitWidth();
  auto floatType = mlir::cast<mlir::FloatType>(value.getType());
  llvm::APInt lowest = llvm::APInt::getSignedMinValue(width);
  llvm::APInt highest = llvm::APInt::getSignedMaxValue(width);
  llvm::APFloat bound(floatType.getFloatSemantics());
  bound.convertFromAPInt(lowest, /*IsSigned=*/true,
                         llvm::APFloat::rmNearestTiesToEven);
  mlir::Value low = arith::ConstantOp::create(
      builder, loc, mlir::FloatAttr::get(floatType, bound));
  bound.changeSign();
  mlir::Value high = arith::ConstantOp::create(
      builder, loc, mlir::FloatAttr::get(floatType, bound));
  auto compare = [&](arith::CmpFPredicate predicate, mlir::Value rhs) {
    return arith::CmpFOp::create(builder, loc, predicate, value, rhs);
  };
  auto choose = [&](mlir::Value condition, int64_t chosen, mlir::Value other) {
    return arith::SelectOp::create(builder, loc, condition,
                                   emitConstant(type, chosen, loc), other);
  };
  mlir::Value result = arith::FPToSIOp::create(builder, loc, type, value);
  result = choose(compare(arith::CmpFPredicate::OLT, low),
                  lowest.getSExtValue(), result);
  result = choose(compare(arith::CmpFPredicate::OGE, high),
                  highest.getSExtValue(), result);
  return choose(compare(arith::CmpFPredicate::UNO, value), 0, result);
}

mlir::Value FunctionGen::emitConversion(mlir::Value value, mlir::Type type,
                                        mlir::Location loc) {
  mlir::Type from = value.getType();
  if (from == type)
    return value;
  if (type.isInteger(1))
    return emitScalarBinary(Op::Ne, value, emitConstant(from, 0, loc), loc);
  if (from.isInteger(1)) {
    if (mlir::isa<mlir::FloatType>(type))
      return arith::UIToFPOp::create(builder, loc, type, value);
    if (type.isIndex())
      return arith::IndexCastUIOp::create(builder, loc, type, value);
    return arith::ExtUIOp::create(builder, loc, type, value);
  }
  if (auto toFloat = mlir::dyn_cast<mlir::FloatType>(type)) {
    auto fromFloat = mlir::dyn_cast<mlir::FloatType>(from);
    if (!fromFloat) {
      if (from.isIndex())
        value = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                           value);
      return arith::SIToFPOp::create(builder, loc, type, value);
    }
    if (fromFloat.getWidth() < toFloat.getWidth())
      return arith::ExtFOp::create(builder, loc, type, value);
    // Between f16 and bf16 neither holds the other.
    if (fromFloat.getWidth() == toFloat.getWidth())
      value = arith::ExtFOp::create(builder, loc, builder.getF32Type(), value);
    return arith::TruncFOp::create(builder, loc, type, value);
  }
  if (mlir::isa<mlir::FloatType>(from)) {
    bool isIndex = type.isIndex();
    mlir::Value integer =
        emitFloatToInteger(value, isIndex ? builder.getI64Type() : type, loc);
    return emitConversion(integer, type, loc);
  }
  if (from.isIndex() || type.isIndex())
    return arith::IndexCastOp::create(builder, loc, type, value);
  if (from.getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
    return arith::ExtSIOp::create(builder, loc, type, value);
  return arith::TruncIOp::create(builder, loc, type, value);
}

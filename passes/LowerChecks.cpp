//===- LowerChecks.cpp - Checks become calls of the runtime -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

#define DEBUG_TYPE "attn-lower-checks"

namespace attn {
#define GEN_PASS_DEF_LOWERCHECKS
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

/// What the runtime provides: file, line, column, text, four indices of which
/// those that are not there are -1, value.
static constexpr StringLiteral kFailure = "_attn_check_failed";
static constexpr int kMaxIndices = 4;

namespace {

struct LowerChecks : attn::impl::LowerChecksBase<LowerChecks> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<RequireOp> requirements;
    SmallVector<ValidateOp> validations;
    getOperation().walk([&](RequireOp op) { requirements.push_back(op); });
    getOperation().walk([&](ValidateOp op) { validations.push_back(op); });
    texts.clear();
    for (RequireOp op : requirements) {
      lower(op);
      op.erase();
    }
    for (ValidateOp op : validations) {
      lower(op);
      op.erase();
    }
  }

private:
  using Builder = ImplicitLocOpBuilder;

  void lower(RequireOp op);
  void lower(ValidateOp op);
  void validateRow(Builder &b, ValidateOp op, ValueRange row);
  Value load(Builder &b, ValidateOp op, ValueRange row, Value column);
  void emitFailure(Builder &b, const Twine &text, ValueRange indices,
                   Value value);
  Value emitText(Builder &b, StringRef text);
  func::FuncOp getFailure();

  llvm::StringMap<LLVM::GlobalOp> texts;
};

} // namespace

static Value makeFloat(ImplicitLocOpBuilder &b, double value) {
  return arith::ConstantOp::create(b, b.getF64FloatAttr(value));
}

static Value makeInteger(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

static Value toDouble(ImplicitLocOpBuilder &b, Value value) {
  Type type = value.getType();
  if (type.isInteger())
    return arith::SIToFPOp::create(b, b.getF64Type(), value);
  if (type.isBF16())
    value = arith::ExtFOp::create(b, b.getF32Type(), value);
  return type.isF64() ? value : arith::ExtFOp::create(b, b.getF64Type(), value);
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

func::FuncOp LowerChecks::getFailure() {
  ModuleOp module = getOperation();
  if (auto known = module.lookupSymbol<func::FuncOp>(kFailure))
    return known;
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(&getContext());
  Type i64 = builder.getI64Type();
  SmallVector<Type> types = {pointer, i64, i64, pointer};
  types.append(kMaxIndices, i64);
  types.push_back(builder.getF64Type());
  auto func = func::FuncOp::create(builder, module.getLoc(), kFailure,
                                   builder.getFunctionType(types, {}));
  func.setPrivate();
  return func;
}

/// A pointer to a constant string that ends in 0.
Value LowerChecks::emitText(Builder &b, StringRef text) {
  LLVM::GlobalOp &global = texts[text];
  if (!global) {
    // The symbol table finds a place, and a name that is free.
    OpBuilder builder(&getContext());
    std::string bytes = text.str();
    bytes.push_back('\0');
    global = LLVM::GlobalOp::create(
        builder, b.getLoc(),
        LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size()),
        /*isConstant=*/true, LLVM::Linkage::Internal, "check.text",
        builder.getStringAttr(bytes));
    SymbolTable(getOperation()).insert(global);
  }
  return LLVM::AddressOfOp::create(b, global);
}

void LowerChecks::emitFailure(Builder &b, const Twine &text, ValueRange indices,
                              Value value) {
  FileLineColLoc place = getOwnPlace(b.getLoc());
  StringRef file = place ? place.getFilename().getValue() : "";
  SmallVector<Value> arguments = {
      emitText(b, file), makeInteger(b, place ? place.getLine() : 0),
      makeInteger(b, place ? place.getColumn() : 0), emitText(b, text.str())};
  for (Value index : indices)
    arguments.push_back(arith::IndexCastOp::create(b, b.getI64Type(), index));
  while (arguments.size() < 4 + kMaxIndices)
    arguments.push_back(makeInteger(b, -1));
  arguments.push_back(value);
  func::CallOp::create(b, getFailure(), arguments);
}

//===----------------------------------------------------------------------===//
// The checks
//===----------------------------------------------------------------------===//

void LowerChecks::lower(RequireOp op) {
  if (matchPattern(op.getCondition(), m_One()))
    return;
  Builder b(op.getLoc(), op);
  Value isBroken = arith::XOrIOp::create(
      b, op.getCondition(), arith::ConstantOp::create(b, b.getBoolAttr(true)));
  scf::IfOp::create(b, isBroken, [&](OpBuilder &nested, Location loc) {
    Builder body(loc, nested);
    emitFailure(body,
                op.getSubject() + " is {value}, expected " + op.getExpected(),
                {}, toDouble(body, op.getValue()));
    scf::YieldOp::create(body);
  });
}

Value LowerChecks::load(Builder &b, ValidateOp op, ValueRange row,
                        Value column) {
  SmallVector<Value> place(row);
  place.push_back(column);
  return toDouble(b, tensor::ExtractOp::create(b, op.getInput(), place));
}

void LowerChecks::validateRow(Builder &b, ValidateOp op, ValueRange row) {
  double tolerance = op.getTolerance().convertToDouble();
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value none = arith::ConstantIndexOp::create(b, -1);
  Value nothing = makeFloat(b, 0.0);
  Value least = makeFloat(b, 1.0 - tolerance);
  Value most = makeFloat(b, 1.0 + tolerance);
  auto isWithin = [](Builder &b, Value x, Value lower, Value upper) -> Value {
    return arith::AndIOp::create(
        b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, lower),
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, x, upper));
  };
  Value keys = tensor::DimOp::create(b, op.getInput(), row.size());
  auto loop = scf::ForOp::create(
      b, zero, keys, one, ValueRange{nothing, none},
      [&](OpBuilder &nested, Location loc, Value column, ValueRange carried) {
        Builder body(loc, nested);
        Value weight = load(body, op, row, column);
        Value wasWrong = arith::CmpIOp::create(body, arith::CmpIPredicate::ne,
                                               carried[1], none);
        Value keeps = arith::OrIOp::create(
            body, wasWrong, isWithin(body, weight, nothing, most));
        Value wrong = arith::SelectOp::create(body, keeps, carried[1], column);
        Value sum = arith::AddFOp::create(body, carried[0], weight);
        scf::YieldOp::create(body, ValueRange{sum, wrong});
      });
  Value sum = loop.getResult(0), wrong = loop.getResult(1);
  Value isWrong =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, wrong, none);
  scf::IfOp::create(b, isWrong, [&](OpBuilder &nested, Location loc) {
    Builder body(loc, nested);
    SmallVector<Value> place(row);
    place.push_back(wrong);
    emitFailure(body,
                op.getSubject() + " at {at} is {value}, expected a weight from "
                                  "0 to 1",
                place, load(body, op, row, wrong));
    scf::YieldOp::create(body);
  });
  Value isNothing =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, nothing);
  Value isSum =
      arith::OrIOp::create(b, isNothing, isWithin(b, sum, least, most));
  Value isOff = arith::XOrIOp::create(
      b, isSum, arith::ConstantOp::create(b, b.getBoolAttr(true)));
  scf::IfOp::create(b, isOff, [&](OpBuilder &nested, Location loc) {
    Builder body(loc, nested);
    emitFailure(body,
                op.getSubject() + (row.empty() ? "" : ": row {at}") +
                    " has the sum {value}, expected 1, or 0 where no key is "
                    "allowed",
                row, sum);
    scf::YieldOp::create(body);
  });
}

/// One loop for each axis but the last.
void LowerChecks::lower(ValidateOp op) {
  Builder b(op.getLoc(), op);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  SmallVector<Value> row;
  for (int64_t axis = 0; axis < op.getInput().getType().getRank() - 1; ++axis) {
    Value extent = tensor::DimOp::create(b, op.getInput(), axis);
    auto loop = scf::ForOp::create(b, zero, extent, one);
    row.push_back(loop.getInductionVar());
    b.setInsertionPointToStart(loop.getBody());
  }
  validateRow(b, op, row);
}

//===- MLIRGenRule.cpp - Rule regions ---------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/MLIRGenImpl.h"

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace attn::frontend;
namespace arith = mlir::arith;

void FunctionGen::emitCaptures(const RuleBody &body) {
  for (const Node *capture : body.captures)
    emitAll(capture);
}

void FunctionGen::emitRule(mlir::Region &region, const RuleBody &body,
                           mlir::Type scoreType, mlir::Location loc) {
  mlir::OpBuilder::InsertionGuard guard(builder);
  mlir::Block *block = builder.createBlock(&region);
  scopes.emplace_back();
  if (scoreType)
    scopes.back()[body.score] = {block->addArgument(scoreType, loc)};
  for (const Node *index : body.indices)
    scopes.back()[index] = {block->addArgument(builder.getIndexType(), loc)};
  mlir::Value value = emit(body.body);
  attn::YieldOp::create(builder, module.getLocation(body.body->range), value);
  scopes.pop_back();
}

mlir::Value FunctionGen::emitMask(const Node *node, mlir::Location loc) {
  emitCaptures(node->mask);
  auto op = attn::MaskOp::create(
      builder, loc, getType(node->type),
      emitOpenSizes(node->type, module.getLocation(node->range)));
  emitRule(op.getRule(), node->mask, nullptr, loc);
  return op;
}

mlir::Value FunctionGen::emitScore(const Node *node, mlir::Location loc) {
  emitCaptures(node->score);
  mlir::Value operand = emit(node->operands[0]);
  auto op = attn::ScoreOp::create(builder, loc, operand);
  emitRule(op.getRule(), node->score,
           mlir::cast<mlir::ShapedType>(operand.getType()).getElementType(),
           loc);
  return op;
}

/// What a sum, a maximum or a minimum of no elements is.
static mlir::TypedAttr getNeutral(Op op, mlir::Type type,
                                  mlir::OpBuilder &builder) {
  if (op == Op::Sum)
    return builder.getZeroAttr(type);
  if (auto floatType = mlir::dyn_cast<mlir::FloatType>(type))
    return builder.getFloatAttr(
        floatType, llvm::APFloat::getInf(floatType.getFloatSemantics(),
                                         /*Negative=*/op == Op::Max));
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  return builder.getIntegerAttr(
      type, op == Op::Max ? llvm::APInt::getSignedMinValue(width)
                          : llvm::APInt::getSignedMaxValue(width));
}

mlir::Value FunctionGen::emitAccumulate(const Node *node, mlir::Location loc) {
  mlir::Type type = getType(node->type);
  // Narrow floats are summed up in f32 and rounded once.
  bool isNarrow = type.isF16() || type.isBF16();
  mlir::Type sumType = isNarrow ? builder.getF32Type() : type;
  mlir::Value bound = emit(node->operands[0]);
  mlir::Type index = builder.getIndexType();
  mlir::Value init = arith::ConstantOp::create(
      builder, loc, getNeutral(node->op, sumType, builder));
  auto loop =
      mlir::scf::ForOp::create(builder, loc, emitConstant(index, 0, loc), bound,
                               emitConstant(index, 1, loc), init);
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(loop.getBody());
  scopes.emplace_back();
  scopes.back()[node->carry] = {loop.getInductionVar()};
  mlir::Value term = emitConversion(emit(node->operands[1]), sumType, loc);
  Op op = node->op == Op::Sum ? Op::Add : node->op;
  mlir::Value next = emitScalarBinary(op, loop.getRegionIterArg(0), term, loc);
  mlir::scf::YieldOp::create(builder, loc, next);
  scopes.pop_back();
  builder.setInsertionPointAfter(loop);
  return emitConversion(loop.getResult(0), type, loc);
}

mlir::Value FunctionGen::emitRead(const Node *node, mlir::Location loc) {
  Values operands = emitOperands(node);
  mlir::Value array = operands.front();
  mlir::Location plain = module.getLocation(node->range);
  mlir::Type index = builder.getIndexType();
  Values indices;
  for (auto [i, value] : llvm::enumerate(llvm::drop_begin(operands))) {
    if (node->flags[i]) {
      // To the nearest edge.
      const Dim &size = node->operands[0]->type.shape[i];
      std::optional<Dim> last = Dim::sub(size, Dim(1));
      mlir::Value high =
          last ? emitDim(*last, plain)
               : emitIntegerBinary(Op::Sub, emitDim(size, plain),
                                   emitConstant(index, 1, plain), plain);
      value = arith::MinSIOp::create(builder, plain, value, high);
      value = arith::MaxSIOp::create(builder, plain, value,
                                     emitConstant(index, 0, plain));
    }
    indices.push_back(value);
  }
  return mlir::tensor::ExtractOp::create(builder, loc, array, indices);
}

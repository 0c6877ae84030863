//===- MLIRGenAttention.cpp - The functions of attention --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/MLIRGenImpl.h"

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace attn::frontend;
namespace arith = mlir::arith;

using Normalize = AttentionOptions::Normalize;
using Statistic = AttentionOptions::Statistic;

/// The scale as given, or 1 / sqrt(head dim).
mlir::Value FunctionGen::emitScale(const Node *node, mlir::Type accumulator) {
  if (node->attention.scale)
    return emit(node->attention.scale);
  mlir::Location plain = module.getLocation(node->range);
  const Dim &dim = node->operands[0]->type.shape.back();
  mlir::Value width = emitDim(dim, plain);
  // Over no elements every product is 0, whatever finite scale it takes.
  if (getStatic(dim).value_or(0) <= 0)
    width = emitIntegerBinary(
        Op::Max, width, emitConstant(builder.getIndexType(), 1, plain), plain);
  mlir::Value root = mlir::math::SqrtOp::create(
      builder, plain, emitConversion(width, accumulator, plain));
  return arith::DivFOp::create(builder, plain,
                               emitConstant(accumulator, 1, plain), root);
}

/// The score rule, and what `normalize` makes of its score.
void FunctionGen::emitScoreRule(mlir::Region &region, const Node *node,
                                mlir::Type accumulator, mlir::Location loc) {
  Normalize normalize = node->attention.normalize;
  bool isRelu = normalize == Normalize::ReluSquared;
  if (node->score.body) {
    emitRule(region, node->score, accumulator, loc);
  } else if (isRelu || normalize == Normalize::Sigmoid) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    mlir::Block *block = builder.createBlock(&region);
    block->addArgument(accumulator, loc);
    for (int index = 0; index < 4; ++index)
      block->addArgument(builder.getIndexType(), loc);
    attn::YieldOp::create(builder, loc, block->getArgument(0));
  }
  if (!isRelu && normalize != Normalize::Sigmoid)
    return;
  mlir::Operation *yield = region.front().getTerminator();
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(yield);
  mlir::Value weight = yield->getOperand(0);
  if (isRelu) {
    weight = emitScalarBinary(Op::Max, weight,
                              emitConstant(accumulator, 0, loc), loc);
    weight = arith::MulFOp::create(builder, loc, weight, weight);
  } else {
    weight = emitScalarUnary(Op::Sigmoid, weight, loc);
  }
  yield->setOperand(0, weight);
}

namespace {

/// 32 random bits for each place among the weights, of the seed and the place
/// alone. docs/language.md has the formula.
class RandomBits {
public:
  RandomBits(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc), type(builder.getI32Type()) {}

  mlir::Value emit(mlir::Value seed, mlir::ValueRange place) {
    mlir::Value wide =
        arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(32));
    mlir::Value high = arith::ShRUIOp::create(builder, loc, seed, wide);
    mlir::Value row = constant(0);
    for (mlir::Value part : {seed, high})
      row = chain(row, arith::TruncIOp::create(builder, loc, type, part));
    for (mlir::Value part : place.drop_back())
      row = chain(row, arith::IndexCastOp::create(builder, loc, type, part));
    // Each row walks in a step of its own, which is odd.
    mlir::Value step = arith::OrIOp::create(
        builder, loc, chain(row, constant(0)), constant(1));
    mlir::Value key =
        arith::IndexCastOp::create(builder, loc, type, place.back());
    mlir::Value walked = arith::MulIOp::create(builder, loc, key, step);
    return mix(arith::AddIOp::create(builder, loc, walked, row));
  }

private:
  mlir::Value constant(uint32_t value) {
    return arith::ConstantOp::create(
        builder, loc, builder.getIntegerAttr(type, llvm::APInt(32, value)));
  }

  mlir::Value shiftXor(mlir::Value x, unsigned distance) {
    mlir::Value shifted =
        arith::ShRUIOp::create(builder, loc, x, constant(distance));
    return arith::XOrIOp::create(builder, loc, x, shifted);
  }

  /// A bijection that spreads every bit: C. Wellons, "Prospecting for Hash
  /// Functions", 2018.
  mlir::Value mix(mlir::Value x) {
    x = arith::MulIOp::create(builder, loc, shiftXor(x, 16),
                              constant(0x7feb352d));
    x = arith::MulIOp::create(builder, loc, shiftXor(x, 15),
                              constant(0x846ca68b));
    return shiftXor(x, 16);
  }

  mlir::Value chain(mlir::Value state, mlir::Value part) {
    mlir::Value joined = arith::XOrIOp::create(builder, loc, state, part);
    return mix(
        arith::AddIOp::create(builder, loc, joined, constant(0x9e3779b9)));
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type type;
};

} // namespace

/// Ends the run where a rate is not in [0, 1). A literal's has been checked.
void FunctionGen::requireRate(const Node *node, mlir::Value rate,
                              mlir::Location loc) {
  if (node->kind == Node::Kind::FloatLiteral ||
      node->kind == Node::Kind::IntLiteral)
    return;
  auto compare = [&](arith::CmpFPredicate predicate,
                     int64_t bound) -> mlir::Value {
    return arith::CmpFOp::create(builder, loc, predicate, rate,
                                 emitConstant(rate.getType(), bound, loc));
  };
  mlir::Value isRate =
      arith::AndIOp::create(builder, loc, compare(arith::CmpFPredicate::OGE, 0),
                            compare(arith::CmpFPredicate::OLT, 1));
  const std::string &name = node->name.name;
  attn::RequireOp::create(
      builder, loc, isRate, rate,
      "the rate of dropout" + (name.empty() ? name : " '" + name + "'"),
      "at least 0 and less than 1");
}

/// The rule that is 0 with the probability `rate`, otherwise 1 / (1 - rate).
void FunctionGen::emitDropout(mlir::Region &region, mlir::Value rate,
                              mlir::Value seed, mlir::Location loc) {
  mlir::Type type = rate.getType();
  auto number = [&](mlir::Type type, double value) -> mlir::Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(type, value));
  };
  // Outside of the rule: the same for all places.
  mlir::Value kept = arith::DivFOp::create(
      builder, loc, number(type, 1.0),
      arith::SubFOp::create(builder, loc, number(type, 1.0), rate));
  mlir::Type wide = builder.getF64Type();
  mlir::Value share =
      type == wide ? rate : arith::ExtFOp::create(builder, loc, wide, rate);
  share = arith::MulFOp::create(builder, loc, share, number(wide, 0x1p32));
  mlir::Value limit = arith::TruncIOp::create(
      builder, loc, builder.getI32Type(),
      arith::FPToUIOp::create(builder, loc, builder.getI64Type(), share));

  mlir::OpBuilder::InsertionGuard guard(builder);
  mlir::Block *block = builder.createBlock(&region);
  for (int index = 0; index < 4; ++index)
    block->addArgument(builder.getIndexType(), loc);
  mlir::Value bits = RandomBits(builder, loc).emit(seed, block->getArguments());
  mlir::Value isDropped = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::ult, bits, limit);
  attn::YieldOp::create(builder, loc,
                        arith::SelectOp::create(builder, loc, isDropped,
                                                number(type, 0.0), kept));
}

FunctionGen::Values FunctionGen::emitAttention(const Node *node,
                                               mlir::Location loc) {
  const AttentionOptions &options = node->attention;
  emitCaptures(node->mask);
  emitCaptures(node->score);
  Values operands = emitOperands(node);
  mlir::Type accumulator =
      module.getElementType(getAccumulator(node->operands[0]->type.element));
  mlir::Value scale = emitScale(node, accumulator);
  mlir::Value sink = options.sink ? emit(options.sink) : mlir::Value();
  if (options.normalize == Normalize::Softmax1)
    sink = emitConstant(accumulator, 0, loc);
  bool isSoftmax = options.normalize == Normalize::Softmax ||
                   options.normalize == Normalize::Softmax1;

  bool isTuple = !options.statistics.empty();
  mlir::Type result =
      getType(isTuple ? node->type.elements.front() : node->type);
  auto getStatistic = [&](Statistic wanted) -> mlir::Type {
    auto it = llvm::find(options.statistics, wanted);
    if (it == options.statistics.end())
      return {};
    return getType(node->type.elements[1 + (it - options.statistics.begin())]);
  };
  auto op = attn::AttentionOp::create(
      builder, loc, result, getStatistic(Statistic::Lse),
      getStatistic(Statistic::Max), getStatistic(Statistic::Entropy),
      operands[0], operands[1], operands[2], scale, sink,
      /*init=*/mlir::Value(), /*lseInit=*/mlir::Value(),
      /*maxInit=*/mlir::Value(), /*entropyInit=*/mlir::Value(),
      isSoftmax ? attn::Normalizer::Softmax : attn::Normalizer::None);
  if (node->mask.body)
    emitRule(op.getMask(), node->mask, nullptr, loc);
  emitScoreRule(op.getScore(), node, accumulator, loc);
  if (options.dropout) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    mlir::Value rate = emit(options.dropout);
    requireRate(options.dropout, rate, loc);
    emitDropout(op.getFactor(), rate, emit(options.seed), loc);
  }
  Values results = {op.getResult()};
  for (Statistic statistic : options.statistics)
    results.push_back(statistic == Statistic::Lse   ? op.getLse()
                      : statistic == Statistic::Max ? op.getMax()
                                                    : op.getEntropy());
  return results;
}

FunctionGen::Values FunctionGen::emitLinearAttention(const Node *node,
                                                     mlir::Location loc) {
  Values operands = emitOperands(node);
  unsigned next = 3;
  auto take = [&](unsigned flag) {
    return node->flags[flag] ? operands[next++] : mlir::Value();
  };
  mlir::Value decay = take(1), state = take(2), scale = take(3);
  llvm::SmallVector<mlir::Type> results;
  if (state)
    for (const Type &element : node->type.elements)
      results.push_back(getType(element));
  else
    results.push_back(getType(node->type));
  auto op = attn::LinearAttentionOp::create(
      builder, loc, results, operands[0], operands[1], operands[2], scale,
      /*causal=*/node->flags[0], decay, state, /*inits=*/mlir::ValueRange());
  return Values(op.getResults());
}

FunctionGen::Values FunctionGen::emitTopKeys(const Node *node,
                                             mlir::Location loc) {
  emitCaptures(node->mask);
  emitCaptures(node->score);
  Values operands = emitOperands(node);
  mlir::Type accumulator =
      module.getElementType(getAccumulator(node->operands[0]->type.element));
  mlir::Value scale = emitScale(node, accumulator);
  auto op = attn::TopKeysOp::create(
      builder, loc, getType(node->type.elements[0]),
      getType(node->type.elements[1]), node->integer, operands[0], operands[1],
      scale, /*keysInit=*/mlir::Value(), /*weightsInit=*/mlir::Value());
  if (node->mask.body)
    emitRule(op.getMask(), node->mask, nullptr, loc);
  if (node->score.body)
    emitRule(op.getScore(), node->score, accumulator, loc);
  return {op.getKeys(), op.getWeights()};
}

/// How far sums of weights may be off: what rounding each of them makes, and
/// the exponentials of scores that are some hundreds.
static double getTolerance(Scalar element) {
  switch (element) {
  case Scalar::F64:
    return 1e-9;
  case Scalar::F16:
    return 1e-2;
  case Scalar::BF16:
    return 3e-2;
  default:
    return 1e-3;
  }
}

mlir::Value FunctionGen::emitValidate(const Node *node, mlir::Location loc) {
  const Node *operand = node->operands[0];
  mlir::Value weights = emit(operand);
  const std::string &name =
      operand->name.name.empty() ? node->name.name : operand->name.name;
  attn::ValidateOp::create(builder, loc, weights,
                           name.empty() ? "the tensor" : "'" + name + "'",
                           llvm::APFloat(getTolerance(operand->type.element)));
  return weights;
}

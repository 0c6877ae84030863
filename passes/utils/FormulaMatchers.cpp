//===- FormulaMatchers.cpp - Matchers for formulas written out --*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/FormulaMatchers.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace attn;

std::optional<std::pair<Read, Read>> attn::matchBinary(const Read &read,
                                                       BinaryKind kind) {
  Read inner = skipViews(read);
  auto binary = inner.tensor.getDefiningOp<BinaryOp>();
  if (!binary || binary.getKind() != kind)
    return std::nullopt;
  return std::make_pair(readOperand(inner, binary.getLhs()),
                        readOperand(inner, binary.getRhs()));
}

std::optional<Read> attn::matchUnary(const Read &read, UnaryKind kind) {
  Read inner = skipViews(read);
  auto unary = inner.tensor.getDefiningOp<UnaryOp>();
  if (!unary || unary.getKind() != kind)
    return std::nullopt;
  return readOperand(inner, unary.getInput());
}

std::optional<Read> attn::matchReduce(const Read &read, ReduceKind kind) {
  Read inner = skipViews(read);
  auto reduce = inner.tensor.getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getKind() != kind)
    return std::nullopt;
  Read source{reduce.getInput(), {}};
  auto axis = inner.index.begin();
  for (int64_t i = 0; i < reduce.getInput().getType().getRank(); ++i) {
    bool isReduced = llvm::is_contained(reduce.getAxes(), i);
    source.index.push_back(isReduced ? Read::kReduced : *axis);
    if (!isReduced || reduce.getKeep())
      ++axis;
  }
  return skipViews(source);
}

std::optional<double> attn::matchConstant(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast<IntegerAttr>(attr);
      number && number.getValue().getSignificantBits() <= 64)
    return static_cast<double>(number.getValue().getSExtValue());
  return std::nullopt;
}

std::optional<std::pair<Read, Read>> attn::matchQuotient(const Read &read) {
  if (auto quotient = matchBinary(read, BinaryKind::Div))
    return quotient;
  auto product = matchBinary(read, BinaryKind::Mul);
  if (!product)
    return std::nullopt;
  for (auto &[x, inverse] :
       {*product, std::pair(product->second, product->first)}) {
    if (auto quotient = matchBinary(inverse, BinaryKind::Div))
      if (matchConstant(quotient->first.tensor) == 1.0)
        return std::make_pair(x, quotient->second);
    if (auto power = matchBinary(inverse, BinaryKind::Pow))
      if (matchConstant(power->second.tensor) == -1.0)
        return std::make_pair(x, power->first);
  }
  return std::nullopt;
}

std::optional<int64_t> attn::matchReducedAxis(const Read &whole,
                                              const Read &reduced) {
  if (whole.tensor != reduced.tensor)
    return std::nullopt;
  std::optional<int64_t> axis;
  for (auto [i, here] : llvm::enumerate(reduced.index)) {
    if (here == Read::kReduced) {
      if (axis)
        return std::nullopt;
      axis = i;
    } else if (here != whole.index[i] && whole.getShape()[i] != 1) {
      return std::nullopt;
    }
  }
  return axis;
}

void attn::eraseDead(Operation *op) {
  // A set: what two dead ops use is erased once.
  llvm::SetVector<Operation *> pending;
  pending.insert(op);
  while (!pending.empty()) {
    Operation *dead = pending.pop_back_val();
    if (!isOpTriviallyDead(dead))
      continue;
    SmallVector<Operation *> sources;
    dead->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (Operation *source = operand.getDefiningOp())
          if (!dead->isAncestor(source))
            sources.push_back(source);
    });
    dead->erase();
    pending.insert_range(sources);
  }
}

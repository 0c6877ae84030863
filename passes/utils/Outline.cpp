//===- Outline.cpp - Ops as a function of their own -----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Outline.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace attn;

OutlineInputs::OutlineInputs(ArrayRef<Operation *> ops) {
  SetVector<Value> inputs;
  for (Operation *op : ops) {
    inputs.insert(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), inputs);
  }
  inputs.remove_if([&](Value value) {
    return llvm::is_contained(ops, value.getDefiningOp());
  });
  all = inputs.takeVector();
  llvm::copy_if(all, std::back_inserter(arguments),
                [](Value value) { return !matchPattern(value, m_Constant()); });
}

func::FuncOp attn::outline(ArrayRef<Operation *> ops,
                           const OutlineInputs &inputs, StringRef name,
                           StringRef attribute) {
  Location loc = ops.back()->getLoc();
  OpBuilder builder(loc.getContext());
  auto type =
      builder.getFunctionType(ValueRange(inputs.arguments).getTypes(), {});
  auto function = func::FuncOp::create(loc, name, type);
  function.setPrivate();
  function->setAttr(kFunctionAttributes, builder.getStrArrayAttr({attribute}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  mapping.map(inputs.arguments, body->getArguments());
  for (Value input : inputs.all)
    if (!mapping.contains(input))
      builder.clone(*input.getDefiningOp(), mapping);
  for (Operation *op : ops)
    builder.clone(*op, mapping);
  func::ReturnOp::create(builder, loc);
  return function;
}

std::string attn::getFunctionText(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  function.print(stream, OpPrintingFlags().useLocalScope());
  return text;
}

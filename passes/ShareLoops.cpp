//===- ShareLoops.cpp - One function for loops that are alike ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "passes/utils/Fills.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace attn {
#define GEN_PASS_DEF_SHARELOOPS
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using linalg::LinalgOp;

namespace {

/// An op of linalg with the fill of its output, if it has one, and what both
/// take from around them.
struct Loops {
  linalg::FillOp fill;
  LinalgOp op;
  SmallVector<Value> inputs;

  Loops(LinalgOp op) : fill(attn::findFill(op)), op(op) {
    SetVector<Value> used;
    for (Operation *part : parts()) {
      used.insert(part->operand_begin(), part->operand_end());
      getUsedValuesDefinedAbove(part->getRegions(), used);
    }
    inputs = used.takeVector();
  }

  SmallVector<Operation *, 2> parts() const {
    if (!fill)
      return {op};
    return {fill, op};
  }

  /// Inputs that are no constants, which a function has of its own.
  SmallVector<Value> getArguments() const {
    return llvm::filter_to_vector(
        inputs, [](Value value) { return !matchPattern(value, m_Constant()); });
  }

  /// A function without a place in the module that does the same.
  func::FuncOp outline() const;
};

} // namespace

func::FuncOp Loops::outline() const {
  OpBuilder builder(op->getContext());
  SmallVector<Value> arguments = getArguments();
  auto type = builder.getFunctionType(ValueRange(arguments).getTypes(), {});
  auto function = func::FuncOp::create(op->getLoc(), "shared.loops", type);
  function.setPrivate();
  // Inlined, it would be as much for LLVM to do as before.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  mapping.map(arguments, body->getArguments());
  for (Value input : inputs)
    if (!mapping.contains(input))
      builder.clone(*input.getDefiningOp(), mapping);
  for (Operation *part : parts())
    builder.clone(*part, mapping);
  func::ReturnOp::create(builder, op->getLoc());
  return function;
}

/// The same for two functions that compute the same from other arguments.
static std::string getText(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  function.print(stream, OpPrintingFlags().useLocalScope());
  return text;
}

namespace {

struct ShareLoops : attn::impl::ShareLoopsBase<ShareLoops> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Loops> all = collect();
    llvm::MapVector<StringRef, SmallVector<Loops *>> groups;
    llvm::StringMap<OwningOpRef<func::FuncOp>> functions;
    for (Loops &loops : all) {
      OwningOpRef<func::FuncOp> outlined = loops.outline();
      auto [entry, isNew] = functions.try_emplace(getText(*outlined));
      if (isNew)
        entry->second = std::move(outlined);
      groups[entry->first()].push_back(&loops);
    }
    SymbolTable symbols(getOperation());
    for (auto &[text, alike] : groups) {
      if (alike.size() < 2)
        continue;
      func::FuncOp function = functions[text].release();
      symbols.insert(function);
      for (Loops *loops : alike) {
        OpBuilder builder(loops->op);
        func::CallOp::create(builder, loops->op->getLoc(), function,
                             loops->getArguments());
        for (Operation *part : loops->parts())
          part->erase();
        ++numShared;
      }
    }
  }

private:
  /// The straight-line code's loops. What is in other loops starts no threads
  /// there, but would in a function.
  SmallVector<Loops> collect() {
    SmallVector<Loops> all;
    SmallPtrSet<Operation *, 8> joined;
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (LinalgOp op : function.getOps<LinalgOp>())
        if (op.hasPureBufferSemantics() && op.getNumLoops() > 0) {
          all.emplace_back(op);
          joined.insert(all.back().fill);
        }
    llvm::erase_if(
        all, [&](const Loops &loops) { return joined.contains(loops.op); });
    return all;
  }
};

} // namespace

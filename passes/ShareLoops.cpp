//===- ShareLoops.cpp - One function for loops that are alike ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "passes/utils/Fills.h"
#include "passes/utils/Outline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace attn {
#define GEN_PASS_DEF_SHARELOOPS
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;
using linalg::LinalgOp;

namespace {

/// An op of linalg with the fill of its output, if it has one.
struct Loops {
  linalg::FillOp fill;
  LinalgOp op;

  Loops(LinalgOp op) : fill(attn::findFill(op)), op(op) {}

  SmallVector<Operation *, 2> parts() const {
    if (!fill)
      return {op};
    return {fill, op};
  }
};

struct ShareLoops : attn::impl::ShareLoopsBase<ShareLoops> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Loops> all = collect();
    llvm::MapVector<StringRef, SmallVector<Loops *>> groups;
    llvm::StringMap<OwningOpRef<func::FuncOp>> functions;
    for (Loops &loops : all) {
      // Inlined, it would be as much for LLVM to do as before.
      OwningOpRef<func::FuncOp> outlined =
          outline(loops.parts(), OutlineInputs(loops.parts()), "shared.loops",
                  "noinline");
      auto [entry, isNew] = functions.try_emplace(getFunctionText(*outlined));
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
                             OutlineInputs(loops->parts()).arguments);
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

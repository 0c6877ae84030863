//===- TakeKernels.cpp - Kernels in modules of their own ------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/TakeKernels.h"

#include "passes/kernel/KernelOutliner.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace attn;

/// The functions that `kernel` uses, all of them declarations or, where it may
/// have parts, kernels that use declarations; none if it uses anything else.
static std::optional<llvm::SetVector<func::FuncOp>>
findUsed(func::FuncOp kernel, const SymbolTable &symbols,
         bool mayHaveParts = true) {
  std::optional<SymbolTable::UseRange> uses =
      SymbolTable::getSymbolUses(kernel.getOperation());
  if (!uses)
    return std::nullopt;
  llvm::SetVector<func::FuncOp> functions;
  for (const SymbolTable::SymbolUse &use : *uses) {
    auto used = symbols.lookup<func::FuncOp>(
        use.getSymbolRef().getRootReference().getValue());
    if (!used)
      return std::nullopt;
    bool isPart = mayHaveParts && isKernel(used) &&
                  findUsed(used, symbols, /*mayHaveParts=*/false);
    if (!used.isDeclaration() && !isPart)
      return std::nullopt;
    functions.insert(used);
  }
  return functions;
}

std::vector<OwningOpRef<ModuleOp>> attn::takeKernels(ModuleOp module) {
  SymbolTable symbols(module);
  std::vector<OwningOpRef<ModuleOp>> taken;
  for (func::FuncOp kernel : llvm::to_vector(module.getOps<func::FuncOp>())) {
    if (!isKernel(kernel) || kernel.isDeclaration())
      continue;
    auto used = findUsed(kernel, symbols);
    if (!used)
      continue;
    OwningOpRef<ModuleOp> own =
        ModuleOp::create(kernel.getLoc(), kernel.getName());
    own->getOperation()->setDiscardableAttrs(
        module->getDiscardableAttrDictionary());
    for (func::FuncOp function : *used)
      own->push_back(function.cloneWithoutRegions());
    func::FuncOp declaration = kernel.cloneWithoutRegions();
    kernel->moveBefore(own->getBody(), own->getBody()->end());
    kernel.setPublic();
    module.push_back(declaration);
    taken.push_back(std::move(own));
  }
  return taken;
}

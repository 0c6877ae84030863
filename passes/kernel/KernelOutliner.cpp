//===- KernelOutliner.cpp - Kernels as functions ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/KernelOutliner.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace attn;

LogicalResult attn::checkVectorBits(Operation *op, int64_t vectorBits) {
  if (llvm::is_contained({128, 256, 512}, vectorBits))
    return success();
  return op->emitError("vector-bits must be 128, 256 or 512, got ")
         << vectorBits;
}

/// The mark of kernels (docs/architecture.md).
static constexpr StringLiteral kKernelAttribute = "attn-kernel";

/// The mark of what becomes a function.
static constexpr StringLiteral kPartAttribute = "attn.part";

func::FuncOp attn::outlineKernel(Operation *op, const OutlineInputs &inputs) {
  return outline(op, inputs, "attention", kKernelAttribute);
}

void attn::emitPart(KernelBuilder &builder, StringRef name,
                    function_ref<void()> emit) {
  auto part = scf::ExecuteRegionOp::create(builder, TypeRange());
  part->setAttr(kPartAttribute, builder.getStringAttr(name));
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&part.getRegion());
  emit();
  scf::YieldOp::create(builder);
}

void attn::outlineParts(func::FuncOp kernel, SymbolTable &symbols) {
  SmallVector<scf::ExecuteRegionOp> parts;
  kernel.walk([&](scf::ExecuteRegionOp op) {
    if (op->hasAttr(kPartAttribute))
      parts.push_back(op);
  });
  for (scf::ExecuteRegionOp part : parts) {
    Block &body = part.getRegion().front();
    SmallVector<Operation *> ops =
        llvm::to_vector(llvm::make_pointer_range(body.without_terminator()));
    OutlineInputs inputs(ops);
    auto name = part->getAttrOfType<StringAttr>(kPartAttribute);
    func::FuncOp function = outline(ops, inputs, name, kKernelAttribute);
    symbols.insert(function);
    OpBuilder builder(part);
    func::CallOp::create(builder, part.getLoc(), function, inputs.arguments);
    part.erase();
  }
}

bool attn::isKernel(func::FuncOp function) {
  auto attributes = function->getAttrOfType<ArrayAttr>(kFunctionAttributes);
  return attributes &&
         llvm::is_contained(attributes, StringAttr::get(function.getContext(),
                                                        kKernelAttribute));
}

/// An OpenMP query function, `() -> i32`.
static FlatSymbolRefAttr declare(ModuleOp module, StringRef name) {
  auto symbol = FlatSymbolRefAttr::get(module.getContext(), name);
  if (module.lookupSymbol(name))
    return symbol;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto function =
      func::FuncOp::create(builder, module.getLoc(), name,
                           builder.getFunctionType({}, builder.getI32Type()));
  function.setPrivate();
  return symbol;
}

ThreadFunctions attn::declareThreadFunctions(ModuleOp module) {
  return {declare(module, "omp_get_max_threads"),
          declare(module, "omp_get_thread_num"),
          declare(module, "omp_get_num_threads")};
}

void attn::replaceByKernels(
    ModuleOp module, ArrayRef<Operation *> ops, StringRef name,
    function_ref<void(func::FuncOp, const ThreadFunctions &)> emit) {
  if (ops.empty())
    return;
  llvm::StringMap<func::FuncOp> known;
  ThreadFunctions threads = declareThreadFunctions(module);
  SymbolTable symbols(module);
  for (Operation *op : ops) {
    OutlineInputs inputs(op);
    func::FuncOp outlined = outlineKernel(op, inputs);
    auto [it, isNew] = known.try_emplace(getFunctionText(outlined), outlined);
    if (isNew) {
      outlined.setName(name);
      symbols.insert(outlined);
      emit(outlined, threads);
    } else {
      outlined.erase();
    }
    OpBuilder builder(op);
    func::CallOp::create(builder, op->getLoc(), it->second, inputs.arguments);
    op->erase();
  }
}

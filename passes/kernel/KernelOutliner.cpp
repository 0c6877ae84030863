//===- KernelOutliner.cpp - Kernels as functions ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/KernelOutliner.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace attn;

LogicalResult attn::checkVectorBits(Operation *op, int64_t vectorBits) {
  if (llvm::is_contained({128, 256, 512}, vectorBits))
    return success();
  return op->emitError("vector-bits must be 128, 256 or 512, got ")
         << vectorBits;
}

/// What the conversion to LLVM hands on to LLVM's functions, and in it the mark
/// of kernels (docs/architecture.md).
static constexpr StringLiteral kFunctionAttributes = "passthrough";
static constexpr StringLiteral kKernelAttribute = "attn-kernel";

KernelInputs::KernelInputs(Operation *op) {
  SetVector<Value> inputs(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), inputs);
  all = inputs.takeVector();
  llvm::copy_if(all, std::back_inserter(arguments),
                [](Value value) { return !matchPattern(value, m_Constant()); });
}

func::FuncOp attn::outlineKernel(Operation *op, const KernelInputs &inputs) {
  OpBuilder builder(op->getContext());
  auto type =
      builder.getFunctionType(ValueRange(inputs.arguments).getTypes(), {});
  auto kernel = func::FuncOp::create(op->getLoc(), "attention", type);
  kernel.setPrivate();
  kernel->setAttr(kFunctionAttributes,
                  builder.getStrArrayAttr({kKernelAttribute}));
  Block *body = kernel.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  mapping.map(inputs.arguments, body->getArguments());
  for (Value input : inputs.all)
    if (!mapping.contains(input))
      builder.clone(*input.getDefiningOp(), mapping);
  builder.clone(*op, mapping);
  func::ReturnOp::create(builder, op->getLoc());
  return kernel;
}

bool attn::isKernel(func::FuncOp function) {
  auto attributes = function->getAttrOfType<ArrayAttr>(kFunctionAttributes);
  return attributes &&
         llvm::is_contained(attributes, StringAttr::get(function.getContext(),
                                                        kKernelAttribute));
}

std::string attn::getKernelText(func::FuncOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  kernel.print(stream, OpPrintingFlags().useLocalScope());
  return text;
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

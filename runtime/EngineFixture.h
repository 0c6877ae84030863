//===- EngineFixture.h - What tests of the engine share ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_ENGINEFIXTURE_H
#define ATTN_RUNTIME_ENGINEFIXTURE_H

#include "runtime/Engine.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/OpenMPToLLVM/ConvertOpenMPToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/SCFToOpenMP/SCFToOpenMP.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

namespace attn::runtime {

template <typename T> std::string messageOf(llvm::Expected<T> result) {
  return result ? "no error" : llvm::toString(result.takeError());
}
/// The text of an error, or "no error".
inline std::string messageOf(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "no error";
}

/// Lowers programs of scf, memref and OpenMP, and compiles them.
class Engine : public ::testing::Test {
protected:
  Engine() {
    context.loadDialect<mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
                        mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                        mlir::memref::MemRefDialect, mlir::omp::OpenMPDialect,
                        mlir::scf::SCFDialect>();
    context.allowUnregisteredDialects();
  }

  mlir::OwningOpRef<mlir::ModuleOp> lower(llvm::StringRef text) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    EXPECT_TRUE(mlir::succeeded(lower(*module)));
    return module;
  }

  llvm::LogicalResult lower(mlir::ModuleOp module) {
    mlir::PassManager passes(&context);
    passes.addPass(mlir::createConvertSCFToOpenMPPass());
    mlir::FinalizeMemRefToLLVMConversionPassOptions memref;
    memref.useGenericFunctions = true;
    passes.addPass(mlir::createFinalizeMemRefToLLVMConversionPass(memref));
    passes.addPass(mlir::createSCFToControlFlowPass());
    passes.addPass(mlir::createConvertOpenMPToLLVMPass());
    passes.addPass(mlir::createArithToLLVMConversionPass());
    passes.addPass(mlir::createConvertControlFlowToLLVMPass());
    passes.addPass(mlir::createConvertFuncToLLVMPass());
    passes.addPass(mlir::createReconcileUnrealizedCastsPass());
    return passes.run(module);
  }

  std::unique_ptr<Executable> compile(llvm::StringRef text,
                                      const EngineOptions &options = {}) {
    return llvm::cantFail(Executable::create(*lower(text), options));
  }

  mlir::MLIRContext context;
};

/// A program of `x` and `out`, f32[T], that does `body` with %x, %out and %c0;
/// `before` it stand other functions.
inline std::string makeProgram(llvm::StringRef body,
                               llvm::StringRef before = "") {
  constexpr llvm::StringLiteral head = R"(
  func.func @program(%x: memref<?xf32>, %out: memref<?xf32>)
      attributes {llvm.emit_c_interface, attn.entry, attn.signature = {
        dims = ["T"],
        arguments = [
          {name = "x", dtype = "f32", shape = affine_map<()[s0] -> (s0)>}],
        results = [
          {name = "out", dtype = "f32", shape = affine_map<()[s0] -> (s0)>}],
        requires = []}} {
    %c0 = arith.constant 0 : index
)";
  return (before + head + body + "    return\n  }").str();
}

/// value, value + 1, …
inline Tensor filled(std::vector<int64_t> shape, double value = 1,
                     DType dtype = DType::F32) {
  Tensor tensor = llvm::cantFail(Tensor::create(dtype, shape));
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    tensor.set(i, value + static_cast<double>(i));
  return tensor;
}

inline Tensor zeros(std::vector<int64_t> shape, DType dtype = DType::F32) {
  return llvm::cantFail(Tensor::zeros(dtype, shape));
}

} // namespace attn::runtime

#endif // ATTN_RUNTIME_ENGINEFIXTURE_H

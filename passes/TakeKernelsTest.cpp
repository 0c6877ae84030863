//===- TakeKernelsTest.cpp - Kernels in modules of their own --------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/TakeKernels.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace attn;

namespace {

mlir::OwningOpRef<mlir::ModuleOp> parse(mlir::MLIRContext &context,
                                        llvm::StringRef text) {
  context.loadDialect<mlir::func::FuncDialect>();
  return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
}

TEST(TakeKernels, LeavesDeclarations) {
  mlir::MLIRContext context;
  auto module = parse(context, R"(
    module attributes {test.kept} {
      func.func private @threads() -> i32
      func.func private @unused() -> i32
      func.func private @first(%x: index) attributes {passthrough = ["attn-kernel"]} {
        %n = call @threads() : () -> i32
        return
      }
      func.func private @helper() {
        return
      }
      func.func private @second(%x: index) attributes {passthrough = ["attn-kernel"]} {
        call @helper() : () -> ()
        return
      }
      func.func private @third() attributes {passthrough = ["attn-kernel"]}
      func.func @entry(%x: index) attributes {passthrough = ["noinline"]} {
        call @first(%x) : (index) -> ()
        call @second(%x) : (index) -> ()
        call @third() : () -> ()
        return
      }
    })");
  ASSERT_TRUE(module);
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> kernels = takeKernels(*module);

  // The second one needs another function's body, the third has none.
  ASSERT_EQ(kernels.size(), 1u);
  mlir::ModuleOp kernel = *kernels.front();
  EXPECT_EQ(kernel.getName(), "first");
  EXPECT_TRUE(kernel->hasAttr("test.kept"));
  EXPECT_TRUE(mlir::succeeded(mlir::verify(kernel)));
  auto first = kernel.lookupSymbol<mlir::func::FuncOp>("first");
  ASSERT_TRUE(first);
  EXPECT_TRUE(first.isPublic());
  EXPECT_FALSE(first.isDeclaration());
  EXPECT_TRUE(kernel.lookupSymbol("threads"));
  EXPECT_FALSE(kernel.lookupSymbol("unused"));

  EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
  auto isDeclared = [&](llvm::StringRef name) {
    return module->lookupSymbol<mlir::func::FuncOp>(name).isDeclaration();
  };
  EXPECT_TRUE(isDeclared("first"));
  EXPECT_TRUE(module->lookupSymbol<mlir::func::FuncOp>("first").isPrivate());
  EXPECT_FALSE(isDeclared("second"));
  EXPECT_FALSE(isDeclared("entry"));
  EXPECT_TRUE(takeKernels(*module).empty());
}

TEST(TakeKernels, TakesPartsOfKernels) {
  mlir::MLIRContext context;
  auto module = parse(context, R"(
    module {
      func.func private @whole(%x: index) attributes {passthrough = ["attn-kernel"]} {
        call @part(%x) : (index) -> ()
        return
      }
      func.func private @part(%x: index) attributes {passthrough = ["attn-kernel"]} {
        return
      }
      func.func private @helper() {
        return
      }
      func.func private @tied(%x: index) attributes {passthrough = ["attn-kernel"]} {
        call @tiedPart() : () -> ()
        return
      }
      func.func private @tiedPart() attributes {passthrough = ["attn-kernel"]} {
        call @helper() : () -> ()
        return
      }
      func.func private @endless() attributes {passthrough = ["attn-kernel"]} {
        call @endless() : () -> ()
        return
      }
    })");
  ASSERT_TRUE(module);
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> kernels = takeKernels(*module);

  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0]->getName(), "whole");
  auto part = kernels[0]->lookupSymbol<mlir::func::FuncOp>("part");
  ASSERT_TRUE(part);
  EXPECT_TRUE(part.isDeclaration());
  EXPECT_EQ(kernels[1]->getName(), "part");
  for (const auto &kernel : kernels)
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*kernel)));
  for (llvm::StringRef name : {"tied", "tiedPart", "endless"})
    EXPECT_FALSE(
        module->lookupSymbol<mlir::func::FuncOp>(name).isDeclaration());
}

} // namespace

//===- LateKernelsTest.cpp - Kernels lowered at their first call ----------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/EngineFixture.h"
#include "runtime/KernelFailure.h"

#include <thread>

using namespace attn::runtime;

namespace {

/// A program that does `body` with the kernels @one and @several.
std::string makeCaller(llvm::StringRef body) {
  return makeProgram(body, R"(
  func.func private @one(memref<?xf32>, memref<?xf32>)
  func.func private @several(memref<?xf32>, memref<?xf32>))");
}

/// out = x of one element, by a kernel, or of several, by another.
const std::string kTwoKernels = makeCaller(R"(
    %c1 = arith.constant 1 : index
    %T = memref.dim %x, %c0 : memref<?xf32>
    %is_one = arith.cmpi eq, %T, %c1 : index
    scf.if %is_one {
      func.call @one(%x, %out) : (memref<?xf32>, memref<?xf32>) -> ()
    } else {
      func.call @several(%x, %out) : (memref<?xf32>, memref<?xf32>) -> ()
    }
)");

/// out = x, in parallel.
constexpr llvm::StringLiteral kKernel = R"(
  module @NAME {
    func.func @NAME(%x: memref<?xf32>, %out: memref<?xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %T = memref.dim %x, %c0 : memref<?xf32>
      scf.parallel (%i) = (%c0) to (%T) step (%c1) {
        %v = memref.load %x[%i] : memref<?xf32>
        memref.store %v, %out[%i] : memref<?xf32>
        scf.reduce
      }
      return
    }
  })";

/// kKernel under a name.
mlir::OwningOpRef<mlir::ModuleOp> parseKernel(llvm::StringRef name,
                                              mlir::MLIRContext &context) {
  std::string text = kKernel.str();
  for (size_t at; (at = text.find("NAME")) != std::string::npos;)
    text.replace(at, 4, name);
  return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
}

using LateKernelsTest = Engine;

TEST_F(LateKernelsTest, LowersKernelsWhenTheyAreCalled) {
  std::vector<std::string> lowered;
  LateKernels kernels;
  for (llvm::StringRef name : {"one", "several"})
    kernels.modules.push_back(parseKernel(name, context));
  kernels.lower = [&](mlir::ModuleOp kernel) {
    lowered.push_back(kernel.getName()->str());
    return lower(kernel);
  };
  auto executable = llvm::cantFail(
      Executable::create(*lower(kTwoKernels), {}, std::move(kernels)));
  EXPECT_TRUE(lowered.empty());
  Tensor x = filled({5});
  // From several threads at once: one lowers, all get the kernel.
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      Tensor out = zeros({5});
      EXPECT_EQ(messageOf(executable->run({&x}, {&out}, 2)), "no error");
      EXPECT_EQ(out.at(4), 5);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(lowered, std::vector<std::string>{"several"});
  EXPECT_GT(executable->takeCompileSeconds(), 0);
  EXPECT_EQ(executable->takeCompileSeconds(), 0);
}

TEST_F(LateKernelsTest, RunsFailWhereAKernelCannotBeLowered) {
  LateKernels kernels;
  for (llvm::StringRef name : {"one", "several"})
    kernels.modules.push_back(parseKernel(name, context));
  kernels.lower = [&](mlir::ModuleOp kernel) -> llvm::LogicalResult {
    if (kernel.getName() == "several")
      return llvm::failure();
    return lower(kernel);
  };
  auto executable = llvm::cantFail(
      Executable::create(*lower(kTwoKernels), {}, std::move(kernels)));
  // From several threads at once, and again.
  auto runSeveral = [&] {
    Tensor x = filled({5}), out = zeros({5});
    for (int threads : {1, 2}) {
      llvm::Error error = executable->run({&x}, {&out}, threads);
      EXPECT_TRUE(error.isA<KernelFailure>());
      llvm::handleAllErrors(std::move(error), [](const KernelFailure &failure) {
        EXPECT_EQ(failure.message, "internal error: kernel 'several' cannot be "
                                   "compiled: it cannot be lowered");
        EXPECT_TRUE(failure.isReported);
      });
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back(runSeveral);
  for (std::thread &thread : threads)
    thread.join();
  // Runs that do not call it go on as before.
  Tensor x = filled({1}), out = zeros({1});
  EXPECT_EQ(messageOf(executable->run({&x}, {&out}, 2)), "no error");
  EXPECT_EQ(out.at(0), 1);
}

TEST_F(LateKernelsTest, RunsFailWhereAKernelIsNoValidIR) {
  LateKernels kernels;
  kernels.modules.push_back(parseKernel("several", context));
  // Left as it is, which is nothing that LLVM knows.
  kernels.lower = [](mlir::ModuleOp) { return llvm::success(); };
  std::string text = kTwoKernels;
  text.replace(text.find("call @one"), 9, "call @several");
  auto executable =
      llvm::cantFail(Executable::create(*lower(text), {}, std::move(kernels)));
  Tensor x = filled({1}), out = zeros({1});
  mlir::ScopedDiagnosticHandler silent(&context, [](mlir::Diagnostic &) {});
  llvm::handleAllErrors(
      executable->run({&x}, {&out}, 1),
      [](const KernelFailure &failure) { EXPECT_FALSE(failure.isReported); });
}

/// @several, which calls @one.
LateKernels makeKernelWithPart(mlir::MLIRContext &context) {
  LateKernels kernels;
  kernels.modules.push_back(mlir::parseSourceString<mlir::ModuleOp>(R"(
    module @several {
      func.func private @one(memref<?xf32>, memref<?xf32>)
      func.func @several(%x: memref<?xf32>, %out: memref<?xf32>) {
        call @one(%x, %out) : (memref<?xf32>, memref<?xf32>) -> ()
        return
      }
    })",
                                                                    &context));
  kernels.modules.push_back(parseKernel("one", context));
  return kernels;
}

TEST_F(LateKernelsTest, CompilesPartsAlongWithKernels) {
  std::vector<std::string> lowered;
  LateKernels kernels = makeKernelWithPart(context);
  kernels.lower = [&](mlir::ModuleOp kernel) {
    lowered.push_back(kernel.getName()->str());
    return lower(kernel);
  };
  auto executable = llvm::cantFail(
      Executable::create(*lower(kTwoKernels), {}, std::move(kernels)));
  Tensor x = filled({5}), out = zeros({5});
  EXPECT_EQ(messageOf(executable->run({&x}, {&out}, 2)), "no error");
  EXPECT_EQ(out.at(4), 5);
  EXPECT_EQ(lowered, (std::vector<std::string>{"several", "one"}));
  // The part is there already for who calls it alone.
  Tensor single = filled({1}), copied = zeros({1});
  EXPECT_EQ(messageOf(executable->run({&single}, {&copied}, 1)), "no error");
  EXPECT_EQ(copied.at(0), 1);
  EXPECT_EQ(lowered.size(), 2u);
}

TEST_F(LateKernelsTest, CallsAPartThatCameFirst) {
  LateKernels kernels = makeKernelWithPart(context);
  kernels.lower = [&](mlir::ModuleOp kernel) { return lower(kernel); };
  auto executable = llvm::cantFail(
      Executable::create(*lower(kTwoKernels), {}, std::move(kernels)));
  for (int64_t size : {1, 5}) {
    Tensor x = filled({size}), out = zeros({size});
    EXPECT_EQ(messageOf(executable->run({&x}, {&out}, 2)), "no error");
    EXPECT_EQ(out.at(size - 1), size);
  }
}

TEST_F(LateKernelsTest, RunsFailWhereAPartCannotBeLowered) {
  LateKernels kernels = makeKernelWithPart(context);
  kernels.lower = [&](mlir::ModuleOp kernel) -> llvm::LogicalResult {
    if (kernel.getName() == "one")
      return llvm::failure();
    return lower(kernel);
  };
  auto executable = llvm::cantFail(
      Executable::create(*lower(kTwoKernels), {}, std::move(kernels)));
  Tensor x = filled({5}), out = zeros({5});
  for (int run = 0; run < 2; ++run)
    llvm::handleAllErrors(
        executable->run({&x}, {&out}, 1), [](const KernelFailure &failure) {
          EXPECT_EQ(failure.message, "internal error: kernel 'one' cannot be "
                                     "compiled: it cannot be lowered");
          EXPECT_TRUE(failure.isReported);
        });
}

// Temporaries of the caller are given back.
TEST_F(LateKernelsTest, FailuresFreeTemporaries) {
  std::string caller = makeCaller(R"(
    %T = memref.dim %x, %c0 : memref<?xf32>
    %copy = memref.alloc(%T) : memref<?xf32>
    func.call @several(%x, %copy) : (memref<?xf32>, memref<?xf32>) -> ()
    func.call @several(%copy, %out) : (memref<?xf32>, memref<?xf32>) -> ()
    memref.dealloc %copy : memref<?xf32>
  )");
  for (bool fails : {true, false}) {
    LateKernels kernels;
    kernels.modules.push_back(parseKernel("several", context));
    kernels.lower = [&](mlir::ModuleOp kernel) -> llvm::LogicalResult {
      if (fails)
        return llvm::failure();
      return lower(kernel);
    };
    auto executable = llvm::cantFail(
        Executable::create(*lower(caller), {}, std::move(kernels)));
    // 8 MB, of which the pool would keep one block.
    Tensor x = filled({2 << 20}), out = zeros({2 << 20});
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(messageOf(executable->run({&x}, {&out}, 1)) == "no error",
                !fails);
    EXPECT_EQ(executable->lastRunTemporaryBytes(), 8 << 20);
  }
}

// A parallel region can be left at its end only.
TEST_F(LateKernelsTest, EndsWhereAKernelOfAParallelRegionCannotBeLowered) {
  std::string caller = makeCaller(R"(
    %c1 = arith.constant 1 : index
    scf.parallel (%i) = (%c0) to (%c1) step (%c1) {
      func.call @several(%x, %out) : (memref<?xf32>, memref<?xf32>) -> ()
      scf.reduce
    }
  )");
  LateKernels kernels;
  kernels.modules.push_back(parseKernel("several", context));
  kernels.lower = [](mlir::ModuleOp) { return llvm::failure(); };
  auto executable = llvm::cantFail(
      Executable::create(*lower(caller), {}, std::move(kernels)));
  Tensor x = filled({3}), out = zeros({3});
  EXPECT_DEATH(llvm::consumeError(executable->run({&x}, {&out}, 1)),
               "a kernel that is called in a parallel region");
}

} // namespace

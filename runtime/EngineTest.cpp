//===- EngineTest.cpp - Machine code in process ---------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/EngineFixture.h"

#include "runtime/CheckFailure.h"
#include "runtime/Memory.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "gtest/gtest.h"

#include <thread>
#include <unistd.h>

using namespace attn::runtime;

namespace {

/// out = x * c, over [T, D], in parallel.
constexpr llvm::StringLiteral kScale = R"(
  func.func @scale(%x: memref<?x?xf32>, %c: memref<f32>, %out: memref<?x?xf32>)
      attributes {llvm.emit_c_interface, attn.entry, attn.signature = {
        dims = ["T", "D"],
        arguments = [
          {name = "x", dtype = "f32", shape = affine_map<()[s0, s1] -> (s0, s1)>},
          {name = "c", dtype = "f32", shape = affine_map<()[s0, s1] -> ()>}],
        results = [
          {name = "out", dtype = "f32", shape = affine_map<()[s0, s1] -> (s0, s1)>}],
        requires = [{map = affine_map<()[s0, s1] -> (s1 mod 2)>,
                     message = "D must be even"}]}} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %T = memref.dim %x, %c0 : memref<?x?xf32>
    %D = memref.dim %x, %c1 : memref<?x?xf32>
    %f = memref.load %c[] : memref<f32>
    scf.parallel (%i) = (%c0) to (%T) step (%c1) {
      scf.for %j = %c0 to %D step %c1 {
        %v = memref.load %x[%i, %j] : memref<?x?xf32>
        %p = arith.mulf %v, %f : f32
        memref.store %p, %out[%i, %j] : memref<?x?xf32>
      }
      scf.reduce
    }
    return
  })";

/// out[t] = x[t] by way of two temporaries, of T and T * T * T floats; neither
/// is given back.
const std::string kTemporaries = makeProgram(R"(
    %c1 = arith.constant 1 : index
    %T = memref.dim %x, %c0 : memref<?xf32>
    %row = memref.alloc(%T) {alignment = 64} : memref<?xf32>
    %cube = memref.alloc(%T, %T, %T) {alignment = 64} : memref<?x?x?xf32>
    scf.for %i = %c0 to %T step %c1 {
      %v = memref.load %x[%i] : memref<?xf32>
      memref.store %v, %row[%i] : memref<?xf32>
      memref.store %v, %cube[%c0, %c0, %i] : memref<?x?x?xf32>
    }
    scf.for %i = %c0 to %T step %c1 {
      %v = memref.load %row[%i] : memref<?xf32>
      memref.store %v, %out[%i] : memref<?xf32>
    }
)");

/// A check that fails where the first number is negative, after an allocation.
constexpr llvm::StringLiteral kCheck = R"(
  llvm.mlir.global internal constant @file("a.attn\00")
  llvm.mlir.global internal constant @text("'x' at {at} is {value}\00")
  func.func private @_attn_check_failed(
      !llvm.ptr, i64, i64, !llvm.ptr, i64, i64, i64, i64, f64)
  func.func @check(%x: memref<?xf64>, %out: memref<?xf64>)
      attributes {llvm.emit_c_interface, attn.entry, attn.signature = {
        dims = ["T"],
        arguments = [
          {name = "x", dtype = "f64", shape = affine_map<()[s0] -> (s0)>}],
        results = [
          {name = "out", dtype = "f64", shape = affine_map<()[s0] -> (s0)>}],
        requires = []}} {
    %c0 = arith.constant 0 : index
    %i0 = arith.constant 0 : i64
    %i2 = arith.constant 2 : i64
    %i3 = arith.constant 3 : i64
    %none = arith.constant -1 : i64
    %zero = arith.constant 0.0 : f64
    %T = memref.dim %x, %c0 : memref<?xf64>
    %row = memref.alloc(%T) {alignment = 64} : memref<?xf64>
    memref.copy %x, %row : memref<?xf64> to memref<?xf64>
    %v = memref.load %row[%c0] : memref<?xf64>
    %negative = arith.cmpf olt, %v, %zero : f64
    scf.if %negative {
      %file = llvm.mlir.addressof @file : !llvm.ptr
      %text = llvm.mlir.addressof @text : !llvm.ptr
      func.call @_attn_check_failed(
          %file, %i2, %i3, %text, %i0, %i2, %none, %none, %v)
          : (!llvm.ptr, i64, i64, !llvm.ptr, i64, i64, i64, i64, f64) -> ()
    }
    memref.copy %row, %out : memref<?xf64> to memref<?xf64>
    return
  })";

/// The number of threads of a parallel region, and the negation of a bool.
constexpr llvm::StringLiteral kThreads = R"(
  func.func private @omp_get_num_threads() -> i32
  func.func @count(%b: memref<i8>, %n: memref<i32>, %not: memref<i8>)
      attributes {llvm.emit_c_interface, attn.entry, attn.signature = {
        dims = [],
        arguments = [{name = "b", dtype = "bool", shape = affine_map<() -> ()>}],
        results = [{name = "n", dtype = "i32", shape = affine_map<() -> ()>},
                   {name = "not", dtype = "bool", shape = affine_map<() -> ()>}],
        requires = []}} {
    omp.parallel {
      %t = func.call @omp_get_num_threads() : () -> i32
      memref.store %t, %n[] : memref<i32>
      omp.terminator
    }
    %one = arith.constant 1 : i8
    %v = memref.load %b[] : memref<i8>
    %w = arith.subi %one, %v : i8
    memref.store %w, %not[] : memref<i8>
    return
  })";

/// A row of the signature of a function without arguments.
constexpr llvm::StringLiteral kNoSignature = R"(
  attributes {attn.entry, attn.signature = {
    dims = [], arguments = [], results = [], requires = []}})";

/// Runs kScale on [t, d] and checks every element.
void expectScaled(Executable &executable, int64_t t, int64_t d, int threads) {
  Tensor x = filled({t, d});
  Tensor c = filled({}, 3);
  Tensor out = zeros({t, d});
  ASSERT_EQ(messageOf(executable.run({&x, &c}, {&out}, threads)), "no error");
  for (int64_t i = 0; i < t * d; ++i)
    ASSERT_EQ(out.at(i), static_cast<float>(3 * (i + 1.0)));
}

/// Bytes of this process's address space.
int64_t addressSpaceBytes() {
  auto statm = llvm::MemoryBuffer::getFileAsStream("/proc/self/statm");
  int64_t pages = 0;
  llvm::StringRef text = (*statm)->getBuffer();
  EXPECT_FALSE(text.consumeInteger(10, pages));
  return pages * sysconf(_SC_PAGESIZE);
}

TEST_F(Engine, ServesEveryLength) {
  auto executable = compile(kScale);
  EXPECT_EQ(executable->signature().function, "scale");
  for (int64_t t : {1, 7, 0, 1000, 2})
    for (int threads : {0, 1, 3})
      expectScaled(*executable, t, 6, threads);
  expectScaled(*executable, 5, 0, 1);
}

TEST_F(Engine, LeavesTheModuleAsItWas) {
  auto module = lower(kScale);
  std::string before, after;
  llvm::raw_string_ostream(before) << *module;
  llvm::cantFail(Executable::create(*module));
  llvm::raw_string_ostream(after) << *module;
  EXPECT_EQ(before, after);
}

TEST_F(Engine, EveryLevelComputesTheSame) {
  for (unsigned level : {0, 1, 2, 3}) {
    EngineOptions options;
    options.optLevel = level;
    expectScaled(*compile(kScale, options), 9, 4, 2);
  }
  EngineOptions options;
  options.optLevel = 4;
  EXPECT_EQ(messageOf(Executable::create(*lower(kScale), options)),
            "expected an optimisation level from 0 to 3, got 4");
}

TEST_F(Engine, ServesSeveralThreadsAtOnce) {
  auto executable = compile(kScale);
  auto temporaries = compile(kTemporaries);
  std::vector<std::thread> callers;
  for (int64_t t = 1; t <= 4; ++t)
    callers.emplace_back([&, t] {
      Tensor x = filled({8 * t});
      Tensor out = zeros({8 * t});
      for (int i = 0; i < 50; ++i) {
        expectScaled(*executable, 10 * t, 4, static_cast<int>(t % 2 + 1));
        ASSERT_FALSE(temporaries->run({&x}, {&out}));
        ASSERT_EQ(out.toDoubles(), x.toDoubles());
      }
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST_F(Engine, SetsTheNumberOfThreads) {
  auto executable = compile(kThreads);
  Tensor b = filled({}, 1, DType::Bool);
  Tensor n = zeros({}, DType::I32);
  Tensor inverse = filled({}, 1, DType::Bool);
  for (int threads : {1, 3, 2}) {
    ASSERT_FALSE(executable->run({&b}, {&n, &inverse}, threads));
    EXPECT_EQ(n.at(0), threads);
    EXPECT_EQ(inverse.at(0), 0);
  }
  ASSERT_FALSE(executable->run({&b}, {&n, &inverse}, 0));
  EXPECT_EQ(n.at(0), defaultThreads());
  EXPECT_EQ(messageOf(executable->run({&b}, {&n, &inverse}, -1)),
            "expected 1 to 1024 threads (0 for the default), got -1");
  EXPECT_EQ(messageOf(executable->run({&b}, {&n, &inverse}, 1000000)),
            "expected 1 to 1024 threads (0 for the default), got 1000000");
}

//===----------------------------------------------------------------------===//
// Checks before the call
//===----------------------------------------------------------------------===//

TEST_F(Engine, ChecksInputs) {
  auto executable = compile(kScale);
  Tensor x = filled({2, 4});
  Tensor c = filled({});
  Tensor out = zeros({2, 4});
  EXPECT_EQ(messageOf(executable->run({&x}, {&out})),
            "expected 2 inputs (x, c), got 1");
  Tensor wide = filled({2, 4}, 1, DType::F64);
  EXPECT_EQ(messageOf(executable->run({&wide, &c}, {&out})),
            "x: expected f32, got f64");
  Tensor flat = filled({8});
  EXPECT_EQ(messageOf(executable->run({&flat, &c}, {&out})),
            "x: expected 2 dimensions [T, D], got 1 [8]");
  Tensor odd = filled({2, 3});
  EXPECT_EQ(messageOf(executable->run({&odd, &c}, {&out})),
            "D must be even, got D = 3 from x");
}

TEST_F(Engine, ChecksOutputs) {
  auto executable = compile(kScale);
  Tensor x = filled({2, 4});
  Tensor c = filled({});
  EXPECT_EQ(messageOf(executable->run({&x, &c}, {})),
            "expected 1 output, got 0");
  Tensor transposed = zeros({4, 2});
  EXPECT_EQ(messageOf(executable->run({&x, &c}, {&transposed})),
            "out: expected the shape [2, 4] of f32[T, D], got [4, 2]");
  Tensor half = zeros({2, 4}, DType::F16);
  EXPECT_EQ(messageOf(executable->run({&x, &c}, {&half})),
            "out: expected f32, got f16");
  EXPECT_EQ(messageOf(executable->run({&x, &c}, {&x})),
            "out and x overlap in memory");
  float data[12] = {};
  Tensor front = llvm::cantFail(Tensor::view(DType::F32, {2, 4}, data));
  Tensor back = llvm::cantFail(Tensor::view(DType::F32, {2, 4}, data + 4));
  EXPECT_EQ(messageOf(executable->run({&front, &c}, {&back})),
            "out and x overlap in memory");
}

//===----------------------------------------------------------------------===//
// Temporaries
//===----------------------------------------------------------------------===//

TEST_F(Engine, CountsTemporaries) {
  auto executable = compile(kTemporaries);
  Tensor x = filled({16});
  Tensor out = zeros({16});
  ASSERT_FALSE(executable->run({&x}, {&out}));
  EXPECT_EQ(out.toDoubles(), x.toDoubles());
  EXPECT_GE(executable->lastRunTemporaryBytes(), (16 + 4096) * 4);
  EXPECT_LE(executable->lastRunTemporaryBytes(), (16 + 4096) * 4 + 256);

  auto none = compile(kScale);
  expectScaled(*none, 4, 4, 1);
  EXPECT_EQ(none->lastRunTemporaryBytes(), 0);
}

TEST_F(Engine, ReportsWhatDoesNotFit) {
  auto executable = compile(kTemporaries);
  Tensor large = filled({20000});
  Tensor out = zeros({20000});
  std::string message = messageOf(executable->run({&large}, {&out}));
  EXPECT_TRUE(llvm::StringRef(message).starts_with(
      "not enough memory: needs 29.1 TiB, "))
      << message;
  // 4 * T * T * T wraps to a negative size.
  constexpr int64_t kWrapping = 1400000;
  Tensor huge = filled({kWrapping});
  Tensor hugeOut = zeros({kWrapping});
  message = messageOf(executable->run({&huge}, {&hugeOut}));
  EXPECT_TRUE(llvm::StringRef(message).starts_with("not enough memory: needs "))
      << message;
  // And goes on to work.
  Tensor x = filled({8});
  Tensor small = zeros({8});
  ASSERT_FALSE(executable->run({&x}, {&small}));
  EXPECT_EQ(small.toDoubles(), x.toDoubles());
}

TEST_F(Engine, ReportsChecksThatFail) {
  auto executable = compile(kCheck);
  Tensor bad = filled({4}, -1.5, DType::F64), good = filled({4}, 2, DType::F64);
  Tensor out = zeros({4}, DType::F64);
  // It goes on to work after each failure.
  for (int i = 0; i < 3; ++i) {
    llvm::Error error = executable->run({&bad}, {&out});
    ASSERT_TRUE(error.isA<CheckFailure>());
    llvm::handleAllErrors(std::move(error), [](const CheckFailure &check) {
      EXPECT_EQ(check.file, "a.attn");
      EXPECT_EQ(check.line, 2u);
      EXPECT_EQ(check.column, 3u);
      EXPECT_EQ(check.message, "'x' at [0, 2] is -1.5");
      EXPECT_EQ(llvm::toString(llvm::make_error<CheckFailure>(check)),
                "a.attn:2:3: 'x' at [0, 2] is -1.5");
    });
    ASSERT_FALSE(executable->run({&good}, {&out}));
    EXPECT_EQ(out.toDoubles(), good.toDoubles());
  }
}

TEST_F(Engine, GivesTemporariesBack) {
  auto executable = compile(kTemporaries);
  // The code keeps 250 KiB of the calls that end well, 390 KiB of the others.
  constexpr int64_t kFits = 40;
  constexpr int64_t kFails = 100000;
  Tensor x = filled({kFits});
  Tensor out = zeros({kFits});
  Tensor large = filled({kFails});
  Tensor largeOut = zeros({kFails});
  ASSERT_FALSE(executable->run({&x}, {&out}));
  int64_t before = addressSpaceBytes();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_FALSE(executable->run({&x}, {&out}));
    ASSERT_NE(messageOf(executable->run({&large}, {&largeOut})), "no error");
  }
  // That would be 1.3 GB. A sanitizer keeps some of what was freed.
  EXPECT_LT(addressSpaceBytes() - before, int64_t(400) << 20);
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

TEST_F(Engine, ReportsModulesItCannotRun) {
  EXPECT_EQ(messageOf(Executable::create(*lower("func.func @f() {return}"))),
            "internal error: no function is marked attn.entry");
  EXPECT_EQ(messageOf(Executable::create(
                *lower(("func.func @f()" + kNoSignature + "{return}").str()))),
            "internal error: f has no C interface");
  std::string unknown = messageOf(Executable::create(*lower(R"(
    func.func private @nobody_has_this()
    func.func @f() attributes {llvm.emit_c_interface, attn.entry,
        attn.signature = {dims = [], arguments = [], results = [],
                          requires = []}} {
      call @nobody_has_this() : () -> ()
      return
    })")));
  EXPECT_NE(unknown.find("nobody_has_this"), std::string::npos) << unknown;
  auto untranslated = mlir::parseSourceString<mlir::ModuleOp>(
      ("func.func @f()" + kNoSignature + "{return}").str(), &context);
  std::string message = messageOf(Executable::create(*untranslated));
  EXPECT_TRUE(llvm::StringRef(message).starts_with(
      "internal error: the module cannot be translated to LLVM IR: "))
      << message;
}

TEST_F(Engine, KnowsCpus) {
  auto module = lower(kScale);
  EngineOptions options;
  options.targetCpu = "no-such-cpu";
  llvm::StringRef expected = "unknown CPU 'no-such-cpu' for this machine's "
                             "architecture, ";
  EXPECT_TRUE(llvm::StringRef(messageOf(Executable::create(*module, options)))
                  .starts_with(expected));
  EXPECT_TRUE(llvm::StringRef(messageOf(emitLLVMIR(*module, options)))
                  .starts_with(expected));
  if (!llvm::Triple(llvm::sys::getProcessTriple()).isX86())
    GTEST_SKIP() << "the names below are x86 processors";
  options.targetCpu = "x86-64";
  expectScaled(*compile(kScale, options), 3, 4, 1);
  // FMA4 has been on no processor since 2017.
  options.targetCpu = "bdver4";
  std::string message = messageOf(Executable::create(*module, options));
  EXPECT_TRUE(llvm::StringRef(message).starts_with(
      "code for CPU 'bdver4' cannot run on this machine, which lacks "))
      << message;
  EXPECT_EQ(messageOf(emitAssembly(*module, options)), "no error");
}

TEST_F(Engine, ShowsWhatItMakes) {
  auto module = lower(kScale);
  std::string ir = llvm::cantFail(emitLLVMIR(*module));
  EXPECT_NE(ir.find("define void @scale("), std::string::npos);
  EXPECT_NE(ir.find("@__kmpc_fork_call"), std::string::npos);
  EXPECT_NE(ir.find("target datalayout"), std::string::npos);
  std::string assembly = llvm::cantFail(emitAssembly(*module));
  EXPECT_NE(assembly.find("\nscale:"), std::string::npos);
  EngineOptions plain;
  plain.optLevel = 0;
  EXPECT_NE(llvm::cantFail(emitLLVMIR(*module, plain)), ir);
  if (!llvm::Triple(llvm::sys::getProcessTriple()).isX86())
    GTEST_SKIP() << "the registers below are x86";
  EngineOptions vector;
  vector.targetCpu = "x86-64-v3";
  EXPECT_NE(llvm::cantFail(emitAssembly(*module, vector)).find("%ymm"),
            std::string::npos);
  vector.targetCpu = "x86-64";
  EXPECT_EQ(llvm::cantFail(emitAssembly(*module, vector)).find("%ymm"),
            std::string::npos);
}

} // namespace

//===- Engine.h - Machine code in process -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Takes a module in the LLVM dialect (and the OpenMP dialect) to LLVM IR, to
// machine code, and to results.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_ENGINE_H
#define ATTN_RUNTIME_ENGINE_H

#include "runtime/Signature.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace attn::runtime {

struct EngineOptions {
  /// LLVM's optimisation level, 0 to 3.
  unsigned optLevel = 3;
  /// A CPU as LLVM names it ("skylake-avx512", "x86-64-v3"). Empty for the one
  /// this runs on, with all of its features.
  std::string targetCpu;
  /// Where code is to run that is only looked at ("aarch64-linux-gnu"); empty
  /// for this machine. Of another architecture a CPU has no features beyond
  /// those of its name.
  std::string targetTriple;
};

/// Functions of a program that are taken to the LLVM dialect when they are
/// first called: a program has kernels for every case, and a run calls few of
/// them.
struct LateKernels {
  /// Each defines one public function, and has the name of it; who calls it,
  /// the program or another of them, declares it. What one calls is lowered and
  /// compiled along with it. Their context outlives the executable.
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  /// Takes one of them to the LLVM dialect. Called by one thread at a time,
  /// inside of a run. A failure, which it has reported, ends the run with a
  /// KernelFailure.
  std::function<llvm::LogicalResult(mlir::ModuleOp)> lower;
};

/// The most threads that run() accepts.
constexpr int kMaxThreads = 1024;

/// A compiled function. Serves any number of calls, with any sizes that fit the
/// signature, and from several threads at once. It keeps the memory of large
/// temporaries from call to call, at most as much as a call has held.
class Executable {
public:
  /// Compiles `module`, which it leaves unchanged. Errors: no entry or a
  /// malformed signature, IR that LLVM refuses, a symbol nobody defines, an
  /// unknown `targetCpu` or one with features that this machine lacks.
  static llvm::Expected<std::unique_ptr<Executable>>
  create(mlir::ModuleOp module, const EngineOptions &options = {},
         LateKernels kernels = {});

  ~Executable();

  const Signature &signature() const;

  /// Checks the tensors against the signature, then calls. `inputs` and
  /// `outputs` are in the order of the signature; the caller allocates the
  /// outputs, which may overlap neither each other nor an input. Contents of
  /// `outputs` are undefined after an error.
  ///
  /// `threads` is the number of OpenMP threads; 0 for as many as the OpenMP
  /// runtime would use (OMP_NUM_THREADS, or all processors).
  ///
  /// Errors: those of Signature::bindDims, "out: expected …, got …", "not
  /// enough memory: …" if a temporary cannot be had (everything taken is given
  /// back), a CheckFailure where a check of the program does not hold, a
  /// KernelFailure where a kernel cannot be compiled.
  llvm::Error run(llvm::ArrayRef<const Tensor *> inputs,
                  llvm::ArrayRef<Tensor *> outputs, int threads = 0);

  /// The largest number of bytes of temporaries that the last completed run
  /// held at one time.
  int64_t lastRunTemporaryBytes() const;

  /// Seconds that runs spent on lowering and compiling kernels since the last
  /// call of this: a kernel is compiled when it is first called.
  double takeCompileSeconds();

private:
  struct Impl;
  explicit Executable(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// The LLVM IR of `module` after LLVM's optimisations, as text. `targetCpu` may
/// be one that this machine could not run.
llvm::Expected<std::string> emitLLVMIR(mlir::ModuleOp module,
                                       const EngineOptions &options = {});

/// The machine code of `module`, as assembly text.
llvm::Expected<std::string> emitAssembly(mlir::ModuleOp module,
                                         const EngineOptions &options = {});

/// The width in bits of the vectors that suit the target (128, 256 or 512).
/// Errors: a triple or a CPU that LLVM does not know, with those like it; with
/// `mustRun`, a target that this machine is not.
llvm::Expected<int64_t> getVectorBits(const EngineOptions &options,
                                      bool mustRun);

/// How many threads run() uses for `threads = 0`.
int defaultThreads();

} // namespace attn::runtime

#endif // ATTN_RUNTIME_ENGINE_H

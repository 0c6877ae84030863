//===- LazyKernels.h - Kernels compiled at their first call -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the engine.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_LAZYKERNELS_H
#define ATTN_RUNTIME_LAZYKERNELS_H

#include "runtime/CodeGen.h"
#include "runtime/Engine.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ExecutionEngine/Orc/IRCompileLayer.h"
#include "llvm/ExecutionEngine/Orc/IndirectionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/LazyReexports.h"

#include <atomic>
#include <chrono>
#include <mutex>

namespace attn::runtime {

/// Compiles a program's kernels, each when it is first called: an attention has
/// kernels for few and for many queries, and most runs need one of them. The
/// JIT must outlive it, since what it holds belongs to the JIT's session; once
/// it is gone, no kernel may be called.
class LazyKernels {
public:
  /// Late kernels are compiled with `options`.
  LazyKernels(CodeGen codeGen, LateKernels late, EngineOptions options);

  /// Makes the kernels callable under their names.
  llvm::Error add(llvm::orc::LLJIT &jit);

  /// Which kernels cannot be compiled, once a run has called one of them.
  llvm::Error getFailure();

  /// Seconds that compiling took since the last call of this.
  double takeCompileSeconds() { return nanoseconds.exchange(0) * 1e-9; }

private:
  class Compiler;
  class LateKernel;

  using Object = llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>;

  /// The code of a late kernel; null where it cannot be compiled.
  std::unique_ptr<llvm::MemoryBuffer> take(mlir::ModuleOp kernel);
  /// Compiles a late kernel and those that it calls, several at a time.
  void compile(mlir::ModuleOp kernel);
  /// Those of them that have not been compiled, `kernel` first.
  llvm::SmallVector<mlir::ModuleOp> takeWaiting(mlir::ModuleOp kernel);
  llvm::Expected<CodeGen> lower(mlir::ModuleOp kernel);
  /// Remembers what happened to a kernel.
  Object keepFailure(llvm::StringRef kernel, Object object);
  /// Adds to the time that compiling took.
  void count(std::chrono::steady_clock::time_point start);

  CodeGen codeGen;
  LateKernels late;
  EngineOptions options;
  /// Held by who compiles a late kernel: calls may come from several threads.
  std::mutex compiling;
  /// The late kernels that are not compiled yet, and the code of those that
  /// nobody has taken yet, by name.
  llvm::StringMap<mlir::ModuleOp> waiting;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> compiled;
  llvm::orc::ThreadSafeContext context;
  std::atomic<int64_t> nanoseconds = 0;
  std::mutex failing;
  std::string failures;
  /// Whether all of them have been reported.
  bool areReported = true;
  std::unique_ptr<llvm::orc::IRCompileLayer> layer;
  std::unique_ptr<llvm::orc::IndirectStubsManager> stubs;
  std::unique_ptr<llvm::orc::LazyCallThroughManager> callThrough;
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_LAZYKERNELS_H

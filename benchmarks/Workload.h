//===- Workload.h - A compiled program and its arrays -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_WORKLOAD_H
#define ATTN_BENCHMARKS_WORKLOAD_H

#include "benchmarks/Baseline.h"
#include "benchmarks/Probes.h"
#include "benchmarks/Problem.h"
#include "runtime/Engine.h"
#include "runtime/Tensor.h"

#include <map>
#include <memory>
#include <string>

namespace attn::benchmarks {

/// How much of the compiler takes part.
enum class Mode {
  /// All of it.
  Fused,
  /// Everything but fusion: the matrix of scores is written and read.
  Unfused,
  /// `attnc --opt 0`.
  Reference,
};

/// The programs of the cases, each compiled at most once for all shapes.
class Programs {
public:
  /// `folder` holds the programs.
  explicit Programs(std::string folder) : folder(std::move(folder)) {}

  /// The program `name`.attn. Mistakes in it are printed to standard error.
  llvm::Expected<runtime::Executable *> get(llvm::StringRef name, Mode mode);

  std::string path(llvm::StringRef name) const;

private:
  std::string folder;
  std::map<std::pair<std::string, Mode>, std::unique_ptr<runtime::Executable>>
      compiled;
};

/// Arguments and results of one problem, filled with reproducible numbers. A
/// program takes them by name: q, k, v; len (i32[B], the number of keys), width
/// (i64, the window), doc (i32[B, T], the document of each position), last
/// (i32[B, T], its last descendant), allowed (bool[T, T], the mask), table
/// (f32[H, R], by distance).
class Workload {
public:
  static llvm::Expected<std::unique_ptr<Workload>>
  create(const runtime::Signature &signature, const Problem &problem);

  /// Calls the program; `executable` has the signature given to create().
  llvm::Error run(runtime::Executable &executable, int threads);

  /// The first one: attention's output.
  const runtime::Tensor &result() const { return results.front(); }
  /// The argument of that name; null if the program has none.
  const runtime::Tensor *argument(llvm::StringRef name) const;

  /// Keys and values.
  std::vector<Span> keyValueSpans() const;
  /// Arguments and results.
  int64_t arrayBytes() const;

  /// The arrays for the baseline, f32 only; `result` is [B, H, Tq, D].
  BaselineArrays baselineArrays(float *result) const;

  /// What the oracle says.
  std::vector<double> expected() const;

private:
  Problem problem;
  std::vector<std::string> names;
  std::vector<runtime::Tensor> arguments;
  std::vector<runtime::Tensor> results;
};

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_WORKLOAD_H

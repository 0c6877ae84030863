//===- Runner.h - Measures a case -------------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_RUNNER_H
#define ATTN_BENCHMARKS_RUNNER_H

#include "benchmarks/Cases.h"
#include "benchmarks/Outcome.h"
#include "benchmarks/Probes.h"
#include "benchmarks/Workload.h"

#include "llvm/Support/Error.h"

namespace attn::benchmarks {

struct RunnerOptions {
  std::vector<int> threads = {1, 2};
  /// Turns that everything in a case takes.
  int rounds = 10;
  /// The compiler, for Figure::Process.
  std::string compiler;
};

class Runner {
public:
  Runner(RunnerOptions options, Programs &programs);

  /// One outcome for each number of threads. Fails where a program does not
  /// compile or run, or where its results are not those of the baseline.
  llvm::Expected<std::vector<Outcome>> run(const Case &c);

private:
  llvm::Expected<std::vector<Outcome>> runProcess(const Case &c);
  std::vector<int> threadsOf(const Case &c) const;

  RunnerOptions options;
  Programs &programs;
  Probes probes;
};

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_RUNNER_H

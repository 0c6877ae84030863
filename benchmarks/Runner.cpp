//===- Runner.cpp - Measures a case ---------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Runner.h"

#include "benchmarks/Clock.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Program.h"

#include <cmath>
#include <functional>
#include <omp.h>

using namespace attn;
using namespace attn::benchmarks;
using namespace attn::runtime;

/// A turn ends after that many calls or that many seconds, but what a figure is
/// made of is called at least twice.
static constexpr int kCallsPerTurn = 50;
static constexpr double kSecondsPerTurn = 0.03;
static constexpr int kLeastCalls = 2;

/// Results of f32 differ by their order of summation, no more.
static constexpr double kTolerance = 1e-4;

namespace {

/// Something that takes turns.
struct Subject {
  std::function<llvm::Error()> call;
  int leastCalls = kLeastCalls;
  std::vector<double> seconds;

  llvm::Error takeTurn();
};

/// One number of threads: what is called, and what came of it.
struct Lane {
  Outcome outcome;
  Subject ours, other, baseline, unfused, reference;

  llvm::SmallVector<Subject *, 5> subjects() {
    llvm::SmallVector<Subject *, 5> all;
    for (Subject *subject : {&ours, &other, &baseline, &unfused, &reference})
      if (subject->call)
        all.push_back(subject);
    return all;
  }
};

/// A program with the arrays of all of its calls.
struct PreparedWork {
  Executable *executable = nullptr;
  std::vector<std::unique_ptr<Workload>> calls;

  llvm::Error run(int threads) {
    for (const std::unique_ptr<Workload> &workload : calls)
      if (llvm::Error error = workload->run(*executable, threads))
        return error;
    return llvm::Error::success();
  }
};

/// A case with all that takes part in it.
class Measurement {
public:
  Measurement(const Case &c, Programs &programs) : c(c), programs(programs) {}

  llvm::Error prepare(llvm::ArrayRef<int> threadCounts);
  llvm::Error callOnce();
  llvm::Error takeTurns(Probes &probes);
  std::vector<Outcome> finish();

private:
  llvm::Error addLane(int threads);
  /// The arrays of the first call; those of others are as large.
  Workload &first() { return *work.calls.front(); }

  const Case &c;
  Programs &programs;
  PreparedWork work, other;
  std::optional<Baseline> baseline;
  std::vector<float> baselineResult;
  std::vector<Lane> lanes;
};

} // namespace

llvm::Error Subject::takeTurn() {
  double begin = now(), before = begin;
  for (int calls = 0; calls < kCallsPerTurn; ++calls) {
    if (calls >= leastCalls && before - begin > kSecondsPerTurn)
      break;
    if (llvm::Error error = call())
      return error;
    double after = now();
    seconds.push_back(after - before);
    before = after;
  }
  return llvm::Error::success();
}

static llvm::Expected<PreparedWork> prepareWork(Programs &programs,
                                                const Work &work) {
  PreparedWork prepared;
  auto executable = programs.get(work.program, Mode::Fused);
  if (!executable)
    return executable.takeError();
  prepared.executable = *executable;
  for (int64_t i = 0; i < work.calls; ++i) {
    auto workload =
        Workload::create(prepared.executable->signature(), work.problem);
    if (!workload)
      return workload.takeError();
    prepared.calls.push_back(std::move(*workload));
  }
  return prepared;
}

static double largestDifference(const Tensor &result,
                                llvm::ArrayRef<float> expected) {
  double largest = 0;
  llvm::ArrayRef<float> values = result.values<float>();
  for (auto [value, other] : llvm::zip_equal(values, expected)) {
    double difference = std::fabs(double(value) - double(other));
    // A NaN is as different as can be.
    largest = difference <= largest ? largest : difference;
  }
  return largest;
}

static bool hasBaseline(const Case &c) {
  return c.work.isProblem && !c.work.problem.mask &&
         c.work.problem.dtype == DType::F32 && c.figure != Figure::Memory &&
         c.figure != Figure::Process && c.figure != Figure::Speedup;
}

//===----------------------------------------------------------------------===//
// Runner
//===----------------------------------------------------------------------===//

Runner::Runner(RunnerOptions options, Programs &programs)
    : options(std::move(options)), programs(programs),
      probes(std::max(2, *llvm::max_element(this->options.threads))) {
  // Threads that wait for work take a processor from those that measure.
  kmp_set_blocktime(1);
}

std::vector<int> Runner::threadsOf(const Case &c) const {
  switch (c.figure) {
  case Figure::Speedup:
    return {1, 2};
  case Figure::Memory:
    return {*llvm::max_element(options.threads)};
  default:
    return options.threads;
  }
}

llvm::Expected<std::vector<Outcome>> Runner::runProcess(const Case &c) {
  const auto &sizes = c.work.problem.sizes;
  std::string path = programs.path(c.work.program);
  std::string dims = "B=1,H=1,T=" + std::to_string(sizes.keys) +
                     ",D=" + std::to_string(sizes.headDim);
  llvm::StringRef arguments[] = {options.compiler, "run", path, "--dim", dims};
  std::optional<llvm::StringRef> noFiles[] = {"", "", std::nullopt};
  std::vector<double> seconds;
  for (int i = 0; i < kLeastCalls * options.rounds; ++i) {
    std::string message;
    double start = now();
    int status = llvm::sys::ExecuteAndWait(options.compiler, arguments,
                                           std::nullopt, noFiles,
                                           /*SecondsToWait=*/60,
                                           /*MemoryLimit=*/0, &message);
    seconds.push_back(now() - start);
    if (status != 0)
      return llvm::createStringError(options.compiler + " failed: " + message);
  }
  Outcome outcome;
  outcome.measured = c;
  outcome.ours = summarise(std::move(seconds));
  return std::vector<Outcome>{outcome};
}

llvm::Error Measurement::prepare(llvm::ArrayRef<int> threadCounts) {
  if (llvm::Error error = prepareWork(programs, c.work).moveInto(work))
    return error;
  if (c.hasOther())
    if (llvm::Error error = prepareWork(programs, c.other).moveInto(other))
      return error;
  if (hasBaseline(c)) {
    baseline.emplace(c.work.problem, *llvm::max_element(threadCounts));
    baselineResult.resize(first().result().numElements());
  }
  for (int threads : threadCounts)
    if (llvm::Error error = addLane(threads))
      return error;
  return llvm::Error::success();
}

llvm::Error Measurement::addLane(int threads) {
  Lane &lane = lanes.emplace_back();
  lane.outcome.measured = c;
  lane.outcome.threads = threads;
  lane.outcome.arrayBytes = first().arrayBytes() * c.work.calls;
  lane.ours.call = [this, threads] { return work.run(threads); };
  if (c.hasOther())
    lane.other.call = [this, threads] { return other.run(threads); };
  if (baseline) {
    lane.baseline.leastCalls = 1;
    lane.baseline.call = [this, threads] {
      baseline->run(first().baselineArrays(baselineResult.data()), threads);
      return llvm::Error::success();
    };
  }
  if (c.figure != Figure::Unfused)
    return llvm::Error::success();
  for (auto [subject, mode] : {std::pair(&lane.unfused, Mode::Unfused),
                               std::pair(&lane.reference, Mode::Reference)}) {
    auto executable = programs.get(c.work.program, mode);
    if (!executable)
      return executable.takeError();
    subject->leastCalls = 1;
    subject->call = [this, executable = *executable, threads] {
      return first().run(*executable, threads);
    };
  }
  return llvm::Error::success();
}

/// Kernels are compiled when first called, and memory is new then.
llvm::Error Measurement::callOnce() {
  for (Lane &lane : lanes) {
    for (Subject *subject : lane.subjects())
      if (llvm::Error error = subject->call())
        return error;
    if (llvm::Error error = lane.ours.call())
      return error;
    lane.outcome.temporaryBytes = work.executable->lastRunTemporaryBytes();
    if (!baseline)
      continue;
    lane.outcome.difference =
        largestDifference(first().result(), baselineResult);
    if (!(lane.outcome.difference <= kTolerance))
      return llvm::createStringError(
          c.name + ": the result differs from the baseline's by " +
          std::to_string(lane.outcome.difference));
  }
  return llvm::Error::success();
}

llvm::Error Measurement::takeTurns(Probes &probes) {
  auto keepBest = [](double &best, double rate) {
    best = std::max(best, rate);
  };
  for (Lane &lane : lanes) {
    Outcome &outcome = lane.outcome;
    for (Subject *subject : lane.subjects()) {
      keepBest(outcome.multiplyAddPeak,
               probes.multiplyAddPeak(outcome.threads));
      keepBest(outcome.tilePeak, probes.tilePeak(outcome.threads));
      if (llvm::Error error = subject->takeTurn())
        return error;
    }
    if (c.figure != Figure::Bandwidth)
      continue;
    for (int streams : {1, 4, 8})
      keepBest(outcome.readBandwidth,
               double(c.work.problem.keyValueBytes()) /
                   readOnce(first().keyValueSpans(), outcome.threads, streams));
  }
  return llvm::Error::success();
}

std::vector<Outcome> Measurement::finish() {
  double tiles = c.figure == Figure::TileRatio ? c.neededTiles() : 0;
  std::vector<Outcome> outcomes;
  for (Lane &lane : lanes) {
    Outcome &outcome = lane.outcome;
    outcome.ours = summarise(std::move(lane.ours.seconds));
    outcome.other = summarise(std::move(lane.other.seconds));
    outcome.baseline = summarise(std::move(lane.baseline.seconds));
    outcome.unfused = summarise(std::move(lane.unfused.seconds));
    outcome.reference = summarise(std::move(lane.reference.seconds));
    outcome.oneThread = lanes.front().outcome.ours.best;
    outcome.neededTiles = tiles;
    outcomes.push_back(outcome);
  }
  return outcomes;
}

llvm::Expected<std::vector<Outcome>> Runner::run(const Case &c) {
  if (c.figure == Figure::Process)
    return runProcess(c);
  Measurement measurement(c, programs);
  if (llvm::Error error = measurement.prepare(threadsOf(c)))
    return error;
  if (llvm::Error error = measurement.callOnce())
    return error;
  int rounds = c.figure == Figure::Memory ? 1 : options.rounds;
  for (int round = 0; round < rounds; ++round)
    if (llvm::Error error = measurement.takeTurns(probes))
      return error;
  return measurement.finish();
}

//===- Report.cpp - Tables of outcomes ------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Report.h"

#include "benchmarks/Baseline.h"
#include "benchmarks/VectorKernels.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

#include <thread>

using namespace attn::benchmarks;
using llvm::formatv;

std::string attn::benchmarks::formatFigure(Figure figure, double value) {
  switch (figure) {
  case Figure::PeakFraction:
  case Figure::Bandwidth:
    return formatv("{0:F3}", value);
  case Figure::TimeRatio:
  case Figure::TileRatio:
  case Figure::Speedup:
  case Figure::Unfused:
    return formatv("{0:F2} x", value);
  case Figure::Memory:
    return formatv("{0:F1} MB", value / 1e6);
  case Figure::Process:
    return formatv("{0:F0} ms", value * 1e3);
  }
  return "";
}

/// What the figure is a part or a multiple of.
static const char *describe(Figure figure) {
  switch (figure) {
  case Figure::PeakFraction:
    return "of the multiply-add peak";
  case Figure::TimeRatio:
    return "the time of";
  case Figure::TileRatio:
    return "the time a needed tile of";
  case Figure::Speedup:
    return "as fast as one thread";
  case Figure::Bandwidth:
    return "of the read bandwidth";
  case Figure::Memory:
    return "beyond inputs and results";
  case Figure::Process:
    return "a process";
  case Figure::Unfused:
    return "the time of unfused";
  }
  return "";
}

static std::string milliseconds(double seconds) {
  return seconds < 1e-3 ? formatv("{0:F4}", seconds * 1e3)
                        : formatv("{0:F2}", seconds * 1e3);
}

/// To three digits, or something else where there is nothing to divide.
static std::string ratioOr(double a, double b, const char *otherwise) {
  return a > 0 && b > 0 ? formatv("{0:F3}", a / b).str() : otherwise;
}

static void printRow(llvm::raw_ostream &os, const Outcome &outcome) {
  const Case &c = outcome.measured;
  std::string what = describe(c.figure);
  if (c.hasOther())
    what +=
        " " + c.other.program +
        (c.other.calls > 1 ? formatv(", {0} calls", c.other.calls).str() : "");
  std::optional<bool> isMet = outcome.isMet();
  os << "| " << c.name << " | " << outcome.threads << " | "
     << milliseconds(outcome.ours.best) << " | "
     << milliseconds(outcome.ours.median) << " | "
     << formatv("{0:P1}", outcome.ours.spread()) << " | "
     << ratioOr(outcome.partOf(outcome.multiplyAddPeak), 1, "-") << " | "
     << ratioOr(outcome.partOf(outcome.tilePeak), 1, "-") << " | "
     << ratioOr(outcome.baseline.best, outcome.ours.best, "-") << " | "
     << formatv("{0:F2}", double(outcome.temporaryBytes) / 1e6) << " | "
     << formatFigure(c.figure, outcome.figure()) << " " << what << " | ";
  if (isMet)
    os << (outcome.isLessBetter() ? "<= " : ">= ")
       << formatFigure(c.figure, c.bar) << " | "
       << (*isMet ? "met" : "NOT MET");
  else
    os << " | ";
  os << " |\n";
}

void attn::benchmarks::printMarkdown(llvm::raw_ostream &os,
                                     const std::vector<Outcome> &outcomes) {
  os << "| case | threads | best ms | median ms | spread | of peak | of tiles "
        "| baseline / ours | temporaries MB | figure | bar | |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  int judged = 0, met = 0;
  double peak = 0, tiles = 0;
  for (const Outcome &outcome : outcomes) {
    printRow(os, outcome);
    std::optional<bool> isMet = outcome.isMet();
    judged += isMet.has_value();
    met += isMet.value_or(false);
    if (outcome.threads != 1)
      continue;
    peak = std::max(peak, outcome.multiplyAddPeak);
    tiles = std::max(tiles, outcome.tilePeak);
  }
  os << formatv("\n{0} of {1} bars met. One thread: {2:F1} G multiply-adds a "
                "second in registers, {3:F1} in tiles.\n",
                met, judged, peak / 1e9, tiles / 1e9);
}

static llvm::json::Value toJSON(const Summary &summary) {
  if (!summary.count)
    return nullptr;
  return llvm::json::Object{{"calls", int64_t(summary.count)},
                            {"best", summary.best},
                            {"lower_quartile", summary.lowerQuartile},
                            {"median", summary.median},
                            {"upper_quartile", summary.upperQuartile}};
}

static llvm::json::Value toJSON(const Work &work) {
  if (work.program.empty())
    return nullptr;
  const auto &sizes = work.problem.sizes;
  return llvm::json::Object{
      {"program", work.program},
      {"calls", work.calls},
      {"B", sizes.batch},
      {"H", sizes.heads},
      {"Hkv", sizes.kvHeads},
      {"Tq", sizes.queries},
      {"Tk", sizes.keys},
      {"D", sizes.headDim},
      {"dtype", attn::runtime::toString(work.problem.dtype)},
      {"multiply_adds", work.problem.multiplyAdds() * double(work.calls)}};
}

static llvm::json::Value toJSON(const Outcome &outcome) {
  const Case &c = outcome.measured;
  std::optional<bool> isMet = outcome.isMet();
  return llvm::json::Object{
      {"case", c.name},
      {"threads", outcome.threads},
      {"work", toJSON(c.work)},
      {"other_work", toJSON(c.other)},
      {"ours", toJSON(outcome.ours)},
      {"other", toJSON(outcome.other)},
      {"baseline", toJSON(outcome.baseline)},
      {"unfused", toJSON(outcome.unfused)},
      {"reference", toJSON(outcome.reference)},
      {"multiply_add_peak", outcome.multiplyAddPeak},
      {"tile_peak", outcome.tilePeak},
      {"read_bandwidth", outcome.readBandwidth},
      {"part_of_peak", outcome.partOf(outcome.multiplyAddPeak)},
      {"part_of_tile_peak", outcome.partOf(outcome.tilePeak)},
      {"temporary_bytes", outcome.temporaryBytes},
      {"array_bytes", outcome.arrayBytes},
      {"difference", outcome.difference},
      {"needed_tiles", outcome.neededTiles},
      {"figure", outcome.figure()},
      {"figure_is", describe(c.figure)},
      {"bar", c.bar},
      {"met", isMet ? llvm::json::Value(*isMet) : llvm::json::Value(nullptr)}};
}

llvm::json::Value
attn::benchmarks::toJSON(const std::vector<Outcome> &outcomes) {
  llvm::json::Array rows;
  for (const Outcome &outcome : outcomes)
    rows.push_back(::toJSON(outcome));
  return llvm::json::Object{{"machine", describeMachine()},
                            {"outcomes", std::move(rows)}};
}

/// The processor as the system calls it.
static std::string cpuName() {
  if (auto file = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo")) {
    llvm::StringRef text = (*file)->getBuffer();
    size_t at = text.find("model name");
    if (at != llvm::StringRef::npos)
      return text.substr(at).split('\n').first.split(':').second.trim().str();
  }
  return "unknown processor";
}

std::string attn::benchmarks::describeMachine() {
  return formatv("{0} ({1}), {2} processors; probes: {3}; baseline's products: "
                 "{4}",
                 cpuName(), llvm::sys::getHostCPUName(),
                 std::thread::hardware_concurrency(), vectorKernels().name,
                 Products::get().name());
}

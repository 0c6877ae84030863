//===- attention.cpp - The benchmark of attention -------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Report.h"
#include "benchmarks/Runner.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"

#include <thread>

using namespace attn::benchmarks;
using namespace llvm;

namespace {
/// Made when LLVM's own options, one of which is --threads, are gone.
struct CommandLine {
  cl::opt<std::string> caseFilter{"case", cl::init("."),
                                  cl::desc("only cases whose name matches"),
                                  cl::value_desc("regex")};
  cl::opt<std::string> set{
      "set", cl::init("bars"),
      cl::desc("which cases: bars (default), variants, linear or all"),
      cl::value_desc("name")};
  cl::opt<int> rounds{"rounds", cl::init(10), cl::value_desc("N"),
                      cl::desc("turns of each case (default 10)")};
  cl::list<int> threads{"threads", cl::CommaSeparated, cl::value_desc("N,..."),
                        cl::desc("numbers of threads (default 1,2)")};
  cl::opt<std::string> jsonPath{"json", cl::value_desc("file"),
                                cl::desc("also write all figures there")};
  cl::opt<bool> list{"list", cl::desc("print the names of the cases")};
  cl::opt<bool> tiny{"tiny",
                     cl::desc("small sizes, to see that all of it works")};
};
} // namespace

static int fail(const Twine &message) {
  errs() << "attention: error: " << message << "\n";
  return 1;
}

/// A file of the repository that Bazel put where the current folder is, or
/// beside this program.
static std::string findFile(StringRef program, StringRef path) {
  if (sys::fs::exists(path))
    return path.str();
  SmallString<256> found(program);
  found += ".runfiles";
  sys::path::append(found, "attnc", path);
  return found.str().str();
}

static Error writeFile(StringRef path, const json::Value &value) {
  std::error_code code;
  raw_fd_ostream os(path, code);
  if (code)
    return createFileError(path, code);
  os << formatv("{0:2}\n", value);
  return Error::success();
}

/// The cases of that name; none if there is no such set.
static std::vector<Case> casesOf(StringRef set) {
  const std::pair<StringRef, std::vector<Case> (*)()> sets[] = {
      {"bars", allCases}, {"variants", variantCases}, {"linear", linearCases}};
  std::vector<Case> cases;
  for (auto [name, get] : sets)
    if (set == "all" || set == name)
      append_range(cases, get());
  return cases;
}

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  CommandLine line;
  cl::ParseCommandLineOptions(argc, argv,
                              "Measures attention against the limits "
                              "of this machine.\n");
  std::string program =
      sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&fail));

  Regex filter(line.caseFilter);
  std::string message;
  if (!filter.isValid(message))
    return fail("--case: " + message);
  std::vector<Case> known = casesOf(line.set);
  if (known.empty())
    return fail("--set: expected bars, variants, linear or all, got '" +
                line.set + "'");
  std::vector<Case> cases;
  for (const Case &c : known)
    if (filter.match(c.name))
      cases.push_back(line.tiny ? shrunk(c) : c);
  if (cases.empty())
    return fail("--case: no case matches '" + line.caseFilter +
                "'; see --list");
  if (line.list) {
    for (const Case &c : cases)
      outs() << c.name << "\n";
    return 0;
  }
  if (line.rounds < 1)
    return fail("--rounds: expected 1 or more, got " + Twine(line.rounds));

  RunnerOptions options;
  options.rounds = line.rounds;
  if (line.threads.empty() && std::thread::hardware_concurrency() < 2)
    options.threads = {1};
  if (!line.threads.empty())
    options.threads.assign(line.threads.begin(), line.threads.end());
  for (int count : options.threads)
    if (count < 1 || count > attn::runtime::kMaxThreads)
      return fail("--threads: expected 1 to " +
                  Twine(attn::runtime::kMaxThreads) + ", got " + Twine(count));
  options.compiler = findFile(program, "tools/attnc");

  Programs programs(findFile(program, "benchmarks/programs"));
  Runner runner(options, programs);
  std::vector<Outcome> outcomes;
  for (const Case &c : cases) {
    errs() << c.name << "\n";
    Expected<std::vector<Outcome>> result = runner.run(c);
    if (!result)
      return fail(toString(result.takeError()));
    outcomes.insert(outcomes.end(), result->begin(), result->end());
  }
  outs() << describeMachine() << "\n\n";
  printMarkdown(outs(), outcomes);
  if (!line.jsonPath.empty())
    if (Error error = writeFile(line.jsonPath, toJSON(outcomes)))
      return fail("--json: " + toString(std::move(error)));
  return 0;
}

//===- attnc.cpp - The attnc driver -----------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Engine.h"
#include "tools/Commands.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn;
using namespace attn::tools;
namespace cl = llvm::cl;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Commands and their options
//===----------------------------------------------------------------------===//

static cl::SubCommand runSub("run", "compile a program, run it, show results");
static cl::SubCommand showSub("show", "print one stage of a program");
static cl::SubCommand explainSub("explain",
                                 "say what was fused, and what masks leave");
static cl::SubCommand checkSub("check", "report the mistakes in programs");
static cl::SubCommand paramsSub("params", "list the parameters of a model");
static cl::SubCommand librarySub("library",
                                 "print a file of the standard library");
static cl::SubCommand fmtSub("fmt", "rewrite programs in the one layout");

static cl::opt<std::string> path(cl::Positional, cl::Required, cl::desc("FILE"),
                                 cl::sub(runSub), cl::sub(showSub),
                                 cl::sub(explainSub), cl::sub(paramsSub));
static cl::list<std::string> paths(cl::Positional, cl::OneOrMore,
                                   cl::desc("FILE..."), cl::sub(checkSub),
                                   cl::sub(fmtSub));
static cl::opt<std::string>
    function("fn",
             cl::desc("the function to run, or Layer.function; default: the "
                      "entry"),
             cl::value_desc("name"), cl::sub(runSub), cl::sub(showSub),
             cl::sub(explainSub), cl::sub(paramsSub));
static cl::opt<int> optLevel("opt",
                             cl::desc("0: the reference lowering; 3: fused, "
                                      "tiled and vectorised (default)"),
                             cl::value_desc("0|3"), cl::init(3),
                             cl::sub(runSub), cl::sub(showSub));
static cl::list<std::string>
    fixedDims("fix", cl::CommaSeparated,
              cl::desc("compile for this size of a dimension only"),
              cl::value_desc("D=64,..."), cl::sub(runSub), cl::sub(showSub),
              cl::sub(explainSub), cl::sub(paramsSub));
static cl::opt<std::string>
    targetCpu("target-cpu",
              cl::desc("compile for this CPU, as LLVM names it (x86-64-v3, "
                       "skylake-avx512, ...); default: this machine's"),
              cl::value_desc("name"), cl::sub(runSub), cl::sub(showSub),
              cl::sub(explainSub));
static cl::opt<std::string> targetTriple(
    "target",
    cl::desc("compile for this target, as LLVM writes it; default: this "
             "machine's"),
    cl::value_desc("triple"), cl::sub(showSub), cl::sub(explainSub));
static cl::opt<int64_t>
    queryBlock("query-block",
               cl::desc("queries of a block, up to 4096, in whole register "
                        "tiles; default: as the cost model says"),
               cl::value_desc("N"), cl::init(0), cl::sub(runSub),
               cl::sub(showSub), cl::sub(explainSub));
static cl::opt<int64_t>
    keyBlock("key-block",
             cl::desc("keys of a block, up to 4096, in whole register tiles; "
                      "default: as the cost model says"),
             cl::value_desc("N"), cl::init(0), cl::sub(runSub),
             cl::sub(showSub), cl::sub(explainSub));
static cl::opt<bool> requireFused(
    "require-fused",
    cl::desc("attention that holds the whole matrix of scores is an error, "
             "not a warning"),
    cl::sub(runSub), cl::sub(showSub), cl::sub(explainSub), cl::sub(checkSub));
static cl::opt<std::string> extraPasses(
    "add-passes", cl::Hidden,
    cl::desc("more passes after the last stage, as a textual pipeline"),
    cl::value_desc("pipeline"), cl::sub(runSub), cl::sub(showSub));

static cl::list<std::string>
    inputs("in", cl::desc("an input's array; F.npz gives all that it names"),
           cl::value_desc("name=F.npy"), cl::sub(runSub));
static cl::list<std::string>
    outputs("out",
            cl::desc("where to write a result; the name may be left out when "
                     "there is one, and with F.npz, which takes all"),
            cl::value_desc("name=F.npy"), cl::sub(runSub));
static cl::list<std::string>
    dims("dim", cl::CommaSeparated,
         cl::desc("sizes of dimensions that no array gives"),
         cl::value_desc("T=1024,B=2"), cl::sub(runSub), cl::sub(explainSub),
         cl::sub(paramsSub));
static cl::opt<unsigned long long>
    seed("random", cl::desc("seed of the inputs not given (default 0)"),
         cl::value_desc("seed"), cl::init(0), cl::sub(runSub));
static cl::opt<int>
    threads("threads", cl::desc("OpenMP threads (default: all processors)"),
            cl::value_desc("N"), cl::init(0), cl::sub(runSub));
static cl::opt<int> repeat("repeat", cl::desc("calls to time (default 1)"),
                           cl::value_desc("N"), cl::init(1), cl::sub(runSub));
static cl::opt<bool> json("json", cl::desc("print one JSON object"),
                          cl::sub(runSub), cl::sub(paramsSub));

static cl::opt<std::string>
    stage("stage",
          cl::desc("ast, attn, fused, tiled, llvm, llvm-ir or asm "
                   "(default fused)"),
          cl::value_desc("stage"), cl::init("fused"), cl::sub(showSub));

static cl::opt<std::string> libraryFile(cl::Positional, cl::desc("[std/NAME]"),
                                        cl::sub(librarySub));

static cl::opt<bool>
    checkOnly("check", cl::desc("name the files that differ, change nothing"),
              cl::sub(fmtSub));

//===----------------------------------------------------------------------===//
// Reading them
//===----------------------------------------------------------------------===//

/// Blocks beyond this would not fit any cache.
static constexpr int64_t kMaxBlock = 4096;

static bool reportUsage(const llvm::Twine &message) {
  llvm::errs() << "attnc: error: " << message << "\n";
  return false;
}

/// `NAME=VALUE,…` with sizes.
static bool parseSizes(llvm::ArrayRef<std::string> items, StringRef option,
                       std::map<std::string, int64_t> &sizes) {
  for (StringRef item : items) {
    auto [name, text] = item.split('=');
    int64_t size;
    if (name.empty() || text.getAsInteger(10, size) || size < 0)
      return reportUsage("--" + option +
                         " expects NAME=SIZE with a size of 0 or more, got '" +
                         item + "'");
    if (!sizes.emplace(name.str(), size).second)
      return reportUsage("--" + option + " gives '" + name + "' twice");
  }
  return true;
}

static std::vector<NamedValue> splitNamed(llvm::ArrayRef<std::string> items) {
  std::vector<NamedValue> values;
  for (StringRef item : items) {
    auto [name, value] = item.split('=');
    // A path may contain '=' itself; then what stands before is no name.
    bool named =
        item.contains('=') && !name.empty() && llvm::all_of(name, [](char c) {
          return llvm::isAlnum(c) || c == '_' || c == '.';
        });
    values.push_back(named ? NamedValue{name.str(), value.str()}
                           : NamedValue{"", item.str()});
  }
  return values;
}

static bool readCompilation(CompilationOptions &options) {
  options.path = path;
  options.function = function;
  options.optLevel = optLevel;
  options.targetCpu = targetCpu;
  options.targetTriple = targetTriple;
  options.extraPasses = extraPasses;
  options.queryBlock = queryBlock;
  options.keyBlock = keyBlock;
  for (auto [option, size] : {std::pair(&queryBlock, queryBlock.getValue()),
                              std::pair(&keyBlock, keyBlock.getValue())})
    if (option->getNumOccurrences() && (size < 1 || size > kMaxBlock))
      return reportUsage("--" + option->ArgStr + " expects 1 to " +
                         llvm::Twine(kMaxBlock) + ", got " + llvm::Twine(size));
  options.requiresFused = requireFused;
  if (requireFused && optLevel == 0)
    return reportUsage("--require-fused: nothing is fused with --opt 0");
  if (optLevel != 0 && optLevel != 3)
    return reportUsage("--opt expects 0 or 3, got " + llvm::Twine(optLevel));
  return parseSizes(fixedDims, "fix", options.staticDims);
}

static ExitCode run() {
  RunOptions options;
  if (!readCompilation(options.compilation) ||
      !parseSizes(dims, "dim", options.dims))
    return ExitCode::UserError;
  options.inputs = splitNamed(inputs);
  options.outputs = splitNamed(outputs);
  options.seed = seed;
  options.threads = threads;
  options.repeat = repeat;
  options.json = json;
  if (threads < 0 || (threads == 0 && threads.getNumOccurrences()) ||
      threads > attn::runtime::kMaxThreads) {
    reportUsage("--threads expects 1 to " +
                llvm::Twine(attn::runtime::kMaxThreads) + ", got " +
                llvm::Twine(threads));
    return ExitCode::UserError;
  }
  if (repeat < 1) {
    reportUsage("--repeat expects 1 or more, got " + llvm::Twine(repeat));
    return ExitCode::UserError;
  }
  return runCommand(options);
}

static ExitCode show() {
  ShowOptions options;
  if (!readCompilation(options.compilation))
    return ExitCode::UserError;
  options.stage = stage;
  return showCommand(options);
}

static ExitCode explain() {
  CompilationOptions options;
  if (!readCompilation(options) || !parseSizes(dims, "dim", options.staticDims))
    return ExitCode::UserError;
  return explainCommand(options);
}

static ExitCode params() {
  ParamsOptions options;
  options.compilation.path = path;
  options.compilation.function = function;
  options.json = json;
  std::map<std::string, int64_t> &sizes = options.compilation.staticDims;
  if (!parseSizes(fixedDims, "fix", sizes) || !parseSizes(dims, "dim", sizes))
    return ExitCode::UserError;
  return paramsCommand(options);
}

/// LLVM's libraries bring hundreds of options of their own, which have nothing
/// to say here.
static void hideForeignOptions() {
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (name != "help" && name != "version")
      option->setHiddenFlag(cl::ReallyHidden);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  hideForeignOptions();
  cl::ParseCommandLineOptions(argc, argv, "attnc: a compiler for attention\n");
  ExitCode status = ExitCode::UserError;
  if (runSub)
    status = run();
  else if (showSub)
    status = show();
  else if (explainSub)
    status = explain();
  else if (paramsSub)
    status = params();
  else if (librarySub)
    status = libraryCommand(libraryFile);
  else if (checkSub)
    status = checkCommand(paths, requireFused);
  else if (fmtSub)
    status = formatCommand(paths, checkOnly);
  else
    reportUsage("expected a command: run, show, explain, params, library, "
                "check or fmt; see --help");
  return static_cast<int>(status);
}

//===- Compilation.cpp - One program on its way through the stages *- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/Compilation.h"

#include "frontend/MLIRGen.h"
#include "frontend/Parser.h"
#include "frontend/Sema.h"
#include "passes/TakeKernels.h"
#include "runtime/Engine.h"
#include "tools/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace attn;
using namespace attn::tools;

static constexpr StringLiteral kReproducer = "attn-repro.mlir";

namespace {

/// Remembers the pass that failed, to name it.
struct FailureWatch : PassInstrumentation {
  explicit FailureWatch(std::string &pass) : pass(pass) {}

  void runAfterPassFailed(Pass *failed, Operation *) override {
    if (pass.empty())
      pass = failed->getArgument().empty() ? failed->getName().str()
                                           : failed->getArgument().str();
  }

  std::string &pass;
};

/// Keeps what MLIR reports, so that it is shown with the failure it caused.
/// Warnings are about the program.
struct Report {
  using Warn = llvm::unique_function<void(Diagnostic &)>;

  explicit Report(
      MLIRContext &context, Warn warn = [](Diagnostic &) {})
      : warn(std::move(warn)),
        handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Warning)
            this->warn(diagnostic);
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return success();
          std::string message = diagnostic.str();
          // The pass manager's own account; ours names pass and reproducer.
          if (StringRef(message).starts_with("Failures have been detected"))
            return success();
          llvm::raw_string_ostream os(text);
          os << "  note: ";
          if (auto place =
                  diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
            os << place.getFilename().getValue() << ":" << place.getLine()
               << ":" << place.getColumn() << ": ";
          os << message << "\n";
          return success();
        }) {}

  std::string text;
  Warn warn;
  ScopedDiagnosticHandler handler;
};

/// Takes the remarks of passes out of the engine's hands.
class RemarkKeeper : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit RemarkKeeper(std::vector<PassRemark> &remarks) : remarks(remarks) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string text;
    for (const remark::detail::Remark::Arg &argument : remark.getArgs())
      text += argument.val;
    remarks.push_back({remark.getLocation(), text});
  }

private:
  std::vector<PassRemark> &remarks;
};

} // namespace

/// Passes that know which of them failed and leave a reproducer.
class Compilation::Passes {
public:
  Passes(MLIRContext &context, function_ref<void(OpPassManager &)> build,
         bool verifies)
      : manager(&context) {
    manager.addInstrumentation(std::make_unique<FailureWatch>(failed));
    manager.enableCrashReproducerGeneration(kReproducer);
    manager.enableVerifier(verifies);
    build(manager);
  }

  PassManager manager;
  /// The argument or the name of the one that failed.
  std::string failed;
};

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Compilation::Compilation(CompilationOptions options)
    : options(std::move(options)), diagnostics(sources),
      context(makeRegistry(), MLIRContext::Threading::DISABLED),
      warnings(sources) {}

Compilation::~Compilation() = default;

void Compilation::keepRemarks() {
  remark::RemarkCategories categories;
  for (std::optional<std::string> *category :
       {&categories.passed, &categories.missed, &categories.analysis,
        &categories.failed})
    *category = ".*";
  (void)remark::enableOptimizationRemarks(
      context, std::make_unique<RemarkKeeper>(remarks),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

ExitCode Compilation::reportErrors() {
  diagnostics.print(llvm::errs());
  return diagnostics.hasErrors() ? ExitCode::UserError : ExitCode::Success;
}

ExitCode Compilation::parse() {
  program = frontend::parseProgram(sources, options.path, diagnostics);
  return program ? ExitCode::Success : reportErrors();
}

ExitCode Compilation::check() {
  checked = frontend::check(*program, diagnostics);
  return reportErrors();
}

ExitCode Compilation::generate() {
  Report report(context);
  frontend::loadDialects(context);
  module =
      frontend::generate(context, *checked, sources,
                         {options.function, options.staticDims}, diagnostics);
  if (module)
    return ExitCode::Success;
  if (diagnostics.hasErrors())
    return reportErrors();
  llvm::errs() << "attnc: internal error: the program passed all checks but "
                  "no valid module came of it\n"
               << report.text
               << "  note: this is a bug in attnc, not in your program\n";
  return ExitCode::InternalError;
}

/// Where a location is in the files of the program.
static std::optional<frontend::SourceRange>
findRange(frontend::SourceManager &sources, Location loc) {
  auto place = loc->findInstanceOf<FileLineColLoc>();
  if (!place)
    return std::nullopt;
  llvm::Expected<uint32_t> file = sources.load(place.getFilename().getValue());
  if (!file) {
    llvm::consumeError(file.takeError());
    return std::nullopt;
  }
  if (place.getLine() < 1 || place.getLine() > sources.getNumLines(*file))
    return std::nullopt;
  // Columns count characters, offsets bytes.
  StringRef line = sources.getLine(*file, place.getLine());
  size_t offset = 0;
  for (unsigned column = 1; column < place.getColumn() && offset < line.size();
       ++column)
    do
      ++offset;
    while (offset < line.size() && (line[offset] & 0xC0) == 0x80);
  uint32_t begin = sources.getLineStart(*file, place.getLine()) + offset;
  return frontend::SourceRange{*file, begin, begin + 1};
}

ExitCode Compilation::reportAt(StringRef file, unsigned line, unsigned column,
                               const Twine &message) {
  std::optional<frontend::SourceRange> range =
      findRange(sources, FileLineColLoc::get(&context, file, line, column));
  if (range)
    diagnostics.error(*range, message);
  else
    diagnostics.fileError(file, message);
  return reportErrors();
}

void Compilation::addWarning(Diagnostic &diagnostic) {
  std::optional<frontend::SourceRange> range =
      findRange(sources, diagnostic.getLocation());
  if (!range)
    return;
  frontend::DiagnosticBuilder builder =
      options.requiresFused ? warnings.error(*range, diagnostic.str())
                            : warnings.warning(*range, diagnostic.str());
  for (Diagnostic &note : diagnostic.getNotes())
    if (std::optional<frontend::SourceRange> place =
            findRange(sources, note.getLocation()))
      builder.note(*place, note.str());
}

ExitCode Compilation::reportWarnings() {
  warnings.print(llvm::errs());
  return warnings.hasErrors() ? ExitCode::UserError : ExitCode::Success;
}

ExitCode Compilation::checkFusion() {
  frontend::loadDialects(context);
  std::vector<std::string> names;
  for (const frontend::CheckedFunction &function : checked->functions)
    if (function.isMain && !function.isTemplate && !function.isCalled)
      names.push_back(function.name);
  for (const std::string &name : names) {
    // One that needs sizes from the command line is looked at when it runs.
    frontend::DiagnosticEngine errors(sources);
    Report report(context);
    module = frontend::generate(context, *checked, sources,
                                {name, options.staticDims}, errors);
    if (!module)
      continue;
    if (ExitCode status =
            runPasses(*module, buildFusePipeline, /*verifies=*/false);
        status != ExitCode::Success)
      return status;
  }
  return reportWarnings();
}

ExitCode Compilation::runPasses(ModuleOp module, Passes &passes) {
  Report report(context,
                [this](Diagnostic &diagnostic) { addWarning(diagnostic); });
  if (succeeded(passes.manager.run(module)))
    return ExitCode::Success;
  llvm::errs() << "attnc: internal error: "
               << (passes.failed.empty() ? "a pass"
                                         : "pass '" + passes.failed + "'")
               << " failed\n"
               << report.text
               << "  note: this is a bug in attnc, not in your program\n"
               << "  note: reproducer written to " << kReproducer
               << "; run: attn-opt --run-reproducer " << kReproducer << "\n";
  return ExitCode::InternalError;
}

ExitCode Compilation::runPasses(ModuleOp module,
                                function_ref<void(OpPassManager &)> build,
                                bool verifies) {
  Passes passes(context, build, verifies);
  return runPasses(module, passes);
}

ExitCode Compilation::lowerToLLVM(ModuleOp module) {
  if (!llvmPasses)
    llvmPasses = std::make_unique<Passes>(context, buildLLVMPipeline,
                                          /*verifies=*/false);
  return runPasses(module, *llvmPasses);
}

/// Whether `module` came out of the passes as valid IR.
bool Compilation::isValid(ModuleOp module) {
  Report report(context);
  return succeeded(verify(module));
}

ExitCode Compilation::lower(Stage stage) {
  llvm::Expected<int64_t> vectorBits =
      runtime::getVectorBits(options.getEngineOptions(), options.mustRun);
  if (!vectorBits) {
    llvm::errs() << "attnc: error: "
                 << (options.targetCpu.empty() ? "--target: "
                                               : "--target-cpu: ")
                 << toString(vectorBits.takeError()) << "\n";
    return ExitCode::UserError;
  }
  if (!options.extraPasses.empty())
    registerPasses();
  if (options.keepsRemarks)
    keepRemarks();
  std::string error;
  llvm::raw_string_ostream errorStream(error);
  auto build = [&](OpPassManager &passes) {
    TilePipelineOptions tile;
    tile.optLevel = options.optLevel;
    tile.vectorBits = *vectorBits;
    tile.queryBlock = options.queryBlock;
    tile.keyBlock = options.keyBlock;
    buildPipeline(passes, stage, tile);
    if (!options.extraPasses.empty())
      (void)parsePassPipeline(options.extraPasses, passes, errorStream);
  };
  // Verifying after each pass takes half as long again as the passes.
  ExitCode status = runPasses(*module, build, /*verifies=*/false);
  if (!error.empty()) {
    llvm::errs() << "attnc: error: --add-passes: " << error;
    return ExitCode::UserError;
  }
  if (status != ExitCode::Success)
    return status;
  if (isValid(*module))
    return reportWarnings();
  // Once more from the start, to find the pass that is at fault.
  if (status = generate(); status == ExitCode::Success)
    status = runPasses(*module, build, /*verifies=*/true);
  return status == ExitCode::Success ? ExitCode::InternalError : status;
}

ExitCode Compilation::compile(Stage stage) {
  for (ExitCode (Compilation::*step)() :
       {&Compilation::parse, &Compilation::check, &Compilation::generate})
    if (ExitCode status = (this->*step)(); status != ExitCode::Success)
      return status;
  return lower(stage);
}

ExitCode Compilation::compileToRun() {
  // Passes that are asked for see all of the last stage.
  if (!options.extraPasses.empty())
    return compile(Stage::LLVM);
  if (ExitCode status = compile(Stage::Tiled); status != ExitCode::Success)
    return status;
  kernels = attn::takeKernels(*module);
  ExitCode status = lowerToLLVM(*module);
  if (status != ExitCode::Success || isValid(*module))
    return status;
  // Once more, to find the pass that is at fault.
  return compile(Stage::LLVM);
}

LogicalResult Compilation::lowerKernel(ModuleOp kernel) {
  ExitCode status = lowerToLLVM(kernel);
  if (status == ExitCode::Success && isValid(kernel))
    return success();
  if (status == ExitCode::Success)
    (void)compile(Stage::LLVM);
  return failure();
}

runtime::LateKernels Compilation::takeKernels() {
  return {std::move(kernels),
          [this](ModuleOp kernel) { return lowerKernel(kernel); }};
}

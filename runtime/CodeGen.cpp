//===- CodeGen.cpp - From the LLVM dialect to machine code ----------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/CodeGen.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "runtime/Engine.h"
#include "runtime/Target.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace attn::runtime;
using llvm::StringRef;
using llvm::Twine;

CodeGen::CodeGen() = default;
CodeGen::CodeGen(CodeGen &&) = default;
CodeGen::~CodeGen() = default;

static llvm::Error internalError(const Twine &message) {
  return llvm::createStringError("internal error: " + message);
}

//===----------------------------------------------------------------------===//
// Translation and optimisation
//===----------------------------------------------------------------------===//

static llvm::Expected<std::unique_ptr<llvm::Module>>
translate(mlir::ModuleOp module, llvm::LLVMContext &context,
          const llvm::TargetMachine &machine) {
  mlir::MLIRContext *mlirContext = module.getContext();
  mlir::registerBuiltinDialectTranslation(*mlirContext);
  mlir::registerLLVMDialectTranslation(*mlirContext);
  mlir::registerOpenMPDialectTranslation(*mlirContext);

  // The translation of OpenMP asks for sizes and alignments, so the target has
  // to be known before.
  mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
  auto setString = [&](StringRef name, const std::string &value) {
    (*copy)->setAttr(name, mlir::StringAttr::get(mlirContext, value));
  };
  setString(mlir::LLVM::LLVMDialect::getDataLayoutAttrName(),
            machine.createDataLayout().getStringRepresentation());
  setString(mlir::LLVM::LLVMDialect::getTargetTripleAttrName(),
            machine.getTargetTriple().str());

  std::string messages;
  mlir::ScopedDiagnosticHandler handler(
      mlirContext, [&](mlir::Diagnostic &diagnostic) {
        messages += (messages.empty() ? ": " : "; ") + diagnostic.str();
      });
  std::unique_ptr<llvm::Module> translated =
      mlir::translateModuleToLLVMIR(*copy, context, "attnc");
  if (!translated)
    return internalError("the module cannot be translated to LLVM IR" +
                         messages);
  return translated;
}

/// The bodies of a kernel's parallel regions have its attributes.
static bool isKernel(const llvm::GlobalObject &object) {
  auto *function = llvm::dyn_cast<llvm::Function>(&object);
  return function && !function->isDeclaration() &&
         !function->hasLocalLinkage() &&
         function->hasFnAttribute(kKernelAttribute);
}

/// Leaves the optimiser free to inline and to drop everything but the entry and
/// the kernels.
static void hideInternals(llvm::Module &module, StringRef entry) {
  std::string interface = (kInterfacePrefix + entry).str();
  for (llvm::GlobalObject &object : module.global_objects())
    if (!object.isDeclaration() && !isKernel(object) &&
        object.getName() != entry && object.getName() != interface)
      object.setLinkage(llvm::GlobalValue::InternalLinkage);
  // Nothing in this code unwinds; without the mark every function would drag
  // along tables that say how.
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.setDoesNotThrow();
}

/// Moves kernels to modules of their own, which is where they can be compiled
/// when they are first called.
static std::vector<std::unique_ptr<llvm::Module>>
splitKernels(llvm::Module &module) {
  std::vector<std::unique_ptr<llvm::Module>> kernels;
  llvm::SmallVector<llvm::Function *> functions;
  for (llvm::Function &function : module)
    if (isKernel(function))
      functions.push_back(&function);
  for (llvm::Function *function : functions) {
    // The bodies of parallel regions are functions too.
    llvm::SetVector<const llvm::GlobalValue *> parts;
    parts.insert(function);
    for (size_t i = 0; i < parts.size(); ++i)
      if (auto *part = llvm::dyn_cast<llvm::Function>(parts[i]))
        for (const llvm::Instruction &instruction : llvm::instructions(part))
          for (const llvm::Use &use : instruction.operands())
            if (auto *global = llvm::dyn_cast<llvm::GlobalValue>(use))
              if (global->hasLocalLinkage())
                parts.insert(global);
    llvm::ValueToValueMapTy map;
    kernels.push_back(
        llvm::CloneModule(module, map, [&](const llvm::GlobalValue *global) {
          return parts.contains(global) ||
                 llvm::isa<llvm::GlobalVariable>(global);
        }));
    kernels.back()->setModuleIdentifier(function->getName());
  }
  for (llvm::Function *function : functions)
    function->deleteBody();
  return kernels;
}

namespace {

/// LLVM's passes and the analyses that they share.
class Optimizer {
public:
  Optimizer(llvm::TargetMachine &machine, unsigned level)
      : level(getLevel(level)), builder(&machine, getTuning(level)) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
  }

  void run(llvm::Module &module) {
    builder.buildPerModuleDefaultPipeline(level).run(module, modules);
  }

  /// For loops that are vectors and tiles already. What LLVM's own pipeline
  /// would do on top changes nothing in their inner loops and takes six times
  /// as long.
  void runOnKernel(llvm::Module &module) {
    if (level == llvm::OptimizationLevel::O0)
      return run(module);
    llvm::LoopPassManager loopPasses;
    loopPasses.addPass(llvm::LoopRotatePass());
    loopPasses.addPass(llvm::LICMPass(llvm::LICMOptions()));
    llvm::FunctionPassManager passes;
    passes.addPass(llvm::EarlyCSEPass());
    passes.addPass(llvm::createFunctionToLoopPassAdaptor(
        std::move(loopPasses), /*UseMemorySSA=*/true));
    passes.addPass(llvm::InstCombinePass());
    passes.addPass(llvm::SimplifyCFGPass());
    llvm::ModulePassManager pipeline;
    pipeline.addPass(llvm::GlobalDCEPass());
    pipeline.addPass(
        llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
    pipeline.run(module, modules);
  }

private:
  static llvm::OptimizationLevel getLevel(unsigned level) {
    static const llvm::OptimizationLevel levels[] = {
        llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
        llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
    return levels[level];
  }

  static llvm::PipelineTuningOptions getTuning(unsigned level) {
    llvm::PipelineTuningOptions tuning;
    tuning.LoopVectorization = level > 1;
    tuning.SLPVectorization = level > 1;
    return tuning;
  }

  llvm::OptimizationLevel level;
  llvm::PassBuilder builder;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
};

} // namespace

static void collectErrors(const llvm::DiagnosticInfo *info, void *errors) {
  if (info->getSeverity() != llvm::DS_Error)
    return;
  llvm::raw_string_ostream stream(*static_cast<std::string *>(errors));
  llvm::DiagnosticPrinterRawOStream printer(stream);
  info->print(printer);
  stream << '\n';
}

/// The LLVM IR of a module, not optimised, in which only `entry` and kernels
/// are visible.
static llvm::Expected<CodeGen> begin(mlir::ModuleOp module, StringRef entry,
                                     const EngineOptions &options,
                                     bool mustRun) {
  CodeGen codeGen;
  codeGen.optLevel = options.optLevel;
  auto machine = createTargetMachine(options, mustRun);
  if (!machine)
    return machine.takeError();
  codeGen.machine = std::move(*machine);
  codeGen.context = std::make_unique<llvm::LLVMContext>();
  codeGen.errors = std::make_unique<std::string>();
  codeGen.context->setDiagnosticHandlerCallBack(collectErrors,
                                                codeGen.errors.get());
  auto translated = translate(module, *codeGen.context, *codeGen.machine);
  if (!translated)
    return translated.takeError();
  codeGen.module = std::move(*translated);
  hideInternals(*codeGen.module, entry);
  return codeGen;
}

llvm::Expected<CodeGen> CodeGen::create(mlir::ModuleOp module, StringRef entry,
                                        const EngineOptions &options,
                                        bool mustRun) {
  if (options.optLevel > 3)
    return llvm::createStringError("expected an optimisation level from 0 to "
                                   "3, got " +
                                   Twine(options.optLevel));
  llvm::Expected<CodeGen> codeGen = begin(module, entry, options, mustRun);
  if (!codeGen)
    return codeGen.takeError();
  codeGen->kernels = splitKernels(*codeGen->module);
  Optimizer(*codeGen->machine, options.optLevel).run(*codeGen->module);
  if (!codeGen->errors->empty())
    return internalError("LLVM: " + *codeGen->errors);
  return codeGen;
}

llvm::Expected<CodeGen> CodeGen::createKernel(mlir::ModuleOp module,
                                              StringRef function,
                                              const EngineOptions &options) {
  return begin(module, function, options, /*mustRun=*/false);
}

llvm::Error CodeGen::addThunk(StringRef name, StringRef entry,
                              size_t numArguments) {
  std::string interfaceName = (kInterfacePrefix + entry).str();
  llvm::Function *interface = module->getFunction(interfaceName);
  if (!interface || interface->isDeclaration())
    return internalError(entry + " has no C interface");
  if (interface->arg_size() != numArguments ||
      !interface->getReturnType()->isVoidTy())
    return internalError("the C interface of " + entry + " takes " +
                         Twine(interface->arg_size()) +
                         " arguments, its signature has " +
                         Twine(numArguments));

  llvm::IRBuilder<> builder(*context);
  llvm::Type *pointer = builder.getPtrTy();
  llvm::Function *thunk = llvm::Function::Create(
      llvm::FunctionType::get(builder.getVoidTy(), pointer, false),
      llvm::Function::ExternalLinkage, name, *module);
  thunk->setDoesNotThrow();
  builder.SetInsertPoint(llvm::BasicBlock::Create(*context, "", thunk));
  llvm::SmallVector<llvm::Value *> arguments;
  for (size_t i = 0; i < numArguments; ++i)
    arguments.push_back(builder.CreateLoad(
        pointer, builder.CreateConstGEP1_64(pointer, thunk->getArg(0), i)));
  builder.CreateCall(interface, arguments);
  builder.CreateRetVoid();
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

std::string CodeGen::printIR() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, nullptr);
  return text;
}

llvm::Error CodeGen::mergeKernels() {
  for (std::unique_ptr<llvm::Module> &kernel : kernels) {
    Optimizer(*machine, optLevel).runOnKernel(*kernel);
    if (llvm::Linker::linkModules(*module, std::move(kernel)))
      return internalError("the kernels cannot be put into one module");
  }
  kernels.clear();
  return llvm::Error::success();
}

static llvm::Expected<llvm::SmallVector<char, 0>>
emit(CodeGen &codeGen, llvm::Module &module, llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (codeGen.machine->addPassesToEmitFile(passes, stream, nullptr, type,
                                           /*DisableVerify=*/true))
    return internalError("LLVM cannot emit code for this machine");
  passes.run(module);
  if (!codeGen.errors->empty())
    return internalError("LLVM: " + *codeGen.errors);
  return bytes;
}

static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
emitObject(CodeGen &codeGen, llvm::Module &module) {
  auto bytes = emit(codeGen, module, llvm::CodeGenFileType::ObjectFile);
  if (!bytes)
    return bytes.takeError();
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(*bytes), module.getModuleIdentifier(),
      /*RequiresNullTerminator=*/false);
}

llvm::Expected<std::string> CodeGen::emitAssembly() && {
  auto bytes = emit(*this, *module, llvm::CodeGenFileType::AssemblyFile);
  if (!bytes)
    return bytes.takeError();
  return std::string(bytes->begin(), bytes->end());
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> CodeGen::emitObject() {
  return ::emitObject(*this, *module);
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
CodeGen::compileKernel(llvm::Module &kernel) {
  Optimizer(*machine, optLevel).runOnKernel(kernel);
  return ::emitObject(*this, kernel);
}

//===- Target.cpp - The processor that code is for -----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Target.h"

#include "runtime/Engine.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <mutex>

using namespace attn::runtime;
using llvm::StringRef;
using llvm::Twine;

/// The triple to generate code for.
static llvm::Triple getTriple(const EngineOptions &options) {
  return llvm::Triple(options.targetTriple.empty()
                          ? llvm::sys::getProcessTriple()
                          : llvm::Triple::normalize(options.targetTriple));
}

static bool isThisArchitecture(const llvm::Triple &triple) {
  return triple.getArch() ==
         llvm::Triple(llvm::sys::getProcessTriple()).getArch();
}

/// The name of the CPU; empty for this machine's.
static StringRef getCpu(const EngineOptions &options,
                        const llvm::Triple &triple) {
  if (options.targetCpu.empty() && !isThisArchitecture(triple))
    return "generic";
  return options.targetCpu;
}

static llvm::Expected<const llvm::Target *>
getTarget(const llvm::Triple &triple) {
  static std::once_flag native, all;
  std::call_once(native, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  if (!isThisArchitecture(triple))
    std::call_once(all, [] {
      llvm::InitializeAllTargetInfos();
      llvm::InitializeAllTargets();
      llvm::InitializeAllTargetMCs();
      llvm::InitializeAllAsmPrinters();
    });
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError("unknown target '" + triple.str() +
                                   "'; expected one like "
                                   "x86_64-linux-gnu or aarch64-linux-gnu");
  return target;
}

/// The features of `cpu` that this machine does not have.
static std::string missingFeatures(const llvm::MCSubtargetInfo &cpu) {
  std::string missing;
  for (const auto &feature : llvm::sys::getHostCPUFeatures()) {
    StringRef name = feature.getKey();
    if (!feature.getValue() && cpu.checkFeatures(("+" + name).str()))
      missing += (missing.empty() ? "" : ", ") + name.str();
  }
  return missing;
}

/// "; did you mean a, b?", or nothing.
static std::string suggestCpus(const llvm::MCSubtargetInfo &any,
                               StringRef unknown) {
  llvm::SmallVector<std::pair<unsigned, StringRef>> near;
  for (const llvm::SubtargetSubTypeKV &known :
       any.getAllProcessorDescriptions()) {
    StringRef name = known.Key;
    unsigned distance = unknown.edit_distance_insensitive(name);
    if (distance <= 2 || (unknown.size() > 3 && name.contains(unknown)))
      near.push_back({distance, name});
  }
  llvm::sort(near);
  std::string text;
  for (auto [distance, name] : llvm::ArrayRef(near).take_front(5))
    text += (text.empty() ? "; did you mean " : ", ") + name.str();
  return text.empty() ? "" : text + "?";
}

/// What LLVM knows of a CPU by its name.
static llvm::Expected<std::unique_ptr<llvm::MCSubtargetInfo>>
describeCpu(const llvm::Target &target, const llvm::Triple &triple,
            StringRef cpu, bool mustRun) {
  if (mustRun && !isThisArchitecture(triple))
    return llvm::createStringError("code for " + triple.getArchName() +
                                   " cannot run on this machine");
  // LLVM itself goes on with a warning if it does not know a name.
  std::unique_ptr<llvm::MCSubtargetInfo> generic(
      target.createMCSubtargetInfo(triple, "", ""));
  if (!generic || !generic->isCPUStringValid(cpu))
    return llvm::createStringError(
        "unknown CPU '" + cpu + "' for " +
        (isThisArchitecture(triple) ? "this machine's" : "the target's") +
        " architecture, " + triple.getArchName() +
        (generic ? suggestCpus(*generic, cpu) : ""));
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      target.createMCSubtargetInfo(triple, cpu, ""));
  std::string missing = mustRun ? missingFeatures(*info) : "";
  if (!missing.empty())
    return llvm::createStringError("code for CPU '" + cpu +
                                   "' cannot run on this machine, which "
                                   "lacks " +
                                   missing);
  return info;
}

llvm::Expected<int64_t>
attn::runtime::getVectorBits(const EngineOptions &options, bool mustRun) {
  auto width = [](auto has) -> int64_t {
    if (has("avx512f"))
      return 512;
    return has("avx2") && has("fma") ? 256 : 128;
  };
  llvm::Triple triple = getTriple(options);
  StringRef name = getCpu(options, triple);
  if (name.empty()) {
    llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
    return width([&](StringRef name) { return features.lookup(name); });
  }
  auto target = getTarget(triple);
  if (!target)
    return target.takeError();
  auto cpu = describeCpu(**target, triple, name, mustRun);
  if (!cpu)
    return cpu.takeError();
  if (!triple.isX86())
    return 128;
  return width([&](StringRef name) {
    return (*cpu)->checkFeatures(("+" + name).str());
  });
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
attn::runtime::createTargetMachine(const EngineOptions &options, bool mustRun) {
  llvm::Triple triple = getTriple(options);
  auto target = getTarget(triple);
  if (!target)
    return target.takeError();
  std::string cpu = getCpu(options, triple).str();
  llvm::SubtargetFeatures features;
  if (cpu.empty()) {
    cpu = llvm::sys::getHostCPUName().str();
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      features.AddFeature(feature.getKey(), feature.getValue());
  } else if (auto described = describeCpu(**target, triple, cpu, mustRun);
             !described) {
    return described.takeError();
  }

  static constexpr llvm::CodeGenOptLevel kLevels[] = {
      llvm::CodeGenOptLevel::None, llvm::CodeGenOptLevel::Less,
      llvm::CodeGenOptLevel::Default, llvm::CodeGenOptLevel::Aggressive};
  std::unique_ptr<llvm::TargetMachine> machine((*target)->createTargetMachine(
      triple, cpu, features.getString(), llvm::TargetOptions(),
      llvm::Reloc::PIC_, llvm::CodeModel::Small, kLevels[options.optLevel],
      /*JIT=*/true));
  if (!machine)
    return llvm::createStringError(
        "internal error: LLVM cannot generate code for " + triple.str());
  return machine;
}

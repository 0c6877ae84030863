//===- attn-opt.cpp - mlir-opt with the attn dialect ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Debug.h"

#include <string>
#include <vector>

#ifndef NDEBUG
static void enableDebugType(const std::string &name) {
  static std::vector<std::string> types;
  types.push_back(name);
  std::vector<const char *> names;
  for (const std::string &type : types)
    names.push_back(type.c_str());
  llvm::setCurrentDebugTypes(names.data(), names.size());
  llvm::DebugFlag = true;
}

/// Gives our own LLVM_DEBUG the usual switches: an LLVM that is built without
/// assertions leaves them out.
static void registerDebugOptions() {
  if (llvm::cl::getRegisteredOptions().contains("debug-only"))
    return;
  static llvm::cl::opt<bool, /*ExternalStorage=*/true> debug(
      "debug", llvm::cl::desc("Print what every pass has to tell"),
      llvm::cl::location(llvm::DebugFlag));
  static llvm::cl::list<std::string> debugOnly(
      "debug-only",
      llvm::cl::desc("Print what these passes have to tell: the names of "
                     "passes, each with an optional :LEVEL"),
      llvm::cl::value_desc("name,..."), llvm::cl::CommaSeparated,
      llvm::cl::callback(
          [](const std::string &name) { enableDebugType(name); }));
}
#endif

int main(int argc, char **argv) {
#ifndef NDEBUG
  registerDebugOptions();
#endif
  mlir::registerAllPasses();
  attn::registerPasses();
  mlir::DialectRegistry registry;
  attn::registerDialects(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "attn-opt: the attn dialect and its passes\n", registry));
}

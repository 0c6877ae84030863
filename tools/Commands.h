//===- Commands.h - The commands of attnc -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_COMMANDS_H
#define ATTN_TOOLS_COMMANDS_H

#include "tools/Compilation.h"

namespace attn::tools {

/// A `NAME=VALUE` of the command line; the name is empty where none is given.
struct NamedValue {
  std::string name;
  std::string value;
};

struct RunOptions {
  CompilationOptions compilation;
  /// Arrays for inputs: `NAME=F.npy`, or `F.npz` for all in it.
  std::vector<NamedValue> inputs;
  /// Files for results, likewise.
  std::vector<NamedValue> outputs;
  std::map<std::string, int64_t> dims;
  uint64_t seed = 0;
  int threads = 0;
  int repeat = 1;
  bool json = false;
};

/// `attnc run`: compiles, calls, reports.
ExitCode runCommand(const RunOptions &options);

struct ShowOptions {
  CompilationOptions compilation;
  std::string stage;
};

/// `attnc show`: prints one stage to standard output.
ExitCode showCommand(const ShowOptions &options);

/// `attnc explain`: what was fused, and how masks were understood.
ExitCode explainCommand(CompilationOptions options);

struct ParamsOptions {
  CompilationOptions compilation;
  bool json = false;
};

/// `attnc params`: lists the parameters of a model or of a layer.
ExitCode paramsCommand(const ParamsOptions &options);

/// `attnc library`: prints a file of the standard library, or their names.
ExitCode libraryCommand(llvm::StringRef name);

/// `attnc check`: diagnostics of every file; with `requiresFused` attention
/// that is not fused is an error.
ExitCode checkCommand(llvm::ArrayRef<std::string> paths, bool requiresFused);

/// `attnc fmt`: rewrites every file in the one layout; with `check` it only
/// names those that differ and fails if there are any.
ExitCode formatCommand(llvm::ArrayRef<std::string> paths, bool check);

} // namespace attn::tools

#endif // ATTN_TOOLS_COMMANDS_H

//===- ExplainCommand.cpp - attnc explain -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Explain.h"
#include "runtime/Engine.h"
#include "tools/Commands.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn;
using namespace attn::tools;

ExitCode tools::explainCommand(CompilationOptions options) {
  options.keepsRemarks = true;
  Compilation compilation(options);
  if (ExitCode status = compilation.compile(Stage::Fused);
      status != ExitCode::Success)
    return status;
  // Layers of a kind make the same remarks.
  llvm::StringSet<> seen;
  for (const PassRemark &remark : compilation.getRemarks())
    if (std::string text = formatPlace(remark.loc) + ": " + remark.text;
        seen.insert(text).second)
      llvm::outs() << text << "\n";
  TilePipelineOptions tile;
  // The compilation has asked for this CPU before.
  tile.vectorBits = llvm::cantFail(
      runtime::getVectorBits(options.getEngineOptions(), /*mustRun=*/false));
  tile.queryBlock = options.queryBlock;
  tile.keyBlock = options.keyBlock;
  explainAttention(compilation.getModule(), tile, llvm::outs());
  return ExitCode::Success;
}

//===- Explain.h - What became of a program, in words -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_EXPLAIN_H
#define ATTN_PASSES_EXPLAIN_H

#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"

namespace attn {

/// Prints, for every attention of a module of stage fused, how its mask was
/// understood: the range of keys of a block of queries, conditions that are
/// left to blocks or to pairs, and, where the lengths are static, how many
/// blocks are empty, partial and full. Layers that are alike are told once.
void explainAttention(mlir::ModuleOp module, const TilePipelineOptions &options,
                      llvm::raw_ostream &os);

/// "FILE:LINE:COL", as far as a location tells.
std::string formatPlace(mlir::Location loc);

} // namespace attn

#endif // ATTN_PASSES_EXPLAIN_H

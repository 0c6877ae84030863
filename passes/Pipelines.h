//===- Pipelines.h - The pipelines between the stages -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_PIPELINES_H
#define ATTN_PASSES_PIPELINES_H

#include "mlir/Pass/PassOptions.h"

#include <optional>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace attn {

/// The stages of docs/architecture.md that are MLIR.
enum class Stage { Attn, Fused, Tiled, LLVM };

/// "attn", "fused", "tiled", "llvm".
llvm::StringRef getStageName(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);

struct TilePipelineOptions : mlir::PassPipelineOptions<TilePipelineOptions> {
  Option<int> optLevel{
      *this, "opt",
      llvm::cl::desc("0: the reference lowering to sequential loops; 3: tiles, "
                     "vectors and threads"),
      llvm::cl::init(3)};
  Option<int64_t> vectorBits{
      *this, "vector-bits",
      llvm::cl::desc("width of the target's vectors, in bits"),
      llvm::cl::init(512)};
  Option<int64_t> queryBlock{
      *this, "query-block",
      llvm::cl::desc("query rows per block; 0 asks the cost model"),
      llvm::cl::init(0)};
  Option<int64_t> keyBlock{
      *this, "key-block",
      llvm::cl::desc("keys per block; 0 asks the cost model"),
      llvm::cl::init(0)};
};

/// attn -> fused.
void buildFusePipeline(mlir::OpPassManager &passes);
/// attn -> fused without fusion: everything inlined.
void buildInlinePipeline(mlir::OpPassManager &passes);
/// fused -> tiled.
void buildTilePipeline(mlir::OpPassManager &passes,
                       const TilePipelineOptions &options);
/// tiled -> llvm.
void buildLLVMPipeline(mlir::OpPassManager &passes);

/// attn -> `stage`. At level 0 stage `fused` is inlined only.
void buildPipeline(mlir::OpPassManager &passes, Stage stage,
                   const TilePipelineOptions &options);

/// Registers `attn-fuse-pipeline`, `attn-tile-pipeline`, `attn-llvm-pipeline`.
void registerPipelines();

} // namespace attn

#endif // ATTN_PASSES_PIPELINES_H

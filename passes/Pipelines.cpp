//===- Pipelines.cpp - The pipelines between the stages ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Pipelines.h"

#include "passes/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace attn;

StringRef attn::getStageName(Stage stage) {
  switch (stage) {
  case Stage::Attn:
    return "attn";
  case Stage::Fused:
    return "fused";
  case Stage::Tiled:
    return "tiled";
  case Stage::LLVM:
    return "llvm";
  }
  llvm_unreachable("all stages named");
}

std::optional<Stage> attn::parseStage(StringRef name) {
  for (Stage stage : {Stage::Attn, Stage::Fused, Stage::Tiled, Stage::LLVM})
    if (name == getStageName(stage))
      return stage;
  return std::nullopt;
}

static void addCleanup(OpPassManager &passes) {
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

void attn::buildInlinePipeline(OpPassManager &passes) {
  passes.addPass(createInlinerPass());
  passes.addPass(createSymbolDCEPass());
  addCleanup(passes);
}

void attn::buildFusePipeline(OpPassManager &passes) {
  // Patterns reach across the functions of the program, so calls go first.
  buildInlinePipeline(passes);
  // Attention is two products around a softmax, so that comes first.
  passes.addNestedPass<func::FuncOp>(createFuseSoftmax());
  passes.addNestedPass<func::FuncOp>(createFuseNorm());
  passes.addNestedPass<func::FuncOp>(createCopyScores());
  passes.addNestedPass<func::FuncOp>(createDistributeProducts());
  // Of sums without a softmax, those that take linear time.
  passes.addNestedPass<func::FuncOp>(createRaiseLinearAttention());
  passes.addNestedPass<func::FuncOp>(createFuseAttention());
  // Folds what fusion put into the score regions, so that masks stand out.
  addCleanup(passes);
  passes.addNestedPass<func::FuncOp>(createRaiseMask());
  // The same attention twice is one by now.
  passes.addNestedPass<func::FuncOp>(createFuseLinearAttention());
  // Of score rules alone: what a mask says must stay visible.
  passes.addNestedPass<func::FuncOp>(createHoistDistances());
  addCleanup(passes);
  passes.addNestedPass<func::FuncOp>(createWarnUnfused());
}

/// Tensors to buffers, of which every one is freed.
static void addBufferization(OpPassManager &passes) {
  // Results are computed in the caller's memory where nothing stands against.
  passes.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.unknownTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  passes.addPass(bufferization::createOneShotBufferizePass(options));
  addCleanup(passes);
  // What is small and of static size needs no allocator; before deallocation,
  // which has nothing to do for the stack.
  passes.addNestedPass<func::FuncOp>(
      bufferization::createPromoteBuffersToStackPass());
  bufferization::buildBufferDeallocationPipeline(passes);
  passes.addPass(createConvertBufferizationToMemRefPass());
  // Temporaries live no longer than their last use.
  passes.addNestedPass<func::FuncOp>(
      bufferization::createOptimizeAllocationLivenessPass());
}

void attn::buildTilePipeline(OpPassManager &passes,
                             const TilePipelineOptions &options) {
  bool optimizes = options.optLevel > 0;
  LowerToLinalgOptions lowering;
  lowering.keepAttention = optimizes;
  passes.addNestedPass<func::FuncOp>(createLowerToLinalg(lowering));
  // Sizes come from the arguments, not from values that they would keep alive.
  memref::ResolveRankedShapeTypeResultDimsPassOptions sizes;
  sizes.errorOnPatternIterationLimit = false; // A long program is no error.
  passes.addPass(memref::createResolveRankedShapeTypeResultDimsPass(sizes));
  addCleanup(passes);
  if (optimizes) {
    passes.addNestedPass<func::FuncOp>(createJoinElementwise());
    addCleanup(passes);
  }
  // On tensors still, so that bufferization knows whose memory is whose.
  passes.addPass(createExport());
  // The program's own functions have their symbols by now.
  passes.addPass(createLowerChecks());
  passes.addPass(createSymbolDCEPass());
  addBufferization(passes);
  // Layers that are alike have loops that are.
  if (optimizes)
    passes.addPass(createShareLoops());
  LowerToLoopsOptions loops;
  loops.parallel = loops.reassociate = optimizes;
  passes.addNestedPass<func::FuncOp>(createLowerToLoops(loops));
  addCleanup(passes);
  // Last, since kernels are large, fold what they can as they are made, and
  // free what they allocate.
  if (optimizes) {
    TileAttentionOptions tiling;
    tiling.vectorBits = options.vectorBits;
    tiling.queryBlock = options.queryBlock;
    tiling.keyBlock = options.keyBlock;
    passes.addPass(createTileAttention(tiling));
    TileLinearAttentionOptions linear;
    linear.vectorBits = options.vectorBits;
    passes.addPass(createTileLinearAttention(linear));
    TileTopKeysOptions top;
    top.vectorBits = options.vectorBits;
    passes.addPass(createTileTopKeys(top));
    passes.addPass(createCSEPass());
  }
  passes.addNestedPass<func::FuncOp>(createLoopInvariantCodeMotionPass());
}

/// f16 and bf16 arithmetic in f32. LLVM would do the same for f16, but calls
/// library functions for bf16.
static void addNarrowFloats(OpPassManager &passes) {
  passes.addPass(math::createMathExtendToSupportedTypes());
  arith::ArithEmulateUnsupportedFloatsOptions emulation;
  emulation.sourceTypeStrs = {"bf16"};
  passes.addPass(arith::createArithEmulateUnsupportedFloats(emulation));
  passes.addPass(createExpandBFloat16());
}

void attn::buildLLVMPipeline(OpPassManager &passes) {
  // Subviews and reshapes become affine arithmetic, so that goes second.
  passes.addNestedPass<func::FuncOp>(createResolveExpandShape());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addNestedPass<func::FuncOp>(createApproximateMath());
  passes.addPass(createSCFToControlFlowPass());
  addNarrowFloats(passes);
  // Vectors first: their lowering emits arith and memref ops.
  ConvertVectorToLLVMPassOptions vectors;
  vectors.force32BitVectorIndices = false;
  passes.addPass(createConvertVectorToLLVMPass(vectors));
  passes.addPass(attn::createConvertToLLVM());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

void attn::buildPipeline(OpPassManager &passes, Stage stage,
                         const TilePipelineOptions &options) {
  if (stage >= Stage::Fused) {
    if (options.optLevel > 0)
      buildFusePipeline(passes);
    else
      buildInlinePipeline(passes);
  }
  if (stage >= Stage::Tiled)
    buildTilePipeline(passes, options);
  if (stage >= Stage::LLVM)
    buildLLVMPipeline(passes);
}

void attn::registerPipelines() {
  PassPipelineRegistration<>("attn-fuse-pipeline", "stage attn to stage fused",
                             buildFusePipeline);
  PassPipelineRegistration<>("attn-inline-pipeline",
                             "stage attn to stage fused, without fusion",
                             buildInlinePipeline);
  PassPipelineRegistration<TilePipelineOptions>(
      "attn-tile-pipeline", "stage fused to stage tiled", buildTilePipeline);
  PassPipelineRegistration<>("attn-llvm-pipeline", "stage tiled to stage llvm",
                             buildLLVMPipeline);
}

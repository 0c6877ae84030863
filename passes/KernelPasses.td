//===- KernelPasses.td - The passes that make kernels ------*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_KERNELPASSES_TD
#define ATTN_PASSES_KERNELPASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// fused -> tiled: kernels
//===----------------------------------------------------------------------===//

def TileAttention : Pass<"attn-tile-attention", "mlir::ModuleOp"> {
  let summary = "lowers attn.attention on buffers to the online-softmax loop nest";
  let description = [{
    Before:

    ```mlir
    attn.attention %q, %k, %v outs(%o : memref<?x?x?x64xf32>)
      : memref<?x?x?x64xf32>, memref<?x?x?x64xf32>, memref<?x?x?x64xf32>
    ```

    After:

    ```mlir
    %few = arith.cmpi sle, %rows, %c16 : index
    scf.if %few {
      func.call @attention.decode(%q, %k, %v, %o)
    } else {
      func.call @attention.blocked(%q, %k, %v, %o)
    }
    ```

    The rows are the queries of all heads that share a key head. Attentions that
    are alike but for their operands call the same kernels.

    The blocked kernel, in waves of some (batch, key head) pairs at a time:

    ```
    pack the keys into panels, in parallel
    per query head and block of queries, in parallel:
      pack the queries, scaled
      for each block of keys that the mask does not leave empty:
        list the panels that the mask does not leave empty: by what it says of
          all of a panel, or else of each pair, kept as bits
        scores = queries x keys            (register tiles of vectors)
        apply the score rule; apply the bits unless they allow the whole panel
        new origin, weights = exp2(scores - origin), new sum
        output = output * rescale + weights x values
      output / sum, or 0 where no key was allowed
    ```

    From the scores on it is a kernel of its own, `attention.tile`: two halves
    can be compiled at the same time.

    The decode kernel reads each key and value once, in place, for all rows. It
    splits the keys into parts of a fixed length and merges their results in
    order (Dao et al. 2023, "Flash-Decoding").

    (Milakov and Gimelshein 2018; Dao et al. 2022; Dao 2023.) Memory is one score
    tile per thread, the packed keys of a wave, and one output per part. The
    result does not depend on the number of threads.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "width of the target's vectors, in bits">,
    Option<"queryBlock", "query-block", "int64_t", "0",
           "query rows per block; 0 asks the cost model">,
    Option<"keyBlock", "key-block", "int64_t", "0",
           "keys per block; 0 asks the cost model">
  ];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::affine::AffineDialect",
    "mlir::arith::ArithDialect", "mlir::math::MathDialect",
    "mlir::memref::MemRefDialect", "mlir::omp::OpenMPDialect",
    "mlir::scf::SCFDialect", "mlir::vector::VectorDialect",
    "mlir::func::FuncDialect", "mlir::LLVM::LLVMDialect"
  ];
  let statistics = [Statistic<"numTiled", "num-tiled", "attentions tiled">];
}

def TileLinearAttention
    : Pass<"attn-tile-linear-attention", "mlir::ModuleOp"> {
  let summary = "lowers attn.linear_attention on buffers to chunks of tiles";
  let description = [{
    Before:

    ```mlir
    attn.linear_attention %q, %k, %v causal decay %g : memref<?xf32> outs(%o : memref<?x?x?x64xf32>)
      : memref<?x?x?x64xf32>, memref<?x?x?x64xf32>, memref<?x?x?x64xf32>
    ```

    After:

    ```mlir
    func.call @linear_attention(%q, %k, %v, %g, %o)
    ```

    Ops that are alike but for their operands call the same kernel:

    ```
    per (batch, head), in parallel:
      state = 0, or what it was before
      for each chunk of positions:
        pack queries and keys by columns, values by rows
        for each tile of rows:
          scores = (queries x keys) * weights up to the diagonal   (register tiles)
          output = (queries x state) * entry + scores x values
        state = state * decay + (keys * weights of the last row)' x values
    ```

    Weights are the factors between two positions of a chunk, `entry` those from
    the chunk's beginning. Where the op is not causal the state of all keys comes
    first, then the outputs of all chunks, in parallel too.

    (Yang et al. 2024, "Gated Linear Attention Transformers with Hardware-Efficient
    Training".) Time is linear in the length, memory beyond operands does not
    depend on it. The result does not depend on the number of threads.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "width of the target's vectors, in bits">
  ];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::func::FuncDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::memref::MemRefDialect",
    "mlir::omp::OpenMPDialect", "mlir::scf::SCFDialect",
    "mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numTiled", "num-tiled", "attentions tiled">];
}

def TileTopKeys : Pass<"attn-tile-top-keys", "mlir::ModuleOp"> {
  let summary = "lowers attn.top_keys on buffers to scores of some rows at a time";
  let description = [{
    Before:

    ```mlir
    attn.top_keys 8 %q, %k outs(%i, %w : memref<?x?x?x8xi32>, memref<?x?x?x8xf32>)
      : memref<?x?x?x64xf32>, memref<?x?x?x64xf32>
    ```

    After:

    ```mlir
    func.call @top_keys(%q, %k, %i, %w)
    ```

    Ops that are alike but for their operands call the same kernel:

    ```
    per (batch, key head):
      pack the keys by columns                                 (parallel)
      per tile of 4 rows:                                      (parallel)
        scores = queries x keys, from the first key that the mask may allow to the last
        per row:
          score rule; mask; maximum; sum of exp(score - maximum)
          a list of the largest, which a vector of scores enters if one is larger than its last
          weights of the list
    ```

    Memory beyond operands is one pair's keys, and four rows of scores a thread. The
    result does not depend on the number of threads.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "width of the target's vectors, in bits">
  ];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::func::FuncDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::memref::MemRefDialect",
    "mlir::omp::OpenMPDialect", "mlir::scf::SCFDialect",
    "mlir::vector::VectorDialect"
  ];
  let statistics = [Statistic<"numTiled", "num-tiled", "ops tiled">];
}

#endif // ATTN_PASSES_KERNELPASSES_TD

// The passes of each pipeline, in order, and where options go.
// RUN: attn-opt %s --attn-fuse-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=FUSE
// RUN: attn-opt %s --attn-tile-pipeline='vector-bits=256 query-block=8 key-block=16' --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: attn-opt %s --attn-tile-pipeline=opt=0 --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=PLAIN
// RUN: attn-opt %s --attn-tile-pipeline --attn-llvm-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=LLVM
// RUN: not attn-opt %s --attn-tile-pipeline=blocks=3 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not attn-opt %s --attn-tile-pipeline=vector-bits=100 2>&1 | FileCheck %s --check-prefix=BITS

//      FUSE: inline{
//      FUSE: symbol-dce
//      FUSE: attn-fuse-softmax
//      FUSE: attn-fuse-norm
//      FUSE: attn-copy-scores
//      FUSE: attn-distribute-products
//      FUSE: attn-raise-linear-attention
//      FUSE: attn-fuse-attention
//      FUSE: canonicalize
//      FUSE: cse
//      FUSE: attn-raise-mask
//      FUSE: canonicalize
//      FUSE: cse
//      FUSE: attn-warn-unfused

//      TILE: attn-lower-to-linalg{keep-attention=true}
//      TILE: resolve-ranked-shaped-type-result-dims
//      TILE: attn-join-elementwise
//      TILE: attn-export
// TILE-NEXT: attn-lower-checks
// TILE-NEXT: symbol-dce
// TILE-NEXT: eliminate-empty-tensors
// TILE-NEXT: one-shot-bufferize{
//      TILE: promote-buffers-to-stack
//      TILE: ownership-based-buffer-deallocation
//      TILE: bufferization-lower-deallocations
//      TILE: convert-bufferization-to-memref
//      TILE: optimize-allocation-liveness
//      TILE: attn-share-loops
//      TILE: attn-lower-to-loops{parallel=true reassociate=true}
//      TILE: attn-tile-attention{key-block=16 query-block=8 vector-bits=256}
//      TILE: attn-tile-linear-attention{vector-bits=256}
//      TILE: attn-tile-top-keys{vector-bits=256}
// TILE-NEXT: cse
//      TILE: loop-invariant-code-motion

//     PLAIN: attn-lower-to-linalg{keep-attention=false}
// PLAIN-NOT: attn-join-elementwise
//     PLAIN: attn-export
// PLAIN-NOT: attn-tile-attention
// PLAIN-NOT: attn-share-loops
//     PLAIN: attn-lower-to-loops{parallel=false reassociate=false}

//      LLVM: attn-tile-attention
//      LLVM: attn-resolve-expand-shape
//      LLVM: expand-strided-metadata
//      LLVM: lower-affine
//      LLVM: convert-scf-to-cf
//      LLVM: math-extend-to-supported-types
//      LLVM: arith-emulate-unsupported-floats{source-types={bf16} target-type=f32}
//      LLVM: attn-expand-bfloat16
//      LLVM: convert-vector-to-llvm{{.*}}force-32bit-vector-indices=false
//      LLVM: attn-convert-to-llvm
//      LLVM: reconcile-unrealized-casts

// UNKNOWN: no such option blocks
// BITS: vector-bits must be 128, 256 or 512, got 100
func.func @f() attributes {attn.entry} {
  return
}

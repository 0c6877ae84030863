// Each stage's text is the next one's input, and all go in one run too.
// RUN: attn-opt %s --attn-fuse-pipeline -o %t.fused
// RUN: FileCheck %s --check-prefix=FUSED --input-file=%t.fused
// RUN: attn-opt %t.fused --attn-tile-pipeline -o %t.tiled
// RUN: FileCheck %s --check-prefix=TILED --input-file=%t.tiled
// RUN: attn-opt %t.tiled --attn-llvm-pipeline -o %t.llvm
// RUN: FileCheck %s --check-prefix=LLVM --input-file=%t.llvm
// RUN: mlir-translate --mlir-to-llvmir %t.llvm | FileCheck %s --check-prefix=IR
// RUN: attn-opt %s --attn-fuse-pipeline --attn-tile-pipeline --attn-llvm-pipeline | FileCheck %s --check-prefix=LLVM
// RUN: attn-opt %s --attn-inline-pipeline --attn-tile-pipeline=opt=0 -o %t.plain
// RUN: FileCheck %s --check-prefix=PLAIN --input-file=%t.plain
// RUN: attn-opt %t.plain --attn-llvm-pipeline | FileCheck %s --check-prefix=LLVM

// FUSED-NOT: @scores
// FUSED: func.func @f
// FUSED: attn.attention
// FUSED-NOT: attn.matmul

// TILED: func.func @attn.f
// TILED-NOT: tensor<
// TILED: omp.parallel
// TILED: vector.
// TILED-NOT: attn.attention

// Nothing of the fused path at level 0.
// PLAIN: func.func @attn.f
// PLAIN-NOT: {{omp\.|vector<|tensor<}}
// PLAIN: scf.for
// PLAIN-NOT: {{omp\.|vector<|tensor<}}
// PLAIN: math.exp
// PLAIN-NOT: {{omp\.|vector<|tensor<}}
// PLAIN: return

// LLVM-DAG: llvm.func @_mlir_memref_to_llvm_aligned_alloc(i64, i64) -> !llvm.ptr
// LLVM-DAG: llvm.func @_mlir_memref_to_llvm_free(!llvm.ptr)
// LLVM-DAG: llvm.func @attn.f({{.*}} attributes {attn.entry
// LLVM-DAG: llvm.func @_mlir_ciface_attn.f({{.*}} attributes {attn.entry
// LLVM-NOT: builtin.unrealized_conversion_cast

// IR: define void @attn.f
// IR: define void @_mlir_ciface_attn.f
func.func private @scores(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x64xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
  %c = arith.constant 0.125 : f32
  %y = attn.binary mul %s, %c : tensor<?x?x?x?xf32>, f32
  return %y : tensor<?x?x?x?xf32>
}
func.func @f(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x64xf32>)
    -> tensor<?x?x?x64xf32> attributes {attn.entry} {
  %s = call @scores(%q, %k) : (tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>) -> tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
  return %o : tensor<?x?x?x64xf32>
}

// RUN: attn-opt %s --attn-tile-top-keys --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --attn-tile-top-keys=vector-bits=256 | FileCheck %s --check-prefix=AVX2
// RUN: not attn-opt %s --attn-tile-top-keys=vector-bits=100 2>&1 | FileCheck %s --check-prefix=BITS

!m = memref<?x?x?x?xf32>
!i = memref<?x?x?x8xi32>
!w = memref<?x?x?x8xf32>

// CHECK-LABEL: func.func @causal
// CHECK-NEXT: call @top_keys(%arg0, %arg1, %arg2, %arg3)
// CHECK-NEXT: return

// CHECK-LABEL: func.func private @top_keys
// CHECK-SAME: passthrough = ["attn-kernel"]
// CHECK: memref.alloc
// CHECK: omp.parallel if(%{{.*}}) {
// CHECK: omp.barrier
// Four rows and two vectors of keys.
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-8: math.fma %{{.*}} : vector<16xf32>
// The list is where the results go.
// CHECK: vector.reduction <or>
// CHECK: memref.store %{{.*}}, %arg{{.*}} : memref<?x?x?x8x
// CHECK: omp.barrier
// CHECK: omp.terminator
// CHECK: memref.dealloc
// CHECK-NOT: attn.top_keys

// AVX2: vector<8xf32>
// BITS: error: vector-bits must be 128, 256 or 512, got 100
func.func @causal(%q: !m, %k: !m, %i: !i, %w: !w) {
  attn.top_keys 8 %q, %k mask {
  ^bb0(%b: index, %h: index, %x: index, %y: index):
    %c = arith.cmpi sle, %y, %x : index
    attn.yield %c : i1
  } outs(%i, %w : !i, !w) : !m, !m
  return
}

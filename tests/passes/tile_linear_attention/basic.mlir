// RUN: attn-opt %s --attn-tile-linear-attention --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --attn-tile-linear-attention=vector-bits=256 | FileCheck %s --check-prefix=AVX2

!m = memref<?x?x?x?xf32>

// CHECK-LABEL: func.func @causal
// CHECK-NEXT: call @linear_attention(%arg0, %arg1, %arg2, %arg3)
// CHECK-NEXT: return

// CHECK-LABEL: func.func private @linear_attention
// CHECK-SAME: passthrough = ["attn-kernel"]
// CHECK: call @omp_get_max_threads
// CHECK: memref.alloc
// CHECK: omp.parallel if(%{{.*}}) {
// Scores of twelve rows and two vectors of keys, the output from the state,
// from the keys before the tile, and from the triangle at the diagonal.
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-24: vector.fma %{{.*}} : vector<16xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-24: vector.fma %{{.*}} : vector<16xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-24: vector.fma %{{.*}} : vector<16xf32>
// CHECK: scf.yield
// CHECK-COUNT-156: vector.fma %{{.*}} : vector<16xf32>
// CHECK-NOT: math.
// CHECK: omp.terminator
// CHECK: memref.dealloc
// CHECK-NOT: attn.linear_attention

// AVX2-LABEL: func.func private @linear_attention
// AVX2-COUNT-12: vector.fma %{{.*}} : vector<8xf32>
func.func @causal(%q: !m, %k: !m, %v: !m, %o: !m) {
  attn.linear_attention %q, %k, %v causal outs(%o : !m) : !m, !m, !m
  return
}

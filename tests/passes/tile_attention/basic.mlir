// RUN: attn-opt %s --attn-tile-attention --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --attn-tile-attention=vector-bits=256 | FileCheck %s --check-prefix=AVX2

!m = memref<?x?x?x?xf32>

// Few rows to a key head are bound by memory.
// CHECK-LABEL: func.func @causal
// CHECK-NOT: attn.attention
// CHECK: %[[GROUP:.*]] = arith.divui
// CHECK: %[[ROWS:.*]] = arith.muli %[[GROUP]], %
// CHECK: %[[FEW:.*]] = arith.cmpi sle, %[[ROWS]], %c16
// CHECK: scf.if %[[FEW]] {
// CHECK: func.call @attention.decode(%arg0, %arg1, %arg2, %arg4, %arg3)
// CHECK: } else {
// CHECK: func.call @attention.blocked(%arg0, %arg1, %arg2, %arg4, %arg3)

// CHECK-LABEL: func.func private @attention.decode
// CHECK: omp.parallel if(%{{.*}}) {
// CHECK: memref.prefetch
// Half a vector of keys for two rows.
// CHECK-COUNT-16: vector.fma %{{.*}} : vector<16xf32>
// CHECK: omp.barrier
// CHECK: omp.terminator

// CHECK-LABEL: func.func private @attention.blocked
// CHECK: call @omp_get_max_threads
// CHECK: omp.parallel if(%{{.*}}) {
// CHECK: omp.barrier
// CHECK: func.call @attention.tile(
// CHECK: omp.terminator
// CHECK: memref.dealloc

// Twelve rows of two vectors in registers.
// CHECK-LABEL: func.func private @attention.tile
// CHECK-SAME: passthrough = ["attn-kernel"]
// CHECK-COUNT-24: vector.fma %{{.*}} : vector<16xf32>

// AVX2-LABEL: func.func private @attention.tile
// AVX2-COUNT-12: vector.fma %{{.*}} : vector<8xf32>
func.func @causal(%q: !m, %k: !m, %v: !m, %o: !m, %c: f32) {
  attn.attention %q, %k, %v scale %c : f32 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    attn.yield %past : i1
  } outs(%o : !m) : !m, !m, !m
  return
}

// RUN: attn-opt %s --attn-tile-attention --canonicalize --cse --split-input-file | FileCheck %s

!m = memref<?x?x?x?xf32>

// Without a softmax there are no exponentials, no sums and no division.
// CHECK-LABEL: func.func private @attention.decode
// CHECK-NOT: arith.divf
// CHECK-NOT: vector<16xi32>
// CHECK: omp.terminator
// CHECK-LABEL: func.func private @attention.blocked
// CHECK-NOT: arith.divf
// CHECK-NOT: vector<16xi32>
// CHECK: omp.terminator
func.func @none(%q: !m, %k: !m, %v: !m, %o: !m) {
  attn.attention %q, %k, %v normalizer none outs(%o : !m) : !m, !m, !m
  return
}

// -----

!m = memref<?x?x?x?xf32>
!r = memref<?x?x?xf32>

// The sink and the statistics cost nothing but at the end of a row.
// CHECK-LABEL: func.func private @attention.decode
// CHECK-SAME: (%{{.*}}, %{{.*}}, %{{.*}}, %[[SINK:.*]]: memref<?xf32>, %{{.*}}, %[[LSE:.*]]: memref<?x?x?xf32>, %[[MAX:.*]]: memref<?x?x?xf32>)
// CHECK: omp.barrier
// CHECK: memref.load %[[SINK]]
// CHECK: arith.divf
// CHECK: %[[LOG:.*]] = math.log2
// CHECK: %[[SUM:.*]] = arith.mulf %[[LOG]]
// CHECK: %[[L:.*]] = math.fma %{{.*}}, %{{.*}}, %[[SUM]]
// CHECK: memref.store %[[L]], %[[LSE]]
// CHECK: memref.store %{{.*}}, %[[MAX]]
// CHECK: omp.terminator
// CHECK-LABEL: func.func private @attention.blocked
// CHECK-SAME: (%{{.*}}, %{{.*}}, %{{.*}}, %[[SINK:.*]]: memref<?xf32>, %{{.*}}, %[[LSE:.*]]: memref<?x?x?xf32>, %[[MAX:.*]]: memref<?x?x?xf32>)
// CHECK: memref.load %[[SINK]]
// CHECK: math.log2
// CHECK: memref.store %{{.*}}, %[[LSE]]
// CHECK: memref.store %{{.*}}, %[[MAX]]
// CHECK: omp.terminator
func.func @statistics(%q: !m, %k: !m, %v: !m, %o: !m, %s: memref<?xf32>, %l: !r, %x: !r) {
  attn.attention %q, %k, %v sink %s : memref<?xf32> outs(%o : !m) lse_outs(%l : !r) max_outs(%x : !r) : !m, !m, !m
  return
}

// -----

!m = memref<?x?x?x?xf32>

// The entropy takes one more multiplication and addition a vector of weights.
// CHECK-LABEL: func.func private @attention.blocked
// CHECK: math.log2
// CHECK: memref.store
// CHECK: omp.terminator
// CHECK-LABEL: func.func private @attention.tile
// CHECK: %[[LIVE:.*]] = arith.cmpf une, %[[WEIGHT:.*]], %{{.*}} : vector<16xf32>
// CHECK-NEXT: %[[DISTANCE:.*]] = arith.select %[[LIVE]]
// CHECK-NEXT: vector.fma %[[WEIGHT]], %[[DISTANCE]]
func.func @entropy(%q: !m, %k: !m, %v: !m, %o: !m, %e: memref<?x?x?xf32>) {
  attn.attention %q, %k, %v outs(%o : !m) entropy_outs(%e : memref<?x?x?xf32>) : !m, !m, !m
  return
}

// -----

!m = memref<?x?x?x?xf32>

// A factor multiplies whole vectors of weights.
// CHECK-LABEL: func.func private @attention.blocked
// CHECK: %[[BITS:.*]] = arith.muli %{{.*}} : vector<16xi32>
// CHECK: %[[DROPPED:.*]] = arith.cmpi ult, %[[BITS]], %{{.*}} : vector<16xi32>
// CHECK: %[[FACTOR:.*]] = arith.select %[[DROPPED]], %{{.*}} : vector<16xi1>, vector<16xf32>
// CHECK: %[[W:.*]] = vector.load
// CHECK: arith.mulf %[[W]], %[[FACTOR]] : vector<16xf32>
func.func @factor(%q: !m, %k: !m, %v: !m, %o: !m) {
  %zero = arith.constant 0.0 : f32
  %two = arith.constant 2.0 : f32
  %limit = arith.constant 2147483647 : i32
  %spread = arith.constant 1757159915 : i32
  attn.attention %q, %k, %v factor {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %n = arith.index_cast %j : index to i32
    %x = arith.muli %n, %spread : i32
    %d = arith.cmpi ult, %x, %limit : i32
    %f = arith.select %d, %zero, %two : f32
    attn.yield %f : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

// RUN: attn-opt %s --attn-share-loops | FileCheck %s

#id = affine_map<(i) -> (i)>
#in = affine_map<(i, k) -> (i, k)>
#out = affine_map<(i, k) -> (i)>

// Ops that differ in their operands only become calls of one function, a
// reduction with the fill of its output. The last one is like no other.
// CHECK-LABEL: func.func @f
// CHECK-SAME: (%[[X:.*]]: memref<?xf32>, %[[Y:.*]]: memref<?xf32>, %[[A:.*]]: memref<?x?xf32>, %[[C:.*]]: f32)
// CHECK: call @[[SCALE:shared.loops]](%[[X]], %[[Y]], %[[C]])
// CHECK: call @[[SCALE]](%[[Y]], %[[X]], %[[C]])
// CHECK-NOT: linalg.fill
// CHECK: call @[[SUM:shared.loops_0]](%[[X]], %[[A]])
// CHECK: call @[[SUM]](%[[Y]], %[[A]])
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: return
func.func @f(%x: memref<?xf32>, %y: memref<?xf32>, %a: memref<?x?xf32>, %c: f32) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
    ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%e: f32, %o: f32):
    %p = arith.mulf %e, %c : f32
    linalg.yield %p : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
    ins(%y : memref<?xf32>) outs(%x : memref<?xf32>) {
  ^bb0(%e: f32, %o: f32):
    %p = arith.mulf %e, %c : f32
    linalg.yield %p : f32
  }
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<?xf32>)
  linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]}
    ins(%a : memref<?x?xf32>) outs(%x : memref<?xf32>) {
  ^bb0(%e: f32, %o: f32):
    %s = arith.addf %e, %o : f32
    linalg.yield %s : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<?xf32>)
  linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]}
    ins(%a : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%e: f32, %o: f32):
    %s = arith.addf %e, %o : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
    ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%e: f32, %o: f32):
    %p = math.exp %e : f32
    linalg.yield %p : f32
  }
  return
}

// CHECK: func.func private @[[SCALE]](%{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: f32) attributes {passthrough = ["noinline"]}
// CHECK: arith.mulf
// CHECK: func.func private @[[SUM]](%[[TO:.*]]: memref<?xf32>, %{{.*}}: memref<?x?xf32>)
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: linalg.fill ins(%[[ZERO]] : f32) outs(%[[TO]] : memref<?xf32>)
// CHECK: linalg.generic

// RUN: attn-opt %s --attn-lower-to-loops | FileCheck %s
// RUN: attn-opt %s '--attn-lower-to-loops=parallel reassociate' | FileCheck %s --check-prefix=FAST

// The fill is done in passing; the innermost loop is contiguous.
// CHECK-LABEL: func.func @product
//  CHECK-SAME:   (%[[A:.*]]: memref<?x?xf32>, %[[B:.*]]: memref<?x?xf32>, %[[C:.*]]: memref<?x?xf32>)
//       CHECK:   scf.for %[[I:.*]] =
//       CHECK:     scf.for %[[J0:.*]] =
//  CHECK-NEXT:       memref.store %{{.*}}, %[[C]][%[[I]], %[[J0]]]
//       CHECK:     scf.for %[[K:.*]] =
//       CHECK:       scf.for %[[J:.*]] =
//   CHECK-DAG:         memref.load %[[A]][%[[I]], %[[K]]]
//   CHECK-DAG:         memref.load %[[B]][%[[K]], %[[J]]]
//   CHECK-DAG:         memref.load %[[C]][%[[I]], %[[J]]]
//       CHECK:         arith.addf %{{[^:]*}} : f32
//       CHECK:         memref.store %{{.*}}, %[[C]][%[[I]], %[[J]]]

// FAST-LABEL: func.func @product
//       FAST:   %[[WORTH:.*]] = arith.cmpi sge
//       FAST:   omp.parallel if(%[[WORTH]])
//       FAST:     omp.wsloop
//       FAST:       omp.loop_nest (%[[I:.*]]) : index
//       FAST:         scf.for
//       FAST:         scf.for
//       FAST:           scf.for
//       FAST:             arith.addf {{.*}} fastmath<reassoc>
func.func @product(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<?x?xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                     affine_map<(i, j, k) -> (i, j)>],
    iterator_types = ["parallel", "parallel", "reduction"]
  } ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  }
  return
}

// A sum along rows stays in a register.
// CHECK-LABEL: func.func @row_sums
//  CHECK-SAME:   (%[[X:.*]]: memref<?x?xf32>, %[[S:.*]]: memref<?xf32>)
//       CHECK:   scf.for %[[I:.*]] =
//       CHECK:     %[[START:.*]] = memref.load %[[S]][%[[I]]]
//       CHECK:     %[[SUM:.*]] = scf.for %{{.*}} iter_args(%[[ACC:.*]] = %[[START]])
//       CHECK:       arith.addf %[[ACC]]
//       CHECK:     memref.store %[[SUM]], %[[S]][%[[I]]]
func.func @row_sums(%x: memref<?x?xf32>, %s: memref<?xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]
  } ins(%x : memref<?x?xf32>) outs(%s : memref<?xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %y = arith.addf %sum, %a : f32
    linalg.yield %y : f32
  }
  return
}

// Functions may be those that vectors have.
// CHECK-LABEL: func.func @function
//       CHECK:   math.exp %{{[^ ]*}} : f32
// FAST-LABEL: func.func @function
//       FAST:   math.exp %{{.*}} fastmath<afn> : f32
func.func @function(%x: memref<?xf32>, %y: memref<?xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
    iterator_types = ["parallel"]
  } ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%e: f32, %o: f32):
    %r = math.exp %e : f32
    linalg.yield %r : f32
  }
  return
}

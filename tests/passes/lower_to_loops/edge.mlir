// RUN: attn-opt %s --attn-lower-to-loops=parallel | FileCheck %s

// No loops, and an index that is read.
// CHECK-LABEL: func.func @rank_zero
//  CHECK-SAME:   (%[[X:.*]]: memref<f32>, %[[Y:.*]]: memref<f32>)
//   CHECK-NOT:   omp
//       CHECK:   %[[V:.*]] = memref.load %[[X]][]
//       CHECK:   %[[N:.*]] = arith.negf %[[V]]
//       CHECK:   memref.store %[[N]], %[[Y]][]
func.func @rank_zero(%x: memref<f32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%x : memref<f32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  }
  return
}

// What the output held is not read. Threads share one loop where it is alone.
// CHECK-LABEL: func.func @positions
//  CHECK-SAME:   (%[[Y:.*]]: memref<?xindex>)
//       CHECK:   omp.loop_nest (%[[I:.*]]) : index
//  CHECK-NEXT:     memref.store %[[I]], %[[Y]][%[[I]]]
func.func @positions(%y: memref<?xindex>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%y : memref<?xindex>) {
  ^bb0(%b: index):
    %i = linalg.index 0 : index
    linalg.yield %i : index
  }
  return
}

// Column sums: the reduction runs outside, the columns have stride 1.
// CHECK-LABEL: func.func @column_sums
//  CHECK-SAME:   (%[[X:.*]]: memref<?x?xf32>, %[[S:.*]]: memref<?xf32>)
//   CHECK-NOT:   omp
//       CHECK:   scf.for %[[I:.*]] =
//       CHECK:     scf.for %[[J:.*]] =
//       CHECK:       memref.load %[[X]][%[[I]], %[[J]]]
func.func @column_sums(%x: memref<?x?xf32>, %s: memref<?xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
    iterator_types = ["reduction", "parallel"]
  } ins(%x : memref<?x?xf32>) outs(%s : memref<?xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %y = arith.addf %sum, %a : f32
    linalg.yield %y : f32
  }
  return
}

// Copies of strided buffers would call a library that is not there.
// CHECK-LABEL: func.func @copies
//       CHECK:   scf.for
//       CHECK:     memref.load %{{.*}} : memref<?x?xf32, strided<[?, 1]>>
//   CHECK-NOT:   memref.copy %{{.*}} : memref<?x?xf32, strided
//       CHECK:   memref.copy %{{.*}} : memref<?x?xf32> to memref<?x?xf32>
func.func @copies(%x: memref<?x?xf32, strided<[?, 1]>>, %y: memref<?x?xf32>, %z: memref<?x?xf32>) {
  memref.copy %x, %y : memref<?x?xf32, strided<[?, 1]>> to memref<?x?xf32>
  memref.copy %y, %z : memref<?x?xf32> to memref<?x?xf32>
  return
}

// Inside a loop no threads are started.
// CHECK-LABEL: func.func @in_a_loop
//   CHECK-NOT:   omp
//       CHECK:   return
func.func @in_a_loop(%n: index, %x: memref<?xf32>, %c: f32) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    linalg.fill ins(%c : f32) outs(%x : memref<?xf32>)
  }
  return
}

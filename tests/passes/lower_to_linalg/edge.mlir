// RUN: attn-opt %s --attn-lower-to-linalg --canonicalize --cse | FileCheck %s

// A static 1 stretches: the map stays at 0. Each size comes from an operand
// that has it.
//   CHECK-DAG: #[[$COLUMN:.*]] = affine_map<(d0, d1) -> (d0, 0)>
//   CHECK-DAG: #[[$ROW:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func.func @broadcast
//  CHECK-SAME:   (%[[X:.*]]: tensor<?x1xf32>, %[[Y:.*]]: tensor<?xf32>)
//   CHECK-DAG:   %[[DX:.*]] = tensor.dim %[[X]]
//   CHECK-DAG:   %[[DY:.*]] = tensor.dim %[[Y]]
//       CHECK:   tensor.empty(%[[DX]], %[[DY]]) : tensor<?x?xf32>
//       CHECK:   linalg.generic {indexing_maps = [#[[$COLUMN]], #[[$ROW]], #{{.*}}]
func.func @broadcast(%x: tensor<?x1xf32>, %y: tensor<?xf32>) -> tensor<?x?xf32> {
  %z = attn.binary sub %x, %y : tensor<?x1xf32>, tensor<?xf32>
  return %z : tensor<?x?xf32>
}

// A scalar is no operand of the loop nest.
// CHECK-LABEL: func.func @scalar
//  CHECK-SAME:   (%[[X:.*]]: tensor<f32>, %[[C:.*]]: f32)
//       CHECK:   linalg.generic {{.*}} ins(%[[X]] : tensor<f32>)
//       CHECK:     arith.cmpf olt, %{{.*}}, %[[C]] : f32
func.func @scalar(%x: tensor<f32>, %c: f32) -> tensor<i1> {
  %z = attn.binary lt %x, %c : tensor<f32>, f32
  return %z : tensor<i1>
}

// CHECK-LABEL: func.func @reduce_all
//       CHECK:   linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]
//       CHECK:     arith.maxsi
//       CHECK:   tensor.collapse_shape %{{.*}} {{\[\]}} : tensor<1x1xi64> into tensor<i64>
func.func @reduce_all(%x: tensor<?x?xi64>) -> tensor<i64> {
  %y = attn.reduce max %x axes [0, 1] : tensor<?x?xi64>
  return %y : tensor<i64>
}

// The mean of nothing is 0 / 0: the count is not guarded.
// CHECK-LABEL: func.func @mean
//       CHECK:   arith.sitofp %{{.*}} : i64 to f32
//       CHECK:   arith.divf
func.func @mean(%x: tensor<?x8xf32>) -> tensor<1x8xf32> {
  %y = attn.reduce mean %x axes [0] keep : tensor<?x8xf32>
  return %y : tensor<1x8xf32>
}

// No slices repeat to no slices, without a division by 0.
// CHECK-LABEL: func.func @repeat
//       CHECK:   %[[N:.*]] = arith.maxui %{{.*}}, %c1
//       CHECK:   arith.divui %c6, %[[N]]
//       CHECK:   tensor.collapse_shape
//       CHECK:   tensor.cast %{{.*}} : tensor<2x?x4xf32> to tensor<2x6x4xf32>
func.func @repeat(%x: tensor<2x?x4xf32>, %n: index) -> tensor<2x6x4xf32> {
  %y = attn.repeat %x axis 1 size %n : tensor<2x?x4xf32> -> tensor<2x6x4xf32>
  return %y : tensor<2x6x4xf32>
}

// Ops of other dialects stay; concatenation has no bufferization of its own.
// CHECK-LABEL: func.func @others
//   CHECK-NOT:   tensor.concat
//       CHECK:   tensor.insert_slice
//       CHECK:   tensor.insert_slice
func.func @others(%x: tensor<2x?xf32>, %y: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %z = tensor.concat dim(1) %x, %y : (tensor<2x?xf32>, tensor<2x?xf32>) -> tensor<2x?xf32>
  return %z : tensor<2x?xf32>
}

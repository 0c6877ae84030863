// RUN: attn-opt %s --attn-lower-to-linalg --canonicalize --cse | FileCheck %s

//   CHECK-DAG: #[[$LHS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
//   CHECK-DAG: #[[$RHS:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
//   CHECK-DAG: #[[$OUT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>

// CHECK-LABEL: func.func @unary
//  CHECK-SAME:   (%[[X:.*]]: tensor<?x4xf32>)
//       CHECK:   %[[D:.*]] = tensor.dim %[[X]]
//       CHECK:   %[[E:.*]] = tensor.empty(%[[D]]) : tensor<?x4xf32>
//       CHECK:   linalg.generic
//  CHECK-SAME:     ins(%[[X]] : tensor<?x4xf32>) outs(%[[E]] : tensor<?x4xf32>)
//  CHECK-NEXT:   ^bb0(%[[IN:.*]]: f32, %{{.*}}: f32):
//  CHECK-NEXT:     %[[Y:.*]] = math.exp %[[IN]] : f32
//  CHECK-NEXT:     linalg.yield %[[Y]]
func.func @unary(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = attn.unary exp %x : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// Narrow floats are computed in f32, and rounded once.
// CHECK-LABEL: func.func @sigmoid_f16
//       CHECK:     %[[W:.*]] = arith.extf %{{.*}} : f16 to f32
//   CHECK-NOT:     arith.truncf
//       CHECK:     %[[Q:.*]] = arith.divf {{.*}} : f32
//  CHECK-NEXT:     %[[N:.*]] = arith.truncf %[[Q]] : f32 to f16
//  CHECK-NEXT:     linalg.yield %[[N]]
func.func @sigmoid_f16(%x: tensor<?xf16>) -> tensor<?xf16> {
  %y = attn.unary sigmoid %x : tensor<?xf16>
  return %y : tensor<?xf16>
}

// A product runs i, d, j; its sums have the type of sums.
// CHECK-LABEL: func.func @matmul
//       CHECK:   %[[Z:.*]] = linalg.fill {{.*}} -> tensor<?x?x6xf32>
//       CHECK:   %[[S:.*]] = linalg.generic
//  CHECK-SAME:     indexing_maps = [#[[$LHS]], #[[$RHS]], #[[$OUT]]]
//  CHECK-SAME:     iterator_types = ["parallel", "parallel", "reduction", "parallel"]
//  CHECK-SAME:     outs(%[[Z]] : tensor<?x?x6xf32>)
//       CHECK:     arith.mulf {{.*}} : f32
//       CHECK:     arith.addf {{.*}} : f32
//       CHECK:   arith.truncf {{.*}} : f32 to bf16
func.func @matmul(%a: tensor<?x?x5xbf16>, %b: tensor<5x6xbf16>) -> tensor<?x?x6xbf16> {
  %c = attn.matmul %a, %b : tensor<?x?x5xbf16>, tensor<5x6xbf16>
  return %c : tensor<?x?x6xbf16>
}

// CHECK-LABEL: func.func @transpose
//       CHECK:   linalg.generic
//       CHECK:   ^bb0(%[[IN:.*]]: i32, %{{.*}}: i32):
//  CHECK-NEXT:     linalg.yield %[[IN]]
//   CHECK-NOT:   attn.
func.func @transpose(%x: tensor<?x3xi32>) -> tensor<3x?xi32> {
  %y = attn.transpose %x [1, 0] : tensor<?x3xi32>
  return %y : tensor<3x?xi32>
}

// CHECK-LABEL: func.func @mask
//  CHECK-SAME:   (%[[N:.*]]: index, %[[T:.*]]: tensor<?xi32>)
//       CHECK:   tensor.empty(%[[N]]) : tensor<4x5x?xi1>
//       CHECK:     %[[B:.*]] = linalg.index 0
//       CHECK:     %[[K:.*]] = linalg.index 2
//       CHECK:     tensor.extract %[[T]][%[[B]]]
//       CHECK:     arith.cmpi slt, %[[K]]
func.func @mask(%n: index, %t: tensor<?xi32>) -> tensor<4x5x?xi1> {
  %m = attn.mask(%n) {
  ^bb0(%b: index, %h: index, %q: index, %k: index):
    %l = tensor.extract %t[%b] : tensor<?xi32>
    %i = arith.index_cast %l : i32 to index
    %y = arith.cmpi slt, %k, %i : index
    attn.yield %y : i1
  } : tensor<4x5x?xi1>
  return %m : tensor<4x5x?xi1>
}

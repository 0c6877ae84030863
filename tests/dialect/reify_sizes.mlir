// RUN: attn-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize --cse | FileCheck %s

// Ops that are given their sizes.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME: (%[[M:.*]]: index, %[[N:.*]]: index, %[[X:.*]]: tensor<?x?xf32>)
// CHECK-NOT: attn.
// CHECK: %[[C1:.*]] = arith.constant 1 : index
// CHECK: %[[D:.*]] = tensor.dim %[[X]], %[[C1]]
// CHECK: return %[[M]], %[[N]], %[[M]], %[[N]], %[[D]]
func.func @sizes(%m: index, %n: index, %x: tensor<?x?xf32>) -> (index, index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %mask = attn.mask(%m, %n) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x7x?xi1>
  %range = attn.range %m : tensor<?xi64>
  %repeat = attn.repeat %x axis 0 size %n : tensor<?x?xf32> -> tensor<?x?xf32>
  %d0 = tensor.dim %mask, %c0 : tensor<?x7x?xi1>
  %d1 = tensor.dim %mask, %c2 : tensor<?x7x?xi1>
  %d2 = tensor.dim %range, %c0 : tensor<?xi64>
  %d3 = tensor.dim %repeat, %c0 : tensor<?x?xf32>
  %d4 = tensor.dim %repeat, %c1 : tensor<?x?xf32>
  return %d0, %d1, %d2, %d3, %d4 : index, index, index, index, index
}

// CHECK-LABEL: func.func @norms_and_reductions
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x?xf32>)
// CHECK-NOT: attn.
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[D1:.*]] = tensor.dim %[[X]], %[[C1]]
// CHECK-DAG: %[[D2:.*]] = tensor.dim %[[X]], %[[C2]]
// CHECK: return %[[D1]], %[[D2]], %[[C1]], %[[D2]]
func.func @norms_and_reductions(%x: tensor<?x?x?xf32>) -> (index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = attn.layer_norm %x {epsilon = 1.0e-5 : f64} : tensor<?x?x?xf32>
  %1 = attn.rms_norm %0 {epsilon = 1.0e-5 : f64} : tensor<?x?x?xf32>
  %2 = attn.reduce sum %1 axes [0] : tensor<?x?x?xf32>
  %3 = attn.reduce max %1 axes [1] keep : tensor<?x?x?xf32>
  %d0 = tensor.dim %2, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %2, %c1 : tensor<?x?xf32>
  %d2 = tensor.dim %3, %c1 : tensor<?x1x?xf32>
  %d3 = tensor.dim %3, %c2 : tensor<?x1x?xf32>
  return %d0, %d1, %d2, %d3 : index, index, index, index
}

// Heads split, swapped and merged: upstream's reshapes tell their sizes too.
// CHECK-LABEL: func.func @reshapes
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x?xf32>, %[[B:.*]]: index, %[[T:.*]]: index, %[[H:.*]]: index)
// CHECK-NEXT: return %[[H]], %[[T]]
func.func @reshapes(%x: tensor<?x?x?xf32>, %b: index, %t: index, %h: index) -> (index, index) {
  %c1 = arith.constant 1 : index
  %e = attn.unary exp %x : tensor<?x?x?xf32>
  %split = tensor.expand_shape %e [[0], [1], [2, 3]] output_shape [%b, %t, %h, 64] : tensor<?x?x?xf32> into tensor<?x?x?x64xf32>
  %heads = attn.transpose %split [0, 2, 1, 3] : tensor<?x?x?x64xf32>
  %back = attn.transpose %heads [0, 2, 1, 3] : tensor<?x?x?x64xf32>
  %merged = tensor.collapse_shape %back [[0], [1], [2, 3]] : tensor<?x?x?x64xf32> into tensor<?x?x?xf32>
  %d0 = tensor.dim %heads, %c1 : tensor<?x?x?x64xf32>
  %d1 = tensor.dim %merged, %c1 : tensor<?x?x?xf32>
  return %d0, %d1 : index, index
}

// RUN: attn-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize --cse | FileCheck %s

// The result is as long as the query; a state has a row for each element of a
// head.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x?x?xf16>, %[[V:[^:]*]]: tensor<?x?x?x?xf16>, %{{.*}})
// CHECK-NOT: attn.
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[B:.*]] = tensor.dim %[[Q]], %[[C0]]
// CHECK-DAG: %[[H:.*]] = tensor.dim %[[Q]], %[[C1]]
// CHECK-DAG: %[[T:.*]] = tensor.dim %[[Q]], %[[C2]]
// CHECK-DAG: %[[D:.*]] = tensor.dim %[[Q]], %[[C3]]
// CHECK-DAG: %[[DV:.*]] = tensor.dim %[[V]], %[[C3]]
// CHECK: return %[[T]], %[[DV]], %[[B]], %[[H]], %[[D]], %[[DV]]
func.func @sizes(%q: tensor<?x?x?x?xf16>, %v: tensor<?x?x?x?xf16>, %s: tensor<?x?x?x?xf32>) -> (index, index, index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %o, %n = attn.linear_attention %q, %q, %v causal state %s : tensor<?x?x?x?xf32>
    : tensor<?x?x?x?xf16>, tensor<?x?x?x?xf16>, tensor<?x?x?x?xf16> -> tensor<?x?x?x?xf16>, tensor<?x?x?x?xf32>
  %t = tensor.dim %o, %c2 : tensor<?x?x?x?xf16>
  %e = tensor.dim %o, %c3 : tensor<?x?x?x?xf16>
  %b = tensor.dim %n, %c0 : tensor<?x?x?x?xf32>
  %h = tensor.dim %n, %c1 : tensor<?x?x?x?xf32>
  %d = tensor.dim %n, %c2 : tensor<?x?x?x?xf32>
  %f = tensor.dim %n, %c3 : tensor<?x?x?x?xf32>
  return %t, %e, %b, %h, %d, %f : index, index, index, index, index, index
}

// What the types tell needs no operand.
// CHECK-LABEL: func.func @static
// CHECK: %[[C8:.*]] = arith.constant 8 : index
// CHECK: return %[[C8]]
func.func @static(%q: tensor<?x8xf32>, %s: tensor<8x8xf32>) -> index {
  %c0 = arith.constant 0 : index
  %o, %n = attn.linear_attention %q, %q, %q causal state %s : tensor<8x8xf32>
    : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>, tensor<8x8xf32>
  %d = tensor.dim %n, %c0 : tensor<8x8xf32>
  return %d : index
}

// RUN: attn-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize --cse | FileCheck %s

// As many rows as the query has.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<?x?x?x?xf32>
// CHECK-NOT: attn.
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK: %[[T:.*]] = tensor.dim %[[Q]], %[[C2]]
// CHECK: return %[[T]]
func.func @sizes(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>) -> index {
  %c2 = arith.constant 2 : index
  %0:2 = attn.top_keys 4 %q, %k : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32> -> tensor<?x?x?x4xi32>, tensor<?x?x?x4xf32>
  %t = tensor.dim %0#1, %c2 : tensor<?x?x?x4xf32>
  return %t : index
}

// RUN: attn-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize --cse | FileCheck %s

// The sizes of a formula are those of its inputs, so that no product is kept
// alive for its size.
// CHECK-LABEL: func.func @formula
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x?x64xf32>, %[[K:.*]]: tensor<?x?x?x64xf32>, %{{.*}}: tensor<?x?x?x?xf32>)
// CHECK-NOT: attn.
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[B:.*]] = tensor.dim %[[Q]], %[[C0]]
// CHECK-DAG: %[[H:.*]] = tensor.dim %[[Q]], %[[C1]]
// CHECK-DAG: %[[TQ:.*]] = tensor.dim %[[Q]], %[[C2]]
// CHECK-DAG: %[[TK:.*]] = tensor.dim %[[K]], %[[C2]]
// CHECK-NOT: attn.
// CHECK: return %[[B]], %[[H]], %[[TQ]], %[[TK]]
func.func @formula(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %bias: tensor<?x?x?x?xf32>)
    -> (index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x64xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
  %a = attn.binary add %s, %bias : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %r = attn.score %a {
  ^bb0(%x: f32, %b: index, %h: index, %i: index, %j: index):
    %y = math.tanh %x : f32
    attn.yield %y : f32
  } : tensor<?x?x?x?xf32>
  %w = attn.softmax %r axis 3 : tensor<?x?x?x?xf32>
  %e = attn.cast %w : tensor<?x?x?x?xf32> -> tensor<?x?x?x?xf64>
  %u = attn.unary exp %e : tensor<?x?x?x?xf64>
  %d0 = tensor.dim %u, %c0 : tensor<?x?x?x?xf64>
  %d1 = tensor.dim %u, %c1 : tensor<?x?x?x?xf64>
  %d2 = tensor.dim %u, %c2 : tensor<?x?x?x?xf64>
  %d3 = tensor.dim %u, %c3 : tensor<?x?x?x?xf64>
  return %d0, %d1, %d2, %d3 : index, index, index, index
}

// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x64xf32>, %{{.*}}: tensor<?x?x64xf32>, %[[V:.*]]: tensor<?x?x?xf32>)
// CHECK-NOT: attn.
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[TQ:.*]] = tensor.dim %[[Q]], %[[C1]]
// CHECK-DAG: %[[DV:.*]] = tensor.dim %[[V]], %[[C2]]
// CHECK: return %[[TQ]], %[[DV]]
func.func @attention(%q: tensor<?x?x64xf32>, %k: tensor<?x?x64xf32>, %v: tensor<?x?x?xf32>) -> (index, index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %o = attn.attention %q, %k, %v : tensor<?x?x64xf32>, tensor<?x?x64xf32>, tensor<?x?x?xf32> -> tensor<?x?x?xf32>
  %d1 = tensor.dim %o, %c1 : tensor<?x?x?xf32>
  %d2 = tensor.dim %o, %c2 : tensor<?x?x?xf32>
  return %d1, %d2 : index, index
}

// CHECK-LABEL: func.func @statistics
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<?x8x?x64xf32>
// CHECK-NOT: attn.
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[B:.*]] = tensor.dim %[[Q]], %[[C0]]
// CHECK-DAG: %[[TQ:.*]] = tensor.dim %[[Q]], %[[C2]]
// CHECK: return %[[B]], %[[TQ]]
func.func @statistics(%q: tensor<?x8x?x64xf32>, %k: tensor<?x8x?x64xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %o, %l, %m = attn.attention %q, %k, %k : tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>
    -> tensor<?x8x?x64xf32> lse tensor<?x8x?xf32> max tensor<?x8x?xf32>
  %d0 = tensor.dim %l, %c0 : tensor<?x8x?xf32>
  %d2 = tensor.dim %m, %c2 : tensor<?x8x?xf32>
  return %d0, %d2 : index, index
}

// A static 1 may be stretched, so the size comes from the open side; a scalar
// has none.
// CHECK-LABEL: func.func @broadcast
// CHECK-SAME: (%{{.*}}: tensor<1x7xf32>, %[[Y:.*]]: tensor<?x1xf32>, %[[P:.*]]: tensor<?x?x7xi1>, %{{.*}}: f32)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C7:.*]] = arith.constant 7 : index
// CHECK-DAG: %[[D0:.*]] = tensor.dim %[[Y]], %[[C0]]
// CHECK-DAG: %[[D1:.*]] = tensor.dim %[[P]], %[[C0]]
// CHECK: return %[[D0]], %[[C7]], %[[D1]]
func.func @broadcast(%x: tensor<1x7xf32>, %y: tensor<?x1xf32>, %p: tensor<?x?x7xi1>, %c: f32) -> (index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = attn.binary add %x, %y : tensor<1x7xf32>, tensor<?x1xf32>
  %1 = attn.select %p, %0, %c : tensor<?x?x7xi1>, tensor<?x7xf32>, f32
  %d0 = tensor.dim %0, %c0 : tensor<?x7xf32>
  %d1 = tensor.dim %0, %c1 : tensor<?x7xf32>
  %d2 = tensor.dim %1, %c0 : tensor<?x?x7xf32>
  return %d0, %d1, %d2 : index, index, index
}

// CHECK-LABEL: func.func @matmul_broadcast
// CHECK-SAME: (%{{.*}}: tensor<1x7x8xf32>, %[[Y:.*]]: tensor<?x?x8x9xf32>)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[D0:.*]] = tensor.dim %[[Y]], %[[C0]]
// CHECK-DAG: %[[D1:.*]] = tensor.dim %[[Y]], %[[C1]]
// CHECK: return %[[D0]], %[[D1]]
func.func @matmul_broadcast(%x: tensor<1x7x8xf32>, %y: tensor<?x?x8x9xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = attn.matmul %x, %y : tensor<1x7x8xf32>, tensor<?x?x8x9xf32>
  %d0 = tensor.dim %0, %c0 : tensor<?x?x7x9xf32>
  %d1 = tensor.dim %0, %c1 : tensor<?x?x7x9xf32>
  return %d0, %d1 : index, index
}

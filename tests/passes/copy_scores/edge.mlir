// Nothing is copied where the matrix is needed anyway, or has one use.
// RUN: attn-opt %s --attn-copy-scores | FileCheck %s

!m = tensor<?x?x?x?xf32>
#q = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s2, s3)>
#k = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s4, s3)>

// CHECK-LABEL: func.func @returned
// CHECK-COUNT-3: attn.matmul
// CHECK-NOT:   attn.matmul
func.func @returned(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %v: !m {attn.shape = #k}) -> (!m, !m, !m)
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w1 = attn.softmax %s axis 3 : !m
  %w2 = attn.unary sigmoid %s : !m
  %o1 = attn.matmul %w1, %v : !m, !m
  %o2 = attn.matmul %w2, %v : !m, !m
  return %o1, %o2, %s : !m, !m, !m
}

// Both operands of one op are one use of the chain.
// CHECK-LABEL: func.func @squared
// CHECK-COUNT-2: attn.matmul
// CHECK-NOT:   attn.matmul
func.func @squared(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %v: !m {attn.shape = #k}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.binary mul %s, %s : !m, !m
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// A layer whose result two others take.
// CHECK-LABEL: func.func @layers
// CHECK-COUNT-3: attn.matmul
// CHECK-NOT:   attn.matmul
func.func @layers(%x: tensor<?x?x16xf32>, %a: tensor<16x32xf32>, %b: tensor<32x4xf32>, %c: tensor<32x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %h = attn.matmul %x, %a : tensor<?x?x16xf32>, tensor<16x32xf32>
  %g = attn.unary tanh %h : tensor<?x?x32xf32>
  %y = attn.matmul %g, %b : tensor<?x?x32xf32>, tensor<32x4xf32>
  %z = attn.matmul %g, %c : tensor<?x?x32xf32>, tensor<32x4xf32>
  return %y, %z : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

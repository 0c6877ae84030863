// What stays as it is.
// RUN: attn-opt %s --attn-distribute-products --cse --canonicalize | FileCheck %s

!m = tensor<?x?x?x?xf32>
!h = tensor<?x?x?x?xf16>
#q = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s2, s3)>
#k = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s4, s3)>

// A layer of two inputs.
// CHECK-LABEL: func.func @layer
// CHECK-NOT:   tensor.concat
func.func @layer(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %a: tensor<16x32xf32>, %b: tensor<16x32xf32>, %c: tensor<32x4xf32>) -> tensor<8x4xf32> {
  %xa = attn.matmul %x, %a : tensor<8x16xf32>, tensor<16x32xf32>
  %yb = attn.matmul %y, %b : tensor<8x16xf32>, tensor<16x32xf32>
  %s = attn.binary add %xa, %yb : tensor<8x32xf32>, tensor<8x32xf32>
  %g = attn.unary tanh %s : tensor<8x32xf32>
  %o = attn.matmul %g, %c : tensor<8x32xf32>, tensor<32x4xf32>
  return %o : tensor<8x4xf32>
}

// Scores that the program returns.
// CHECK-LABEL: func.func @returned_scores
// CHECK-NOT:   tensor.concat
func.func @returned_scores(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %p: !m {attn.shape = #q}) -> !m attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s1 = attn.matmul %q, %t : !m, !m
  %s2 = attn.matmul %p, %t : !m, !m
  %s = attn.binary add %s1, %s2 : !m, !m
  return %s : !m
}

// Weights that have another use are there anyway.
// CHECK-LABEL: func.func @used_twice
// CHECK:       %[[D:.*]] = attn.binary add
// CHECK:       attn.matmul %[[D]]
func.func @used_twice(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %p: !m {attn.shape = #q}, %v: !m {attn.shape = #k}) -> (!m, !m, !m)
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s1 = attn.matmul %q, %t : !m, !m
  %w1 = attn.softmax %s1 axis 3 : !m
  %s2 = attn.matmul %p, %t : !m, !m
  %w2 = attn.softmax %s2 axis 3 : !m
  %d = attn.binary add %w1, %w2 : !m, !m
  %o = attn.matmul %d, %v : !m, !m
  return %o, %w1, %w2 : !m, !m, !m
}

// A matrix that is no product is no part of the sum that is joined; queries that
// the sum repeats are none either.
// CHECK-LABEL: func.func @other_terms
// CHECK-NOT:   tensor.concat
func.func @other_terms(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %p: tensor<?x?x1x?xf32>, %bias: !m, %v: !m {attn.shape = #k}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s1 = attn.matmul %q, %t : !m, !m
  %s2 = attn.matmul %p, %t : tensor<?x?x1x?xf32>, !m
  %s = attn.binary add %s1, %s2 : !m, tensor<?x?x1x?xf32>
  %x = attn.binary add %s, %bias : !m, !m
  %w = attn.softmax %x axis 3 : !m
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// Factors in f16 would round the queries.
// CHECK-LABEL: func.func @narrow
// CHECK-NOT:   tensor.concat
func.func @narrow(%q: !h {attn.shape = #q}, %k: !h {attn.shape = #k}, %p: !h {attn.shape = #q}, %v: !h {attn.shape = #k}, %c: f16) -> !h
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !h
  %s1 = attn.matmul %q, %t : !h, !h
  %s2 = attn.matmul %p, %t : !h, !h
  %m = attn.binary mul %s2, %c : !h, f16
  %s = attn.binary add %s1, %m : !h, !h
  %w = attn.softmax %s axis 3 : !h
  %o = attn.matmul %w, %v : !h, !h
  return %o : !h
}

// One scalar stays behind the softmax.
// CHECK-LABEL: func.func @scalar
// CHECK:       %[[W:.*]] = attn.softmax
// CHECK:       %[[H:.*]] = attn.binary mul %[[W]]
// CHECK:       attn.matmul %[[H]]
func.func @scalar(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %v: !m {attn.shape = #k}, %c: f32) -> !m
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.softmax %s axis 3 : !m
  %h = attn.binary mul %w, %c : !m, f32
  %o = attn.matmul %h, %v : !m, !m
  return %o : !m
}

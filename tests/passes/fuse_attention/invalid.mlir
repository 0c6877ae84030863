// RUN: attn-opt %s --attn-fuse-attention --remarks-filter=attn-fusion --remark-format=emitRemark --verify-diagnostics | FileCheck %s --implicit-check-not=attn.attention

// CHECK-LABEL: func.func @weights_returned
// CHECK: attn.softmax
func.func @weights_returned(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  // expected-remark @below {{attention not fused: the weights are returned too}}
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o, %w : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @scores_used_again
// CHECK: attn.softmax
func.func @scores_used_again(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %e = attn.unary exp %s : tensor<?x?x?x?xf32>
  // expected-remark @below {{attention not fused: the scores are used again at}}
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %z = attn.binary add %o, %e : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %z : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @two_products
// CHECK: attn.softmax
func.func @two_products(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %s2 = attn.matmul %k, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.binary add %s, %s2 : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  // expected-remark @below {{attention not fused: the scores are a sum of several products}}
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @softmax_along_queries
// CHECK: attn.softmax
func.func @softmax_along_queries(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  // expected-remark @below {{attention not fused: the softmax is not along the keys, the last axis}}
  %w = attn.softmax %s axis 2 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @scores_not_elementwise
// CHECK: attn.softmax
func.func @scores_not_elementwise(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.softmax %s axis 2 : tensor<?x?x?x?xf32>
  // expected-remark @below {{attention not fused: the scores go through an operation that is not elementwise at line}}
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @no_first_product
// CHECK: attn.softmax
func.func @no_first_product(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  // expected-remark @below {{attention not fused: the scores are no product of queries and keys}}
  %w = attn.softmax %q axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @stands_alone
// CHECK: attn.softmax
func.func @stands_alone(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  return %w : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @right_operand
// CHECK: attn.softmax
func.func @right_operand(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %v, %w : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}


// Without a softmax too.
// CHECK-LABEL: func.func @sigmoid_returned
// CHECK: attn.unary sigmoid
func.func @sigmoid_returned(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.unary sigmoid %s : tensor<?x?x?x?xf32>
  // expected-remark @below {{attention not fused: the scores are used again at}}
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o, %w : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}

// A layer is told nothing.
// CHECK-LABEL: func.func @layer
func.func @layer(%x: tensor<?x?x?xf32>, %w1: tensor<?x?xf32>, %w2: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>) {
  %h = attn.matmul %x, %w1 : tensor<?x?x?xf32>, tensor<?x?xf32>
  %a = attn.unary sigmoid %h : tensor<?x?x?xf32>
  %o = attn.matmul %a, %w2 : tensor<?x?x?xf32>, tensor<?x?xf32>
  return %o, %a : tensor<?x?x?xf32>, tensor<?x?x?xf32>
}

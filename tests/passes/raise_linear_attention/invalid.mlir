// RUN: attn-opt %s --attn-raise-linear-attention --remarks-filter=attn-fusion --remark-format=emitRemark --verify-diagnostics | FileCheck %s --implicit-check-not=attn.linear_attention

!m = tensor<?x?x?x?xf32>

// CHECK-LABEL: func.func @weights_returned
// CHECK: attn.matmul
func.func @weights_returned(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> (!m, !m)
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  // expected-remark @below {{linear attention not recognised: the weights have another use at line 28}}
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o, %w : !m, !m
}

// CHECK-LABEL: func.func @weights_on_the_right
// CHECK: attn.matmul
func.func @weights_on_the_right(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  // expected-remark @below {{linear attention not recognised: the weights are the right side of the product at line 53}}
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %v, %w : !m, !m
  return %o : !m
}

// The product may be of other lengths.
// CHECK-LABEL: func.func @unknown_lengths
// CHECK: attn.matmul
func.func @unknown_lengths(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2 + 1, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  // expected-remark @below {{linear attention not recognised: there are not as many queries as keys}}
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// Values of one head for all.
// CHECK-LABEL: func.func @one_value_head
// CHECK: attn.matmul
func.func @one_value_head(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}, %u: tensor<?x1x?x?xf32>) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  // expected-remark @below {{linear attention not recognised: weights and values have different batches or heads at line 107}}
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %u : !m, tensor<?x1x?x?xf32>
  return %o : !m
}

// Other masks and other fills are other formulas: nothing is said.
// CHECK-LABEL: func.func @strict
// CHECK: attn.matmul
func.func @strict(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi slt, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// CHECK-LABEL: func.func @one_elsewhere
// CHECK: attn.matmul
func.func @one_elsewhere(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 1.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// Not linear in the products.
// CHECK-LABEL: func.func @exponential
// CHECK: attn.matmul
func.func @exponential(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %e = attn.unary exp %s : !m
  %w = attn.select %m, %e, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// CHECK-LABEL: func.func @inverse
// CHECK: attn.matmul
func.func @inverse(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}, %c: f32) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %e = attn.binary div %c, %s : f32, !m
  %w = attn.select %m, %e, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// Without a mask the order as written may be the cheaper one.
// CHECK-LABEL: func.func @no_mask
// CHECK: attn.matmul
func.func @no_mask(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %o = attn.matmul %s, %v : !m, !m
  return %o : !m
}

// RUN: attn-opt %s --attn-raise-linear-attention --canonicalize --cse | FileCheck %s --implicit-check-not=attn.matmul

!m = tensor<?x?x?x?xf32>

// CHECK-LABEL: func.func @causal
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<?x?x?x?xf32> {{.*}}, %[[K:[^:]*]]: tensor<?x?x?x?xf32> {{.*}}, %[[V:[^:]*]]: tensor<?x?x?x?xf32>
// CHECK: %[[O:.*]] = attn.linear_attention %[[Q]], %[[K]], %[[V]] causal :
// CHECK: return %[[O]]
func.func @causal(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
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
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// Other words for the same: q >= k, and what is not allowed.
// CHECK-LABEL: func.func @other_words
// CHECK: attn.linear_attention
func.func @other_words(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
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
    %a = arith.cmpi sge, %i, %j : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// CHECK-LABEL: func.func @negated
// CHECK: attn.linear_attention
func.func @negated(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
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
    %a = arith.cmpi sgt, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.select %m, %zero, %s : tensor<?x?x?x?xi1>, f32, !m
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// Factors become the scale.
// CHECK-LABEL: func.func @scaled
// CHECK-SAME: %[[C:[^ ]*]]: f32)
// CHECK: %[[D:.*]] = arith.divf %{{.*}}, %[[C]] : f32
// CHECK: %[[E:.*]] = arith.mulf %[[D]], %[[C]] : f32
// CHECK: %[[O:.*]] = attn.linear_attention %{{.*}} scale %[[E]] : f32 causal
// CHECK: return %[[O]]
func.func @scaled(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
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
  %x = attn.binary mul %c, %s : f32, !m
  %y = attn.binary div %x, %c : !m, f32
  %w = attn.select %m, %y, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// The sum of the weights is their product with ones.
// CHECK-LABEL: func.func @normalized
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<?x?x?x?xf32> {{.*}}, %[[K:[^:]*]]: tensor<?x?x?x?xf32> {{.*}}, %[[V:[^:]*]]: tensor<?x?x?x?xf32>
// CHECK-DAG: %[[ONES:.*]] = tensor.splat %{{.*}} : tensor<?x?x?x1xf32>
// CHECK-DAG: %[[O:.*]] = attn.linear_attention %[[Q]], %[[K]], %[[V]] causal
// CHECK-DAG: %[[L:.*]] = attn.linear_attention %[[Q]], %[[K]], %[[ONES]] causal {{.*}} -> tensor<?x?x?x1xf32>
// CHECK: attn.binary div %[[O]], %[[L]]
func.func @normalized(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
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
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  %l = attn.reduce sum %w axes [3] keep : !m
  %y = attn.binary div %o, %l : !m, tensor<?x?x?x1xf32>
  return %y : !m
}

// CHECK-LABEL: func.func @sum
// CHECK: %[[L:.*]] = attn.linear_attention {{.*}} -> tensor<?x?x?x1xf32>
// CHECK: tensor.collapse_shape %[[L]] {{\[\[}}0], [1], [2, 3]] : tensor<?x?x?x1xf32> into tensor<?x?x?xf32>
func.func @sum(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> tensor<?x?x?xf32>
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
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %l = attn.reduce sum %w axes [3] : !m
  return %l : tensor<?x?x?xf32>
}

// Without batch and heads, in bf16, sizes known.
// CHECK-LABEL: func.func @flat
// CHECK: attn.linear_attention %{{.*}} causal : tensor<9x4xbf16>, tensor<9x4xbf16>, tensor<9x5xbf16> -> tensor<9x5xbf16>
func.func @flat(%q: tensor<9x4xbf16>, %k: tensor<9x4xbf16>, %v: tensor<9x5xbf16>) -> tensor<9x5xbf16> {
  %m = attn.mask() {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<9x9xi1>
  %zero = arith.constant 0.0 : bf16
  %t = attn.transpose %k [1, 0] : tensor<9x4xbf16>
  %s = attn.matmul %q, %t : tensor<9x4xbf16>, tensor<4x9xbf16>
  %w = attn.select %m, %s, %zero : tensor<9x9xi1>, tensor<9x9xbf16>, bf16
  %o = attn.matmul %w, %v : tensor<9x9xbf16>, tensor<9x5xbf16>
  return %o : tensor<9x5xbf16>
}

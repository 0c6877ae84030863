// Scores and weights that several products with values share.
// RUN: attn-opt %s --attn-copy-scores | FileCheck %s

!m = tensor<?x?x?x?xf32>
#q = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s2, s3)>
#k = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s4, s3)>

// CHECK-LABEL: func.func @shared
// CHECK:       %[[T:.*]] = attn.transpose
// CHECK-NEXT:  %[[S1:.*]] = attn.matmul %{{.*}}, %[[T]]
// CHECK-NEXT:  %[[W1:.*]] = attn.softmax %[[S1]]
// CHECK-NEXT:  attn.matmul %[[W1]]
// CHECK-NEXT:  %[[S2:.*]] = attn.matmul %{{.*}}, %[[T]]
// CHECK-NEXT:  %[[W2:.*]] = attn.unary sigmoid %[[S2]]
// CHECK-NEXT:  attn.matmul %[[W2]]
// CHECK-NEXT:  %[[S3:.*]] = attn.matmul %{{.*}}, %[[T]]
// CHECK-NEXT:  %[[W3:.*]] = attn.softmax %[[S3]]
// CHECK-NEXT:  attn.matmul %[[W3]]
// CHECK-NEXT:  return
func.func @shared(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %v: !m {attn.shape = #k}, %u: !m {attn.shape = #k}) -> (!m, !m, !m)
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w1 = attn.softmax %s axis 3 : !m
  %w2 = attn.unary sigmoid %s : !m
  %o1 = attn.matmul %w1, %v : !m, !m
  %o2 = attn.matmul %w2, %v : !m, !m
  %o3 = attn.matmul %w1, %u : !m, !m
  return %o1, %o2, %o3 : !m, !m, !m
}

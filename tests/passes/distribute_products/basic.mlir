// Sums of scores and of weights, with factors.
// RUN: attn-opt %s --attn-distribute-products --cse --canonicalize | FileCheck %s
// Attention stands around each softmax then.
// RUN: attn-opt %s --attn-fuse-pipeline --verify-diagnostics | FileCheck %s --check-prefix=FUSED --implicit-check-not=attn.softmax

!m = tensor<?x?x?x?xf32>
#q = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s2, s3)>
#k = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s4, s3)>
#q2 = affine_map<()[s0, s1, s2, s3, s4, s5] -> (s0, s1, s2, s5)>
#shared = affine_map<()[s0, s1, s2, s3, s4, s5] -> (s0, 1, s4, s5)>

// The second keys are those of all heads.
// CHECK-LABEL: func.func @two_parts
// CHECK-SAME:  %[[Q:.*]]: tensor<?x?x?x?xf32> {{.*}}, %[[K:.*]]: tensor<?x?x?x?xf32> {{.*}}, %[[QR:.*]]: tensor<?x?x?x?xf32> {{.*}}, %[[KR:.*]]: tensor<?x1x?x?xf32>
// CHECK-DAG:   %[[HALF:.*]] = attn.binary mul %[[Q]], %{{.*}} : tensor<?x?x?x?xf32>, f32
// CHECK-DAG:   %[[NEG:.*]] = attn.unary neg %[[QR]]
// CHECK-DAG:   %[[QS:.*]] = tensor.concat dim(3) %[[HALF]], %[[NEG]]
// CHECK-DAG:   %[[ALL:.*]] = attn.repeat %[[KR]] axis 1 size
// CHECK-DAG:   %[[KS:.*]] = tensor.concat dim(3) %[[K]], %[[ALL]]
// CHECK-DAG:   %[[T:.*]] = attn.transpose %[[KS]] [0, 1, 3, 2]
// CHECK:       %[[S:.*]] = attn.matmul %[[QS]], %[[T]]
// CHECK:       %[[BIASED:.*]] = attn.binary add %[[S]], %{{.*}}
// CHECK:       attn.softmax %[[BIASED]] axis 3
// FUSED-LABEL: func.func @two_parts
// FUSED:       attn.attention
func.func @two_parts(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %qr: !m {attn.shape = #q2},
    %kr: tensor<?x1x?x?xf32> {attn.shape = #shared}, %v: !m {attn.shape = #k}, %bias: tensor<?x1x1xf32>) -> !m
    attributes {attn.dims = ["B", "H", "T", "D", "S", "R"]} {
  %half = arith.constant 0.5 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %h = attn.binary mul %s, %half : !m, f32
  %a = attn.binary add %h, %bias : !m, tensor<?x1x1xf32>
  %tr = attn.transpose %kr [0, 1, 3, 2] : tensor<?x1x?x?xf32>
  %r = attn.matmul %qr, %tr : !m, tensor<?x1x?x?xf32>
  %d = attn.binary sub %a, %r : !m, !m
  %w = attn.softmax %d axis 3 : !m
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// Differential attention: (A1 - l A2) V, over 2.
// CHECK-LABEL: func.func @difference
// CHECK-SAME:  %[[V:[a-z0-9]*]]: tensor<?x?x?x?xf32> {attn.name = "v"
// CHECK:       %[[W1:.*]] = attn.softmax
// CHECK:       %[[W2:.*]] = attn.softmax
// CHECK-DAG:   %[[O1:.*]] = attn.matmul %[[W1]], %[[V]]
// CHECK-DAG:   %[[O2:.*]] = attn.matmul {{.*}}, %[[V]]
// CHECK:       %[[D:.*]] = attn.binary sub %[[O1]]
// CHECK:       attn.binary div %[[D]]
// FUSED-LABEL: func.func @difference
// FUSED-COUNT-2: attn.attention
func.func @difference(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %q2: !m {attn.shape = #q}, %k2: !m {attn.shape = #k},
    %v: !m {attn.name = "v", attn.shape = #k}, %l: f32) -> !m attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %two = arith.constant 2.0 : f32
  %t1 = attn.transpose %k [0, 1, 3, 2] : !m
  %s1 = attn.matmul %q, %t1 : !m, !m
  %w1 = attn.softmax %s1 axis 3 : !m
  %t2 = attn.transpose %k2 [0, 1, 3, 2] : !m
  %s2 = attn.matmul %q2, %t2 : !m, !m
  %w2 = attn.softmax %s2 axis 3 : !m
  %m2 = attn.binary mul %w2, %l : !m, f32
  %d = attn.binary sub %w1, %m2 : !m, !m
  %n = attn.binary div %d, %two : !m, f32
  %o = attn.matmul %n, %v : !m, !m
  return %o : !m
}

// A factor of each head and one of each key.
// CHECK-LABEL: func.func @factors
// CHECK:       %[[W:.*]] = attn.softmax
// CHECK:       %[[G:.*]] = attn.transpose %{{.*}} [0, 1, 3, 2] : tensor<?x?x1x?xf32>
// CHECK:       %[[GV:.*]] = attn.binary mul %{{.*}}, %[[G]]
// CHECK:       %[[O:.*]] = attn.matmul %[[W]], %[[GV]]
// CHECK:       attn.binary mul %[[O]], %{{.*}} : tensor<?x?x?x?xf32>, tensor<?x1x1xf32>
// FUSED-LABEL: func.func @factors
// FUSED:       attn.attention
#g = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, 1, s4)>
func.func @factors(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %v: !m {attn.shape = #k}, %g: tensor<?x?x1x?xf32> {attn.shape = #g},
    %h: tensor<?x1x1xf32> {attn.shape = affine_map<()[s0, s1, s2, s3, s4] -> (s1, 1, 1)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.softmax %s axis 3 : !m
  %x = attn.binary mul %w, %g : !m, tensor<?x?x1x?xf32>
  %y = attn.binary mul %x, %h : !m, tensor<?x1x1xf32>
  %o = attn.matmul %y, %v : !m, !m
  return %o : !m
}

// Weights over their sum: the sum is one more column of the values.
// CHECK-LABEL: func.func @over_their_sum
// CHECK:       %[[W:.*]] = attn.unary sigmoid
// CHECK:       %[[SUM:.*]] = attn.reduce sum %[[W]] axes [3] keep
// CHECK:       %[[O:.*]] = attn.matmul %[[W]], %{{.*}}
// CHECK:       attn.binary div %[[O]], %[[SUM]]
// FUSED-LABEL: func.func @over_their_sum
// FUSED-SAME:  %[[V:[a-z0-9]*]]: tensor<?x?x?x64xf32> {attn.name = "v"
// FUSED:       %[[ONES:.*]] = tensor.splat
// FUSED:       %[[VALUES:.*]] = tensor.concat dim(3) %[[V]], %[[ONES]] : (tensor<?x?x?x64xf32>, tensor<?x?x?x1xf32>) -> tensor<?x?x?x65xf32>
// FUSED:       %[[A:.*]] = attn.attention %{{.*}}, %{{.*}}, %[[VALUES]]
// FUSED-DAG:   tensor.extract_slice %[[A]][0, 0, 0, 64]
// FUSED-DAG:   tensor.extract_slice %[[A]][0, 0, 0, 0]
// FUSED:       attn.binary div
func.func @over_their_sum(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k},
    %v: tensor<?x?x?x64xf32> {attn.name = "v", attn.shape = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s4, 64)>}) -> tensor<?x?x?x64xf32>
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.unary sigmoid %s : !m
  %z = attn.reduce sum %w axes [3] keep : !m
  %n = attn.binary div %w, %z : !m, tensor<?x?x?x1xf32>
  %o = attn.matmul %n, %v : !m, tensor<?x?x?x64xf32>
  return %o : tensor<?x?x?x64xf32>
}

// A softmax among other weights.
// CHECK-LABEL: func.func @mixed
// CHECK-DAG:   %[[W:.*]] = attn.softmax
// CHECK-DAG:   %[[O1:.*]] = attn.matmul %[[W]], %{{.*}}
// CHECK-DAG:   %[[O2:.*]] = attn.matmul %arg3, %{{.*}}
// CHECK:       attn.binary add %[[O1]], %[[O2]]
// FUSED-LABEL: func.func @mixed
// FUSED:       attn.attention
#m = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s2, s4)>
func.func @mixed(%q: !m {attn.shape = #q}, %k: !m {attn.shape = #k}, %v: !m {attn.shape = #k}, %a: !m {attn.shape = #m}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  %w = attn.softmax %s axis 3 : !m
  %x = attn.binary add %w, %a : !m, !m
  %o = attn.matmul %x, %v : !m, !m
  return %o : !m
}

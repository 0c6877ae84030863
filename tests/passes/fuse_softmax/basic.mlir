// RUN: attn-opt %s --attn-fuse-softmax --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @kept_axis
// CHECK-SAME: (%[[X:.*]]: tensor<?x?xf32>)
// CHECK-NEXT: %[[W:.*]] = attn.softmax %[[X]] axis 1 : tensor<?x?xf32>
// CHECK-NEXT: return %[[W]]
func.func @kept_axis(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %m = attn.reduce max %x axes [1] keep : tensor<?x?xf32>
  %d = attn.binary sub %x, %m : tensor<?x?xf32>, tensor<?x1xf32>
  %e = attn.unary exp %d : tensor<?x?xf32>
  %l = attn.reduce sum %e axes [1] keep : tensor<?x?xf32>
  %w = attn.binary div %e, %l : tensor<?x?xf32>, tensor<?x1xf32>
  return %w : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @first_axis_times_reciprocal
// CHECK: attn.softmax %{{.*}} axis 0
// CHECK-NEXT: return
func.func @first_axis_times_reciprocal(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %one = arith.constant 1.0 : f32
  %m = attn.reduce max %x axes [0] keep : tensor<?x?xf32>
  %d = attn.binary sub %x, %m : tensor<?x?xf32>, tensor<1x?xf32>
  %e = attn.unary exp %d : tensor<?x?xf32>
  %l = attn.reduce sum %e axes [0] keep : tensor<?x?xf32>
  %r = attn.binary div %one, %l : f32, tensor<1x?xf32>
  %w = attn.binary mul %r, %e : tensor<1x?xf32>, tensor<?x?xf32>
  return %w : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @axis_brought_back
// CHECK: attn.softmax %{{.*}} axis 1
// CHECK-NEXT: return
func.func @axis_brought_back(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %m = attn.reduce max %x axes [1] : tensor<4x8xf32>
  %m1 = tensor.expand_shape %m [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
  %d = attn.binary sub %x, %m1 : tensor<4x8xf32>, tensor<4x1xf32>
  %e = attn.unary exp %d : tensor<4x8xf32>
  %l = attn.reduce sum %e axes [1] : tensor<4x8xf32>
  %l1 = tensor.expand_shape %l [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
  %w = attn.binary div %e, %l1 : tensor<4x8xf32>, tensor<4x1xf32>
  return %w : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @without_maximum
// CHECK: attn.softmax %{{.*}} axis 1
// CHECK-NEXT: return
func.func @without_maximum(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %e = attn.unary exp %x : tensor<?x?xf32>
  %l = attn.reduce sum %e axes [1] keep : tensor<?x?xf32>
  %w = attn.binary div %e, %l : tensor<?x?xf32>, tensor<?x1xf32>
  return %w : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @division_after_the_product
// CHECK-SAME: (%[[X:.*]]: tensor<?x?xf32>, %[[V:.*]]: tensor<?x?xf32>)
// CHECK-NEXT: %[[W:.*]] = attn.softmax %[[X]] axis 1
// CHECK-NEXT: %[[O:.*]] = attn.matmul %[[W]], %[[V]]
// CHECK-NEXT: return %[[O]]
func.func @division_after_the_product(%x: tensor<?x?xf32>, %v: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %m = attn.reduce max %x axes [1] keep : tensor<?x?xf32>
  %d = attn.binary sub %x, %m : tensor<?x?xf32>, tensor<?x1xf32>
  %e = attn.unary exp %d : tensor<?x?xf32>
  %l = attn.reduce sum %e axes [1] keep : tensor<?x?xf32>
  %o = attn.matmul %e, %v : tensor<?x?xf32>, tensor<?x?xf32>
  %w = attn.binary div %o, %l : tensor<?x?xf32>, tensor<?x1xf32>
  return %w : tensor<?x?xf32>
}

// 2^x is e^(x ln 2).
// CHECK-LABEL: func.func @base_two
// CHECK: %[[LN2:.*]] = arith.constant 0.693147
// CHECK: %[[Y:.*]] = attn.binary mul %{{.*}}, %[[LN2]]
// CHECK: attn.softmax %[[Y]] axis 1
// CHECK-NEXT: return
func.func @base_two(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %e = attn.unary exp2 %x : tensor<?x?xf32>
  %l = attn.reduce sum %e axes [1] keep : tensor<?x?xf32>
  %w = attn.binary div %e, %l : tensor<?x?xf32>, tensor<?x1xf32>
  return %w : tensor<?x?xf32>
}

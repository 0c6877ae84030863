// RUN: attn-opt %s --attn-fuse-norm --canonicalize --remarks-filter=attn-fusion --remark-format=emitRemark --verify-diagnostics | FileCheck %s --implicit-check-not=_norm

// CHECK-LABEL: func.func @epsilon_of_the_caller
func.func @epsilon_of_the_caller(%x: tensor<?x64xf32>, %eps: f32) -> tensor<?x64xf32> {
  %s = attn.binary mul %x, %x : tensor<?x64xf32>, tensor<?x64xf32>
  %v = attn.reduce mean %s axes [1] keep : tensor<?x64xf32>
  %e = attn.binary add %v, %eps : tensor<?x1xf32>, f32
  %r = attn.unary rsqrt %e : tensor<?x1xf32>
  // expected-remark @below {{norm not fused: its epsilon is no constant}}
  %y = attn.binary mul %x, %r : tensor<?x64xf32>, tensor<?x1xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @along_another_axis
func.func @along_another_axis(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %eps = arith.constant 1.0e-5 : f32
  %s = attn.binary mul %x, %x : tensor<8x8xf32>, tensor<8x8xf32>
  %v = attn.reduce mean %s axes [0] keep : tensor<8x8xf32>
  %e = attn.binary add %v, %eps : tensor<1x8xf32>, f32
  %r = attn.unary rsqrt %e : tensor<1x8xf32>
  %y = attn.binary mul %x, %r : tensor<8x8xf32>, tensor<1x8xf32>
  return %y : tensor<8x8xf32>
}

// The sum of squares of something else.
// CHECK-LABEL: func.func @of_another_tensor
func.func @of_another_tensor(%x: tensor<?x64xf32>, %z: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %eps = arith.constant 1.0e-5 : f32
  %s = attn.binary mul %z, %z : tensor<?x64xf32>, tensor<?x64xf32>
  %v = attn.reduce mean %s axes [1] keep : tensor<?x64xf32>
  %e = attn.binary add %v, %eps : tensor<?x1xf32>, f32
  %r = attn.unary rsqrt %e : tensor<?x1xf32>
  %y = attn.binary mul %x, %r : tensor<?x64xf32>, tensor<?x1xf32>
  return %y : tensor<?x64xf32>
}

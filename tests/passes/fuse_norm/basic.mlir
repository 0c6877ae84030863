// RUN: attn-opt %s --attn-fuse-norm --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @rms
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<64xf32>)
// CHECK-NEXT: %[[Y:.*]] = attn.rms_norm %[[X]] weight %[[W]] {epsilon = {{.*}} : f64}
// CHECK-NEXT: return %[[Y]]
func.func @rms(%x: tensor<?x64xf32>, %weight: tensor<64xf32>) -> tensor<?x64xf32> {
  %eps = arith.constant 1.0e-5 : f32
  %s = attn.binary mul %x, %x : tensor<?x64xf32>, tensor<?x64xf32>
  %v = attn.reduce mean %s axes [1] keep : tensor<?x64xf32>
  %e = attn.binary add %v, %eps : tensor<?x1xf32>, f32
  %r = attn.unary rsqrt %e : tensor<?x1xf32>
  %y = attn.binary mul %x, %r : tensor<?x64xf32>, tensor<?x1xf32>
  %z = attn.binary mul %weight, %y : tensor<64xf32>, tensor<?x64xf32>
  return %z : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @layer
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<64xf32>, %[[B:.*]]: tensor<64xf32>)
// CHECK-NEXT: %[[Y:.*]] = attn.layer_norm %[[X]] weight %[[W]] bias %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @layer(%x: tensor<?x64xf32>, %weight: tensor<64xf32>, %bias: tensor<64xf32>) -> tensor<?x64xf32> {
  %eps = arith.constant 1.0e-5 : f32
  %two = arith.constant 2.0 : f32
  %mean = attn.reduce mean %x axes [1] keep : tensor<?x64xf32>
  %c = attn.binary sub %x, %mean : tensor<?x64xf32>, tensor<?x1xf32>
  %s = attn.binary pow %c, %two : tensor<?x64xf32>, f32
  %v = attn.reduce mean %s axes [1] keep : tensor<?x64xf32>
  %e = attn.binary add %v, %eps : tensor<?x1xf32>, f32
  %r = attn.unary sqrt %e : tensor<?x1xf32>
  %y = attn.binary div %c, %r : tensor<?x64xf32>, tensor<?x1xf32>
  %z = attn.binary mul %y, %weight : tensor<?x64xf32>, tensor<64xf32>
  %o = attn.binary add %z, %bias : tensor<?x64xf32>, tensor<64xf32>
  return %o : tensor<?x64xf32>
}

// E[x^2] - E[x]^2.
// CHECK-LABEL: func.func @layer_by_moments
// CHECK-NEXT: attn.layer_norm
// CHECK-NEXT: return
func.func @layer_by_moments(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %eps = arith.constant 1.0e-5 : f32
  %mean = attn.reduce mean %x axes [1] keep : tensor<?x64xf32>
  %c = attn.binary sub %x, %mean : tensor<?x64xf32>, tensor<?x1xf32>
  %s = attn.binary mul %x, %x : tensor<?x64xf32>, tensor<?x64xf32>
  %m2 = attn.reduce mean %s axes [1] keep : tensor<?x64xf32>
  %mm = attn.binary mul %mean, %mean : tensor<?x1xf32>, tensor<?x1xf32>
  %v = attn.binary sub %m2, %mm : tensor<?x1xf32>, tensor<?x1xf32>
  %e = attn.binary add %v, %eps : tensor<?x1xf32>, f32
  %r = attn.unary sqrt %e : tensor<?x1xf32>
  %y = attn.binary div %c, %r : tensor<?x64xf32>, tensor<?x1xf32>
  return %y : tensor<?x64xf32>
}

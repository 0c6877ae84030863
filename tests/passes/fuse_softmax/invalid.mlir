// RUN: attn-opt %s --attn-fuse-softmax --canonicalize | FileCheck %s --implicit-check-not=attn.softmax

// The sum is along another axis than it divides.
// CHECK-LABEL: func.func @sum_of_another_axis
func.func @sum_of_another_axis(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %m = attn.reduce max %x axes [1] keep : tensor<4x4xf32>
  %d = attn.binary sub %x, %m : tensor<4x4xf32>, tensor<4x1xf32>
  %e = attn.unary exp %d : tensor<4x4xf32>
  %l = attn.reduce sum %e axes [1] : tensor<4x4xf32>
  // [4] broadcasts along rows: column j is divided by the sum of row j.
  %w = attn.binary div %e, %l : tensor<4x4xf32>, tensor<4xf32>
  return %w : tensor<4x4xf32>
}

// CHECK-LABEL: func.func @sum_of_something_else
func.func @sum_of_something_else(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %e = attn.unary exp %x : tensor<?x?xf32>
  %l = attn.reduce sum %y axes [1] keep : tensor<?x?xf32>
  %w = attn.binary div %e, %l : tensor<?x?xf32>, tensor<?x1xf32>
  return %w : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @mean_in_place_of_sum
func.func @mean_in_place_of_sum(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %e = attn.unary exp %x : tensor<?x?xf32>
  %l = attn.reduce mean %e axes [1] keep : tensor<?x?xf32>
  %w = attn.binary div %e, %l : tensor<?x?xf32>, tensor<?x1xf32>
  return %w : tensor<?x?xf32>
}

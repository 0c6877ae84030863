// RUN: attn-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @transpose_twice
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @transpose_twice(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = attn.transpose %x [1, 0] : tensor<?x4xf32>
  %z = attn.transpose %y [1, 0] : tensor<4x?xf32>
  return %z : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @two_transposes_are_one
// CHECK-NEXT: attn.transpose %{{.*}} [1, 2, 0] : tensor<2x3x4xf32>
// CHECK-NEXT: return
func.func @two_transposes_are_one(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %y = attn.transpose %x [1, 0, 2] : tensor<2x3x4xf32>
  %z = attn.transpose %y [0, 2, 1] : tensor<3x2x4xf32>
  return %z : tensor<3x4x2xf32>
}

// CHECK-LABEL: func.func @cast_to_its_own_type
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32>)
// CHECK-NEXT: return %[[X]]
func.func @cast_to_its_own_type(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = attn.cast %x : tensor<?xf32> -> tensor<?xf32>
  return %y : tensor<?xf32>
}

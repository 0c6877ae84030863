// RUN: attn-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @transpose_twice
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @transpose_twice(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = attn.transpose %x [1, 0] : tensor<?x4xf32>
  %z = attn.transpose %y [1, 0] : tensor<4x?xf32>
  return %z : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @transpose_identity
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]]
func.func @transpose_identity(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = attn.transpose %x [0, 1] : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
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

// CHECK-LABEL: func.func @cast_there_and_back
// CHECK-SAME: (%[[X:.*]]: tensor<?xf16>, %[[I:.*]]: tensor<?xi1>)
// CHECK-NEXT: return %[[X]], %[[I]]
func.func @cast_there_and_back(%x: tensor<?xf16>, %i: tensor<?xi1>) -> (tensor<?xf16>, tensor<?xi1>) {
  %0 = attn.cast %x : tensor<?xf16> -> tensor<?xf32>
  %1 = attn.cast %0 : tensor<?xf32> -> tensor<?xf16>
  %2 = attn.cast %i : tensor<?xi1> -> tensor<?xf16>
  %3 = attn.cast %2 : tensor<?xf16> -> tensor<?xi1>
  return %1, %3 : tensor<?xf16>, tensor<?xi1>
}

// CHECK-LABEL: func.func @cast_through_a_wider_type
// CHECK-NEXT: attn.cast %{{.*}} : tensor<?xi32> -> tensor<?xf32>
// CHECK-NEXT: return
func.func @cast_through_a_wider_type(%x: tensor<?xi32>) -> tensor<?xf32> {
  %0 = attn.cast %x : tensor<?xi32> -> tensor<?xf64>
  %1 = attn.cast %0 : tensor<?xf64> -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// Rounding on the way stays: i64 has values that f64 lacks, f16 and bf16 differ.
// CHECK-LABEL: func.func @cast_that_rounds
// CHECK-COUNT-6: attn.cast
func.func @cast_that_rounds(%x: tensor<?xf32>, %i: tensor<?xi64>, %h: tensor<?xf16>)
    -> (tensor<?xf32>, tensor<?xi64>, tensor<?xf32>) {
  %0 = attn.cast %x : tensor<?xf32> -> tensor<?xbf16>
  %1 = attn.cast %0 : tensor<?xbf16> -> tensor<?xf32>
  %2 = attn.cast %i : tensor<?xi64> -> tensor<?xf64>
  %3 = attn.cast %2 : tensor<?xf64> -> tensor<?xi64>
  %4 = attn.cast %h : tensor<?xf16> -> tensor<?xbf16>
  %5 = attn.cast %4 : tensor<?xbf16> -> tensor<?xf32>
  return %1, %3, %5 : tensor<?xf32>, tensor<?xi64>, tensor<?xf32>
}

// CHECK-LABEL: func.func @reduce_nothing
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32>)
// CHECK-NEXT: return %[[X]]
func.func @reduce_nothing(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0 = attn.reduce mean %x axes [] : tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: func.func @score_of_itself
// CHECK-SAME: (%[[X:.*]]: tensor<?x?xf32>)
// CHECK-NEXT: return %[[X]]
func.func @score_of_itself(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = attn.score %x {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f32
  } : tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @repeat_once
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
// CHECK-NEXT: return %[[X]], %[[X]]
func.func @repeat_once(%x: tensor<?x4xf32>, %n: index) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %zero = arith.constant 0 : index
  %size = tensor.dim %x, %zero : tensor<?x4xf32>
  %0 = attn.repeat %x axis 0 size %size : tensor<?x4xf32> -> tensor<?x4xf32>
  %1 = attn.repeat %x axis 1 size %n : tensor<?x4xf32> -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}

// Both extents are open, but they may differ.
// CHECK-LABEL: func.func @repeat_maybe
// CHECK: attn.repeat
func.func @repeat_maybe(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
  %0 = attn.repeat %x axis 0 size %n : tensor<?x4xf32> -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

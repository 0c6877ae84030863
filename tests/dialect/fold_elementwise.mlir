// RUN: attn-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @involutions
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32>, %[[P:.*]]: tensor<?xi1>)
// CHECK-NEXT: return %[[X]], %[[P]]
func.func @involutions(%x: tensor<?xf32>, %p: tensor<?xi1>) -> (tensor<?xf32>, tensor<?xi1>) {
  %0 = attn.unary neg %x : tensor<?xf32>
  %1 = attn.unary neg %0 : tensor<?xf32>
  %2 = attn.unary not %p : tensor<?xi1>
  %3 = attn.unary not %2 : tensor<?xi1>
  return %1, %3 : tensor<?xf32>, tensor<?xi1>
}

// CHECK-LABEL: func.func @abs_and_rounding
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32>)
// CHECK-NEXT: %[[A:.*]] = attn.unary abs %[[X]]
// CHECK-NEXT: %[[F:.*]] = attn.unary floor %[[X]]
// CHECK-NEXT: return %[[A]], %[[F]]
func.func @abs_and_rounding(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %0 = attn.unary neg %x : tensor<?xf32>
  %1 = attn.unary abs %0 : tensor<?xf32>
  %2 = attn.unary abs %1 : tensor<?xf32>
  %3 = attn.unary floor %x : tensor<?xf32>
  %4 = attn.unary ceil %3 : tensor<?xf32>
  return %2, %4 : tensor<?xf32>, tensor<?xf32>
}

// CHECK-LABEL: func.func @neutral_floats
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32>)
// CHECK-NEXT: return %[[X]]
func.func @neutral_floats(%x: tensor<?xf32>) -> tensor<?xf32> {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %minus_zero = arith.constant -0.0 : f32
  %0 = attn.binary mul %x, %one : tensor<?xf32>, f32
  %1 = attn.binary mul %one, %0 : f32, tensor<?xf32>
  %2 = attn.binary div %1, %one : tensor<?xf32>, f32
  %3 = attn.binary pow %2, %one : tensor<?xf32>, f32
  %4 = attn.binary sub %3, %zero : tensor<?xf32>, f32
  %5 = attn.binary add %4, %minus_zero : tensor<?xf32>, f32
  return %5 : tensor<?xf32>
}

// -0.0 + 0.0 and -0.0 - -0.0 are 0.0; x floordiv 1 rounds.
// CHECK-LABEL: func.func @nearly_neutral_floats
// CHECK: attn.binary add
// CHECK: attn.binary sub
// CHECK: attn.binary floordiv
// CHECK: attn.binary div
func.func @nearly_neutral_floats(%x: tensor<?xf32>) -> tensor<?xf32> {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %minus_zero = arith.constant -0.0 : f32
  %0 = attn.binary add %x, %zero : tensor<?xf32>, f32
  %1 = attn.binary sub %0, %minus_zero : tensor<?xf32>, f32
  %2 = attn.binary floordiv %1, %one : tensor<?xf32>, f32
  %3 = attn.binary div %one, %2 : f32, tensor<?xf32>
  return %3 : tensor<?xf32>
}

// CHECK-LABEL: func.func @neutral_integers
// CHECK-SAME: (%[[X:.*]]: tensor<4xi64>)
// CHECK-NEXT: return %[[X]]
func.func @neutral_integers(%x: tensor<4xi64>) -> tensor<4xi64> {
  %one = arith.constant 1 : i64
  %zeros = arith.constant dense<0> : tensor<4xi64>
  %0 = attn.binary add %zeros, %x : tensor<4xi64>, tensor<4xi64>
  %1 = attn.binary mul %0, %one : tensor<4xi64>, i64
  %2 = attn.binary floordiv %1, %one : tensor<4xi64>, i64
  %3 = attn.binary max %2, %2 : tensor<4xi64>, tensor<4xi64>
  return %3 : tensor<4xi64>
}

// CHECK-LABEL: func.func @neutral_bools
// CHECK-SAME: (%[[P:.*]]: tensor<?xi1>)
// CHECK-NEXT: return %[[P]]
func.func @neutral_bools(%p: tensor<?xi1>) -> tensor<?xi1> {
  %true = arith.constant true
  %false = arith.constant false
  %0 = attn.binary and %true, %p : i1, tensor<?xi1>
  %1 = attn.binary or %0, %false : tensor<?xi1>, i1
  %2 = attn.binary and %1, %1 : tensor<?xi1>, tensor<?xi1>
  return %2 : tensor<?xi1>
}

// The neutral operand stretches the other one.
// CHECK-LABEL: func.func @neutral_that_broadcasts
// CHECK: attn.binary mul
func.func @neutral_that_broadcasts(%x: tensor<1xf32>) -> tensor<4xf32> {
  %ones = arith.constant dense<1.0> : tensor<4xf32>
  %0 = attn.binary mul %x, %ones : tensor<1xf32>, tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @select
// CHECK-SAME: (%[[P:.*]]: tensor<4xi1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>)
// CHECK-NEXT: %[[S:.*]] = attn.select %[[P]], %[[Y]], %[[X]]
// CHECK-NEXT: return %[[X]], %[[Y]], %[[X]], %[[S]]
func.func @select(%p: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %always = arith.constant dense<true> : tensor<4xi1>
  %never = arith.constant dense<false> : tensor<4xi1>
  %0 = attn.select %always, %x, %y : tensor<4xi1>, tensor<4xf32>, tensor<4xf32>
  %1 = attn.select %never, %x, %y : tensor<4xi1>, tensor<4xf32>, tensor<4xf32>
  %2 = attn.select %p, %x, %x : tensor<4xi1>, tensor<4xf32>, tensor<4xf32>
  %not = attn.unary not %p : tensor<4xi1>
  %3 = attn.select %not, %x, %y : tensor<4xi1>, tensor<4xf32>, tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

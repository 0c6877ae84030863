// RUN: attn-opt %s --canonicalize | FileCheck %s

// Extents that a tensor.cast hides come back, through a whole formula.
// CHECK-LABEL: func.func @formula
// CHECK-SAME: (%[[Q:.*]]: tensor<4x8xf32>, %[[V:.*]]: tensor<6x2xf32>, %[[K:.*]]: tensor<?x?xf32>)
// CHECK-NEXT: attn.transpose %[[K]]
// CHECK-NEXT: attn.matmul %[[Q]], %{{.*}} : tensor<4x8xf32>, tensor<?x?xf32>
// CHECK-NEXT: attn.unary exp %{{.*}} : tensor<4x?xf32>
// CHECK-NEXT: attn.binary add {{.*}} : tensor<4x?xf32>, tensor<4x?xf32>
// CHECK-NEXT: attn.softmax {{.*}} : tensor<4x?xf32>
// CHECK-NEXT: attn.matmul %{{.*}}, %[[V]] : tensor<4x?xf32>, tensor<6x2xf32>
// CHECK-NEXT: attn.transpose {{.*}} : tensor<4x2xf32>
// CHECK-NEXT: attn.cast {{.*}} : tensor<2x4xf32> -> tensor<2x4xf64>
// CHECK-NEXT: %[[R:.*]] = tensor.cast {{.*}} : tensor<2x4xf64> to tensor<?x?xf64>
// CHECK-NEXT: return %[[R]]
func.func @formula(%q: tensor<4x8xf32>, %v: tensor<6x2xf32>, %k: tensor<?x?xf32>) -> tensor<?x?xf64> {
  %q0 = tensor.cast %q : tensor<4x8xf32> to tensor<?x?xf32>
  %v0 = tensor.cast %v : tensor<6x2xf32> to tensor<?x?xf32>
  %t = attn.transpose %k [1, 0] : tensor<?x?xf32>
  %s = attn.matmul %q0, %t : tensor<?x?xf32>, tensor<?x?xf32>
  %e = attn.unary exp %s : tensor<?x?xf32>
  %a = attn.binary add %s, %e : tensor<?x?xf32>, tensor<?x?xf32>
  %w = attn.softmax %a axis 1 : tensor<?x?xf32>
  %o = attn.matmul %w, %v0 : tensor<?x?xf32>, tensor<?x?xf32>
  %p = attn.transpose %o [1, 0] : tensor<?x?xf32>
  %r = attn.cast %p : tensor<?x?xf32> -> tensor<?x?xf64>
  return %r : tensor<?x?xf64>
}

// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<2x?x8xf32>, %[[K:.*]]: tensor<?x?x8xf32>, %[[V:.*]]: tensor<?x5x3xf32>)
// CHECK-NEXT: attn.attention %[[Q]], %[[K]], %[[V]] mask {
// CHECK: } : tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<?x5x3xf32> -> tensor<2x?x3xf32>
// CHECK-NEXT: tensor.cast %{{.*}} : tensor<2x?x3xf32> to tensor<?x?x?xf32>
func.func @attention(%q: tensor<2x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x5x3xf32>) -> tensor<?x?x?xf32> {
  %q0 = tensor.cast %q : tensor<2x?x8xf32> to tensor<?x?x?xf32>
  %v0 = tensor.cast %v : tensor<?x5x3xf32> to tensor<?x?x?xf32>
  %o = attn.attention %q0, %k, %v0 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    attn.yield %c : i1
  } : tensor<?x?x?xf32>, tensor<?x?x8xf32>, tensor<?x?x?xf32> -> tensor<?x?x?xf32>
  return %o : tensor<?x?x?xf32>
}

// With outs the result's type is given.
// CHECK-LABEL: func.func @attention_outs
// CHECK: attn.attention {{.*}} outs(%{{.*}} : tensor<?x?xf32>) : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32> -> tensor<?x?xf32>
func.func @attention_outs(%q: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<?x?xf32> {
  %q0 = tensor.cast %q : tensor<4x8xf32> to tensor<?x?xf32>
  %o0 = tensor.cast %o : tensor<4x8xf32> to tensor<?x?xf32>
  %r = attn.attention %q0, %q0, %q0 outs(%o0 : tensor<?x?xf32>)
    : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32> -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// A program without a meaning is left alone, not made invalid.
// CHECK-LABEL: func.func @contradictions
// CHECK: attn.matmul %{{.*}}, %{{.*}} : tensor<?x?xf32>, tensor<9x4xf32>
// CHECK: attn.attention %{{.*}} : tensor<?x?xf32>, tensor<?x9xf32>, tensor<?x9xf32> -> tensor<?x9xf32>
func.func @contradictions(%x: tensor<4x8xf32>, %y: tensor<9x4xf32>, %k: tensor<?x9xf32>)
    -> (tensor<?x4xf32>, tensor<?x9xf32>) {
  %x0 = tensor.cast %x : tensor<4x8xf32> to tensor<?x?xf32>
  %0 = attn.matmul %x0, %y : tensor<?x?xf32>, tensor<9x4xf32>
  %1 = attn.attention %x0, %k, %k : tensor<?x?xf32>, tensor<?x9xf32>, tensor<?x9xf32> -> tensor<?x9xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x9xf32>
}

// A cast that adds extents is a promise of the program and stays.
// CHECK-LABEL: func.func @cast_that_adds
// CHECK: tensor.cast
// CHECK: attn.unary exp %{{.*}} : tensor<4xf32>
func.func @cast_that_adds(%x: tensor<?xf32>) -> tensor<4xf32> {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<4xf32>
  %1 = attn.unary exp %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

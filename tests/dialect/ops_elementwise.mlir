// RUN: attn-opt %s --verify-roundtrip | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

// CHECK-LABEL: func.func @unary
func.func @unary(%x: tensor<?x4xf32>, %i: tensor<?xi32>, %c: tensor<i1>)
    -> (tensor<?x4xf32>, tensor<?xi32>, tensor<i1>) {
  // CHECK: attn.unary exp2 %{{.*}} : tensor<?x4xf32>
  %0 = attn.unary exp2 %x : tensor<?x4xf32>
  // CHECK: attn.unary abs %{{.*}} : tensor<?xi32>
  %1 = attn.unary abs %i : tensor<?xi32>
  // CHECK: attn.unary not %{{.*}} : tensor<i1>
  %2 = attn.unary not %c : tensor<i1>
  return %0, %1, %2 : tensor<?x4xf32>, tensor<?xi32>, tensor<i1>
}

// CHECK-LABEL: func.func @broadcast
func.func @broadcast(%x: tensor<?x1x4xf32>, %y: tensor<7x1xf32>, %z: tensor<f32>, %c: f32)
    -> (tensor<?x7x4xf32>, tensor<?x1x4xf32>, tensor<f32>) {
  // CHECK: attn.binary sub %{{.*}}, %{{.*}} : tensor<?x1x4xf32>, tensor<7x1xf32>
  %0 = attn.binary sub %x, %y : tensor<?x1x4xf32>, tensor<7x1xf32>
  // CHECK: attn.binary div %{{.*}}, %{{.*}} : f32, tensor<?x1x4xf32>
  %1 = attn.binary div %c, %x : f32, tensor<?x1x4xf32>
  %2 = attn.binary pow %z, %c : tensor<f32>, f32
  return %0, %1, %2 : tensor<?x7x4xf32>, tensor<?x1x4xf32>, tensor<f32>
}

// An open extent is never stretched: it takes the other side's static one. A
// static 1 stretches to an open extent, and to 0.
// CHECK-LABEL: func.func @broadcast_open
func.func @broadcast_open(%open: tensor<?xf32>, %four: tensor<4xf32>, %one: tensor<1xf32>, %none: tensor<0xf32>)
    -> (tensor<4xf32>, tensor<?xf32>, tensor<?xf32>, tensor<0xf32>) {
  %0 = attn.binary add %open, %four : tensor<?xf32>, tensor<4xf32>
  %1 = attn.binary add %one, %open : tensor<1xf32>, tensor<?xf32>
  %2 = attn.binary add %open, %open : tensor<?xf32>, tensor<?xf32>
  %3 = attn.binary add %one, %none : tensor<1xf32>, tensor<0xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<?xf32>, tensor<?xf32>, tensor<0xf32>
}

// CHECK-LABEL: func.func @comparison
func.func @comparison(%x: tensor<?x4xf32>, %p: tensor<4xi1>, %i: tensor<4xi64>, %j: i64)
    -> (tensor<?x4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  // CHECK: attn.binary le %{{.*}}, %{{.*}} : tensor<?x4xf32>, tensor<?x4xf32>
  %0 = attn.binary le %x, %x : tensor<?x4xf32>, tensor<?x4xf32>
  %1 = attn.binary ne %p, %p : tensor<4xi1>, tensor<4xi1>
  %2 = attn.binary and %p, %1 : tensor<4xi1>, tensor<4xi1>
  %3 = attn.binary floordiv %i, %j : tensor<4xi64>, i64
  %4 = attn.binary gt %3, %j : tensor<4xi64>, i64
  return %0, %1, %2, %4 : tensor<?x4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// CHECK-LABEL: func.func @select
func.func @select(%p: tensor<?x1xi1>, %x: tensor<4xf32>, %c: f32) -> (tensor<?x4xf32>, tensor<?x1xf32>) {
  // CHECK: attn.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x1xi1>, tensor<4xf32>, f32
  %0 = attn.select %p, %x, %c : tensor<?x1xi1>, tensor<4xf32>, f32
  %1 = attn.select %p, %c, %c : tensor<?x1xi1>, f32, f32
  return %0, %1 : tensor<?x4xf32>, tensor<?x1xf32>
}

// CHECK-LABEL: func.func @cast
func.func @cast(%x: tensor<?x4xf16>) -> tensor<?x4xi1> {
  // CHECK: attn.cast %{{.*}} : tensor<?x4xf16> -> tensor<?x4xi1>
  %0 = attn.cast %x : tensor<?x4xf16> -> tensor<?x4xi1>
  return %0 : tensor<?x4xi1>
}

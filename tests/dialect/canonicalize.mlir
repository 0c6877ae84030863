// RUN: attn-opt %s --canonicalize | FileCheck %s

!qkv = tensor<?x?x?x64xf32>

// CHECK-LABEL: func.func @trivial_scale_mask_score
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x?x64xf32>)
// CHECK-NEXT: attn.attention %[[X]], %[[X]], %[[X]] : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
func.func @trivial_scale_mask_score(%x: !qkv) -> !qkv {
  %one = arith.constant 1.0 : f32
  %0 = attn.attention %x, %x, %x scale %one : f32 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %true = arith.constant true
    %c = arith.cmpi sle, %j, %i : index
    %a = arith.ori %c, %true : i1
    attn.yield %a : i1
  } score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %unit = arith.constant 1.0 : f32
    %r = arith.mulf %s, %unit : f32
    attn.yield %r : f32
  } : !qkv, !qkv, !qkv -> !qkv
  return %0 : !qkv
}

// A scale, a mask and a score that say something stay, and so does one of them
// where another goes.
// CHECK-LABEL: func.func @useful_mask
// CHECK-NOT: scale
// CHECK: mask {
// CHECK: arith.cmpi sle
// CHECK: score {
// CHECK: math.tanh
func.func @useful_mask(%x: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %one = arith.constant 1.0 : f32
  %0 = attn.attention %x, %x, %x scale %one : f32 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    attn.yield %c : i1
  } score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = math.tanh %s : f32
    attn.yield %r : f32
  } : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16> -> tensor<?x64xf16>
  return %0 : tensor<?x64xf16>
}

// CHECK-LABEL: func.func @static_sizes
// CHECK-SAME: (%[[X:.*]]: tensor<?x2x8xf32>, %[[N:.*]]: index)
// CHECK: attn.mask(%[[N]]) {
// CHECK: } : tensor<4x?xi1>
// CHECK-NEXT: tensor.cast %{{.*}} : tensor<4x?xi1> to tensor<?x?xi1>
// CHECK-NEXT: attn.range %{{.*}} : tensor<4xi64>
// CHECK-NEXT: tensor.cast
// CHECK-NEXT: attn.repeat %[[X]] axis 1 size %{{.*}} : tensor<?x2x8xf32> -> tensor<?x4x8xf32>
// CHECK-NEXT: tensor.cast
func.func @static_sizes(%x: tensor<?x2x8xf32>, %n: index)
    -> (tensor<?x?xi1>, tensor<?xi64>, tensor<?x?x8xf32>) {
  %four = arith.constant 4 : index
  %0 = attn.mask(%four, %n) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    attn.yield %c : i1
  } : tensor<?x?xi1>
  %1 = attn.range %four : tensor<?xi64>
  %2 = attn.repeat %x axis 1 size %four : tensor<?x2x8xf32> -> tensor<?x?x8xf32>
  return %0, %1, %2 : tensor<?x?xi1>, tensor<?xi64>, tensor<?x?x8xf32>
}

// Sizes that cannot be stay as they are.
// CHECK-LABEL: func.func @impossible_sizes
// CHECK: attn.range %{{.*}} : tensor<?xi64>
// CHECK: attn.repeat %{{.*}} : tensor<3xf32> -> tensor<?xf32>
func.func @impossible_sizes(%x: tensor<3xf32>) -> (tensor<?xi64>, tensor<?xf32>) {
  %minus_one = arith.constant -1 : index
  %four = arith.constant 4 : index
  %0 = attn.range %minus_one : tensor<?xi64>
  %1 = attn.repeat %x axis 0 size %four : tensor<3xf32> -> tensor<?xf32>
  return %0, %1 : tensor<?xi64>, tensor<?xf32>
}

// A factor of 1 and a sink of -inf go too; a factor that depends on the place
// stays.
// CHECK-LABEL: func.func @slots
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xf32>
// CHECK: attn.attention %[[X]], %[[X]], %[[X]] : tensor<?x64xf32>
// CHECK: attn.attention %[[X]], %[[X]], %[[X]] normalizer none factor {
func.func @slots(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %0 = attn.attention %x, %x, %x sink %lowest : f32 factor {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    attn.yield %one : f32
  } : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
  %1 = attn.attention %x, %x, %x normalizer none factor {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi slt, %j, %i : index
    %r = arith.select %past, %one, %two : f32
    attn.yield %r : f32
  } : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<?x64xf32>
}

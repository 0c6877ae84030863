// RUN: attn-opt %s --attn-warn-unfused --verify-diagnostics | FileCheck %s

#shape = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s2, s3)>
#keys = affine_map<()[s0, s1, s2, s3, s4] -> (s0, s1, s4, s3)>

// Nothing is changed.
// CHECK-LABEL: func.func @returned
// CHECK: attn.softmax
func.func @returned(%q: tensor<?x?x?x?xf32> {attn.shape = #shape}, %k: tensor<?x?x?x?xf32> {attn.shape = #keys}, %v: tensor<?x?x?x?xf32> {attn.shape = #keys})
    -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) attributes {attn.dims = ["B", "H", "T", "D", "S"]} {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  // expected-warning @below {{attention is computed with the whole matrix of scores f32[B, H, T, S]: the weights are returned too}}
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o, %w : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}

// The bytes, where they are known.
func.func @static(%q: tensor<2x4x1024x64xf32>, %k: tensor<2x4x1024x64xf32>, %v: tensor<2x4x1024x64xf32>)
    -> (tensor<2x4x1024x64xf32>, tensor<2x4x1024x1024xf32>) {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<2x4x1024x64xf32>
  %s = attn.matmul %q, %t : tensor<2x4x1024x64xf32>, tensor<2x4x64x1024xf32>
  // expected-warning @below {{scores f32[2, 4, 1024, 1024] of 32 MiB: the weights are returned too}}
  %w = attn.softmax %s axis 3 : tensor<2x4x1024x1024xf32>
  %o = attn.matmul %w, %v : tensor<2x4x1024x1024xf32>, tensor<2x4x1024x64xf32>
  return %o, %w : tensor<2x4x1024x64xf32>, tensor<2x4x1024x1024xf32>
}

// Heads mixed by a product over pairs that are one axis.
func.func @mixed(%q: tensor<?x4x?x8xf32>, %k: tensor<?x4x?x8xf32>, %v: tensor<?x4x?x8xf32>, %m: tensor<4x4xf32>, %b: index, %n: index) -> tensor<?x4x?x8xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x4x?x8xf32>
  %s = attn.matmul %q, %t : tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>
  %c = tensor.collapse_shape %s [[0], [1], [2, 3]] : tensor<?x4x?x?xf32> into tensor<?x4x?xf32>
  %x = attn.matmul %m, %c : tensor<4x4xf32>, tensor<?x4x?xf32>
  %e = tensor.expand_shape %x [[0], [1], [2, 3]] output_shape [%b, 4, %n, %n] : tensor<?x4x?xf32> into tensor<?x4x?x?xf32>
  // expected-warning @below {{the scores are mixed over the heads at line 35}}
  %w = attn.softmax %e axis 3 : tensor<?x4x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>
  return %o : tensor<?x4x?x8xf32>
}

// A matrix that a score rule reads.
#q2 = affine_map<()[s0, s1, s2] -> (s0, s2)>
#k2 = affine_map<()[s0, s1, s2] -> (s1, s2)>
func.func @captured(%q: tensor<?x?xf32> {attn.shape = #q2}, %k: tensor<?x?xf32> {attn.shape = #k2}) -> tensor<?x?xf32> attributes {attn.dims = ["T", "S", "D"]} {
  %t = attn.transpose %k [1, 0] : tensor<?x?xf32>
  %m = attn.matmul %q, %t : tensor<?x?xf32>, tensor<?x?xf32>
  // expected-warning @below {{attention reads the whole matrix f32[T, S] of queries and keys: it is computed before, at line 48}}
  %o = attn.attention %q, %k, %k score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %x = tensor.extract %m[%i, %j] : tensor<?x?xf32>
    %y = arith.addf %s, %x : f32
    attn.yield %y : f32
  } : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32> -> tensor<?x?xf32>
  return %o : tensor<?x?xf32>
}

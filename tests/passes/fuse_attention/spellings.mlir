// RUN: attn-opt %s --attn-fuse-pipeline | FileCheck %s --implicit-check-not=attn.matmul --implicit-check-not=attn.softmax

// CHECK-LABEL: func.func @plain
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} :
func.func @plain(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @scale_after
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : f32 :
func.func @scale_after(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %c: f32) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.binary mul %s, %c : tensor<?x?x?x?xf32>, f32
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @scale_scalar_first
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : f32 :
func.func @scale_scalar_first(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %c: f32) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.binary mul %c, %s : f32, tensor<?x?x?x?xf32>
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @divided_after
// CHECK: %[[INVERSE:.*]] = arith.divf
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %[[INVERSE]] : f32 :
func.func @divided_after(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %c: f32) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.binary div %s, %c : tensor<?x?x?x?xf32>, f32
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @scaled_query
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : f32 :
func.func @scaled_query(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %c: f32) -> tensor<?x?x?x?xf32> {
  %p = attn.binary mul %q, %c : tensor<?x?x?x?xf32>, f32
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %p, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @scaled_key
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : f32 :
func.func @scaled_key(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %c: f32) -> tensor<?x?x?x?xf32> {
  %p = attn.binary div %k, %c : tensor<?x?x?x?xf32>, f32
  %t = attn.transpose %p [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @both_scaled
// CHECK: %[[SCALE:.*]] = arith.mulf
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %[[SCALE]] : f32 :
func.func @both_scaled(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %c: f32) -> tensor<?x?x?x?xf32> {
  %p = attn.binary mul %q, %c : tensor<?x?x?x?xf32>, f32
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %r = attn.binary mul %t, %c : tensor<?x?x?x?xf32>, f32
  %s = attn.matmul %p, %r : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @key_given_transposed
// CHECK: attn.transpose
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}}
func.func @key_given_transposed(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %s = attn.matmul %q, %k : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @score_rule
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} score {
// CHECK: math.tanh
func.func @score_rule(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.score %s {
  ^bb0(%s0: f32, %b: index, %h: index, %qi: index, %ki: index):
    %y = math.tanh %s0 : f32
    attn.yield %y : f32
  } : tensor<?x?x?x?xf32>
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @bias
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} score {
// CHECK: tensor.extract %{{.*}}[%q, %k]
func.func @bias(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %bias: tensor<?x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.binary add %bias, %s : tensor<?x?xf32>, tensor<?x?x?x?xf32>
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @bias_per_head
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} score {
// CHECK: tensor.extract %{{.*}}[%h, %c0, %k]
func.func @bias_per_head(%q: tensor<?x?x?x?xf32>, %k: tensor<?x?x?x?xf32>, %v: tensor<?x?x?x?xf32>, %bias: tensor<?x1x?xf32>) -> tensor<?x?x?x?xf32> {
  %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  %x = attn.binary add %s, %bias : tensor<?x?x?x?xf32>, tensor<?x1x?xf32>
  %w = attn.softmax %x axis 3 : tensor<?x?x?x?xf32>
  %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
  return %o : tensor<?x?x?x?xf32>
}


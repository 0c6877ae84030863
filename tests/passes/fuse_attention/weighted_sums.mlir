// RUN: attn-opt %s --attn-fuse-pipeline | FileCheck %s

!t = tensor<?x?x?x?xf32>

// CHECK-LABEL: func.func @sigmoid
// CHECK-NOT: attn.matmul
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : f32 normalizer none score {
// CHECK: math.exp
// CHECK-NOT: attn.matmul
// CHECK: return
func.func @sigmoid(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %t = attn.transpose %k [0, 1, 3, 2] : !t
  %s = attn.matmul %q, %t : !t, !t
  %x = attn.binary mul %s, %c : !t, f32
  %w = attn.unary sigmoid %x : !t
  %o = attn.matmul %w, %v : !t, !t
  return %o : !t
}

// The mask of the weights is the mask; repeated heads are read where they are.
// CHECK-LABEL: func.func @masked_relu2
// CHECK-NOT: attn.repeat
// CHECK: attn.attention %{{.*}}, %{{.*}}, %{{.*}} normalizer none mask {
// CHECK: arith.cmpi sle
// CHECK: } score {
// CHECK: arith.maximumf
// CHECK: arith.mulf
// CHECK-NOT: select
// CHECK: -> tensor<?x8x?x?xf32>
func.func @masked_relu2(%q: tensor<?x8x?x?xf32>, %k: tensor<?x2x?x?xf32>, %v: tensor<?x2x?x?xf32>, %m: tensor<?x?xi1>, %tq: index, %tk: index)
    -> tensor<?x8x?x?xf32> {
  %zero = arith.constant 0.0 : f32
  %eight = arith.constant 8 : index
  %kr = attn.repeat %k axis 1 size %eight : tensor<?x2x?x?xf32> -> tensor<?x8x?x?xf32>
  %vr = attn.repeat %v axis 1 size %eight : tensor<?x2x?x?xf32> -> tensor<?x8x?x?xf32>
  %t = attn.transpose %kr [0, 1, 3, 2] : tensor<?x8x?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x8x?x?xf32>, tensor<?x8x?x?xf32>
  %r = attn.binary max %s, %zero : tensor<?x8x?x?xf32>, f32
  %p = attn.binary mul %r, %r : tensor<?x8x?x?xf32>, tensor<?x8x?x?xf32>
  %a = attn.mask(%tq, %tk) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    attn.yield %past : i1
  } : tensor<?x?xi1>
  %w = attn.select %a, %p, %zero : tensor<?x?xi1>, tensor<?x8x?x?xf32>, f32
  %o = attn.matmul %w, %vr : tensor<?x8x?x?xf32>, tensor<?x8x?x?xf32>
  return %o : tensor<?x8x?x?xf32>
}

// With a mask, matrices alone are enough.
// CHECK-LABEL: func.func @masked_rank2
// CHECK: attn.attention {{.*}} normalizer none mask {
// CHECK-NOT: score {
// CHECK: : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
func.func @masked_rank2(%q: tensor<?x?xf32>, %k: tensor<?x?xf32>, %v: tensor<?x?xf32>, %m: tensor<?x?xi1>) -> tensor<?x?xf32> {
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [1, 0] : tensor<?x?xf32>
  %s = attn.matmul %q, %t : tensor<?x?xf32>, tensor<?x?xf32>
  %w = attn.select %m, %s, %zero : tensor<?x?xi1>, tensor<?x?xf32>, f32
  %o = attn.matmul %w, %v : tensor<?x?xf32>, tensor<?x?xf32>
  return %o : tensor<?x?xf32>
}

// values' @ weights' is the result transposed.
// CHECK-LABEL: func.func @turned
// CHECK: %[[O:.*]] = attn.attention {{.*}} normalizer none
// CHECK: attn.transpose %[[O]] [0, 2, 1]
func.func @turned(%q: tensor<?x?x?xf32>, %k: tensor<?x?x?xf32>, %v: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> {
  %t = attn.transpose %q [0, 2, 1] : tensor<?x?x?xf32>
  %s = attn.matmul %k, %t : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  %w = attn.unary sigmoid %s : tensor<?x?x?xf32>
  %u = attn.transpose %v [0, 2, 1] : tensor<?x?x?xf32>
  %o = attn.matmul %u, %w : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  return %o : tensor<?x?x?xf32>
}

// A layer with weights for all batches is none, nor one with columns for each
// batch, nor are plain products, nor weights that are used again.
// CHECK-LABEL: func.func @layer
// CHECK-NOT: attn.attention
// CHECK: return
func.func @layer(%x: tensor<?x?x?xf32>, %w1: tensor<?x?xf32>, %w2: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>) {
  %zero = arith.constant 0.0 : f32
  %h = attn.matmul %x, %w1 : tensor<?x?x?xf32>, tensor<?x?xf32>
  %a = attn.binary max %h, %zero : tensor<?x?x?xf32>, f32
  %o = attn.matmul %a, %w2 : tensor<?x?x?xf32>, tensor<?x?xf32>
  %g = attn.matmul %y, %w1 : tensor<?x?xf32>, tensor<?x?xf32>
  %more = attn.binary gt %g, %zero : tensor<?x?xf32>, f32
  %b = attn.select %more, %g, %zero : tensor<?x?xi1>, tensor<?x?xf32>, f32
  %p = attn.matmul %b, %w2 : tensor<?x?xf32>, tensor<?x?xf32>
  return %o, %p : tensor<?x?x?xf32>, tensor<?x?xf32>
}

// CHECK-LABEL: func.func @layers
// CHECK-NOT: attn.attention
// CHECK: return
func.func @layers(%x: tensor<?x?x?xf32>, %w1: tensor<?x?x?xf32>, %w2: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> {
  %zero = arith.constant 0.0 : f32
  %h = attn.matmul %x, %w1 : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  %a = attn.binary max %h, %zero : tensor<?x?x?xf32>, f32
  %o = attn.matmul %a, %w2 : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  return %o : tensor<?x?x?xf32>
}

// CHECK-LABEL: func.func @products
// CHECK-NOT: attn.attention
// CHECK: return
func.func @products(%q: !t, %k: !t, %v: !t, %c: f32) -> (!t, !t, !t) {
  %t = attn.transpose %k [0, 1, 3, 2] : !t
  %s = attn.matmul %q, %t : !t, !t
  %x = attn.binary mul %s, %c : !t, f32
  %o = attn.matmul %x, %v : !t, !t
  %r = attn.matmul %q, %t : !t, !t
  %w = attn.unary sigmoid %r : !t
  %p = attn.matmul %w, %v : !t, !t
  return %o, %p, %w : !t, !t, !t
}

// RUN: attn-opt %s --attn-fuse-linear-attention --canonicalize --split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-fuse-linear-attention --split-input-file --remarks-filter=attn-fusion --remark-format=emitRemark --verify-diagnostics

!m = tensor<?x?x?x64xf32>

// A feature that something else needs is computed once, and is an operand.
// CHECK-LABEL: func.func @returned
// CHECK: %[[F:.*]] = attn.unary exp
// CHECK: attn.linear_attention %[[F]], %{{.*}}, %{{.*}} : tensor
func.func @returned(%q: !m, %k: !m) -> (!m, !m) {
  %f = attn.unary exp %q : !m
  %o = attn.linear_attention %f, %k, %k : !m, !m, !m -> !m
  return %o, %f : !m, !m
}

// -----

// What is shared is where a map begins.
// CHECK-LABEL: func.func @shared
// CHECK: %[[L:.*]] = attn.binary mul
// CHECK: attn.linear_attention %[[L]], %{{.*}}, %{{.*}} query_map {
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32,
// CHECK-NEXT: math.exp %[[X]] : f32
!m = tensor<?x?x?x64xf32>
func.func @shared(%q: !m, %k: !m) -> (!m, !m) {
  %l = attn.binary mul %q, %q : !m, !m
  // expected-remark @below {{feature map of the query fused into linear attention}}
  %f = attn.unary exp %l : !m
  %o = attn.linear_attention %f, %k, %k : !m, !m, !m -> !m
  return %o, %l : !m, !m
}

// -----

// One tensor as two operands, of rank 2.
// CHECK-LABEL: func.func @twice
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf16>)
// CHECK: attn.linear_attention %[[X]], %[[X]], %[[X]] causal query_map {
// CHECK-NEXT: ^bb0(%{{.*}}: f32,
// CHECK: } key_map {
// CHECK-NOT: value_map
func.func @twice(%x: tensor<?x8xf16>) -> tensor<?x8xf16> {
  // expected-remark @below {{feature map of the query fused into linear attention}}
  // expected-remark @below {{feature map of the key fused into linear attention}}
  %f = attn.unary exp %x : tensor<?x8xf16>
  %o = attn.linear_attention %f, %f, %x causal : tensor<?x8xf16>, tensor<?x8xf16>, tensor<?x8xf16> -> tensor<?x8xf16>
  return %o : tensor<?x8xf16>
}

// -----

// Another sum than that of these weights is an array, and so is one that is
// needed elsewhere.
// CHECK-LABEL: func.func @other_sums
// CHECK: %[[T:.*]] = attn.linear_attention
// CHECK: attn.linear_attention
// CHECK: output {
// CHECK: tensor.extract %[[T]]
// CHECK: attn.linear_attention
// CHECK: output {
// CHECK: tensor.extract %[[T]]
!m = tensor<?x?x?x64xf32>
!one = tensor<?x?x?x1xf32>
func.func @other_sums(%q: !m, %k: !m, %v: !m, %nb: index, %nh: index, %nt: index) -> (!m, !m, !one) {
  %one = arith.constant 1.0 : f32
  %ones = tensor.splat %one[%nb, %nh, %nt] : !one
  %t = attn.linear_attention %q, %k, %ones causal : !m, !m, !one -> !one
  %a = attn.linear_attention %q, %k, %v : !m, !m, !m -> !m
  // expected-remark @below {{linear attention fused with what follows it}}
  %o = attn.binary div %a, %t : !m, !one
  %b = attn.linear_attention %q, %k, %v causal : !m, !m, !m -> !m
  // expected-remark @below {{linear attention fused with what follows it}}
  %p = attn.binary div %b, %t : !m, !one
  return %o, %p, %t : !m, !m, !one
}

// -----

// Maps of a sequence that goes on; what follows its result stays outside.
// CHECK-LABEL: func.func @state
// CHECK: attn.linear_attention %{{.*}} state %{{.*}} query_map {
// CHECK-NOT: output
// CHECK: attn.unary tanh
func.func @state(%q: tensor<?x8xf32>, %s: tensor<8x8xf32>) -> (tensor<?x8xf32>, tensor<8x8xf32>) {
  // expected-remark @below {{feature map of the query fused into linear attention}}
  %f = attn.unary exp %q : tensor<?x8xf32>
  %o:2 = attn.linear_attention %f, %q, %q causal state %s : tensor<8x8xf32> : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>, tensor<8x8xf32>
  %t = attn.unary tanh %o#0 : tensor<?x8xf32>
  return %t, %o#1 : tensor<?x8xf32>, tensor<8x8xf32>
}

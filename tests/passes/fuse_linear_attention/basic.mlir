// RUN: attn-opt %s --attn-fuse-linear-attention --canonicalize | FileCheck %s

!m = tensor<?x?x?x64xf32>
!one = tensor<?x?x?x1xf32>

// Maps of all operands, and the sum of weights as attention to values of 1.
// CHECK-LABEL: func.func @causal
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x?x64xf32>, %[[K:.*]]: tensor<?x?x?x64xf32>, %[[V:.*]]: tensor<?x?x?x64xf32>
// CHECK-NOT: attn.unary
// CHECK: attn.linear_attention %[[Q]], %[[K]], %[[V]] causal query_map {
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32,
// CHECK-NEXT: %[[E:.*]] = math.exp %[[X]] : f32
// CHECK-NEXT: attn.yield %[[E]] : f32
// CHECK: } key_map {
// CHECK: math.exp
// CHECK: } value_map {
// CHECK: math.absf
// CHECK: } output {
// CHECK-NEXT: ^bb0(%[[Y:.*]]: f32, %[[TOTAL:.*]]: f32,
// CHECK: %[[ISNONE:.*]] = arith.cmpf oeq, %[[TOTAL]], %{{.*}} : f32
// CHECK: %[[BY:.*]] = arith.select %[[ISNONE]], %{{.*}}, %[[TOTAL]] : f32
// CHECK: %[[R:.*]] = arith.divf %[[Y]], %[[BY]] : f32
// CHECK: attn.yield %[[R]] : f32
// CHECK-NOT: attn.
// CHECK: return
func.func @causal(%q: !m, %k: !m, %v: !m, %nb: index, %nh: index, %nt: index) -> !m {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %qf = attn.unary exp %q : !m
  %kf = attn.unary exp %k : !m
  %vf = attn.unary abs %v : !m
  %ones = tensor.splat %one[%nb, %nh, %nt] : !one
  %t = attn.linear_attention %qf, %kf, %ones causal : !m, !m, !one -> !one
  %a = attn.linear_attention %qf, %kf, %vf causal : !m, !m, !m -> !m
  %n = attn.binary eq %t, %zero : !one, f32
  %d = attn.select %n, %one, %t : tensor<?x?x?x1xi1>, f32, !one
  %o = attn.binary div %a, %d : !m, !one
  return %o : !m
}

// The sum of weights as the product with the sum of the keys, of grouped heads.
// CHECK-LABEL: func.func @full
// CHECK-NOT: attn.reduce
// CHECK: attn.linear_attention %{{.*}}, %{{.*}}, %{{.*}} output {
// CHECK-NEXT: ^bb0(%[[Y:.*]]: f32, %[[TOTAL:.*]]: f32,
// CHECK-NEXT: arith.divf %[[Y]], %[[TOTAL]] : f32
func.func @full(%q: !m, %k: !m, %v: !m, %nh: index) -> !m {
  %s = attn.reduce sum %k axes [2] keep : !m
  %r = attn.repeat %s axis 1 size %nh : tensor<?x?x1x64xf32> -> tensor<?x?x1x64xf32>
  %p = attn.binary mul %q, %r : !m, tensor<?x?x1x64xf32>
  %t = attn.reduce sum %p axes [3] keep : !m
  %a = attn.linear_attention %q, %k, %v : !m, !m, !m -> !m
  %o = attn.binary div %a, %t : !m, !one
  return %o : !m
}

// elu(x) + 1 of the keys, of which the formula reads several times; other arrays
// are read at their places.
// CHECK-LABEL: func.func @elu
// CHECK-SAME: %[[G:[^:]*]]: tensor<?x64xf32>)
// CHECK: attn.linear_attention %{{.*}}, %{{.*}}, %{{.*}} causal key_map {
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %[[T:.*]]: index, %[[D:.*]]: index):
// CHECK-DAG: %[[POSITIVE:.*]] = arith.cmpf ogt, %[[X]]
// CHECK-DAG: %[[SUM:.*]] = arith.addf %[[X]]
// CHECK-DAG: %[[EXP:.*]] = math.exp
// CHECK-DAG: %[[ELU:.*]] = arith.select %[[POSITIVE]], %[[SUM]], %[[EXP]] : f32
// CHECK-DAG: %[[GATE:.*]] = tensor.extract %[[G]][%[[T]], %[[D]]] : tensor<?x64xf32>
// CHECK: arith.mulf %[[ELU]], %{{.*}} : f32
func.func @elu(%q: !m, %k: !m, %v: !m, %g: tensor<?x64xf32>) -> !m {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %c = attn.binary gt %k, %zero : !m, f32
  %p = attn.binary add %k, %one : !m, f32
  %n = attn.binary min %k, %zero : !m, f32
  %e = attn.unary exp %n : !m
  %s = attn.select %c, %p, %e : tensor<?x?x?x64xi1>, !m, !m
  %f = attn.binary mul %s, %g : !m, tensor<?x64xf32>
  %o = attn.linear_attention %q, %f, %v causal : !m, !m, !m -> !m
  return %o : !m
}

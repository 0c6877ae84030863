// RUN: attn-opt %s --attn-hoist-distances --canonicalize --cse | FileCheck %s

!m = tensor<?x?x?x64xf32>

// A bias of each distance and head, from a logarithm and a gather: one table
// of Tq + Tk - 1 distances for each head, read at k - q + Tq - 1. What heads
// share is in a table before that.
// CHECK-LABEL: func.func @bucket
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x?x64xf32>, %[[K:.*]]: tensor<?x?x?x64xf32>, %[[T:.*]]: tensor<32x?xf32>)
// CHECK-DAG: %[[TQ:.*]] = tensor.dim %[[Q]], %c2
// CHECK-DAG: %[[TK:.*]] = tensor.dim %[[K]], %c2
// CHECK-DAG: %[[LAST:.*]] = arith.subi %[[TQ]], %c1
// CHECK: %[[BUCKETS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?xi64>)
// CHECK: %[[AT:.*]] = linalg.index 0
// CHECK: arith.subi %[[AT]], %[[LAST]]
// CHECK: math.log
// CHECK: linalg.yield %{{.*}} : i64
// CHECK: %[[H:.*]] = tensor.dim %[[Q]], %c1
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[H]], %{{.*}}) : tensor<?x?xf32>
// CHECK: %[[TABLE:.*]] = linalg.generic {{.*}} outs(%[[EMPTY]]
// CHECK: %[[HEAD:.*]] = linalg.index 0
// CHECK-NOT: math.log
// CHECK: %[[BUCKET:.*]] = tensor.extract %[[BUCKETS]]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[BUCKET]]
// CHECK: tensor.extract %[[T]][%[[ROW]], %[[HEAD]]]
// CHECK: linalg.yield %{{.*}} : f32
// CHECK: attn.attention
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %[[OWN:.*]]: index, %[[I:.*]]: index, %[[J:.*]]: index):
// CHECK-NEXT: %[[D:.*]] = arith.subi %[[J]], %[[I]]
// CHECK-NEXT: %[[P:.*]] = arith.addi %[[D]], %[[LAST]]
// CHECK-NEXT: %[[BIAS:.*]] = tensor.extract %[[TABLE]][%[[OWN]], %[[P]]]
// CHECK-NEXT: %[[R:.*]] = arith.addf %[[S]], %[[BIAS]]
// CHECK-NEXT: attn.yield %[[R]]
func.func @bucket(%q: !m, %k: !m, %t: tensor<32x?xf32>) -> !m {
  %c1 = arith.constant 1 : index
  %c31 = arith.constant 31 : index
  %o = attn.attention %q, %k, %k score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %i, %j : index
    %c = arith.maxsi %d, %c1 : index
    %n = arith.index_cast %c : index to i64
    %x = arith.sitofp %n : i64 to f32
    %l = math.log %x : f32
    %y = arith.fptosi %l : f32 to i64
    %z = arith.index_cast %y : i64 to index
    %a = arith.minsi %z, %c31 : index
    %e = tensor.extract %t[%a, %h] : tensor<32x?xf32>
    %r = arith.addf %s, %e : f32
    attn.yield %r : f32
  } : !m, !m, !m -> !m
  return %o : !m
}

// Comparisons of positions are of their distance; a number of the distance is
// tabulated where it meets what is not of it. Batches and heads stay out of
// tables that do not need them.
// CHECK-LABEL: func.func @compared
// CHECK: %[[TABLE:.*]] = linalg.generic
// CHECK: arith.cmpi slt
// CHECK: math.exp
// CHECK: } -> tensor<?xf32>
// CHECK: attn.attention
// CHECK-NOT: math.exp
// CHECK: tensor.extract %[[TABLE]]
// CHECK: math.tanh
// CHECK: attn.yield
func.func @compared(%q: tensor<?x64xf32>, %f: f32) -> tensor<?x64xf32> {
  %one = arith.constant 1.0 : f32
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %p = arith.cmpi slt, %i, %j : index
    %g = arith.select %p, %one, %f : f32
    %d = arith.subi %j, %i : index
    %n = arith.index_cast %d : index to i64
    %x = arith.sitofp %n : i64 to f32
    %y = arith.mulf %x, %g : f32
    %e = math.exp %y : f32
    %u = math.tanh %s : f32
    %r = arith.mulf %u, %e : f32
    attn.yield %r : f32
  } : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
  return %o : tensor<?x64xf32>
}

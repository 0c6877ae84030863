// RUN: attn-opt %s --attn-hoist-distances --canonicalize --cse --split-input-file | FileCheck %s

// Positions that are moved and turned are a distance where they meet.
// CHECK-LABEL: func.func @moved
// CHECK: linalg.generic
// CHECK: math.cos
// CHECK: attn.attention
// CHECK-NOT: math.cos
// CHECK: return
func.func @moved(%q: tensor<8x16xf32>, %k: tensor<4x16xf32>, %n: index) -> tensor<8x16xf32> {
  %c1 = arith.constant 1 : index
  %o = attn.attention %q, %k, %k score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %u = arith.addi %i, %n : index
    %v = arith.subi %c1, %j : index
    %d = arith.addi %u, %v : index
    %y = arith.index_cast %d : index to i64
    %x = arith.sitofp %y : i64 to f32
    %e = math.cos %x : f32
    %r = arith.addf %s, %e : f32
    attn.yield %r : f32
  } : tensor<8x16xf32>, tensor<4x16xf32>, tensor<4x16xf32> -> tensor<8x16xf32>
  return %o : tensor<8x16xf32>
}

// -----

// An index of the distance into an array of other things is tabulated as i64.
// CHECK-LABEL: func.func @index
// CHECK: %[[TABLE:.*]] = linalg.generic
// CHECK: math.log
// CHECK: linalg.yield %{{.*}} : i64
// CHECK: attn.attention
// CHECK: %[[NUMBER:.*]] = tensor.extract %[[TABLE]]
// CHECK: %[[PLACE:.*]] = arith.index_cast %[[NUMBER]] : i64 to index
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[PLACE]]]
func.func @index(%q: tensor<?x16xf32>, %t: tensor<?x9xf32>) -> tensor<?x16xf32> {
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %i, %j : index
    %n = arith.index_cast %d : index to i64
    %x = arith.sitofp %n : i64 to f32
    %a = math.absf %x : f32
    %l = math.log %a : f32
    %y = arith.fptosi %l : f32 to i64
    %z = arith.index_cast %y : i64 to index
    %e = tensor.extract %t[%i, %z] : tensor<?x9xf32>
    %r = arith.addf %s, %e : f32
    attn.yield %r : f32
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  return %o : tensor<?x16xf32>
}

// -----

// A factor and a rule of top_keys, with a table of batches and heads.
// CHECK-LABEL: func.func @others
// CHECK: tensor.empty(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}) : tensor<?x?x?xf32>
// CHECK: linalg.generic
// CHECK: attn.attention
// CHECK-NOT: math.exp
// CHECK: attn.top_keys
// CHECK-NOT: math.exp
// CHECK: return
!m = tensor<?x?x?x16xf32>
func.func @others(%q: !m, %g: tensor<?x?xf32>) -> (!m, tensor<?x?x?x4xi32>, tensor<?x?x?x4xf32>) {
  %o = attn.attention %q, %q, %q factor {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %j, %i : index
    %n = arith.index_cast %d : index to i64
    %x = arith.sitofp %n : i64 to f32
    %c = tensor.extract %g[%b, %h] : tensor<?x?xf32>
    %y = arith.mulf %x, %c : f32
    %e = math.exp %y : f32
    attn.yield %e : f32
  } : !m, !m, !m -> !m
  %t, %w = attn.top_keys 4 %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %j, %i : index
    %n = arith.index_cast %d : index to i64
    %x = arith.sitofp %n : i64 to f32
    %c = tensor.extract %g[%b, %h] : tensor<?x?xf32>
    %y = arith.mulf %x, %c : f32
    %e = math.exp %y : f32
    %r = arith.addf %s, %e : f32
    attn.yield %r : f32
  } : !m, !m -> tensor<?x?x?x4xi32>, tensor<?x?x?x4xf32>
  return %o, %t, %w : !m, tensor<?x?x?x4xi32>, tensor<?x?x?x4xf32>
}

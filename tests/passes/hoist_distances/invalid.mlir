// RUN: attn-opt %s --attn-hoist-distances --split-input-file | FileCheck %s --implicit-check-not=linalg.generic

// What is as cheap as a table stays: ALiBi, and a read of neighbours.
// CHECK-LABEL: func.func @cheap
// CHECK: attn.attention
func.func @cheap(%q: tensor<?x?x?x16xf32>, %t: tensor<?x?xf32>, %last: index) -> tensor<?x?x?x16xf32> {
  %c0 = arith.constant 0 : index
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %hn = arith.index_cast %h : index to i64
    %hf = arith.sitofp %hn : i64 to f32
    %slope = math.exp2 %hf : f32
    %d = arith.subi %i, %j : index
    %n = arith.index_cast %d : index to i64
    %x = arith.sitofp %n : i64 to f32
    %y = arith.mulf %x, %slope : f32
    %u = arith.minsi %d, %last : index
    %p = arith.maxsi %u, %c0 : index
    %e = tensor.extract %t[%h, %p] : tensor<?x?xf32>
    %z = arith.addf %y, %e : f32
    %r = arith.addf %s, %z : f32
    attn.yield %r : f32
  } : tensor<?x?x?x16xf32>, tensor<?x?x?x16xf32>, tensor<?x?x?x16xf32> -> tensor<?x?x?x16xf32>
  return %o : tensor<?x?x?x16xf32>
}

// -----

// What depends on more than the distance: the sum of positions, their quotients,
// narrow positions that wrap, the score.
// CHECK-LABEL: func.func @more
// CHECK: attn.attention
func.func @more(%q: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %c2 = arith.constant 2 : index
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %sum = arith.addi %i, %j : index
    %n0 = arith.index_cast %sum : index to i64
    %x0 = arith.sitofp %n0 : i64 to f32
    %e0 = math.exp %x0 : f32
    %half = arith.floordivsi %i, %c2 : index
    %half_j = arith.floordivsi %j, %c2 : index
    %d1 = arith.subi %half, %half_j : index
    %n1 = arith.index_cast %d1 : index to i64
    %x1 = arith.sitofp %n1 : i64 to f32
    %e1 = math.exp %x1 : f32
    %i8 = arith.index_cast %i : index to i8
    %j8 = arith.index_cast %j : index to i8
    %less = arith.cmpi slt, %i8, %j8 : i8
    %x2 = arith.uitofp %less : i1 to f32
    %e2 = math.exp %x2 : f32
    %t = math.tanh %s : f32
    %r0 = arith.addf %t, %e0 : f32
    %r1 = arith.addf %r0, %e1 : f32
    %r = arith.addf %r1, %e2 : f32
    attn.yield %r : f32
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  return %o : tensor<?x16xf32>
}

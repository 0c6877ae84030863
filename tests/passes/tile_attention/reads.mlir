// RUN: attn-opt %s --attn-tile-attention --canonicalize --cse --split-input-file | FileCheck %s

!m = memref<?x64xf32>

// Neighbours are read as a vector, from any place on and in either direction.
// CHECK-LABEL: func.func private @attention.decode
// CHECK-NOT: vector.gather
// CHECK: vector.maskedload %{{.*}} : memref<?xf32>
// CHECK: %[[MASK:.*]] = vector.shuffle %[[LIVE:.*]], %[[LIVE]] [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] : vector<16xi1>
// CHECK: %[[READ:.*]] = vector.maskedload %{{.*}}[%{{.*}}, %{{.*}}], %[[MASK]], %{{.*}} : memref<?x?xf32>
// CHECK: vector.shuffle %[[READ]], %[[READ]] [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] : vector<16xf32>, vector<16xf32>
// CHECK-LABEL: func.func private @attention.blocked
// CHECK-NOT: vector.gather
func.func @neighbours(%q: !m, %o: !m, %x: memref<?xf32>, %y: memref<?x?xf32>) {
  %c9 = arith.constant 9 : index
  attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %up = arith.addi %j, %c9 : index
    %down = arith.subi %i, %j : index
    %first = memref.load %x[%up] : memref<?xf32>
    %second = memref.load %y[%i, %down] : memref<?x?xf32>
    %sum = arith.addf %first, %second : f32
    %score = arith.addf %s, %sum : f32
    attn.yield %score : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

// -----

!m = memref<?x64xf32>

// An index that is held within two ends: all lanes are within mostly, or all
// are beyond the same end and read one element.
// CHECK-LABEL: func.func @clamped
// CHECK-LABEL: func.func private @attention.blocked
// CHECK: %[[LOW:.*]] = arith.cmpi sge, %[[FIRST:.*]], %c0 : index
// CHECK: %[[HIGH:.*]] = arith.cmpi sle, %[[LAST:.*]], %[[END:.*]] : index
// CHECK: %[[WITHIN:.*]] = arith.andi %[[LOW]], %[[HIGH]]
// CHECK: scf.if %[[WITHIN]] -> (vector<16xf32>) {
// CHECK: vector.load %{{.*}}[%[[FIRST]]] : memref<?xf32>, vector<16xf32>
// CHECK: } else {
// CHECK: scf.if %{{.*}} -> (vector<16xf32>) {
// CHECK: %[[EDGE:.*]] = memref.load %{{.*}} : memref<?xf32>
// CHECK: vector.broadcast %[[EDGE]]
// CHECK: } else {
// CHECK: vector.gather
func.func @clamped(%q: !m, %o: !m, %x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %end = arith.subi %n, %c1 : index
  attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %distance = arith.subi %j, %i : index
    %low = arith.minsi %distance, %end : index
    %place = arith.maxsi %low, %c0 : index
    %bias = memref.load %x[%place] : memref<?xf32>
    %score = arith.addf %s, %bias : f32
    attn.yield %score : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

// RUN: attn-opt %s --attn-tile-attention --canonicalize --cse --split-input-file | FileCheck %s

!m = memref<?x64xf32>

// All lanes go through the loop together. What does not depend on the key stays
// a number, keys that are neighbours are read as a vector, and without a use of
// the score there is no product of queries and keys.
// CHECK-LABEL: func.func private @attention.decode
// CHECK-NOT: vector.gather
// CHECK-NOT: vector.fma
// CHECK: scf.for %[[I:.*]] = %c0 to %arg{{[0-9]+}} step %c1 iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<16xf32>) {
// CHECK-NEXT: %[[W:.*]] = memref.load %{{.*}}[%[[I]]] : memref<?xf32>
// CHECK-NEXT: %[[Q:.*]] = memref.load %{{.*}}[%{{.*}}, %[[I]]] : memref<?x?xf32>
// CHECK-NEXT: %[[K:.*]] = vector.maskedload %{{.*}}[%[[I]], %{{.*}}], %{{.*}}, %{{.*}} : memref<?x?xf32>
// CHECK-NEXT: %[[QS:.*]] = vector.broadcast %[[Q]]
// CHECK-NEXT: %[[BOTH:.*]] = arith.addf %[[QS]], %[[K]] : vector<16xf32>
// CHECK-NEXT: %[[TANH:.*]] = math.tanh %[[BOTH]] : vector<16xf32>
// CHECK-NEXT: %[[WS:.*]] = vector.broadcast %[[W]]
// CHECK-NEXT: %[[NEXT:.*]] = vector.fma %[[WS]], %[[TANH]], %[[SUM]] : vector<16xf32>
// CHECK-NEXT: scf.yield %[[NEXT]]

// CHECK-LABEL: func.func private @attention.blocked
// CHECK: memref.alloc
// CHECK-NOT: memref.alloc
// CHECK-NOT: vector.gather
// A panel at a time: twice as many sums are on their way.
// CHECK: math.tanh %{{.*}} : vector<32xf32>
func.func @additive(%q: !m, %k: !m, %v: !m, %o: !m, %w: memref<?xf32>, %qa: memref<?x?xf32>, %ka: memref<?x?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  attn.attention %q, %k, %v score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %sum = scf.for %a = %c0 to %n step %c1 iter_args(%before = %zero) -> (f32) {
      %wa = memref.load %w[%a] : memref<?xf32>
      %x = memref.load %qa[%i, %a] : memref<?x?xf32>
      %y = memref.load %ka[%a, %j] : memref<?x?xf32>
      %both = arith.addf %x, %y : f32
      %tanh = math.tanh %both : f32
      %term = arith.mulf %wa, %tanh : f32
      %next = arith.addf %before, %term : f32
      scf.yield %next : f32
    }
    attn.yield %sum : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

// -----

!m = memref<?x64xf32>

// Elements of several rows are gathered. A loop that is the same for all keys
// stays a loop of numbers, and a product whose score is used is there.
// CHECK-LABEL: func.func private @attention.blocked
// CHECK-COUNT-24: vector.fma
// CHECK: scf.for {{.*}} -> (f32) {
// CHECK: arith.mulf %{{.*}} : f32
// CHECK: scf.for {{.*}} -> (vector<32xf32>) {
// CHECK: vector.gather %{{.*}} : memref<?xf32, {{.*}}>, vector<32xindex>, vector<32xi1>, vector<32xf32> into vector<32xf32>
func.func @rows(%q: !m, %k: !m, %v: !m, %o: !m, %qa: memref<?x?xf32>, %ka: memref<?x?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  attn.attention %q, %k, %v score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %square = scf.for %a = %c0 to %n step %c1 iter_args(%before = %zero) -> (f32) {
      %x = memref.load %qa[%i, %a] : memref<?x?xf32>
      %term = arith.mulf %x, %x : f32
      %next = arith.addf %before, %term : f32
      scf.yield %next : f32
    }
    %sum = scf.for %a = %c0 to %n step %c1 iter_args(%before = %s) -> (f32) {
      %y = memref.load %ka[%j, %a] : memref<?x?xf32>
      %next = arith.addf %before, %y : f32
      scf.yield %next : f32
    }
    %score = arith.subf %sum, %square : f32
    attn.yield %score : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

// -----

!m = memref<?x64xf32>

// Where the keys have bounds of their own, the loop goes on to the last one and
// each lane keeps what it has at its own.
// CHECK-LABEL: func.func private @attention.blocked
// CHECK: %[[LAST:.*]] = vector.reduction <maxsi>, %{{.*}} : vector<32xindex> into index
// CHECK: scf.for %[[I:.*]] = %c0 to %[[LAST]] step %c1 iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<32xf32>) {
// CHECK: %[[GOES_ON:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : vector<32xindex>
// CHECK: %[[X:.*]] = memref.load %{{.*}}[%[[I]]] : memref<?xf32>
// CHECK: %[[NEXT:.*]] = arith.addf %[[SUM]], %{{.*}} : vector<32xf32>
// CHECK: arith.select %{{.*}}, %[[NEXT]], %[[SUM]]
func.func @bounds(%q: !m, %o: !m, %x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %sum = scf.for %a = %c0 to %j step %c1 iter_args(%before = %s) -> (f32) {
      %y = memref.load %x[%a] : memref<?xf32>
      %next = arith.addf %before, %y : f32
      scf.yield %next : f32
    }
    attn.yield %sum : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

// -----

!m = memref<?x64xf32>

// A place that is the same in all steps is looked at before the loop: where all
// lanes are within the array, the loop reads vectors without a test.
// CHECK-LABEL: func.func @clamped
// CHECK-LABEL: func.func private @attention.tile
// CHECK: %[[WITHIN:.*]] = arith.andi %{{.*}}, %{{.*}} : i1
// CHECK: scf.if %[[WITHIN]] -> (vector<32xf32>) {
// CHECK-NEXT: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1 iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<32xf32>) {
// CHECK-NEXT: %[[X:.*]] = vector.load %{{.*}}[%[[I]], %{{.*}}] : memref<?x?xf32>, vector<32xf32>
// CHECK-NEXT: %[[NEXT:.*]] = arith.addf %[[SUM]], %[[X]] : vector<32xf32>
// CHECK-NEXT: scf.yield %[[NEXT]]
// CHECK: } else {
// CHECK: scf.for
// CHECK: vector.gather
func.func @clamped(%q: !m, %o: !m, %x: memref<?x?xf32>, %rows: index, %end: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %sum = scf.for %a = %c0 to %rows step %c1 iter_args(%before = %s) -> (f32) {
      %distance = arith.subi %j, %i : index
      %low = arith.minsi %distance, %end : index
      %place = arith.maxsi %low, %c0 : index
      %y = memref.load %x[%a, %place] : memref<?x?xf32>
      %next = arith.addf %before, %y : f32
      scf.yield %next : f32
    }
    attn.yield %sum : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

// -----

!m = memref<?x64xf32>

// Functions of numbers would be calls: they are those of vectors.
// CHECK-LABEL: func.func @functions
// CHECK-LABEL: func.func private @attention.tile
// CHECK: scf.for %[[A:.*]] = %c0 to %{{.*}} step %c1 iter_args(%{{.*}} = %{{.*}}) -> (f32) {
// CHECK-NEXT: %[[X:.*]] = memref.load %arg{{[0-9]+}}[%[[A]]] : memref<?xf32>
// CHECK-NEXT: %[[XS:.*]] = vector.broadcast %[[X]] : f32 to vector<32xf32>
// CHECK-NEXT: %[[EXP:.*]] = math.exp %[[XS]] : vector<32xf32>
// CHECK-NEXT: vector.extract %[[EXP]][0] : f32 from vector<32xf32>
func.func @functions(%q: !m, %o: !m, %x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = arith.constant 0.0 : f32
  attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %sum = scf.for %a = %c0 to %n step %c1 iter_args(%before = %none) -> (f32) {
      %y = memref.load %x[%a] : memref<?xf32>
      %e = math.exp %y : f32
      %next = arith.addf %before, %e : f32
      scf.yield %next : f32
    }
    %r = arith.addf %s, %sum : f32
    attn.yield %r : f32
  } outs(%o : !m) : !m, !m, !m
  return
}

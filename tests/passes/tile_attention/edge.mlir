// RUN: attn-opt %s --attn-tile-attention --split-input-file | FileCheck %s

// Attention on tensors is left for after bufferization.
// CHECK-LABEL: func.func @on_tensors
// CHECK: attn.attention
func.func @on_tensors(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %o = attn.attention %q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  return %o : tensor<4x8xf32>
}

// -----

// Narrow values are widened once, into a packed copy; few queries read them in
// place.
// CHECK-LABEL: func.func private @attention.decode
// CHECK: vector.load %{{.*}} : memref<?x64xf16>, vector<16xf16>
// CHECK-LABEL: func.func private @attention.blocked
// CHECK-COUNT-3: memref.alloc({{.*}} : memref<?xf32>
// CHECK: arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
func.func @half(%q: memref<?x64xf16>, %o: memref<?x64xf16>) {
  attn.attention %q, %q, %q outs(%o : memref<?x64xf16>) : memref<?x64xf16>, memref<?x64xf16>, memref<?x64xf16>
  return
}

// -----

// CHECK-LABEL: func.func private @attention.blocked
// CHECK: vector.fma %{{.*}} : vector<8xf64>
func.func @double(%q: memref<?x?x64xf64>, %o: memref<?x?x64xf64>) {
  attn.attention %q, %q, %q outs(%o : memref<?x?x64xf64>) : memref<?x?x64xf64>, memref<?x?x64xf64>, memref<?x?x64xf64>
  return
}

// -----

// Like attentions share their kernels; a constant in a rule makes another.
// CHECK-LABEL: func.func @layers
// CHECK: call @[[FIRST:attention.blocked]](%arg0, %arg1, %arg2)
// CHECK: call @[[FIRST]](%arg1, %arg0, %arg2)
// CHECK-NOT: call @[[FIRST]](
// CHECK: call @attention.blocked_{{[0-9]+}}(%arg0, %arg1)
// CHECK: return
func.func @layers(%x: memref<?x64xf32>, %y: memref<?x64xf32>, %w: index) {
  %c8 = arith.constant 8 : index
  attn.attention %x, %x, %x mask {
  ^bb0(%b: index, %h: index, %q: index, %k: index):
    %near = arith.cmpi slt, %k, %w : index
    attn.yield %near : i1
  } outs(%y : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  attn.attention %y, %y, %y mask {
  ^bb0(%b: index, %h: index, %q: index, %k: index):
    %near = arith.cmpi slt, %k, %w : index
    attn.yield %near : i1
  } outs(%x : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  attn.attention %x, %x, %x mask {
  ^bb0(%b: index, %h: index, %q: index, %k: index):
    %near = arith.cmpi slt, %k, %c8 : index
    attn.yield %near : i1
  } outs(%y : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  return
}

// -----

// Rows of keys that are not contiguous are not read by vectors.
// CHECK-LABEL: func.func @strided
// CHECK-NOT: attention.decode
// CHECK-LABEL: func.func private @attention.blocked
func.func @strided(%q: memref<?x64xf32>, %k: memref<?x64xf32, strided<[1, ?]>>, %o: memref<?x64xf32>) {
  attn.attention %q, %k, %k outs(%o : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32, strided<[1, ?]>>, memref<?x64xf32, strided<[1, ?]>>
  return
}

// -----

// What a mask reads for keys is summed up once, a least and a largest value for
// each panel; what it reads for queries, once for each block and each tile.
// CHECK-LABEL: func.func private @attention.blocked
// CHECK-COUNT-2: memref.alloc({{.*}} : memref<?xi64>
// CHECK: omp.parallel
// CHECK: arith.minsi %{{.*}} : i64
// CHECK: arith.maxsi %{{.*}} : i64
// CHECK: memref.store %{{.*}} : memref<?xi64>
// CHECK: omp.barrier
// CHECK: omp.terminator
// CHECK-COUNT-2: memref.dealloc %{{.*}} : memref<?xi64>
func.func @documents(%q: memref<?x64xf32>, %o: memref<?x64xf32>, %id: memref<?xi64>) {
  attn.attention %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %mine = memref.load %id[%i] : memref<?xi64>
    %other = memref.load %id[%j] : memref<?xi64>
    %same = arith.cmpi eq, %mine, %other : i64
    attn.yield %same : i1
  } outs(%o : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  return
}

// -----

// A mask of quotients is looked at in parts of the box in which they do not
// change, and what it allows of a panel is kept as bits, so that the scores of
// panels left empty are not computed.
// CHECK-LABEL: func.func private @attention.blocked
// CHECK: arith.divui %{{.*}}, %c64
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (i1, i1)
// CHECK: vector.bitcast %{{.*}} : vector<16xi1> to vector<1xi16>
// CHECK-COUNT-24: vector.fma %{{.*}} : vector<16xf32>
// CHECK: vector.bitcast %{{.*}} : vector<1xi16> to vector<16xi1>
func.func @blocks(%q: memref<?x64xf32>, %o: memref<?x64xf32>) {
  attn.attention %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c64 = arith.constant 64 : index
    %c7 = arith.constant 7 : index
    %c3 = arith.constant 3 : index
    %qb = arith.floordivsi %i, %c64 : index
    %kb = arith.floordivsi %j, %c64 : index
    %p = arith.muli %qb, %kb : index
    %m = arith.remsi %p, %c7 : index
    %some = arith.cmpi slt, %m, %c3 : index
    attn.yield %some : i1
  } outs(%o : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  return
}

// RUN: attn-opt %s --attn-tile-linear-attention --split-input-file | FileCheck %s

// On tensors it is left for after bufferization.
// CHECK-LABEL: func.func @on_tensors
// CHECK: attn.linear_attention
func.func @on_tensors(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %o = attn.linear_attention %q, %q, %q causal : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  return %o : tensor<4x8xf32>
}

// -----

// Without an order of keys: the states of all keys, then all outputs.
// CHECK-LABEL: func.func private @linear_attention
// CHECK: omp.parallel
// CHECK: vector.fma
// CHECK: omp.barrier
// CHECK: vector.fma
// CHECK: omp.terminator
func.func @full(%q: memref<?x64xf32>, %k: memref<?x64xf32>, %o: memref<?x64xf32>) {
  attn.linear_attention %q, %k, %k outs(%o : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  return
}

// -----

// Narrow operands are widened once, results rounded once; sums are f32.
// CHECK-LABEL: func.func private @linear_attention
// CHECK: arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: vector.fma %{{.*}} : vector<16xf32>
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
func.func @half(%q: memref<?x64xf16>, %o: memref<?x64xf16>) {
  attn.linear_attention %q, %q, %q causal outs(%o : memref<?x64xf16>) : memref<?x64xf16>, memref<?x64xf16>, memref<?x64xf16>
  return
}

// -----

// CHECK-LABEL: func.func private @linear_attention
// CHECK: vector.fma %{{.*}} : vector<8xf64>
func.func @double(%q: memref<?x?x64xf64>, %g: memref<?x?xf64>, %o: memref<?x?x64xf64>) {
  attn.linear_attention %q, %q, %q causal decay %g : memref<?x?xf64> outs(%o : memref<?x?x64xf64>) : memref<?x?x64xf64>, memref<?x?x64xf64>, memref<?x?x64xf64>
  return
}

// -----

// A decay a head makes one table of weights for all chunks of a sequence; one a
// position makes one for each chunk.
// CHECK-LABEL: func.func private @linear_attention
// CHECK: omp.parallel
// CHECK: memref.load %{{.*}} : memref<?xf32>
// CHECK: arith.sitofp
func.func @heads(%q: memref<?x?x?x64xf32>, %g: memref<?xf32>, %o: memref<?x?x?x64xf32>) {
  attn.linear_attention %q, %q, %q causal decay %g : memref<?xf32> outs(%o : memref<?x?x?x64xf32>) : memref<?x?x?x64xf32>, memref<?x?x?x64xf32>, memref<?x?x?x64xf32>
  return
}

// -----

// CHECK-LABEL: func.func private @linear_attention
// CHECK: omp.parallel
// CHECK-NOT: arith.sitofp
// CHECK: memref.load %{{.*}} : memref<?x?x?xf32>
func.func @positions(%q: memref<?x?x?x64xf32>, %g: memref<?x?x?xf32>, %o: memref<?x?x?x64xf32>) {
  attn.linear_attention %q, %q, %q causal decay %g : memref<?x?x?xf32> outs(%o : memref<?x?x?x64xf32>) : memref<?x?x?x64xf32>, memref<?x?x?x64xf32>, memref<?x?x?x64xf32>
  return
}

// -----

// The state goes in and out.
// CHECK-LABEL: func.func private @linear_attention(
// CHECK-SAME: %{{[^,]*}}, %[[STATE:[^,]*]]: memref<?x?x64x64xf32>, %{{[^,]*}}, %[[NEXT:[^,]*]]: memref<?x?x64x64xf32>)
// CHECK: vector.load %[[STATE]]
// CHECK: vector.fma
// CHECK: vector.maskedstore %[[NEXT]]
func.func @state(%q: memref<?x?x?x64xf32>, %s: memref<?x?x64x64xf32>, %o: memref<?x?x?x64xf32>, %n: memref<?x?x64x64xf32>) {
  attn.linear_attention %q, %q, %q causal state %s : memref<?x?x64x64xf32> outs(%o, %n : memref<?x?x?x64xf32>, memref<?x?x64x64xf32>)
    : memref<?x?x?x64xf32>, memref<?x?x?x64xf32>, memref<?x?x?x64xf32>
  return
}

// -----

// Rows that are not contiguous are not read by vectors.
// CHECK-LABEL: func.func private @linear_attention
// CHECK-NOT: vector.load %arg
// CHECK: omp.terminator
func.func @strided(%q: memref<?x64xf32, strided<[1, ?]>>, %o: memref<?x64xf32>) {
  attn.linear_attention %q, %q, %q causal outs(%o : memref<?x64xf32>)
    : memref<?x64xf32, strided<[1, ?]>>, memref<?x64xf32, strided<[1, ?]>>, memref<?x64xf32, strided<[1, ?]>>
  return
}

// -----

// Like ops share their kernel; a constant decay is a part of it.
// CHECK-LABEL: func.func @layers
// CHECK: call @[[FIRST:linear_attention]](%arg0, %arg2, %arg1)
// CHECK: call @[[FIRST]](%arg1, %arg2, %arg0)
// CHECK-NOT: call @[[FIRST]](
// CHECK: call @linear_attention_{{[0-9]+}}(%arg0, %arg1)
// CHECK: return
func.func @layers(%x: memref<?x64xf32>, %y: memref<?x64xf32>, %g: f32) {
  %c = arith.constant -0.5 : f32
  attn.linear_attention %x, %x, %x causal decay %g : f32 outs(%y : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  attn.linear_attention %y, %y, %y causal decay %g : f32 outs(%x : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  attn.linear_attention %x, %x, %x causal decay %c : f32 outs(%y : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>
  return
}

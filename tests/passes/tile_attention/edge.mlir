// RUN: attn-opt %s --attn-tile-attention | FileCheck %s

// Attention on tensors is left for after bufferization.
// CHECK-LABEL: func.func @on_tensors
// CHECK: attn.attention
func.func @on_tensors(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %o = attn.attention %q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  return %o : tensor<4x8xf32>
}

// Narrow values are widened once, into a packed copy.
// CHECK-LABEL: func.func @half
// CHECK-COUNT-3: memref.alloc({{.*}} : memref<?xf32>
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
func.func @half(%q: memref<?x64xf16>, %o: memref<?x64xf16>) {
  attn.attention %q, %q, %q outs(%o : memref<?x64xf16>) : memref<?x64xf16>, memref<?x64xf16>, memref<?x64xf16>
  return
}

// CHECK-LABEL: func.func @double
// CHECK: vector.fma %{{.*}} : vector<8xf64>
func.func @double(%q: memref<?x?x64xf64>, %o: memref<?x?x64xf64>) {
  attn.attention %q, %q, %q outs(%o : memref<?x?x64xf64>) : memref<?x?x64xf64>, memref<?x?x64xf64>, memref<?x?x64xf64>
  return
}

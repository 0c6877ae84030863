// RUN: attn-opt %s --verify-roundtrip | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

!q = tensor<?x?x?x64xf32>
!v = tensor<?x?x?x32xf32>

// CHECK-LABEL: func.func @full
func.func @full(%q: !q, %k: !q, %v: !v) -> !v {
  // CHECK: attn.linear_attention %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x32xf32> -> tensor<?x?x?x32xf32>
  %o = attn.linear_attention %q, %k, %v : !q, !q, !v -> !v
  return %o : !v
}

// One decay for all, one a head, one a position.
// CHECK-LABEL: func.func @decays
func.func @decays(%q: !q, %k: !q, %v: !v, %one: f32, %heads: tensor<?xf32>, %all: tensor<?x?x?xf32>) {
  // CHECK: scale %{{.*}} : f32 : tensor
  %s = attn.linear_attention %q, %k, %v scale %one : f32 : !q, !q, !v -> !v
  // CHECK: scale %{{.*}} : f32 causal decay
  %t = attn.linear_attention %q, %k, %v scale %one : f32 causal decay %one : f32 : !q, !q, !v -> !v
  // CHECK: causal : tensor
  %0 = attn.linear_attention %q, %k, %v causal : !q, !q, !v -> !v
  // CHECK: causal decay %{{.*}} : f32 : tensor
  %1 = attn.linear_attention %q, %k, %v causal decay %one : f32 : !q, !q, !v -> !v
  // CHECK: causal decay %{{.*}} : tensor<?xf32> : tensor
  %2 = attn.linear_attention %q, %k, %v causal decay %heads : tensor<?xf32> : !q, !q, !v -> !v
  // CHECK: causal decay %{{.*}} : tensor<?x?x?xf32> : tensor
  %3 = attn.linear_attention %q, %k, %v causal decay %all : tensor<?x?x?xf32> : !q, !q, !v -> !v
  return
}

// CHECK-LABEL: func.func @state
func.func @state(%q: !q, %k: !q, %v: !v, %s: tensor<?x?x64x32xf32>) -> (!v, tensor<?x?x64x32xf32>) {
  // CHECK: causal state %{{.*}} : tensor<?x?x64x32xf32> : {{.*}} -> tensor<?x?x?x32xf32>, tensor<?x?x64x32xf32>
  %o, %n = attn.linear_attention %q, %k, %v causal state %s : tensor<?x?x64x32xf32> : !q, !q, !v -> !v, tensor<?x?x64x32xf32>
  return %o, %n : !v, tensor<?x?x64x32xf32>
}

// Lower ranks, other element types, grouped heads, empty extents. Decays and
// states have the type of sums.
// CHECK-LABEL: func.func @shapes
func.func @shapes(%q2: tensor<5x8xf64>, %k2: tensor<0x8xf64>, %g2: tensor<5xf64>, %q3: tensor<2x?x8xf16>, %g3: tensor<2x?xf32>,
                  %s3: tensor<2x8x8xf32>, %q4: tensor<1x6x5x0xbf16>, %k4: tensor<1x2x5x0xbf16>, %v4: tensor<1x2x5x3xbf16>, %g4: tensor<6xf32>) {
  // CHECK: tensor<5x8xf64>, tensor<0x8xf64>, tensor<0x8xf64> -> tensor<5x8xf64>
  %0 = attn.linear_attention %q2, %k2, %k2 : tensor<5x8xf64>, tensor<0x8xf64>, tensor<0x8xf64> -> tensor<5x8xf64>
  %1 = attn.linear_attention %q2, %q2, %q2 causal decay %g2 : tensor<5xf64> : tensor<5x8xf64>, tensor<5x8xf64>, tensor<5x8xf64> -> tensor<5x8xf64>
  %2:2 = attn.linear_attention %q3, %q3, %q3 causal decay %g3 : tensor<2x?xf32> state %s3 : tensor<2x8x8xf32>
    : tensor<2x?x8xf16>, tensor<2x?x8xf16>, tensor<2x?x8xf16> -> tensor<2x?x8xf16>, tensor<2x8x8xf32>
  %3 = attn.linear_attention %q4, %k4, %v4 causal decay %g4 : tensor<6xf32>
    : tensor<1x6x5x0xbf16>, tensor<1x2x5x0xbf16>, tensor<1x2x5x3xbf16> -> tensor<1x6x5x3xbf16>
  return
}

// CHECK-LABEL: func.func @outs
func.func @outs(%q: tensor<?x64xf32>, %s: tensor<64x64xf32>) -> tensor<?x64xf32> {
  // CHECK: causal state %{{.*}} : tensor<64x64xf32> outs(%{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<64x64xf32>) :
  %0:2 = attn.linear_attention %q, %q, %q causal state %s : tensor<64x64xf32> outs(%q, %s : tensor<?x64xf32>, tensor<64x64xf32>)
    : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>, tensor<64x64xf32>
  return %0#0 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @buffers
func.func @buffers(%q: memref<?x64xf32>, %k: memref<?x64xf32, strided<[128, 1], offset: ?>>, %g: memref<?xf32>, %c: f32, %o: memref<?x64xf32>) {
  // CHECK: causal decay %{{.*}} : memref<?xf32> outs(%{{.*}} : memref<?x64xf32>) : memref<?x64xf32>, memref<?x64xf32, strided<[128, 1], offset: ?>>, memref<?x64xf32>{{$}}
  attn.linear_attention %q, %k, %q causal decay %g : memref<?xf32> outs(%o : memref<?x64xf32>)
    : memref<?x64xf32>, memref<?x64xf32, strided<[128, 1], offset: ?>>, memref<?x64xf32>
  // CHECK: causal decay %{{.*}} : f32 outs
  attn.linear_attention %q, %k, %q causal decay %c : f32 outs(%o : memref<?x64xf32>)
    : memref<?x64xf32>, memref<?x64xf32, strided<[128, 1], offset: ?>>, memref<?x64xf32>
  return
}

// Maps of operands and the rule of the result.
// CHECK-LABEL: func.func @maps
func.func @maps(%q: !q, %k: !q, %v: !v) -> !v {
  // CHECK: causal query_map {
  // CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
  // CHECK-NEXT: math.exp %[[X]] : f32
  // CHECK: } key_map {
  // CHECK: } value_map {
  // CHECK: } output {
  // CHECK-NEXT: ^bb0(%[[Y:.*]]: f32, %[[TOTAL:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
  // CHECK-NEXT: arith.divf %[[Y]], %[[TOTAL]] : f32
  %o = attn.linear_attention %q, %k, %v causal query_map {
  ^bb0(%x: f32, %b: index, %h: index, %t: index, %d: index):
    %e = math.exp %x : f32
    attn.yield %e : f32
  } key_map {
  ^bb0(%x: f32, %b: index, %h: index, %t: index, %d: index):
    %e = math.exp %x : f32
    attn.yield %e : f32
  } value_map {
  ^bb0(%x: f32, %b: index, %h: index, %t: index, %d: index):
    %e = math.absf %x : f32
    attn.yield %e : f32
  } output {
  ^bb0(%y: f32, %total: f32, %b: index, %h: index, %t: index, %d: index):
    %e = arith.divf %y, %total : f32
    attn.yield %e : f32
  } : !q, !q, !v -> !v
  return %o : !v
}

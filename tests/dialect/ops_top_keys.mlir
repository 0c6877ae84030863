// RUN: attn-opt %s --verify-roundtrip | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

!q = tensor<?x?x?x64xf32>

// CHECK-LABEL: func.func @plain
func.func @plain(%q: !q, %k: !q) {
  // CHECK: attn.top_keys 8 %{{.*}}, %{{.*}} : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x8xi32>, tensor<?x?x?x8xf32>
  %0:2 = attn.top_keys 8 %q, %k : !q, !q -> tensor<?x?x?x8xi32>, tensor<?x?x?x8xf32>
  return
}

// CHECK-LABEL: func.func @rules
func.func @rules(%q: tensor<?x16xf16>, %k: tensor<?x16xf16>, %c: f32) {
  // CHECK: attn.top_keys 1 %{{.*}}, %{{.*}} scale %{{.*}} : f32 mask {
  // CHECK: } score {
  // CHECK: } : tensor<?x16xf16>, tensor<?x16xf16> -> tensor<?x1xi32>, tensor<?x1xf32>
  %0:2 = attn.top_keys 1 %q, %k scale %c : f32 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %x = arith.cmpi sle, %j, %i : index
    attn.yield %x : i1
  } score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f32
  } : tensor<?x16xf16>, tensor<?x16xf16> -> tensor<?x1xi32>, tensor<?x1xf32>
  return
}

// CHECK-LABEL: func.func @buffers
func.func @buffers(%q: memref<2x8x16xf64>, %k: memref<2x9x16xf64>, %i: memref<2x8x3xi32>, %w: memref<2x8x3xf64>) {
  // CHECK: outs(%{{.*}}, %{{.*}} : memref<2x8x3xi32>, memref<2x8x3xf64>)
  attn.top_keys 3 %q, %k outs(%i, %w : memref<2x8x3xi32>, memref<2x8x3xf64>) : memref<2x8x16xf64>, memref<2x9x16xf64>
  return
}

// The extents follow from the query and the count.
// CHECK-LABEL: func.func @checks
func.func @checks(%ok: i1, %x: f32, %w: tensor<?x?xf16>) {
  // CHECK: attn.require %{{.*}}, %{{.*}} "'x'", "a number" : f32
  attn.require %ok, %x "'x'", "a number" : f32
  // CHECK: attn.validate %{{.*}} "'w'" tolerance 1.000000e-02 : tensor<?x?xf16>
  attn.validate %w "'w'" tolerance 1.0e-2 : tensor<?x?xf16>
  return
}

// RUN: attn-opt %s --attn-convert-to-llvm --reconcile-unrealized-casts | FileCheck %s

// What LLVM has no function for is libm's; what it has one for is not.
//   CHECK-DAG: llvm.func @erff(f32) -> f32
//   CHECK-NOT: llvm.func @{{expf|sqrtf}}
// CHECK-LABEL: llvm.func @functions
//       CHECK:   llvm.call @erff
//       CHECK:   llvm.intr.sqrt
func.func @functions(%x: f32) -> f32 {
  %a = math.erf %x : f32
  %s = math.sqrt %a : f32
  return %s : f32
}

// Divisions that round up or down have no instruction.
// CHECK-LABEL: llvm.func @rounding
//       CHECK:   llvm.udiv
//       CHECK:   llvm.sdiv
//       CHECK:   llvm.return
func.func @rounding(%x: index, %y: index) -> index {
  %a = arith.ceildivui %x, %y : index
  %b = arith.floordivsi %a, %y : index
  return %b : index
}

// What is of LLVM already stays as it is.
// CHECK-LABEL: llvm.func @twice(%arg0: i64) -> i64
//       CHECK:   llvm.return %arg0
llvm.func @twice(%x: i64) -> i64 {
  llvm.return %x : i64
}

// An empty function, and a declaration.
// CHECK-LABEL: llvm.func @nothing()
//       CHECK:   llvm.return
func.func @nothing() {
  return
}
// CHECK: llvm.func @elsewhere(!llvm.ptr, !llvm.ptr, i64, i64, i64) attributes {sym_visibility = "private"}
func.func private @elsewhere(memref<?xf32>)

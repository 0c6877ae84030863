// RUN: attn-opt %s --attn-approximate-math | FileCheck %s

// CHECK-LABEL: func.func @tanh
//   CHECK-NOT:   math.tanh
//       CHECK:   vector.fma %{{.*}} : vector<16xf32>
//       CHECK:   arith.divf %{{.*}} : vector<16xf32>
//   CHECK-NOT:   math.tanh
//       CHECK:   return
func.func @tanh(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.tanh %x : vector<16xf32>
  return %y : vector<16xf32>
}

// No division, no branch, and no math.fma, which would be a call where there is
// no such instruction.
// CHECK-LABEL: func.func @powers
//   CHECK-NOT:   {{math\.|divf|scf}}
//       CHECK:   return
func.func @powers(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp %x : vector<8xf32>
  %1 = math.exp2 %0 : vector<8xf32>
  %2 = math.expm1 %1 : vector<8xf32>
  %3 = math.erf %2 : vector<8xf32>
  return %3 : vector<8xf32>
}

// Denormal numbers are scaled first.
// CHECK-LABEL: func.func @log
//       CHECK:   arith.cmpf olt
//   CHECK-NOT:   math.
//       CHECK:   return
func.func @log(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = math.log %x : vector<4xf32>
  %1 = math.log2 %0 : vector<4xf32>
  %2 = math.log1p %1 : vector<4xf32>
  return %2 : vector<4xf32>
}

// CHECK-LABEL: func.func @pow
//   CHECK-NOT:   math.powf
//       CHECK:   vector.fma %{{.*}} : vector<4xf64>
//   CHECK-NOT:   math.powf
//       CHECK:   return
func.func @pow(%x: vector<4xf32>, %y: vector<4xf32>) -> vector<4xf32> {
  %0 = math.powf %x, %y : vector<4xf32>
  return %0 : vector<4xf32>
}

// CHECK-LABEL: func.func @sin(
//  CHECK-SAME:     %[[X:.*]]: vector<4xf32>
//       CHECK:   %[[LARGE:.*]] = vector.reduction <or>, %{{.*}} : vector<4xi1> into i1
//       CHECK:   scf.if %[[LARGE]]
//       CHECK:     scf.for
//       CHECK:       vector.extract %[[X]]
//       CHECK:       math.sin %{{.*}} : f32
//       CHECK:       vector.insert
//       CHECK:   } else {
//   CHECK-NOT:     math.sin
//       CHECK:     vector.fma %{{.*}} : vector<4xf64>
//       CHECK:   return
func.func @sin(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = math.sin %x : vector<4xf32>
  return %0 : vector<4xf32>
}

// CHECK-LABEL: func.func @cos
//       CHECK:   math.cos %{{.*}} : f32
//   CHECK-NOT:   math.cos
//       CHECK:   return
func.func @cos(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = math.cos %x : vector<4xf32>
  return %0 : vector<4xf32>
}

// Scalars in loops that may become vectors: the same, with LLVM's own
// multiply-add.
// CHECK-LABEL: func.func @scalar
//   CHECK-NOT:   math.
//       CHECK:   llvm.intr.fmuladd(%{{.*}}) : (f32, f32, f32) -> f32
//   CHECK-NOT:   math.
//       CHECK:   return
func.func @scalar(%x: f32) -> f32 {
  %y = math.exp %x fastmath<afn> : f32
  %z = math.erf %y fastmath<afn> : f32
  return %z : f32
}

// RUN: attn-opt %s --attn-approximate-math | FileCheck %s
// RUN: attn-opt %s --attn-approximate-math --attn-approximate-math | FileCheck %s
// RUN: attn-opt %s --attn-approximate-math --attn-llvm-pipeline -o /dev/null

// Scalars and other formats call libm; square roots are instructions.
// CHECK-LABEL: func.func @kept
//       CHECK:   math.tanh %{{.*}} : f32
//       CHECK:   math.exp %{{.*}} : vector<8xf64>
//       CHECK:   math.sqrt %{{.*}} : vector<16xf32>
//       CHECK:   math.rsqrt %{{.*}} : vector<16xf32>
func.func @kept(%a: f32, %b: vector<8xf64>, %c: vector<16xf32>) -> (f32, vector<8xf64>, vector<16xf32>, vector<16xf32>) {
  %0 = math.tanh %a : f32
  %1 = math.exp %b : vector<8xf64>
  %2 = math.sqrt %c : vector<16xf32>
  %3 = math.rsqrt %c : vector<16xf32>
  return %0, %1, %2, %3 : f32, vector<8xf64>, vector<16xf32>, vector<16xf32>
}

// LLVM has no erf.
// CHECK-LABEL: func.func @erf_f64
//       CHECK:   scf.for
//       CHECK:     math.erf %{{.*}} : f64
func.func @erf_f64(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.erf %x : vector<8xf64>
  return %0 : vector<8xf64>
}

// Several axes, none, or an unknown length.
// CHECK-LABEL: func.func @shapes
//       CHECK:   math.exp %{{.*}} : vector<2x8xf32>
//       CHECK:   math.exp %{{.*}} : vector<f32>
//       CHECK:   math.exp %{{.*}} : vector<[4]xf32>
func.func @shapes(%a: vector<2x8xf32>, %b: vector<f32>, %c: vector<[4]xf32>) -> (vector<2x8xf32>, vector<f32>, vector<[4]xf32>) {
  %0 = math.exp %a : vector<2x8xf32>
  %1 = math.exp %b : vector<f32>
  %2 = math.exp %c : vector<[4]xf32>
  return %0, %1, %2 : vector<2x8xf32>, vector<f32>, vector<[4]xf32>
}

// CHECK-LABEL: func.func @narrow
//       CHECK:   arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
//   CHECK-NOT:   math.
//       CHECK:   arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
//       CHECK:   arith.extf %{{.*}} : vector<3xbf16> to vector<3xf32>
//       CHECK:   arith.extf %{{.*}} : vector<3xbf16> to vector<3xf32>
//   CHECK-NOT:   math.powf
//       CHECK:   arith.truncf %{{.*}} : vector<3xf32> to vector<3xbf16>
func.func @narrow(%a: vector<16xf16>, %b: vector<3xbf16>) -> (vector<16xf16>, vector<3xbf16>) {
  %0 = math.tanh %a : vector<16xf16>
  %1 = math.powf %b, %b : vector<3xbf16>
  return %0, %1 : vector<16xf16>, vector<3xbf16>
}

// Inside of loops too.
// CHECK-LABEL: func.func @nested
//       CHECK:   scf.for
//   CHECK-NOT:     math.
//       CHECK:     scf.yield
func.func @nested(%x: vector<1xf32>, %n: index) -> vector<1xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%y = %x) -> vector<1xf32> {
    %z = math.exp %y : vector<1xf32>
    scf.yield %z : vector<1xf32>
  }
  return %0 : vector<1xf32>
}

// RUN: attn-opt %s --attn-approximate-math | FileCheck %s

// Scalars and other formats call libm; square roots are instructions.
// CHECK-LABEL: func.func @kept
// CHECK: math.tanh %{{.*}} : f32
// CHECK: math.exp %{{.*}} : vector<8xf64>
// CHECK: math.sqrt %{{.*}} : vector<16xf32>
// CHECK: math.powf %{{.*}} : vector<16xf32>
func.func @kept(%a: f32, %b: vector<8xf64>, %c: vector<16xf32>) -> (f32, vector<8xf64>, vector<16xf32>, vector<16xf32>) {
  %0 = math.tanh %a : f32
  %1 = math.exp %b : vector<8xf64>
  %2 = math.sqrt %c : vector<16xf32>
  %3 = math.powf %c, %c : vector<16xf32>
  return %0, %1, %2, %3 : f32, vector<8xf64>, vector<16xf32>, vector<16xf32>
}

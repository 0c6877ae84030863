// RUN: attn-opt %s --attn-approximate-math | FileCheck %s

// CHECK-LABEL: func.func @tanh
// CHECK-NOT: math.tanh
// CHECK: arith.divf %{{.*}} : vector<16xf32>
// CHECK-NOT: math.tanh
// CHECK: return
func.func @tanh(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.tanh %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: func.func @powers
// CHECK-NOT: math.exp
// CHECK: return
func.func @powers(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.exp %x : vector<8xf32>
  %z = math.exp2 %y : vector<8xf32>
  return %z : vector<8xf32>
}

// Denormal numbers are scaled first.
// CHECK-LABEL: func.func @log
// CHECK: arith.cmpf olt
// CHECK-NOT: math.log
// CHECK: return
func.func @log(%x: vector<4xf32>) -> vector<4xf32> {
  %y = math.log %x : vector<4xf32>
  %z = math.log2 %y : vector<4xf32>
  return %z : vector<4xf32>
}

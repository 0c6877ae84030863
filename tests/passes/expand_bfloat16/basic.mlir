// RUN: attn-opt %s --attn-expand-bfloat16 | FileCheck %s

// CHECK-LABEL: func.func @narrow
//   CHECK-NOT:   arith.truncf
//       CHECK:   arith.shrui
//       CHECK:   arith.trunci {{.*}} : i32 to i16
//       CHECK:   arith.bitcast {{.*}} : i16 to bf16
func.func @narrow(%x: f32) -> bf16 {
  %y = arith.truncf %x : f32 to bf16
  return %y : bf16
}

// f64 goes through f32, whose last bit says that it is not exact.
// CHECK-LABEL: func.func @from_f64
//       CHECK:   %[[F:.*]] = arith.truncf %{{.*}} : vector<4xf64> to vector<4xf32>
//       CHECK:   arith.bitcast %[[F]] : vector<4xf32> to vector<4xi32>
//       CHECK:   arith.ori
//   CHECK-NOT:   arith.truncf
//       CHECK:   return
func.func @from_f64(%x: vector<4xf64>) -> vector<4xbf16> {
  %y = arith.truncf %x : vector<4xf64> to vector<4xbf16>
  return %y : vector<4xbf16>
}

// CHECK-LABEL: func.func @wide
//   CHECK-NOT:   arith.extf
//       CHECK:   arith.shli
func.func @wide(%x: bf16) -> f32 {
  %y = arith.extf %x : bf16 to f32
  return %y : f32
}

// f16 has instructions.
// CHECK-LABEL: func.func @f16
//       CHECK:   arith.truncf %{{.*}} : f32 to f16
func.func @f16(%x: f32) -> f16 {
  %y = arith.truncf %x : f32 to f16
  return %y : f16
}

// RUN: attn-opt %s --verify-roundtrip | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

// CHECK-LABEL: func.func @layer_norm
func.func @layer_norm(%x: tensor<?x?x64xf32>, %w: tensor<64xf32>, %b: tensor<?xf32>) {
  // CHECK: attn.layer_norm %{{.*}} {epsilon = 1.000000e-05 : f64} : tensor<?x?x64xf32>
  %0 = attn.layer_norm %x {epsilon = 1.0e-5 : f64} : tensor<?x?x64xf32>
  // CHECK: attn.layer_norm %{{.*}} weight %{{.*}} {epsilon = 1.000000e-05 : f64} : tensor<?x?x64xf32>, tensor<64xf32>
  %1 = attn.layer_norm %x weight %w {epsilon = 1.0e-5 : f64} : tensor<?x?x64xf32>, tensor<64xf32>
  // CHECK: attn.layer_norm %{{.*}} bias %{{.*}} {epsilon = 0.000000e+00 : f64} : tensor<?x?x64xf32>, tensor<?xf32>
  %2 = attn.layer_norm %x bias %b {epsilon = 0.0 : f64} : tensor<?x?x64xf32>, tensor<?xf32>
  // CHECK: attn.layer_norm %{{.*}} weight %{{.*}} bias %{{.*}} {{.*}} : tensor<?x?x64xf32>, tensor<64xf32>, tensor<?xf32>
  %3 = attn.layer_norm %x weight %w bias %b {epsilon = 1.0e-5 : f64} : tensor<?x?x64xf32>, tensor<64xf32>, tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @rms_norm
func.func @rms_norm(%x: tensor<?xbf16>, %w: tensor<64xbf16>) {
  // CHECK: attn.rms_norm %{{.*}} {epsilon = 1.000000e-05 : f64} : tensor<?xbf16>
  %0 = attn.rms_norm %x {epsilon = 1.0e-5 : f64} : tensor<?xbf16>
  // CHECK: attn.rms_norm %{{.*}} weight %{{.*}} : tensor<?xbf16>, tensor<64xbf16>
  %1 = attn.rms_norm %x weight %w {epsilon = 1.0e-5 : f64} : tensor<?xbf16>, tensor<64xbf16>
  return
}

// The inferred types are checked by the functions' results.
// CHECK-LABEL: func.func @matmul
func.func @matmul(%a: tensor<?x1x7x64xf32>, %b: tensor<3x?x?xf32>, %c: tensor<64x?xf32>)
    -> (tensor<?x3x7x?xf32>, tensor<?x1x7x?xf32>) {
  // CHECK: attn.matmul %{{.*}}, %{{.*}} : tensor<?x1x7x64xf32>, tensor<3x?x?xf32>
  %0 = attn.matmul %a, %b : tensor<?x1x7x64xf32>, tensor<3x?x?xf32>
  %1 = attn.matmul %a, %c : tensor<?x1x7x64xf32>, tensor<64x?xf32>
  return %0, %1 : tensor<?x3x7x?xf32>, tensor<?x1x7x?xf32>
}

// An inner extent does not stretch, but an open one can be 1.
// CHECK-LABEL: func.func @matmul_open_inner
func.func @matmul_open_inner(%a: tensor<4x?xf64>, %b: tensor<1x5xf64>) -> tensor<4x5xf64> {
  %0 = attn.matmul %a, %b : tensor<4x?xf64>, tensor<1x5xf64>
  return %0 : tensor<4x5xf64>
}

// CHECK-LABEL: func.func @softmax
func.func @softmax(%x: tensor<?x?x0xf16>) -> tensor<?x?x0xf16> {
  // CHECK: attn.softmax %{{.*}} axis 2 : tensor<?x?x0xf16>
  %0 = attn.softmax %x axis 2 : tensor<?x?x0xf16>
  return %0 : tensor<?x?x0xf16>
}

// CHECK-LABEL: func.func @reduce
func.func @reduce(%x: tensor<?x3x64xf32>, %i: tensor<?xi64>)
    -> (tensor<?x3x1xf32>, tensor<3xf32>, tensor<f32>, tensor<i64>) {
  // CHECK: attn.reduce max %{{.*}} axes [2] keep : tensor<?x3x64xf32>
  %0 = attn.reduce max %x axes [2] keep : tensor<?x3x64xf32>
  // CHECK: attn.reduce sum %{{.*}} axes [0, 2] : tensor<?x3x64xf32>
  %1 = attn.reduce sum %x axes [0, 2] : tensor<?x3x64xf32>
  %2 = attn.reduce mean %x axes [0, 1, 2] : tensor<?x3x64xf32>
  %3 = attn.reduce min %i axes [0] : tensor<?xi64>
  return %0, %1, %2, %3 : tensor<?x3x1xf32>, tensor<3xf32>, tensor<f32>, tensor<i64>
}

// CHECK-LABEL: func.func @transpose
func.func @transpose(%x: tensor<?x3x64xi1>, %r: tensor<f32>) -> (tensor<64x?x3xi1>, tensor<f32>) {
  // CHECK: attn.transpose %{{.*}} [2, 0, 1] : tensor<?x3x64xi1>
  %0 = attn.transpose %x [2, 0, 1] : tensor<?x3x64xi1>
  // CHECK: attn.transpose %{{.*}} [] : tensor<f32>
  %1 = attn.transpose %r [] : tensor<f32>
  return %0, %1 : tensor<64x?x3xi1>, tensor<f32>
}

// CHECK-LABEL: func.func @repeat
func.func @repeat(%x: tensor<?x2x64xf32>, %n: index) -> tensor<?x6x64xf32> {
  // CHECK: attn.repeat %{{.*}} axis 1 size %{{.*}} : tensor<?x2x64xf32> -> tensor<?x6x64xf32>
  %0 = attn.repeat %x axis 1 size %n : tensor<?x2x64xf32> -> tensor<?x6x64xf32>
  return %0 : tensor<?x6x64xf32>
}

// CHECK-LABEL: func.func @range
func.func @range(%n: index) -> tensor<?xi64> {
  // CHECK: attn.range %{{.*}} : tensor<?xi64>
  %0 = attn.range %n : tensor<?xi64>
  return %0 : tensor<?xi64>
}

// RUN: attn-opt %s --attn-share-loops --split-input-file | FileCheck %s

// A constant is part of the op, whichever value it is.
// CHECK-LABEL: func.func @constants
// CHECK-NOT: call
func.func @constants(%x: memref<?xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<?xf32>)
  linalg.fill ins(%one : f32) outs(%x : memref<?xf32>)
  return
}

// -----

// So are types, and static sizes in them.
// CHECK-LABEL: func.func @types
// CHECK-NOT: call
func.func @types(%x: memref<?xf32>, %y: memref<4xf32>, %z: memref<?xf64>, %a: f32, %b: f64) {
  linalg.fill ins(%a : f32) outs(%x : memref<?xf32>)
  linalg.fill ins(%a : f32) outs(%y : memref<4xf32>)
  linalg.fill ins(%b : f64) outs(%z : memref<?xf64>)
  return
}

// -----

// Ops without loops, ops in loops and ops on tensors stay.
// CHECK-LABEL: func.func @others
// CHECK-NOT: call
func.func @others(%x: memref<f32>, %y: memref<?xf32>, %a: f32, %n: index, %t: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  linalg.fill ins(%a : f32) outs(%x : memref<f32>)
  linalg.fill ins(%a : f32) outs(%x : memref<f32>)
  scf.for %i = %c0 to %n step %c1 {
    linalg.fill ins(%a : f32) outs(%y : memref<?xf32>)
    linalg.fill ins(%a : f32) outs(%y : memref<?xf32>)
  }
  %t0 = linalg.fill ins(%a : f32) outs(%t : tensor<?xf32>) -> tensor<?xf32>
  %t1 = linalg.fill ins(%a : f32) outs(%t : tensor<?xf32>) -> tensor<?xf32>
  return %t0, %t1 : tensor<?xf32>, tensor<?xf32>
}

// RUN: attn-opt %s --attn-convert-to-llvm --verify-diagnostics --split-input-file

// Views are gone by then.
func.func @view(%m: memref<8xf32>, %i: index) -> memref<2xf32, strided<[1], offset: ?>> {
  // expected-error @+1 {{failed to legalize operation 'memref.subview'}}
  %v = memref.subview %m[%i] [2] [1] : memref<8xf32> to memref<2xf32, strided<[1], offset: ?>>
  return %v : memref<2xf32, strided<[1], offset: ?>>
}

// -----

// So are tensors.
// expected-error @+1 {{failed to legalize operation 'func.func'}}
func.func @tensor(%t: tensor<4xf32>) -> tensor<4xf32> {
  %e = math.exp %t : tensor<4xf32>
  return %e : tensor<4xf32>
}

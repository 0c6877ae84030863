// RUN: attn-opt %s --split-input-file --verify-diagnostics
//
// Operand types that the custom assembly infers a result from before they are
// verified, and those that ODS rejects.

func.func @matmul_i1(%x: f32, %y: tensor<8x8xf32>) {
  // expected-error @below {{expected builtin.tensor, but found 'f32'}}
  %z = attn.matmul %x, %y : f32, tensor<8x8xf32>
  return
}

// -----

func.func @binary_i2(%x: memref<8xf32>, %y: f32) {
  // expected-error @below {{'attn.binary' op expects tensors or scalars, got 'memref<8xf32>'}}
  %z = attn.binary add %x, %y : memref<8xf32>, f32
  return
}

// -----

func.func @binary_i3(%x: tensor<8xf32>, %y: none) {
  // expected-error @below {{'attn.binary' op expects tensors or scalars, got 'none'}}
  %z = attn.binary add %x, %y : tensor<8xf32>, none
  return
}

// -----

func.func @binary_i3_index(%x: tensor<8xindex>, %y: index) {
  // expected-error @below {{operand #0 must be ranked tensor of number or bool values or number or bool, but got 'tensor<8xindex>'}}
  %z = attn.binary add %x, %y : tensor<8xindex>, index
  return
}

// -----

func.func @select_i1(%c: tensor<8xi32>, %x: tensor<8xf32>) {
  // expected-error @below {{operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<8xi32>'}}
  %z = attn.select %c, %x, %x : tensor<8xi32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @softmax_i1(%x: tensor<8xi32>) {
  // expected-error @below {{operand #0 must be ranked tensor of 16-, 32- or 64-bit float values, but got 'tensor<8xi32>'}}
  %z = attn.softmax %x axis 0 : tensor<8xi32>
  return
}

// -----

func.func @softmax_i2(%x: tensor<8xf32>) {
  // expected-error @below {{attribute 'axis' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %z = "attn.softmax"(%x) {axis = -1 : i64} : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @inferred_result(%x: tensor<8x4xf32>) {
  // expected-error @below {{'attn.transpose' op inferred type(s) 'tensor<4x8xf32>' are incompatible with return type(s) of operation 'tensor<8x4xf32>'}}
  // expected-error @below {{'attn.transpose' op failed to infer returned types}}
  %z = "attn.transpose"(%x) {permutation = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

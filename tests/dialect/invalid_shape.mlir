// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @reduce_c3(%x: tensor<8xi32>) {
  // expected-error @below {{expects floats for mean, got 'tensor<8xi32>'}}
  %z = attn.reduce mean %x axes [0] : tensor<8xi32>
  return
}

// -----

func.func @transpose_c1(%x: tensor<8x8xf32>) {
  // expected-error @below {{'attn.transpose' op expects a permutation of 2 axes, got [0, 0]}}
  %z = attn.transpose %x [0, 0] : tensor<8x8xf32>
  return
}

// -----

func.func @repeat_c1(%x: tensor<8x8xf32>, %n: index) {
  // expected-error @below {{expects axis below the rank of 'tensor<8x8xf32>', got 2}}
  %z = attn.repeat %x axis 2 size %n : tensor<8x8xf32> -> tensor<8x8xf32>
  return
}

// -----

func.func @repeat_c2(%x: tensor<8x8xf32>, %n: index) {
  // expected-error @below {{expects a result like 'tensor<8x8xf32>' except along axis 0, got 'tensor<16x9xf32>'}}
  %z = attn.repeat %x axis 0 size %n : tensor<8x8xf32> -> tensor<16x9xf32>
  return
}

// -----

func.func @repeat_c2_element(%x: tensor<8x8xf32>, %n: index) {
  // expected-error @below {{expects a result like 'tensor<8x8xf32>' except along axis 0, got 'tensor<16x8xf64>'}}
  %z = attn.repeat %x axis 0 size %n : tensor<8x8xf32> -> tensor<16x8xf64>
  return
}

// -----

func.func @repeat_c3(%x: tensor<8x8xf32>, %n: index) {
  // expected-error @below {{expects a multiple of 8, got 12}}
  %z = attn.repeat %x axis 0 size %n : tensor<8x8xf32> -> tensor<12x8xf32>
  return
}

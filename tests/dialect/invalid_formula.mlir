// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @layer_norm_c1(%x: tensor<f32>) {
  // expected-error @below {{expects an input with at least one axis, got 'tensor<f32>'}}
  %y = attn.layer_norm %x {epsilon = 1.0e-5 : f64} : tensor<f32>
  return
}

// -----

func.func @layer_norm_c2(%x: tensor<4x8xf32>, %w: tensor<7xf32>) {
  // expected-error @below {{expects weight of type 'tensor<8xf32>', got 'tensor<7xf32>'}}
  %y = attn.layer_norm %x weight %w {epsilon = 1.0e-5 : f64} : tensor<4x8xf32>, tensor<7xf32>
  return
}

// -----

func.func @layer_norm_c3(%x: tensor<4x?xf32>, %b: tensor<1x8xf32>) {
  // expected-error @below {{expects bias of type 'tensor<?xf32>', got 'tensor<1x8xf32>'}}
  %y = attn.layer_norm %x bias %b {epsilon = 1.0e-5 : f64} : tensor<4x?xf32>, tensor<1x8xf32>
  return
}

// -----

func.func @layer_norm_c4(%x: tensor<8xf32>) {
  // expected-error @below {{expects a finite epsilon of at least 0, got -0.5}}
  %y = attn.layer_norm %x {epsilon = -0.5 : f64} : tensor<8xf32>
  return
}

// -----

func.func @rms_norm_c1(%x: tensor<f32>) {
  // expected-error @below {{expects an input with at least one axis, got 'tensor<f32>'}}
  %y = attn.rms_norm %x {epsilon = 1.0e-5 : f64} : tensor<f32>
  return
}

// -----

func.func @rms_norm_c2(%x: tensor<4x8xf32>, %w: tensor<8xf64>) {
  // expected-error @below {{expects weight of type 'tensor<8xf32>', got 'tensor<8xf64>'}}
  %y = attn.rms_norm %x weight %w {epsilon = 1.0e-5 : f64} : tensor<4x8xf32>, tensor<8xf64>
  return
}

// -----

func.func @rms_norm_c3(%x: tensor<8xf32>) {
  // expected-error @below {{expects a finite epsilon of at least 0, got NaN}}
  %y = attn.rms_norm %x {epsilon = 0x7FF8000000000000 : f64} : tensor<8xf32>
  return
}

// -----

func.func @matmul_c1(%x: tensor<8xf32>, %y: tensor<8x8xf32>) {
  // expected-error @below {{'attn.matmul' op expects operands with at least two axes, got 'tensor<8xf32>' and 'tensor<8x8xf32>'}}
  %z = attn.matmul %x, %y : tensor<8xf32>, tensor<8x8xf32>
  return
}

// -----

func.func @matmul_c2(%x: tensor<8x8xf64>, %y: tensor<8x8xf32>) {
  // expected-error @below {{expects operands of one element type, got 'tensor<8x8xf64>' and 'tensor<8x8xf32>'}}
  %z = attn.matmul %x, %y : tensor<8x8xf64>, tensor<8x8xf32>
  return
}

// -----

func.func @matmul_c3(%x: tensor<8x1xf32>, %y: tensor<8x8xf32>) {
  // expected-error @below {{expects equal inner extents, got 1 and 8}}
  %z = attn.matmul %x, %y : tensor<8x1xf32>, tensor<8x8xf32>
  return
}

// -----

func.func @matmul_c4(%x: tensor<2x8x8xf32>, %y: tensor<3x8x8xf32>) {
  // expected-error @below {{expects leading axes that broadcast, got 'tensor<2x8x8xf32>' and 'tensor<3x8x8xf32>'}}
  %z = attn.matmul %x, %y : tensor<2x8x8xf32>, tensor<3x8x8xf32>
  return
}

// -----

func.func @softmax_c1(%x: tensor<8xf32>) {
  // expected-error @below {{expects axis below the rank of 'tensor<8xf32>', got 1}}
  %z = attn.softmax %x axis 1 : tensor<8xf32>
  return
}

// -----

func.func @reduce_c1(%x: tensor<8x8xf32>) {
  // expected-error @below {{'attn.reduce' op expects increasing axes below the rank of 'tensor<8x8xf32>', got [1, 0]}}
  %z = attn.reduce sum %x axes [1, 0] : tensor<8x8xf32>
  return
}

// -----

func.func @reduce_c1_range(%x: tensor<f32>) {
  // expected-error @below {{expects increasing axes below the rank of 'tensor<f32>', got [0]}}
  %z = attn.reduce sum %x axes [0] : tensor<f32>
  return
}

// -----

func.func @reduce_c2(%x: tensor<8xi1>) {
  // expected-error @below {{expects numbers, got 'tensor<8xi1>'}}
  %z = attn.reduce sum %x axes [0] : tensor<8xi1>
  return
}

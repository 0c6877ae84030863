// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @unary_c1(%x: tensor<8xi32>) {
  // expected-error @below {{not expects bools, got 'i32'}}
  %z = attn.unary not %x : tensor<8xi32>
  return
}

// -----

func.func @unary_c2(%x: tensor<8xi1>) {
  // expected-error @below {{neg expects numbers, got 'i1'}}
  %z = attn.unary neg %x : tensor<8xi1>
  return
}

// -----

func.func @unary_c3(%x: tensor<8xi32>) {
  // expected-error @below {{exp expects floats, got 'i32'}}
  %z = attn.unary exp %x : tensor<8xi32>
  return
}

// -----

func.func @binary_c1(%x: f32, %y: f32) {
  // expected-error @below {{expects at least one tensor, got 'f32' and 'f32'}}
  %z = attn.binary add %x, %y : f32, f32
  return
}

// -----

func.func @binary_c2(%x: tensor<8xf32>, %y: f64) {
  // expected-error @below {{expects operands of one element type, got 'tensor<8xf32>' and 'f64'}}
  %z = attn.binary add %x, %y : tensor<8xf32>, f64
  return
}

// -----

func.func @binary_c3(%x: tensor<8xf32>, %y: tensor<7xf32>) {
  // expected-error @below {{'attn.binary' op expects operands that broadcast, got 'tensor<8xf32>', 'tensor<7xf32>'}}
  %z = attn.binary add %x, %y : tensor<8xf32>, tensor<7xf32>
  return
}

// -----

func.func @binary_c3_zero(%x: tensor<8xf32>, %y: tensor<0xf32>) {
  // expected-error @below {{expects operands that broadcast, got 'tensor<8xf32>', 'tensor<0xf32>'}}
  %z = attn.binary add %x, %y : tensor<8xf32>, tensor<0xf32>
  return
}

// -----

func.func @binary_c4(%x: tensor<8xi32>, %y: i32) {
  // expected-error @below {{and expects bools, got 'i32'}}
  %z = attn.binary and %x, %y : tensor<8xi32>, i32
  return
}

// -----

func.func @binary_c5(%x: tensor<8xi32>, %y: tensor<8xi32>) {
  // expected-error @below {{div expects floats, got 'i32'}}
  %z = attn.binary div %x, %y : tensor<8xi32>, tensor<8xi32>
  return
}

// -----

func.func @binary_c6(%x: tensor<8xi1>, %y: tensor<8xi1>) {
  // expected-error @below {{lt expects numbers, got 'i1'}}
  %z = attn.binary lt %x, %y : tensor<8xi1>, tensor<8xi1>
  return
}

// -----

func.func @select_c1(%c: tensor<8xi1>, %x: tensor<8xf32>, %y: f64) {
  // expected-error @below {{expects values of one element type, got 'tensor<8xf32>' and 'f64'}}
  %z = attn.select %c, %x, %y : tensor<8xi1>, tensor<8xf32>, f64
  return
}

// -----

func.func @select_c2(%c: tensor<7xi1>, %x: tensor<8xf32>, %y: f32) {
  // expected-error @below {{'attn.select' op expects operands that broadcast, got 'tensor<7xi1>', 'tensor<8xf32>', 'f32'}}
  %z = attn.select %c, %x, %y : tensor<7xi1>, tensor<8xf32>, f32
  return
}

// -----

func.func @cast_c1(%x: tensor<7xf32>) {
  // expected-error @below {{expects a result shaped like 'tensor<7xf32>', got 'tensor<8xf64>'}}
  %z = attn.cast %x : tensor<7xf32> -> tensor<8xf64>
  return
}

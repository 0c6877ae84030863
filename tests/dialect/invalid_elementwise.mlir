// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @binary_c1(%x: f32) {
  // expected-error @below {{expects at least one tensor}}
  %z = attn.binary add %x, %x : f32, f32
  return
}

// -----

func.func @binary_c2(%x: tensor<8xf32>, %y: f64) {
  // expected-error @below {{expects operands of one element type, got 'tensor<8xf32>' and 'f64'}}
  %z = attn.binary add %x, %y : tensor<8xf32>, f64
  return
}

// -----

func.func @binary_c3(%x: tensor<8xi32>) {
  // expected-error @below {{div expects floats}}
  %z = attn.binary div %x, %x : tensor<8xi32>, tensor<8xi32>
  return
}

// -----

func.func @binary_c4(%x: tensor<8xf32>, %y: tensor<7xf32>) {
  // expected-error @below {{expects operands that broadcast, got 'tensor<8xf32>', 'tensor<7xf32>'}}
  %z = attn.binary add %x, %y : tensor<8xf32>, tensor<7xf32>
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
  // expected-error @below {{expects operands that broadcast, got 'tensor<7xi1>', 'tensor<8xf32>', 'f32'}}
  %z = attn.select %c, %x, %y : tensor<7xi1>, tensor<8xf32>, f32
  return
}

// -----

func.func @cast_c1(%x: tensor<7xf32>) {
  // expected-error @below {{expects a result shaped like 'tensor<7xf32>', got 'tensor<8xf64>'}}
  %z = attn.cast %x : tensor<7xf32> -> tensor<8xf64>
  return
}

// -----

func.func @mask_c1(%n: index) {
  // expected-error @below {{expects 2 sizes for 'tensor<?x?xi1>', got 1}}
  %m = attn.mask(%n) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?xi1>
  return
}

// -----

func.func @mask_c2(%n: index) {
  // expected-error @below {{expects the rule region to have arguments}}
  %m = attn.mask(%n, %n) {
  ^bb0(%i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?xi1>
  return
}

// -----

func.func @score_c1(%x: tensor<8x8xf32>) {
  // expected-error @below {{expects the rule region to have arguments}}
  %m = attn.score %x {
  ^bb0(%s: f64, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f64
  } : tensor<8x8xf32>
  return
}

// -----

func.func @transpose_c1(%x: tensor<8x8xf32>) {
  // expected-error @below {{expects a permutation of 2 axes}}
  %m = attn.transpose %x [0, 0] : tensor<8x8xf32>
  return
}

// -----

func.func @repeat_c1(%x: tensor<8x8xf32>, %n: index) {
  // expected-error @below {{expects axis below the rank of 'tensor<8x8xf32>', got 2}}
  %m = attn.repeat %x axis 2 size %n : tensor<8x8xf32> -> tensor<8x8xf32>
  return
}

// -----

func.func @repeat_c2(%x: tensor<8x8xf32>, %n: index) {
  // expected-error @below {{except along axis 0}}
  %m = attn.repeat %x axis 0 size %n : tensor<8x8xf32> -> tensor<16x9xf32>
  return
}

// -----

func.func @repeat_c3(%x: tensor<8x8xf32>, %n: index) {
  // expected-error @below {{expects a multiple of 8, got 12}}
  %m = attn.repeat %x axis 0 size %n : tensor<8x8xf32> -> tensor<12x8xf32>
  return
}

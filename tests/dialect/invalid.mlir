// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @attention_c1(%q: tensor<16xf32>) -> tensor<16xf32> {
  // expected-error @below {{expects operands of rank 2, 3 or 4}}
  %o = attn.attention %q, %q, %q : tensor<16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  return %o : tensor<16xf32>
}

// -----

func.func @attention_c1_ranks(%q: tensor<8x16xf32>, %k: tensor<2x8x16xf32>) -> tensor<8x16xf32> {
  // expected-error @below {{expects query, key and value of one rank}}
  %o = attn.attention %q, %k, %q : tensor<8x16xf32>, tensor<2x8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return %o : tensor<8x16xf32>
}

// -----

func.func @attention_c2(%q: tensor<8x16xf32>, %k: tensor<8x16xf64>) -> tensor<8x16xf32> {
  // expected-error @below {{expects query, key and value of one element type}}
  %o = attn.attention %q, %k, %q : tensor<8x16xf32>, tensor<8x16xf64>, tensor<8x16xf32> -> tensor<8x16xf32>
  return %o : tensor<8x16xf32>
}

// -----

func.func @attention_c3(%q: tensor<8x16xf32>, %k: tensor<8x12xf32>) -> tensor<8x16xf32> {
  // expected-error @below {{expects query and key of one head dim, got 16 and 12}}
  %o = attn.attention %q, %k, %q : tensor<8x16xf32>, tensor<8x12xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return %o : tensor<8x16xf32>
}

// -----

func.func @attention_c4(%q: tensor<8x16xf32>, %v: tensor<9x16xf32>) -> tensor<8x16xf32> {
  // expected-error @below {{expects key and value of one length, got 8 and 9}}
  %o = attn.attention %q, %q, %v : tensor<8x16xf32>, tensor<8x16xf32>, tensor<9x16xf32> -> tensor<8x16xf32>
  return %o : tensor<8x16xf32>
}

// -----

func.func @attention_c5(%q: tensor<2x8x16xf32>, %k: tensor<3x8x16xf32>) -> tensor<2x8x16xf32> {
  // expected-error @below {{expects query, key and value of one batch size, got 2 and 3}}
  %o = attn.attention %q, %k, %k : tensor<2x8x16xf32>, tensor<3x8x16xf32>, tensor<3x8x16xf32> -> tensor<2x8x16xf32>
  return %o : tensor<2x8x16xf32>
}

// -----

func.func @attention_c6(%q: tensor<1x4x8x16xf32>, %k: tensor<1x3x8x16xf32>) -> tensor<1x4x8x16xf32> {
  // expected-error @below {{expects the query heads to be a multiple of the key heads, got 4 and 3}}
  %o = attn.attention %q, %k, %k : tensor<1x4x8x16xf32>, tensor<1x3x8x16xf32>, tensor<1x3x8x16xf32> -> tensor<1x4x8x16xf32>
  return %o : tensor<1x4x8x16xf32>
}

// -----

func.func @attention_c7(%q: tensor<8x16xf16>, %c: f16) -> tensor<8x16xf16> {
  // expected-error @below {{expects scale of type 'f32', got 'f16'}}
  %o = attn.attention %q, %q, %q scale %c : f16 : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return %o : tensor<8x16xf16>
}

// -----

func.func @attention_c8(%q: memref<8x16xf32>) {
  // expected-error @below {{expects outs with buffers}}
  attn.attention %q, %q, %q : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @attention_c9(%q: tensor<8x16xf32>) -> tensor<8x12xf32> {
  // expected-error @below {{expects a result like 'tensor<8x16xf32>', got 'tensor<8x12xf32>'}}
  %o = attn.attention %q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x12xf32>
  return %o : tensor<8x12xf32>
}

// -----

func.func @attention_c10(%q: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // expected-error @below {{expects the mask region to yield 'i1', got 'f32'}}
  %o = attn.attention %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.constant 0.0 : f32
    attn.yield %c : f32
  } : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return %o : tensor<8x16xf32>
}

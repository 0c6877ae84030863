// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @attention_c1(%q: tensor<16xf32>) {
  // expected-error @below {{'attn.attention' op expects operands of rank 2, 3 or 4, got 'tensor<16xf32>'}}
  %o = attn.attention %q, %q, %q : tensor<16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  return
}

// -----

func.func @attention_c1_ranks(%q: tensor<8x16xf32>, %k: tensor<2x8x16xf32>) {
  // expected-error @below {{expects query, key and value of one rank, got 'tensor<8x16xf32>', 'tensor<2x8x16xf32>', 'tensor<8x16xf32>'}}
  %o = attn.attention %q, %k, %q : tensor<8x16xf32>, tensor<2x8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c2(%q: tensor<8x16xf32>, %k: tensor<8x16xf64>) {
  // expected-error @below {{expects query, key and value of one element type, got 'tensor<8x16xf32>', 'tensor<8x16xf64>', 'tensor<8x16xf32>'}}
  %o = attn.attention %q, %k, %q : tensor<8x16xf32>, tensor<8x16xf64>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c3(%q: tensor<8x16xf32>, %k: tensor<8x12xf32>) {
  // expected-error @below {{expects query and key of one head dim, got 16 and 12}}
  %o = attn.attention %q, %k, %q : tensor<8x16xf32>, tensor<8x12xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c4(%q: tensor<8x16xf32>, %v: tensor<9x16xf32>) {
  // expected-error @below {{expects key and value of one length, got 8 and 9}}
  %o = attn.attention %q, %q, %v : tensor<8x16xf32>, tensor<8x16xf32>, tensor<9x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c5(%q: tensor<2x8x16xf32>, %k: tensor<3x8x16xf32>) {
  // expected-error @below {{expects query, key and value of one batch size, got 2 and 3}}
  %o = attn.attention %q, %k, %k : tensor<2x8x16xf32>, tensor<3x8x16xf32>, tensor<3x8x16xf32> -> tensor<2x8x16xf32>
  return
}

// -----

func.func @attention_c5_key_value(%q: tensor<?x8x16xf32>, %k: tensor<2x8x16xf32>, %v: tensor<3x8x16xf32>) {
  // expected-error @below {{expects query, key and value of one batch size, got 2 and 3}}
  %o = attn.attention %q, %k, %v : tensor<?x8x16xf32>, tensor<2x8x16xf32>, tensor<3x8x16xf32> -> tensor<?x8x16xf32>
  return
}

// -----

func.func @attention_c6(%q: tensor<1x4x8x16xf32>, %k: tensor<1x3x8x16xf32>) {
  // expected-error @below {{expects the query heads to be a multiple of the key heads, got 4 and 3}}
  %o = attn.attention %q, %k, %k : tensor<1x4x8x16xf32>, tensor<1x3x8x16xf32>, tensor<1x3x8x16xf32> -> tensor<1x4x8x16xf32>
  return
}

// -----

func.func @attention_c6_no_key_heads(%q: tensor<1x4x8x16xf32>, %k: tensor<1x0x8x16xf32>) {
  // expected-error @below {{expects the query heads to be a multiple of the key heads, got 4 and 0}}
  %o = attn.attention %q, %k, %k : tensor<1x4x8x16xf32>, tensor<1x0x8x16xf32>, tensor<1x0x8x16xf32> -> tensor<1x4x8x16xf32>
  return
}

// -----

func.func @attention_c6_key_value(%q: tensor<1x4x8x16xf32>, %k: tensor<1x4x8x16xf32>, %v: tensor<1x2x8x16xf32>) {
  // expected-error @below {{expects key and value of one head count, got 4 and 2}}
  %o = attn.attention %q, %k, %v : tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x2x8x16xf32> -> tensor<1x4x8x16xf32>
  return
}

// -----

func.func @attention_c7(%q: tensor<8x16xf16>, %c: f16) {
  // expected-error @below {{expects scale of type 'f32', got 'f16'}}
  %o = attn.attention %q, %q, %q scale %c : f16 : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c8(%q: memref<8x16xf32>) {
  // expected-error @below {{expects outs with buffers, got none}}
  attn.attention %q, %q, %q : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @attention_c8_mixed(%q: memref<8x16xf32>, %k: tensor<8x16xf32>) {
  // expected-error @below {{expects either tensors or buffers, got 'memref<8x16xf32>' and 'tensor<8x16xf32>'}}
  attn.attention %q, %k, %q outs(%q : memref<8x16xf32>) : memref<8x16xf32>, tensor<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @attention_c8_result(%q: memref<8x16xf32>) {
  // expected-error @below {{expects no result with buffers, got 'tensor<8x16xf32>'}}
  %o = attn.attention %q, %q, %q outs(%q : memref<8x16xf32>) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c8_no_result(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects a result with tensors, got none}}
  attn.attention %q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>
  return
}

// -----

func.func @attention_c9(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects a result like 'tensor<8x16xf32>', got 'tensor<8x12xf32>'}}
  %o = attn.attention %q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x12xf32>
  return
}

// -----

func.func @attention_c9_outs(%q: tensor<8x16xf32>, %i: tensor<?x16xf32>) {
  // expected-error @below {{expects outs and result of one type, got 'tensor<?x16xf32>' and 'tensor<8x16xf32>'}}
  %o = attn.attention %q, %q, %q outs(%i : tensor<?x16xf32>) : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c9_buffer(%q: memref<8x16xf32>, %i: memref<8x12xf32>) {
  // expected-error @below {{expects a result like 'tensor<8x16xf32>', got 'memref<8x12xf32>'}}
  attn.attention %q, %q, %q outs(%i : memref<8x12xf32>) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @attention_c13(%q: tensor<2x4x8x16xf32>, %s: f64) {
  // expected-error @below {{expects a sink of type 'f32' or 'tensor<4xf32>', got 'f64'}}
  %o = attn.attention %q, %q, %q sink %s : f64 : tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32> -> tensor<2x4x8x16xf32>
  return
}

// -----

func.func @attention_c13_heads(%q: tensor<2x4x8x16xf16>, %s: tensor<3xf32>) {
  // expected-error @below {{expects a sink of type 'f32' or 'tensor<4xf32>', got 'tensor<3xf32>'}}
  %o = attn.attention %q, %q, %q sink %s : tensor<3xf32> : tensor<2x4x8x16xf16>, tensor<2x4x8x16xf16>, tensor<2x4x8x16xf16> -> tensor<2x4x8x16xf16>
  return
}

// -----

func.func @attention_c13_no_heads(%q: tensor<4x8x16xf32>, %s: tensor<4xf32>) {
  // expected-error @below {{expects a sink of type 'f32' or 'tensor<1xf32>', got 'tensor<4xf32>'}}
  %o = attn.attention %q, %q, %q sink %s : tensor<4xf32> : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32> -> tensor<4x8x16xf32>
  return
}

// -----

func.func @attention_c8_sink(%q: memref<8x16xf32>, %s: tensor<1xf32>) {
  // expected-error @below {{expects either tensors or buffers, got 'memref<8x16xf32>' and 'tensor<1xf32>'}}
  attn.attention %q, %q, %q sink %s : tensor<1xf32> outs(%q : memref<8x16xf32>) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @attention_c14(%q: tensor<8x16xf32>, %s: f32) {
  // expected-error @below {{expects sink, lse, max and entropy with softmax only, got the normalizer none}}
  %o = attn.attention %q, %q, %q normalizer none sink %s : f32 : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c14_max(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects sink, lse, max and entropy with softmax only, got the normalizer none}}
  %o, %m = attn.attention %q, %q, %q normalizer none : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32> max tensor<8xf32>
  return
}

// -----

func.func @attention_c15(%q: tensor<2x8x16xf16>) {
  // expected-error @below {{expects lse like 'tensor<2x8xf32>', got 'tensor<2x8xf16>'}}
  %o, %l = attn.attention %q, %q, %q : tensor<2x8x16xf16>, tensor<2x8x16xf16>, tensor<2x8x16xf16> -> tensor<2x8x16xf16> lse tensor<2x8xf16>
  return
}

// -----

func.func @attention_c15_shape(%q: tensor<2x8x16xf16>) {
  // expected-error @below {{expects max like 'tensor<2x8xf32>', got 'tensor<2x7xf32>'}}
  %o, %m = attn.attention %q, %q, %q : tensor<2x8x16xf16>, tensor<2x8x16xf16>, tensor<2x8x16xf16> -> tensor<2x8x16xf16> max tensor<2x7xf32>
  return
}

// -----

func.func @attention_c15_outs(%q: tensor<8x16xf32>, %l: tensor<?xf32>) {
  // expected-error @below {{expects lse and its outs of one type, got 'tensor<8xf32>' and 'tensor<?xf32>'}}
  %o, %p = attn.attention %q, %q, %q lse_outs(%l : tensor<?xf32>) : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32> lse tensor<8xf32>
  return
}

// -----

func.func @attention_c15_no_result(%q: tensor<8x16xf32>, %l: tensor<8xf32>) {
  // expected-error @below {{expects a result for the outs of lse}}
  %o = attn.attention %q, %q, %q lse_outs(%l : tensor<8xf32>) : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_c15_buffer(%q: memref<8x16xf32>, %o: memref<8x16xf32>, %m: memref<8xf64>) {
  // expected-error @below {{expects max like 'tensor<8xf32>', got 'memref<8xf64>'}}
  attn.attention %q, %q, %q outs(%o : memref<8x16xf32>) max_outs(%m : memref<8xf64>) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

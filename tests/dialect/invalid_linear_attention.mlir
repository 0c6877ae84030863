// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @linear_attention_c1(%q: tensor<16xf32>) {
  // expected-error @below {{'attn.linear_attention' op expects operands of rank 2, 3 or 4, got 'tensor<16xf32>'}}
  %o = attn.linear_attention %q, %q, %q : tensor<16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  return
}

// -----

func.func @linear_attention_c2(%q: tensor<8x16xf32>, %k: tensor<8x16xf64>) {
  // expected-error @below {{expects query, key and value of one element type, got 'tensor<8x16xf32>', 'tensor<8x16xf64>', 'tensor<8x16xf32>'}}
  %o = attn.linear_attention %q, %k, %q : tensor<8x16xf32>, tensor<8x16xf64>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c3(%q: tensor<8x16xf32>, %k: tensor<8x12xf32>) {
  // expected-error @below {{expects query and key of one head dim, got 16 and 12}}
  %o = attn.linear_attention %q, %k, %q : tensor<8x16xf32>, tensor<8x12xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c4(%q: tensor<8x16xf32>, %v: tensor<9x16xf32>) {
  // expected-error @below {{expects key and value of one length, got 8 and 9}}
  %o = attn.linear_attention %q, %q, %v : tensor<8x16xf32>, tensor<8x16xf32>, tensor<9x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c5(%q: tensor<2x8x16xf32>, %k: tensor<3x8x16xf32>) {
  // expected-error @below {{expects query, key and value of one batch size, got 2 and 3}}
  %o = attn.linear_attention %q, %k, %k : tensor<2x8x16xf32>, tensor<3x8x16xf32>, tensor<3x8x16xf32> -> tensor<2x8x16xf32>
  return
}

// -----

func.func @linear_attention_c6(%q: tensor<1x4x8x16xf32>, %k: tensor<1x3x8x16xf32>) {
  // expected-error @below {{expects the query heads to be a multiple of the key heads, got 4 and 3}}
  %o = attn.linear_attention %q, %k, %k : tensor<1x4x8x16xf32>, tensor<1x3x8x16xf32>, tensor<1x3x8x16xf32> -> tensor<1x4x8x16xf32>
  return
}

// -----

func.func @linear_attention_c7(%q: tensor<8x16xf16>, %g: f16) {
  // expected-error @below {{expects a decay of 'f32' for 'tensor<8x16xf16>': one number, one for each head or one for each position, got 'f16'}}
  %o = attn.linear_attention %q, %q, %q causal decay %g : f16 : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @linear_attention_c7_positions(%q: tensor<8x16xf32>, %g: tensor<9xf32>) {
  // expected-error @below {{expects a decay of 'f32' for 'tensor<8x16xf32>': one number, one for each head or one for each position, got 'tensor<9xf32>'}}
  %o = attn.linear_attention %q, %q, %q causal decay %g : tensor<9xf32> : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c7_heads(%q: tensor<1x4x8x16xf32>, %g: tensor<3xf32>) {
  // expected-error @below {{expects a decay of 'f32' for 'tensor<1x4x8x16xf32>': one number, one for each head or one for each position, got 'tensor<3xf32>'}}
  %o = attn.linear_attention %q, %q, %q causal decay %g : tensor<3xf32> : tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32> -> tensor<1x4x8x16xf32>
  return
}

// -----

func.func @linear_attention_c7_rank(%q: tensor<1x4x8x16xf32>, %g: tensor<4x8xf32>) {
  // expected-error @below {{expects a decay of 'f32' for 'tensor<1x4x8x16xf32>': one number, one for each head or one for each position, got 'tensor<4x8xf32>'}}
  %o = attn.linear_attention %q, %q, %q causal decay %g : tensor<4x8xf32> : tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32> -> tensor<1x4x8x16xf32>
  return
}

// -----

func.func @linear_attention_c8(%q: tensor<8x16xf32>, %g: f32) {
  // expected-error @below {{expects causal with decay}}
  %o = attn.linear_attention %q, %q, %q decay %g : f32 : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c8_state(%q: tensor<8x16xf32>, %s: tensor<16x16xf32>) {
  // expected-error @below {{expects causal with state}}
  %o:2 = attn.linear_attention %q, %q, %q state %s : tensor<16x16xf32> : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>, tensor<16x16xf32>
  return
}

// -----

func.func @linear_attention_c9(%q: tensor<8x16xf32>, %k: tensor<9x16xf32>) {
  // expected-error @below {{expects query and key of one length with causal, got 8 and 9}}
  %o = attn.linear_attention %q, %k, %k causal : tensor<8x16xf32>, tensor<9x16xf32>, tensor<9x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c10(%q: tensor<8x16xf32>, %v: tensor<8x4xf32>, %s: tensor<4x16xf32>) {
  // expected-error @below {{expects a state like 'tensor<16x4xf32>', got 'tensor<4x16xf32>'}}
  %o:2 = attn.linear_attention %q, %q, %v causal state %s : tensor<4x16xf32> : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x4xf32> -> tensor<8x4xf32>, tensor<16x4xf32>
  return
}

// -----

func.func @linear_attention_c10_type(%q: tensor<8x16xf16>, %s: tensor<16x16xf16>) {
  // expected-error @below {{expects a state like 'tensor<16x16xf32>', got 'tensor<16x16xf16>'}}
  %o:2 = attn.linear_attention %q, %q, %q causal state %s : tensor<16x16xf16> : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>, tensor<16x16xf16>
  return
}

// -----

func.func @linear_attention_c11(%q: memref<8x16xf32>) {
  // expected-error @below {{expects 1 outs, got 0}}
  attn.linear_attention %q, %q, %q : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @linear_attention_c11_mixed(%q: memref<8x16xf32>, %g: tensor<8xf32>) {
  // expected-error @below {{expects either tensors or buffers, got 'memref<8x16xf32>' and 'tensor<8xf32>'}}
  attn.linear_attention %q, %q, %q causal decay %g : tensor<8xf32> outs(%q : memref<8x16xf32>) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @linear_attention_c11_result(%q: memref<8x16xf32>) {
  // expected-error @below {{expects 0 results with buffers, got 1}}
  %o = attn.linear_attention %q, %q, %q outs(%q : memref<8x16xf32>) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c11_results(%q: tensor<8x16xf32>, %s: tensor<16x16xf32>) {
  // expected-error @below {{expects 2 results, got 1}}
  %o = attn.linear_attention %q, %q, %q causal state %s : tensor<16x16xf32> : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c11_no_result(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects 1 results, got 0}}
  attn.linear_attention %q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c12(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects a result like 'tensor<8x16xf32>', got 'tensor<8x12xf32>'}}
  %o = attn.linear_attention %q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x12xf32>
  return
}

// -----

func.func @linear_attention_c12_state(%q: memref<8x16xf32>, %s: memref<16x16xf32>) {
  // expected-error @below {{expects a result like 'tensor<16x16xf32>', got 'memref<8x16xf32>'}}
  attn.linear_attention %q, %q, %q causal state %s : memref<16x16xf32> outs(%q, %q : memref<8x16xf32>, memref<8x16xf32>) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @linear_attention_c12_outs(%q: tensor<8x16xf32>, %i: tensor<?x16xf32>) {
  // expected-error @below {{expects outs and results of the same types, got 'tensor<?x16xf32>' and 'tensor<8x16xf32>'}}
  %o = attn.linear_attention %q, %q, %q outs(%i : tensor<?x16xf32>) : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c13(%q: tensor<8x16xf16>, %c: f16) {
  // expected-error @below {{expects scale of type 'f32', got 'f16'}}
  %o = attn.linear_attention %q, %q, %q scale %c : f16 : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @linear_attention_c14(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the key_map region to have arguments ('f32', 'index', 'index', 'index', 'index'), got ('f16', 'index', 'index', 'index', 'index')}}
  %o = attn.linear_attention %q, %q, %q key_map {
  ^bb0(%x: f16, %b: index, %h: index, %t: index, %d: index):
    attn.yield %x : f16
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @linear_attention_c14_result(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects the value_map region to yield 'f32', got 'i1'}}
  %o = attn.linear_attention %q, %q, %q value_map {
  ^bb0(%x: f32, %b: index, %h: index, %t: index, %d: index):
    %true = arith.constant true
    attn.yield %true : i1
  } : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c15(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects the output region to have arguments ('f32', 'f32', 'index', 'index', 'index', 'index'), got ('f32', 'index', 'index', 'index', 'index')}}
  %o = attn.linear_attention %q, %q, %q output {
  ^bb0(%x: f32, %b: index, %h: index, %t: index, %d: index):
    attn.yield %x : f32
  } : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @linear_attention_c16(%q: tensor<8x16xf32>, %m: memref<f32>) {
  // expected-error @below {{expects the query_map region to read memory at most, got memref.store}}
  %o = attn.linear_attention %q, %q, %q query_map {
  ^bb0(%x: f32, %b: index, %h: index, %t: index, %d: index):
    // expected-note @below {{this may write}}
    memref.store %x, %m[] : memref<f32>
    attn.yield %x : f32
  } : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  return
}

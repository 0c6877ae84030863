// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @top_keys_c1(%q: tensor<8x16xf32>) {
  // expected-error @below {{'attn.top_keys' op expects a count from 1 to 1024, got 0}}
  %0:2 = attn.top_keys 0 %q, %q : tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x0xi32>, tensor<8x0xf32>
  return
}

// -----

func.func @top_keys_c1_large(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects a count from 1 to 1024, got 1025}}
  %0:2 = attn.top_keys 1025 %q, %q : tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x1025xi32>, tensor<8x1025xf32>
  return
}

// -----

func.func @top_keys_c2(%q: tensor<8x16xf32>, %k: memref<8x16xf32>) {
  // expected-error @below {{expects either tensors or buffers, got 'tensor<8x16xf32>' and 'memref<8x16xf32>'}}
  %0:2 = attn.top_keys 2 %q, %k : tensor<8x16xf32>, memref<8x16xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return
}

// -----

func.func @top_keys_c2_outs(%q: memref<8x16xf32>) {
  // expected-error @below {{expects two results, or two outs with buffers, got 0 results and 0 outs}}
  attn.top_keys 2 %q, %q : memref<8x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @top_keys_c3(%q: tensor<8x16xf32>, %k: tensor<8x12xf32>) {
  // expected-error @below {{expects query and key of one head dim, got 16 and 12}}
  %0:2 = attn.top_keys 2 %q, %k : tensor<8x16xf32>, tensor<8x12xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return
}

// -----

func.func @top_keys_c4(%q: tensor<8x16xf16>, %c: f16) {
  // expected-error @below {{expects scale of type 'f32', got 'f16'}}
  %0:2 = attn.top_keys 2 %q, %q scale %c : f16 : tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x2xi32>, tensor<8x2xf32>
  return
}

// -----

func.func @top_keys_c5(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects a result like 'tensor<8x2xi32>', got 'tensor<8x3xi32>'}}
  %0:2 = attn.top_keys 2 %q, %q : tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x3xi32>, tensor<8x2xf32>
  return
}

// -----

func.func @top_keys_c6(%q: tensor<8x16xf32>) {
  // expected-error @below {{expects the mask region to have arguments ('index', 'index', 'index', 'index'), got ('index')}}
  %0:2 = attn.top_keys 2 %q, %q mask {
  ^bb0(%b: index):
    %x = arith.cmpi sle, %b, %b : index
    attn.yield %x : i1
  } : tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return
}

// -----

func.func @top_keys_c7(%q: tensor<8x16xf32>, %c: f64) {
  // expected-error @below {{expects the score region to yield 'f32', got 'f64'}}
  %0:2 = attn.top_keys 2 %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %c : f64
  } : tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return
}

// -----

func.func @top_keys_c8(%q: tensor<8x16xf32>, %m: memref<f32>) {
  // expected-error @below {{expects the score region to read memory at most, got memref.store}}
  %0:2 = attn.top_keys 2 %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{this may write}}
    memref.store %s, %m[] : memref<f32>
    attn.yield %s : f32
  } : tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return
}

// -----

func.func @validate_c1(%w: tensor<f32>) {
  // expected-error @below {{'attn.validate' op expects a tensor of rank 1 to 4, got 'tensor<f32>'}}
  attn.validate %w "'w'" tolerance 1.0e-3 : tensor<f32>
  return
}

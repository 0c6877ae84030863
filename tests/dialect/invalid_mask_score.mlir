// RUN: attn-opt %s --split-input-file --verify-diagnostics

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
  // expected-error @below {{expects the rule region to have arguments ('index', 'index', 'index', 'index'), got ('index', 'index')}}
  %m = attn.mask(%n, %n) {
  ^bb0(%i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?xi1>
  return
}

// -----

func.func @mask_c3(%n: index) {
  // expected-error @below {{expects the rule region to read memory at most, got memref.alloc}}
  %m = attn.mask(%n, %n) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{this may write}}
    %x = memref.alloc() : memref<i1>
    %a = memref.load %x[] : memref<i1>
    attn.yield %a : i1
  } : tensor<?x?xi1>
  return
}

// -----

func.func @score_c1(%x: tensor<8x8xf32>) {
  // expected-error @below {{expects the rule region to have arguments ('f32', 'index', 'index', 'index', 'index'), got ('f64', 'index', 'index', 'index', 'index')}}
  %y = attn.score %x {
  ^bb0(%s: f64, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f64
  } : tensor<8x8xf32>
  return
}

// -----

func.func @score_c2(%x: tensor<8x8xf32>, %m: memref<f32>) {
  // expected-error @below {{expects the rule region to read memory at most, got memref.store}}
  %y = attn.score %x {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{this may write}}
    memref.store %s, %m[] : memref<f32>
    attn.yield %s : f32
  } : tensor<8x8xf32>
  return
}

// -----

func.func @yield_c1(%c: i1) {
  scf.execute_region {
    // expected-error @below {{'attn.yield' op expects parent op to be one of 'attn.attention, attn.linear_attention, attn.mask, attn.score, attn.top_keys'}}
    attn.yield %c : i1
  }
  return
}

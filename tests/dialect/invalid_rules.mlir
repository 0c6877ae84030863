// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @attention_c10(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the mask region to have arguments ('index', 'index', 'index', 'index'), got ('index', 'index')}}
  %o = attn.attention %q, %q, %q mask {
  ^bb0(%i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c10_yield(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the mask region to yield 'i1', got 'f32'}}
  %o = attn.attention %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.constant 0.0 : f32
    attn.yield %c : f32
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c10_terminator(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the mask region to end in attn.yield, got llvm.unreachable}}
  %o = attn.attention %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    llvm.unreachable
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c11(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the score region to have arguments ('f32', 'index', 'index', 'index', 'index'), got ('f16', 'index', 'index', 'index', 'index')}}
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f16, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f16
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c11_yield(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the score region to yield 'f32', got 'f16'}}
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = arith.truncf %s : f32 to f16
    attn.yield %t : f16
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c12(%q: tensor<8x16xf16>, %m: memref<8xi1>) {
  // expected-error @below {{expects the mask region to read memory at most, got memref.store}}
  %o = attn.attention %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    // expected-note @below {{this may write}}
    memref.store %a, %m[%i] : memref<8xi1>
    attn.yield %a : i1
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c12_loop(%q: tensor<8x16xf16>, %m: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{expects the score region to read memory at most, got memref.store}}
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = scf.for %a = %c0 to %j step %c1 iter_args(%x = %s) -> (f32) {
      // expected-note @below {{this may write}}
      memref.store %x, %m[%a] : memref<8xf32>
      scf.yield %x : f32
    }
    attn.yield %t : f32
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func private @f(f32) -> f32
func.func @attention_c12_call(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the score region to read memory at most, got func.call}}
  %o = attn.attention %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{this may write}}
    %t = func.call @f(%s) : (f32) -> f32
    attn.yield %t : f32
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c12_factor(%q: tensor<8x16xf16>, %m: memref<8xf32>, %c: f32) {
  // expected-error @below {{expects the factor region to read memory at most, got memref.store}}
  %o = attn.attention %q, %q, %q factor {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{this may write}}
    memref.store %c, %m[%i] : memref<8xf32>
    attn.yield %c : f32
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c16(%q: tensor<8x16xf16>) {
  // expected-error @below {{expects the factor region to have arguments ('index', 'index', 'index', 'index'), got ('f32', 'index', 'index', 'index', 'index')}}
  %o = attn.attention %q, %q, %q factor {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f32
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

// -----

func.func @attention_c16_yield(%q: tensor<8x16xf16>, %c: f16) {
  // expected-error @below {{expects the factor region to yield 'f32', got 'f16'}}
  %o = attn.attention %q, %q, %q factor {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    attn.yield %c : f16
  } : tensor<8x16xf16>, tensor<8x16xf16>, tensor<8x16xf16> -> tensor<8x16xf16>
  return
}

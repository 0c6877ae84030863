// RUN: attn-opt %s --split-input-file --attn-export --verify-diagnostics

// expected-error@below {{expects a function with a body marked 'attn.entry'}}
module {
  func.func @f() {
    return
  }
}

// -----

// expected-note@below {{the first is here}}
func.func @f() attributes {attn.entry} {
  return
}
// expected-error@below {{is a second function marked 'attn.entry'}}
func.func @g() attributes {attn.entry} {
  return
}

// -----

// expected-error@below {{is the entry and cannot be called by other functions}}
func.func @f() attributes {attn.entry} {
  return
}
func.func @g() {
  call @f() : () -> ()
  return
}

// -----

// expected-error@below {{argument #1 has no attribute 'attn.shape'}}
func.func @f(
    %x: f32 {attn.name = "x", attn.dtype = "f32", attn.shape = affine_map<() -> ()>},
    %y: f32 {attn.name = "y", attn.dtype = "f32"}) attributes {attn.entry} {
  return
}

// -----

// expected-error@below {{argument #0 has no attribute 'attn.name'}}
func.func @f(%x: f32) -> f32 attributes {attn.entry, attn.dims = []} {
  return %x : f32
}

// -----

// expected-error@below {{result #0 has no attribute 'attn.dtype'}}
func.func @f() -> (f32 {attn.name = "x"}) attributes {attn.entry} {
  %x = arith.constant 0.0 : f32
  return %x : f32
}

// -----

// expected-error@below {{cannot export a value of type 'index'}}
func.func @f(%x: index) attributes {attn.entry} {
  return
}

// -----

// expected-error@below {{expects one block}}
func.func @f(%x: f32) attributes {attn.entry} {
  cf.br ^next
^next:
  return
}

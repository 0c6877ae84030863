// RUN: attn-opt %s --attn-raise-mask --remarks-filter=attn-fusion --remark-format=emitRemark --verify-diagnostics | FileCheck %s --implicit-check-not="mask {"

!t = tensor<?x?x?x?xf32>

// CHECK-LABEL: func.func @finite_fill
// CHECK: arith.select
func.func @finite_fill(%q: !t, %k: !t, %v: !t) -> !t {
  %fill = arith.constant -1.0e9 : f32
  %o = attn.attention %q, %k, %v score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    // expected-remark @below {{not a mask: the fill is finite}}
    %x = arith.select %past, %s, %fill : f32
    attn.yield %x : f32
  } : !t, !t, !t -> !t
  return %o : !t
}

// tanh of -inf is -1: the key still counts.
// CHECK-LABEL: func.func @capped_after_masking
// CHECK: arith.select
// CHECK: math.tanh
func.func @capped_after_masking(%q: !t, %k: !t, %v: !t) -> !t {
  %ninf = arith.constant 0xFF800000 : f32
  %o = attn.attention %q, %k, %v score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    // expected-remark @below {{not a mask: what follows at line 30 makes a number of -inf; mask last to let blocks be skipped}}
    %x = arith.select %past, %s, %ninf : f32
    %y = math.tanh %x : f32
    attn.yield %y : f32
  } : !t, !t, !t -> !t
  return %o : !t
}

// CHECK-LABEL: func.func @condition_on_the_score
// CHECK: arith.select
func.func @condition_on_the_score(%q: !t, %k: !t, %v: !t) -> !t {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %o = attn.attention %q, %k, %v score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %positive = arith.cmpf ogt, %s, %zero : f32
    %x = arith.select %positive, %s, %ninf : f32
    attn.yield %x : f32
  } : !t, !t, !t -> !t
  return %o : !t
}

// The sign of the factor is not known: it may turn -inf into +inf.
// CHECK-LABEL: func.func @factor_of_any_sign
// CHECK: arith.select
func.func @factor_of_any_sign(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %ninf = arith.constant 0xFF800000 : f32
  %o = attn.attention %q, %k, %v score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    // expected-remark @below {{not a mask: the factor at line 60 may be negative or 0; scale before masking to let blocks be skipped}}
    %x = arith.select %past, %s, %ninf : f32
    %y = arith.mulf %x, %c : f32
    attn.yield %y : f32
  } : !t, !t, !t -> !t
  return %o : !t
}

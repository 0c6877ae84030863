// RUN: attn-opt %s --attn-raise-mask --canonicalize | FileCheck %s

!t = tensor<?x?x?x?xf32>

// CHECK-LABEL: func.func @two_masks_and_a_bias
// CHECK: attn.attention
// CHECK-SAME: mask {
// CHECK: arith.cmpi slt
// CHECK: arith.cmpi sle, %k, %q
// CHECK: arith.andi
// CHECK: } score {
// CHECK-NEXT: ^bb0
// CHECK-NEXT: %[[R:.*]] = arith.addf %s, %{{.*}}
// CHECK-NEXT: attn.yield %[[R]]
func.func @two_masks_and_a_bias(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %w = arith.constant 9 : index
  %o = attn.attention %q, %k, %v score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %i, %j : index
    %near = arith.cmpi slt, %d, %w : index
    %past = arith.cmpi sle, %j, %i : index
    %x = arith.select %past, %s, %ninf : f32
    %y = arith.select %near, %c, %ninf : f32
    %z = arith.addf %x, %y : f32
    attn.yield %z : f32
  } : !t, !t, !t -> !t
  return %o : !t
}

// A mask that is there already stays.
// CHECK-LABEL: func.func @joins_the_mask
// CHECK: arith.cmpi eq
// CHECK: arith.cmpi sle
// CHECK: arith.andi
// CHECK-NOT: score {
func.func @joins_the_mask(%q: !t, %k: !t, %v: !t) -> !t {
  %ninf = arith.constant 0xFF800000 : f32
  %o = attn.attention %q, %k, %v mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %e = arith.cmpi eq, %b, %h : index
    attn.yield %e : i1
  } score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    %x = arith.select %past, %s, %ninf : f32
    attn.yield %x : f32
  } : !t, !t, !t -> !t
  return %o : !t
}

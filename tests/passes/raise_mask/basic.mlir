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

// Without a softmax 0 is what takes a key out, and what gives it: through
// products, a sigmoid of -inf, a comparison as a number.
// CHECK-LABEL: func.func @weights
// CHECK: attn.attention {{.*}} normalizer none mask {
// CHECK: arith.cmpi sle, %k, %q
// CHECK-NEXT: attn.yield
// CHECK: } score {
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.maximumf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: attn.yield
// CHECK: attn.attention {{.*}} scale %{{.*}} : f32 normalizer none mask {
// CHECK: arith.cmpi sle, %k, %q
// CHECK-NEXT: attn.yield
// CHECK: } score {
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.exp %s
// CHECK-NEXT: arith.addf
// CHECK-NEXT: arith.divf
// CHECK-NEXT: attn.yield
// CHECK: attn.attention {{.*}} normalizer none mask {
// CHECK: arith.cmpi sle, %k, %q
// CHECK-NEXT: attn.yield
// CHECK-NOT: score {
// CHECK: return
func.func @weights(%q: !t, %k: !t, %v: !t) -> (!t, !t, !t) {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %0 = attn.attention %q, %k, %v normalizer none score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    %x = arith.select %past, %s, %zero : f32
    %r = arith.maximumf %x, %zero : f32
    %y = arith.mulf %r, %r : f32
    attn.yield %y : f32
  } : !t, !t, !t -> !t
  %1 = attn.attention %q, %k, %v normalizer none score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    %x = arith.select %past, %s, %ninf : f32
    %n = arith.negf %x : f32
    %e = math.exp %n : f32
    %d = arith.addf %e, %one : f32
    %y = arith.divf %one, %d : f32
    attn.yield %y : f32
  } : !t, !t, !t -> !t
  %2 = attn.attention %q, %k, %v normalizer none score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    %x = arith.uitofp %past : i1 to f32
    %y = arith.mulf %s, %x : f32
    attn.yield %y : f32
  } : !t, !t, !t -> !t
  return %0, %1, %2 : !t, !t, !t
}

// A score of -inf is a weight, and 0 where the score decides is one as well.
// CHECK-LABEL: func.func @no_mask
// CHECK-NOT: mask {
// CHECK: return
func.func @no_mask(%q: !t, %k: !t, %v: !t) -> (!t, !t) {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %0 = attn.attention %q, %k, %v normalizer none score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %past = arith.cmpi sle, %j, %i : index
    %x = arith.select %past, %s, %ninf : f32
    attn.yield %x : f32
  } : !t, !t, !t -> !t
  %1 = attn.attention %q, %k, %v normalizer none score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %more = arith.cmpf ogt, %s, %zero : f32
    %x = arith.select %more, %s, %zero : f32
    attn.yield %x : f32
  } : !t, !t, !t -> !t
  return %0, %1 : !t, !t
}

// RUN: attn-opt %s | FileCheck %s

// The arguments of rules print under the names that the language gives them.
// CHECK-LABEL: func.func @names
func.func @names(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // CHECK: ^bb0(%s: f32, %b: index, %h: index, %q: index, %k: index):
  %y = attn.score %x {
  ^bb0(%a0: f32, %a1: index, %a2: index, %a3: index, %a4: index):
    %t = math.tanh %a0 : f32
    attn.yield %t : f32
  } : tensor<?x?xf32>
  // CHECK: ^bb0(%b: index, %h: index, %q: index, %k: index):
  %z = attn.attention %x, %y, %x mask {
  ^bb0(%a0: index, %a1: index, %a2: index, %a3: index):
    %c = arith.cmpi eq, %a3, %a2 : index
    attn.yield %c : i1
  } : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32> -> tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}

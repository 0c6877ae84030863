// RUN: attn-opt %s | FileCheck %s

// The arguments of rules print under the names that the language gives them.
// CHECK-LABEL: func.func @names
func.func @names(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // CHECK: ^bb0(%s: f32, %b: index, %h: index, %q: index, %k: index):
  %0 = attn.score %x {
  ^bb0(%0: f32, %1: index, %2: index, %3: index, %4: index):
    %5 = math.tanh %0 : f32
    attn.yield %5 : f32
  } : tensor<?x?xf32>
  // CHECK: ^bb0(%b: index, %h: index, %q: index, %k: index):
  %6 = attn.attention %x, %x, %x mask {
  ^bb0(%0: index, %1: index, %2: index, %3: index):
    %4 = arith.cmpi eq, %3, %2 : index
    attn.yield %4 : i1
  } : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32> -> tensor<?x?xf32>
  return %6 : tensor<?x?xf32>
}

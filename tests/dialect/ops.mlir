// RUN: attn-opt %s | attn-opt | FileCheck %s
// CHECK-LABEL: func.func @attention
// CHECK: attn.attention
func.func @attention(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %c: f32) -> tensor<?x?x?x64xf32> {
 %o = attn.attention %q, %k, %k scale %c : f32 mask {
 ^bb0(%b: index, %h: index, %qi: index, %ki: index):
   %a = arith.cmpi sle, %ki, %qi : index
   attn.yield %a : i1
 } : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
 return %o : tensor<?x?x?x64xf32>
}

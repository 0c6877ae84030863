// RUN: attn-opt %s --attn-fuse-linear-attention --split-input-file --remarks-filter=attn-fusion --remark-format=emitRemark --verify-diagnostics | FileCheck %s --implicit-check-not=_map --implicit-check-not=output

// What is not elementwise of a tensor of the operand's shape is no map.
// CHECK-LABEL: func.func @others
// CHECK: attn.softmax
// CHECK: attn.cast
// CHECK: attn.binary add
// CHECK: attn.linear_attention
func.func @others(%q: tensor<?x8xf32>, %k: tensor<?x8xf16>, %v: tensor<8xf32>, %u: tensor<?x1xf32>) -> tensor<?x8xf32> {
  %f = attn.softmax %q axis 1 : tensor<?x8xf32>
  %w = attn.cast %k : tensor<?x8xf16> -> tensor<?x8xf32>
  %s = attn.binary add %v, %u : tensor<8xf32>, tensor<?x1xf32>
  %o = attn.linear_attention %f, %w, %s : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %o : tensor<?x8xf32>
}

// -----

// Nor is what follows with another shape or type.
// CHECK-LABEL: func.func @after
// CHECK: attn.linear_attention
// CHECK: attn.binary add
// CHECK: attn.linear_attention
// CHECK: attn.cast
func.func @after(%q: tensor<1x8xf32>, %x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<1x8xf16>) {
  %a = attn.linear_attention %q, %q, %q : tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32> -> tensor<1x8xf32>
  %b = attn.binary add %a, %x : tensor<1x8xf32>, tensor<4x8xf32>
  %c = attn.linear_attention %q, %q, %q causal : tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32> -> tensor<1x8xf32>
  %d = attn.cast %c : tensor<1x8xf32> -> tensor<1x8xf16>
  return %b, %d : tensor<4x8xf32>, tensor<1x8xf16>
}

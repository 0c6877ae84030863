// Any pass runs on any stage's output.
// RUN: attn-opt %s --attn-fuse-pipeline -o %t.fused
// RUN: attn-opt %t.fused --attn-tile-pipeline -o %t.tiled
// RUN: attn-opt %t.tiled --attn-llvm-pipeline -o %t.llvm
// RUN: attn-opt %t.tiled --pass-pipeline='builtin.module(func.func(attn-fuse-softmax,attn-fuse-norm,attn-fuse-attention,attn-raise-linear-attention,attn-raise-mask,attn-lower-to-linalg,attn-lower-to-linalg{keep-attention},attn-join-elementwise,attn-lower-to-loops),attn-export,attn-tile-attention,attn-tile-linear-attention,attn-share-loops,attn-expand-bfloat16)' | FileCheck %s --check-prefix=TILED
// RUN: attn-opt %t.llvm --pass-pipeline='builtin.module(func.func(attn-fuse-softmax,attn-fuse-norm,attn-fuse-attention,attn-raise-linear-attention,attn-raise-mask,attn-lower-to-linalg,attn-lower-to-linalg{keep-attention},attn-join-elementwise,attn-lower-to-loops),attn-export,attn-tile-attention,attn-tile-linear-attention,attn-share-loops,attn-expand-bfloat16)' | FileCheck %s --check-prefix=LLVM
// RUN: attn-opt %s --attn-export --attn-tile-attention --attn-expand-bfloat16 | FileCheck %s --check-prefix=ATTN
// RUN: attn-opt %s --pass-pipeline='builtin.module(func.func(attn-join-elementwise,attn-lower-to-loops))' | FileCheck %s --check-prefix=ATTN
// RUN: attn-opt %t.llvm --attn-tile-pipeline --attn-llvm-pipeline | FileCheck %s --check-prefix=LLVM

// TILED: func.func @attn.f
// LLVM: llvm.func @attn.f
// ATTN: attn.attention
func.func @f(%q: tensor<?x?xbf16>, %k: tensor<?x?xbf16>, %v: tensor<?x?xbf16>) -> tensor<?x?xbf16> attributes {attn.entry} {
  %o = attn.attention %q, %k, %v : tensor<?x?xbf16>, tensor<?x?xbf16>, tensor<?x?xbf16> -> tensor<?x?xbf16>
  %y = attn.unary tanh %o : tensor<?x?xbf16>
  return %y : tensor<?x?xbf16>
}

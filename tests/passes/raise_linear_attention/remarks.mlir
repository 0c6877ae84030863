// RUN: attn-opt %s --attn-raise-linear-attention --remarks-filter=attn-fusion --remark-format=emitRemark --verify-diagnostics

!m = tensor<?x?x?x?xf32>

func.func @causal(%q: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %k: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>},
    %v: !m {attn.shape = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2, s3)>}) -> !m
    attributes {attn.dims = ["B", "H", "T", "D"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !m
  %nh = tensor.dim %q, %c1 : !m
  %nt = tensor.dim %q, %c2 : !m
  %m = attn.mask(%nb, %nh, %nt, %nt) {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %a = arith.cmpi sle, %j, %i : index
    attn.yield %a : i1
  } : tensor<?x?x?x?xi1>
  %zero = arith.constant 0.0 : f32
  %t = attn.transpose %k [0, 1, 3, 2] : !m
  %s = attn.matmul %q, %t : !m, !m
  // expected-remark @below {{products around a causal mask became linear attention}}
  %w = attn.select %m, %s, %zero : tensor<?x?x?x?xi1>, !m, f32
  %o = attn.matmul %w, %v : !m, !m
  return %o : !m
}

// RUN: attn-opt %s --attn-lower-to-linalg --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --attn-lower-to-linalg=keep-attention --canonicalize --cse | FileCheck %s --check-prefix=KEEP

// CHECK-LABEL: func.func @masked
//  CHECK-SAME:   %[[SCALE:[^:]*]]: f32)
//   CHECK-DAG:   %[[MINUS_INF:.*]] = arith.constant 0xFF800000 : f32
//   CHECK-DAG:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// The scores, a product over the head dim.
//       CHECK:   linalg.generic
//  CHECK-SAME:     "reduction"]
// Scaled, and -inf where the mask does not allow them.
//       CHECK:   %[[SCORES:.*]] = linalg.generic
//       CHECK:     %[[SCALED:.*]] = arith.mulf %{{.*}}, %[[SCALE]]
//       CHECK:     %[[ALLOWED:.*]] = arith.cmpi sle
//       CHECK:     arith.select %[[ALLOWED]], %[[SCALED]], %[[MINUS_INF]]
// The softmax; a maximum of -inf means an empty row.
//       CHECK:     arith.maximumf
//       CHECK:     %[[NONE:.*]] = arith.cmpf oeq, %{{.*}}, %[[MINUS_INF]]
//       CHECK:     arith.select %[[NONE]], %[[ZERO]]
//       CHECK:     math.exp
// A value whose score is -inf takes no part, NaN or not.
//       CHECK:   ins(%[[SCORES]], %{{[^,]*}}, %{{.*}}) outs
//       CHECK:   ^bb0(%[[S:.*]]: f32, %{{.*}}: f32, %{{.*}}: f32, %[[SUM:.*]]: f32):
//       CHECK:     %[[OUT:.*]] = arith.cmpf oeq, %[[S]], %[[MINUS_INF]]
//       CHECK:     %[[MORE:.*]] = arith.addf %[[SUM]]
//       CHECK:     arith.select %[[OUT]], %[[SUM]], %[[MORE]]
//   CHECK-NOT:   attn.

// KEEP-LABEL: func.func @masked
//  KEEP-SAME:   (%[[Q:.*]]: tensor<?x?x8xf32>, %{{.*}}, %[[V:[^:]*]]: tensor<?x?x?xf32>, %{{.*}})
//   KEEP-DAG:   %[[B:.*]] = tensor.dim %[[Q]]
//   KEEP-DAG:   %[[T:.*]] = tensor.dim %[[Q]]
//   KEEP-DAG:   %[[D:.*]] = tensor.dim %[[V]]
//       KEEP:   %[[E:.*]] = tensor.empty(%[[B]], %[[T]], %[[D]])
//       KEEP:   attn.attention
//       KEEP:   outs(%[[E]] : tensor<?x?x?xf32>)
func.func @masked(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x?xf32>, %c: f32) -> tensor<?x?x?xf32> {
  %o = attn.attention %q, %k, %v scale %c : f32 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %y = arith.cmpi sle, %j, %i : index
    attn.yield %y : i1
  } : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x?xf32> -> tensor<?x?x?xf32>
  return %o : tensor<?x?x?xf32>
}

// Grouped heads: keys and values are repeated. Scores of f16 are f32.
// CHECK-LABEL: func.func @grouped
//       CHECK:   tensor.collapse_shape %{{.*}} {{\[\[0\], \[1, 2\], \[3\], \[4\]\]}}
//       CHECK:   tensor.collapse_shape %{{.*}} {{\[\[0\], \[1, 2\], \[3\], \[4\]\]}}
//       CHECK:   tensor.empty({{.*}}) : tensor<1x6x?x?xf32>
//       CHECK:   arith.truncf {{.*}} : f32 to f16
func.func @grouped(%q: tensor<1x6x?x8xf16>, %k: tensor<1x2x?x8xf16>, %v: tensor<1x2x?x8xf16>) -> tensor<1x6x?x8xf16> {
  %o = attn.attention %q, %k, %v : tensor<1x6x?x8xf16>, tensor<1x2x?x8xf16>, tensor<1x2x?x8xf16> -> tensor<1x6x?x8xf16>
  return %o : tensor<1x6x?x8xf16>
}

// KEEP-LABEL: func.func @has_outs
//  KEEP-SAME:   %[[E:[^:]*]]: tensor<3x2xf64>)
//   KEEP-NOT:   tensor.empty
//       KEEP:   attn.attention {{.*}} outs(%[[E]] :
func.func @has_outs(%q: tensor<3x2xf64>, %e: tensor<3x2xf64>) -> tensor<3x2xf64> {
  %o = attn.attention %q, %q, %q outs(%e : tensor<3x2xf64>) : tensor<3x2xf64>, tensor<3x2xf64>, tensor<3x2xf64> -> tensor<3x2xf64>
  return %o : tensor<3x2xf64>
}

// A rule reads bools as bytes, each array copied once.
// KEEP-LABEL: func.func @bools
//  KEEP-SAME:   %[[MARKED:[^:]*]]: tensor<?xi1>)
//       KEEP:   %[[BYTES:.*]] = linalg.generic {{.*}} ins(%[[MARKED]] : tensor<?xi1>) outs(%{{.*}} : tensor<?xi8>)
//       KEEP:     arith.extui
//   KEEP-NOT:   linalg.generic
//       KEEP:   attn.attention
//       KEEP:     %[[AT_Q:.*]] = tensor.extract %[[BYTES]][%{{.*}}] : tensor<?xi8>
//       KEEP:     arith.cmpi ne, %[[AT_Q]], %c0_i8
//       KEEP:     %[[AT_K:.*]] = tensor.extract %[[BYTES]][%{{.*}}] : tensor<?xi8>
//       KEEP:     arith.cmpi ne, %[[AT_K]], %c0_i8
func.func @bools(%q: tensor<?x8xf32>, %marked: tensor<?xi1>) -> tensor<?x8xf32> {
  %c = arith.constant 1.0 : f32
  %o = attn.attention %q, %q, %q scale %c : f32 mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %x = tensor.extract %marked[%i] : tensor<?xi1>
    %y = tensor.extract %marked[%j] : tensor<?xi1>
    %z = arith.ori %x, %y : i1
    attn.yield %z : i1
  } : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %o : tensor<?x8xf32>
}

// RUN: attn-opt %s --attn-lower-to-linalg --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --attn-lower-to-linalg=keep-attention --canonicalize --cse | FileCheck %s --check-prefix=KEEP

// The recurrence: state = factor * state + key' value, output = query state.
// CHECK-LABEL: func.func @gated
//  CHECK-SAME:   (%[[Q:[^:]*]]: tensor<?x?x8xf16>, %[[V:[^:]*]]: tensor<?x?x?xf16>, %[[G:[^:]*]]: tensor<?x?xf32>, %[[S:[^:]*]]: tensor<?x8x?xf32>)
//       CHECK:   %[[FACTORS:.*]] = linalg.generic {{.*}} ins(%[[G]]
//       CHECK:     math.exp
//       CHECK:   %[[LOOP:.*]]:2 = scf.for %[[T:.*]] = %{{.*}} iter_args(%[[STATE:.*]] = %[[S]], %[[OUT:.*]] = %{{.*}}) -> (tensor<?x8x?xf32>, tensor<?x?x?xf32>)
//   CHECK-DAG:     %[[K:.*]] = tensor.extract_slice %[[Q]][0, %[[T]], 0]
//   CHECK-DAG:     %[[X:.*]] = tensor.extract_slice %[[V]][0, %[[T]], 0]
//   CHECK-DAG:     %[[F:.*]] = tensor.extract_slice %[[FACTORS]][0, %[[T]]]
//       CHECK:     %[[NEXT:.*]] = linalg.generic {{.*}} ins(%[[K]], %[[X]], %[[F]] : {{.*}}) outs(%[[STATE]]
//       CHECK:       arith.mulf
//       CHECK:       arith.addf
//       CHECK:     %[[ROW:.*]] = linalg.generic {{.*}}"reduction"{{.*}} ins(%[[K]], %[[NEXT]]
//       CHECK:     tensor.insert_slice %[[ROW]] into %[[OUT]][0, %[[T]], 0]
//       CHECK:   arith.truncf
//   CHECK-NOT:   attn.
//       CHECK:   return %{{.*}}, %[[LOOP]]#0

// KEEP-LABEL: func.func @gated
//  KEEP-SAME:   (%[[Q:[^:]*]]: tensor<?x?x8xf16>, %[[V:[^:]*]]: tensor<?x?x?xf16>,
//   KEEP-DAG:   %[[B:.*]] = tensor.dim %[[Q]], %c0
//   KEEP-DAG:   %[[T:.*]] = tensor.dim %[[Q]], %c1
//   KEEP-DAG:   %[[D:.*]] = tensor.dim %[[V]], %c2
//   KEEP-DAG:   %[[OUT:.*]] = tensor.empty(%[[B]], %[[T]], %[[D]]) : tensor<?x?x?xf16>
//   KEEP-DAG:   %[[NEXT:.*]] = tensor.empty(%[[B]], %[[D]]) : tensor<?x8x?xf32>
//       KEEP:   attn.linear_attention
//  KEEP-SAME:   outs(%[[OUT]], %[[NEXT]] :
func.func @gated(%q: tensor<?x?x8xf16>, %v: tensor<?x?x?xf16>, %g: tensor<?x?xf32>, %s: tensor<?x8x?xf32>)
    -> (tensor<?x?x?xf16>, tensor<?x8x?xf32>) {
  %o:2 = attn.linear_attention %q, %q, %v causal decay %g : tensor<?x?xf32> state %s : tensor<?x8x?xf32>
    : tensor<?x?x8xf16>, tensor<?x?x8xf16>, tensor<?x?x?xf16> -> tensor<?x?x?xf16>, tensor<?x8x?xf32>
  return %o#0, %o#1 : tensor<?x?x?xf16>, tensor<?x8x?xf32>
}

// Without an order the state of all keys comes first. Grouped heads are written
// out.
// CHECK-LABEL: func.func @full
//       CHECK:   linalg.generic
//       CHECK:   %[[STATE:.*]] = scf.for
//   CHECK-NOT:   scf.for
//       CHECK:   scf.for
//       CHECK:     linalg.generic {{.*}} ins(%{{.*}}, %[[STATE]]
func.func @full(%q: tensor<1x4x?x8xf32>, %k: tensor<1x2x?x8xf32>) -> tensor<1x4x?x8xf32> {
  %o = attn.linear_attention %q, %k, %k : tensor<1x4x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32> -> tensor<1x4x?x8xf32>
  return %o : tensor<1x4x?x8xf32>
}

// A decay for all is one factor, and one a head is read by heads.
// CHECK-LABEL: func.func @constant
//       CHECK:   %[[FACTOR:.*]] = math.exp %{{.*}} : f32
//       CHECK:   scf.for
//       CHECK:     arith.mulf %{{.*}}, %[[FACTOR]] : f32
//       CHECK:   scf.for
//       CHECK:     linalg.generic {{.*}}, tensor<?xf32>) outs(%{{.*}} : tensor<?x?x8x8xf32>)
//       CHECK:   return
func.func @constant(%q: tensor<?x?x?x8xf32>, %c: f32, %g: tensor<?xf32>) -> (tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>) {
  %0 = attn.linear_attention %q, %q, %q causal decay %c : f32 : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32> -> tensor<?x?x?x8xf32>
  %1 = attn.linear_attention %q, %q, %q causal decay %g : tensor<?xf32> : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32> -> tensor<?x?x?x8xf32>
  return %0, %1 : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>
}

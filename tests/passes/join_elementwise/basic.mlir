// RUN: attn-opt %s --attn-lower-to-linalg --resolve-ranked-shaped-type-result-dims --canonicalize --attn-join-elementwise --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @chain
//       CHECK:   linalg.generic
//       CHECK:     math.exp
//       CHECK:     arith.negf
//   CHECK-NOT:   linalg.generic
//       CHECK:   return
func.func @chain(%x: tensor<?xf32>) -> tensor<?xf32> {
  %e = attn.unary exp %x : tensor<?xf32>
  %y = attn.unary neg %e : tensor<?xf32>
  return %y : tensor<?xf32>
}

// A reduction visits each element once.
// CHECK-LABEL: func.func @sum_of_squares
//       CHECK:   linalg.generic
//  CHECK-SAME:     "reduction"
//       CHECK:     arith.mulf
//       CHECK:     arith.addf
//   CHECK-NOT:   linalg.generic
//       CHECK:   return
func.func @sum_of_squares(%x: tensor<?x?xf32>) -> tensor<?xf32> {
  %s = attn.binary mul %x, %x : tensor<?x?xf32>, tensor<?x?xf32>
  %y = attn.reduce sum %s axes [1] : tensor<?x?xf32>
  return %y : tensor<?xf32>
}

// A product would compute exp once for every column; the transpose only moves.
// CHECK-LABEL: func.func @product
//       CHECK:   linalg.generic
//       CHECK:     math.exp
//       CHECK:     linalg.yield
//       CHECK:   linalg.generic
//  CHECK-SAME:     "reduction"
//   CHECK-NOT:   linalg.generic
//       CHECK:   return
func.func @product(%x: tensor<?x?xf32>, %w: tensor<8x?xf32>) -> tensor<?x8xf32> {
  %e = attn.unary exp %x : tensor<?x?xf32>
  %t = attn.transpose %w [1, 0] : tensor<8x?xf32>
  %y = attn.matmul %e, %t : tensor<?x?xf32>, tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// Two uses: computed once, kept.
// CHECK-LABEL: func.func @shared
//       CHECK:   linalg.generic
//       CHECK:     math.exp
//       CHECK:   linalg.generic
//       CHECK:     arith.negf
func.func @shared(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %e = attn.unary exp %x : tensor<?xf32>
  %y = attn.unary neg %e : tensor<?xf32>
  return %e, %y : tensor<?xf32>, tensor<?xf32>
}

// RUN: attn-opt %s --split-input-file --attn-export | FileCheck %s

//   CHECK-DAG: #[[$TD:.*]] = affine_map<()[s0, s1] -> (s0, s1)>
//   CHECK-DAG: #[[$SCALAR:.*]] = affine_map<()[s0, s1] -> ()>
//   CHECK-DAG: #[[$EVEN:.*]] = affine_map<()[s0, s1] -> (s1 mod 2)>
// CHECK-LABEL: func.func private @helper
func.func @helper() {
  return
}

// The signature moves from arguments and results to the function.
// CHECK-LABEL: func.func @attn.f
//  CHECK-SAME:   (%[[X:.*]]: memref<?x?xf32>, %[[C:.*]]: memref<f32>, %[[OUT:.*]]: memref<?x?xf32>)
//  CHECK-SAME:   attn.entry
//  CHECK-SAME:   attn.signature = {
//  CHECK-SAME:     arguments = [{dtype = "f32", name = "x", shape = #[[$TD]]}, {dtype = "f32", name = "c", shape = #[[$SCALAR]]}]
//  CHECK-SAME:     dims = ["T", "D"]
//  CHECK-SAME:     requires = [{map = #[[$EVEN]], message = "D must be even"}]
//  CHECK-SAME:     results = [{dtype = "f32", name = "out", shape = #[[$TD]]}]
//  CHECK-SAME:   llvm.emit_c_interface
//   CHECK-NOT:   attn.dims
// Arguments are read-only, results belong to the caller.
//   CHECK-DAG:   %[[T:.*]] = bufferization.to_tensor %[[X]] restrict : memref<?x?xf32> to tensor<?x?xf32>
//   CHECK-DAG:   %[[V:.*]] = memref.load %[[C]][]
//       CHECK:   %[[Y:.*]] = attn.binary mul %[[T]], %[[V]]
//       CHECK:   bufferization.materialize_in_destination %[[Y]] in restrict writable %[[OUT]]
//       CHECK:   return{{$}}
func.func @f(
    %x: tensor<?x?xf32> {attn.name = "x", attn.dtype = "f32", attn.shape = affine_map<()[s0, s1] -> (s0, s1)>},
    %c: f32 {attn.name = "c", attn.dtype = "f32", attn.shape = affine_map<()[s0, s1] -> ()>})
    -> (tensor<?x?xf32> {attn.name = "out", attn.dtype = "f32", attn.shape = affine_map<()[s0, s1] -> (s0, s1)>})
    attributes {attn.entry, attn.dims = ["T", "D"],
                attn.requires = [{map = affine_map<()[s0, s1] -> (s1 mod 2)>, message = "D must be even"}]} {
  %y = attn.binary mul %x, %c : tensor<?x?xf32>, f32
  return %y : tensor<?x?xf32>
}

// -----

// Bools are bytes outside; without attributes there is no signature.
// CHECK-LABEL: func.func @attn.bools
//  CHECK-SAME:   (%[[P:.*]]: memref<?xi8>, %[[Q:.*]]: memref<i8>, %[[R:.*]]: memref<i8>, %[[S:.*]]: memref<?xi8>)
//   CHECK-NOT:   attn.signature
//       CHECK:   linalg.generic
//       CHECK:     arith.cmpi ne, %{{.*}} : i8
//       CHECK:   %[[B:.*]] = memref.load %[[Q]][]
//       CHECK:   %[[BOOL:.*]] = arith.cmpi ne, %[[B]]
//       CHECK:   %[[BYTE:.*]] = arith.extui %[[BOOL]] : i1 to i8
//       CHECK:   memref.store %[[BYTE]], %[[R]][]
//       CHECK:   %[[BYTES:.*]] = linalg.generic
//       CHECK:     arith.extui
//       CHECK:   materialize_in_destination %[[BYTES]] in restrict writable %[[S]]
func.func @bools(%p: tensor<?xi1>, %q: i1) -> (i1, tensor<?xi1>) attributes {attn.entry} {
  return %q, %p : i1, tensor<?xi1>
}

// -----

// Each result starts with memory of its own.
// CHECK-LABEL: func.func @attn.starts
//       CHECK:   %[[E2:.*]] = tensor.empty
//       CHECK:   %[[F2:.*]] = linalg.fill {{.*}} outs(%[[E2]]
//       CHECK:   %[[E1:.*]] = tensor.empty
//       CHECK:   %[[F1:.*]] = linalg.fill {{.*}} outs(%[[E1]]
//       CHECK:   linalg.matmul {{.*}} outs(%[[F1]]
//       CHECK:   linalg.matmul {{.*}} outs(%[[F2]]
func.func @starts(%a: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) attributes {attn.entry} {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %p = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = linalg.matmul ins(%p, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %p, %r : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// CHECK-LABEL: func.func @attn.nothing() attributes {attn.entry, llvm.emit_c_interface}
func.func @nothing() attributes {attn.entry} {
  return
}

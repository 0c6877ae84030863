// RUN: attn-opt %s --attn-export --attn-export | FileCheck %s --check-prefix=TWICE
// RUN: attn-opt %s --attn-tile-pipeline=opt=0 | FileCheck %s
// RUN: attn-opt %s --attn-tile-pipeline=opt=0 --attn-llvm-pipeline | FileCheck %s --check-prefix=LLVM
// RUN: attn-opt %s --attn-tile-pipeline=opt=0 --attn-llvm-pipeline --attn-export | FileCheck %s --check-prefix=LLVM

// What is exported stays as it is.
// TWICE-LABEL: func.func @attn.f(
//   TWICE-NOT:   materialize_in_destination
//       TWICE:   materialize_in_destination
//       TWICE:   materialize_in_destination
//       TWICE:   materialize_in_destination
//   TWICE-NOT:   materialize_in_destination

// Each result is a buffer of its own, an argument is copied, and a value that
// is two results is written twice.
// CHECK-LABEL: func.func @attn.f(
//  CHECK-SAME:   %[[X:.*]]: memref<?xf32>, %[[A:.*]]: memref<?xf32>, %[[B:.*]]: memref<?xf32>, %[[C:.*]]: memref<?xf32>)
//   CHECK-NOT:   memref.store %{{.*}}, %[[X]]
//   CHECK-DAG:   memref.copy %[[X]], %[[A]]
//   CHECK-DAG:   memref.copy %[[B]], %[[C]]
//       CHECK:   return

// The attributes of the function reach the last stage.
//       LLVM: llvm.func @attn.f(
//  LLVM-SAME:   attn.entry, attn.signature = {arguments = [{dtype = "f32", name = "x"
//       LLVM: llvm.func @_mlir_ciface_attn.f(
func.func @f(
    %x: tensor<?xf32> {attn.name = "x", attn.dtype = "f32", attn.shape = affine_map<()[s0] -> (s0)>})
    -> (tensor<?xf32> {attn.name = "a", attn.dtype = "f32", attn.shape = affine_map<()[s0] -> (s0)>},
        tensor<?xf32> {attn.name = "b", attn.dtype = "f32", attn.shape = affine_map<()[s0] -> (s0)>},
        tensor<?xf32> {attn.name = "c", attn.dtype = "f32", attn.shape = affine_map<()[s0] -> (s0)>})
    attributes {attn.entry, attn.dims = ["T"]} {
  %y = attn.unary neg %x : tensor<?xf32>
  return %x, %y, %y : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}

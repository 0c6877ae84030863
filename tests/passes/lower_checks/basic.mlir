// RUN: attn-opt %s --attn-lower-checks | FileCheck %s

// CHECK: func.func private @_attn_check_failed(!llvm.ptr, i64, i64, !llvm.ptr, i64, i64, i64, i64, f64)

// CHECK-LABEL: func.func @scalars
// CHECK-SAME: (%[[OK:.*]]: i1, %[[X:.*]]: f32)
func.func @scalars(%ok: i1, %x: f32) {
  // CHECK: %[[BROKEN:.*]] = arith.xori %[[OK]], %true
  // CHECK: scf.if %[[BROKEN]] {
  // CHECK: %[[V:.*]] = arith.extf %[[X]] : f32 to f64
  // CHECK: call @_attn_check_failed({{.*}}, %[[V]])
  attn.require %ok, %x "'x'", "more than 0" : f32
  // CHECK: scf.if
  attn.require %ok, %x "'x'", "more than 0" : f32
  // CHECK-NOT: attn.
  return
}

// CHECK-LABEL: func.func @weights
// CHECK-SAME: (%[[W:.*]]: tensor<?x?xf16>)
func.func @weights(%w: tensor<?x?xf16>) {
  // CHECK: scf.for %[[ROW:.*]] =
  // CHECK: scf.for %[[KEY:.*]] = {{.*}} iter_args
  // CHECK: tensor.extract %[[W]][%[[ROW]], %[[KEY]]] : tensor<?x?xf16>
  // CHECK: arith.cmpf oge
  // CHECK: arith.cmpf ole
  // CHECK: arith.addf {{.*}} : f64
  // CHECK: call @_attn_check_failed
  // CHECK: call @_attn_check_failed
  // CHECK-NOT: attn.
  attn.validate %w "'w'" tolerance 1.0e-2 : tensor<?x?xf16>
  return
}

// CHECK-LABEL: func.func @holds
// CHECK-NEXT: arith.constant true
// CHECK-NEXT: return
func.func @holds(%x: i64) {
  %true = arith.constant true
  attn.require %true, %x "'x'", "anything" : i64
  return
}

// Equal texts are one.
// CHECK: llvm.mlir.global internal constant @check.text("{{.*}}basic.mlir\00")
// CHECK-NEXT: llvm.mlir.global internal constant @{{.*}}("'x' is {value}, expected more than 0\00")
// CHECK-NEXT: llvm.mlir.global internal constant @{{.*}}("'w' at {at} is {value}, expected a weight from 0 to 1\00")
// CHECK-NEXT: llvm.mlir.global internal constant @{{.*}}("'w': row {at} has the sum {value}, expected 1, or 0 where no key is allowed\00")
// CHECK-NOT: llvm.mlir.global

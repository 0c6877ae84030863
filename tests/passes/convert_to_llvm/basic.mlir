// RUN: attn-opt %s --attn-convert-to-llvm --reconcile-unrealized-casts | FileCheck %s

// Nothing of other dialects is left, and no cast between their types.
//   CHECK-NOT: {{(arith|math|memref|func|cf)[.][a-z]|unrealized}}

// CHECK-LABEL: llvm.func @scalars
//       CHECK:   llvm.getelementptr
//       CHECK:   llvm.load
//       CHECK:   llvm.intr.exp
//       CHECK:   llvm.cond_br
//       CHECK:   llvm.return
func.func @scalars(%m: memref<?xf32>, %i: index, %c: i1) -> f32 {
  %one = arith.constant 1 : index
  %next = arith.addi %i, %one : index
  %x = memref.load %m[%next] : memref<?xf32>
  %y = math.exp %x : f32
  cf.cond_br %c, ^yes, ^no
^yes:
  return %y : f32
^no:
  return %x : f32
}

// Parallel regions keep their ops, with LLVM's types inside.
// CHECK-LABEL: llvm.func @parallel
//       CHECK:   omp.parallel
//       CHECK:     omp.wsloop
//       CHECK:       omp.loop_nest {{.*}} : i64
//       CHECK:         llvm.store
func.func @parallel(%m: memref<?xf32>, %n: index, %x: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  omp.parallel {
    omp.wsloop {
      omp.loop_nest (%i) : index = (%c0) to (%n) step (%c1) {
        memref.store %x, %m[%i] : memref<?xf32>
        omp.yield
      }
    }
    omp.terminator
  }
  return
}

// Memory comes from the runtime.
// CHECK-LABEL: llvm.func @temporary
//       CHECK:   llvm.call @_mlir_memref_to_llvm_aligned_alloc
//       CHECK:   llvm.call @_mlir_memref_to_llvm_free
func.func @temporary(%n: index) {
  %m = memref.alloc(%n) {alignment = 64} : memref<?xf32>
  memref.dealloc %m : memref<?xf32>
  return
}

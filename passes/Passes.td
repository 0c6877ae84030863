//===- Passes.td - Every pass of attnc ---------------------*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_PASSES_TD
#define ATTN_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

include "FusePasses.td"
include "KernelPasses.td"

//===----------------------------------------------------------------------===//
// fused -> tiled
//===----------------------------------------------------------------------===//

def LowerChecks : Pass<"attn-lower-checks", "mlir::ModuleOp"> {
  let summary = "lowers attn.require and attn.validate to calls of the runtime";
  let description = [{
    Before:

    ```mlir
    attn.require %ok, %rate "'dropout'", "at least 0 and less than 1" : f32
    ```

    After:

    ```mlir
    %failed = arith.xori %ok, %true : i1
    scf.if %failed {
      %file = llvm.mlir.addressof @check.text : !llvm.ptr
      %text = llvm.mlir.addressof @check.text_0 : !llvm.ptr
      %value = arith.extf %rate : f32 to f64
      func.call @_attn_check_failed(%file, %line, %column, %text, %none, …, %value)
    }
    ```

    The texts are constants of the module. `attn.validate` becomes loops over the
    rows, in order. The call ends the run (docs/architecture.md).
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::func::FuncDialect",
    "mlir::LLVM::LLVMDialect", "mlir::scf::SCFDialect",
    "mlir::tensor::TensorDialect"
  ];
}

def LowerToLinalg : Pass<"attn-lower-to-linalg", "mlir::func::FuncOp"> {
  let summary = "lowers attn ops to linalg on tensors, literally";
  let description = [{
    Before:

    ```mlir
    %e = attn.unary exp %x : tensor<?x?xf32>
    ```

    After:

    ```mlir
    %d0 = tensor.dim %x, %c0 : tensor<?x?xf32>
    %d1 = tensor.dim %x, %c1 : tensor<?x?xf32>
    %empty = tensor.empty(%d0, %d1) : tensor<?x?xf32>
    %e = linalg.generic {…} ins(%x : tensor<?x?xf32>) outs(%empty : tensor<?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = math.exp %in : f32
      linalg.yield %0 : f32
    } -> tensor<?x?xf32>
    ```

    The reference of every op's meaning: nothing is tiled, and `attn.attention`
    becomes its definition with the whole score matrix, `attn.linear_attention` its
    recurrence. With `keep-attention` both, and `attn.top_keys`, stay and get their
    `outs`; rules of attention read arrays of bools as bytes then, so that vectors of them can be read.
  }];
  let options = [
    Option<"keepAttention", "keep-attention", "bool", "false",
           "leave attention for attn-tile-attention and attn-tile-linear-attention">
  ];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
    "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numLowered", "num-lowered", "ops lowered">];
}

def JoinElementwise : Pass<"attn-join-elementwise", "mlir::func::FuncOp"> {
  let summary = "joins chains of elementwise linalg ops";
  let description = [{
    Before:

    ```mlir
    %e = linalg.generic {…} ins(%x : tensor<?xf32>) { … math.exp … }
    %y = linalg.generic {…} ins(%e : tensor<?xf32>) { … math.log … }
    ```

    After:

    ```mlir
    %y = linalg.generic {…} ins(%x : tensor<?xf32>) { … math.exp … math.log … }
    ```

    A producer moves into its consumer, which may be a reduction, where each
    element is still computed only once. One that only moves elements, like a
    transpose, may be read more often.
  }];
  let dependentDialects = [
    "mlir::affine::AffineDialect", "mlir::linalg::LinalgDialect",
    "mlir::tensor::TensorDialect"
  ];
}

def Export : Pass<"attn-export", "mlir::ModuleOp"> {
  let summary = "gives the entry its calling convention of caller-owned buffers";
  let description = [{
    Before:

    ```mlir
    func.func @f(%x: tensor<?xf32>, %c: f32) -> tensor<?xf32> attributes {attn.entry}
    ```

    After:

    ```mlir
    func.func @f(%x: memref<?xf32>, %c: memref<f32>, %out: memref<?xf32>)
      attributes {attn.entry, llvm.emit_c_interface}
    ```

    The convention is that of docs/architecture.md: results are written into the
    caller's memory. The signature attributes move to the function, where they
    survive every later stage. Every op gets a `tensor.empty` or `linalg.fill` of
    its own to start with, since it may become the caller's memory.
  }];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::bufferization::BufferizationDialect", "mlir::memref::MemRefDialect",
    "mlir::tensor::TensorDialect", "mlir::linalg::LinalgDialect"
  ];
}

def ShareLoops : Pass<"attn-share-loops", "mlir::ModuleOp"> {
  let summary = "makes one function of linalg ops on buffers that are alike";
  let description = [{
    Before:

    ```mlir
    linalg.generic {…} ins(%x, %w : memref<?x96xf32>, memref<96xf32>) outs(%y : memref<?x96xf32>)
    linalg.generic {…} ins(%y, %u : memref<?x96xf32>, memref<96xf32>) outs(%z : memref<?x96xf32>)
    ```

    After:

    ```mlir
    call @shared.loops(%x, %w, %y)
    call @shared.loops(%y, %u, %z)
    ```

    Ops are alike if they differ in their operands only; constants count as part
    of the op, and so does the fill of a reduction's output. The time to compile a
    model then grows with the kinds of its layers, not with their number. An op
    that is like no other stays where it is, as do those inside of loops.
  }];
  let dependentDialects = ["mlir::func::FuncDialect"];
  let statistics = [Statistic<"numShared", "num-shared", "ops replaced by calls">];
}

def LowerToLoops : Pass<"attn-lower-to-loops", "mlir::func::FuncOp"> {
  let summary = "lowers linalg on buffers to loops";
  let description = [{
    Before:

    ```mlir
    linalg.generic {…} ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
    ```

    After, with `parallel`:

    ```
    omp.parallel if(the work is worth it)
      omp.wsloop for i
        for k
          for j: c[i, j] += a[i, k] * b[k, j]
    ```

    The innermost loop is one that walks memory with stride 1, so that LLVM can
    vectorise it. What innermost reductions sum up stays in registers. Copies between
    strided buffers become loops too; other copies stay.
  }];
  let options = [
    Option<"parallel", "parallel", "bool", "false",
           "share the outer loops among OpenMP threads">,
    Option<"reassociate", "reassociate", "bool", "false",
           "let LLVM sum in another order, with vectors, and take functions as "
           "vectors do">
  ];
  let dependentDialects = [
    "mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
    "mlir::linalg::LinalgDialect", "mlir::memref::MemRefDialect",
    "mlir::omp::OpenMPDialect", "mlir::scf::SCFDialect"
  ];
  let statistics = [Statistic<"numLowered", "num-lowered", "ops lowered">];
}

//===----------------------------------------------------------------------===//
// tiled -> llvm
//===----------------------------------------------------------------------===//

def ApproximateMath : Pass<"attn-approximate-math", "mlir::func::FuncOp"> {
  let summary = "computes functions of vectors without library calls";
  let description = [{
    Before:

    ```mlir
    %y = math.exp2 %x : vector<16xf32>
    ```

    After: arithmetic, `vector.fma` and `arith.select` on vectors. Scalars with
    `fastmath<afn>`, which are in loops that LLVM may make vectors of, become the
    same arithmetic, but for sines and cosines. Other scalars, vectors of f64 and
    vectors of several axes stay for the C library; `math.erf` of f64 goes there
    lane by lane, since LLVM cannot take it apart. f16 and bf16 are computed in f32
    and rounded once more.

    Bounds of the error in f32, in units in the last place of the exact result,
    with and without an instruction for multiply-adds:

    | op | error | how |
    |---|---|---|
    | `math.exp` | 1.1 | polynomial of degree 6 |
    | `math.exp2` | 1.2 | polynomial of degree 6 |
    | `math.expm1` | 1.6 | polynomial of degree 7 |
    | `math.log` | 1.0 | polynomial of degree 11 |
    | `math.log2` | 2.0 | polynomial of degree 11 |
    | `math.log1p` | 1.0 | `log`, corrected for the rounding of 1 + x |
    | `math.tanh` | 2.0 | (1 - e^-2x) / (1 + e^-2x) |
    | `math.erf` | 1.5 | polynomial below 0.93, 1 - e^p(x) above |
    | `math.sin`, `math.cos` | 1.7 | quarter turns subtracted in f64 |
    | `math.powf` | 0.6 | logarithm and power in f64 |

    Denormal numbers count, in arguments and in results. NaN, infinities and
    signed zeros are as in the C library. Where a lane of a sine or a cosine is
    beyond 2^20, all lanes of that vector call the library.
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::scf::SCFDialect",
    "mlir::vector::VectorDialect"
  ];
  let statistics = [
    Statistic<"numApproximated", "num-approximated", "ops replaced">
  ];
}

def ExpandBFloat16 : Pass<"attn-expand-bfloat16"> {
  let summary = "converts to and from bf16 with integer arithmetic";
  let description = [{
    Before:

    ```mlir
    %y = arith.truncf %x : f32 to bf16
    ```

    After: the bits of %x, rounded to nearest even at bit 16, shifted right. f64
    goes through f32 rounded to odd, so that the result is rounded once. Without
    this LLVM calls functions that Debian 12's libgcc does not have.
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::math::MathDialect",
    "mlir::vector::VectorDialect"
  ];
}

def ResolveExpandShape
    : Pass<"attn-resolve-expand-shape", "mlir::func::FuncOp"> {
  let summary = "lowers splits of an axis into several open extents";
  let description = [{
    Before:

    ```mlir
    %v = memref.expand_shape %m [[0], [1, 2]] output_shape [%t, %h, %d]
      : memref<?x?xf32> into memref<?x?x?xf32>
    ```

    After:

    ```mlir
    %base, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %m : …
    %v = memref.reinterpret_cast %base to offset: [0], sizes: [%t, %h, %d],
      strides: [%s0, %d, 1] : memref<f32> to memref<?x?x?xf32>
    ```

    `expand-strided-metadata` handles one open extent for each axis split; heads
    of a width that is not known either are two.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect",
                           "mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numResolved", "num-resolved", "splits lowered">];
}

def ConvertToLLVM : Pass<"attn-convert-to-llvm", "mlir::ModuleOp"> {
  let summary = "lowers scalars, buffers, functions and control flow to LLVM";
  let description = [{
    Before:

    ```mlir
    func.func @f(%m: memref<?xf32>, %i: index) -> f32 {
      %x = memref.load %m[%i] : memref<?xf32>
      %y = math.exp %x : f32
      return %y : f32
    }
    ```

    After:

    ```mlir
    llvm.func @f(%p: !llvm.ptr, …, %i: i64) -> f32 {
      %a = llvm.getelementptr %p[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %x = llvm.load %a : !llvm.ptr -> f32
      %y = llvm.intr.exp(%x) : (f32) -> f32
      llvm.return %y : f32
    }
    ```

    What MLIR's passes for arith, cf, func, math, memref, omp and ub do, in one
    conversion instead of eight: each goes through the whole module, and a kernel is
    large.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect",
                           "mlir::omp::OpenMPDialect"];
}

#endif // ATTN_PASSES_PASSES_TD

//===- AttnDialect.td - The attn dialect -------------------*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNDIALECT_TD
#define ATTN_DIALECT_ATTNDIALECT_TD

include "mlir/IR/OpBase.td"

def Attn_Dialect : Dialect {
  let name = "attn";
  let cppNamespace = "::attn";
  let summary = "Transformer attention, as a formula and as one fused op";
  let description = [{
    The dialect has two levels. The *written-out* ops (`attn.matmul`,
    `attn.softmax`, `attn.binary`, `attn.mask`, …) say what a program says, one
    op a formula step, on tensors. The *fused* ops (`attn.attention`, the norms)
    say the same in one op, which the kernel generator lowers without ever
    building the score matrix.

    Mask and score rules are regions over the indices batch, query head, query
    position and key position, so that passes can analyse them. The regions may
    use values defined outside of them.

    Dimensions: an extent that the type leaves open (`?`) is never stretched by
    broadcasting; only a static 1 is.
  }];

  let extraClassDeclaration = [{
    /// Discardable attributes of functions, arguments and results, described
    /// in docs/architecture.md.
    /// What attn-export puts before the entry's name.
    static constexpr llvm::StringLiteral kSymbolPrefix = "attn.";
    static constexpr llvm::StringLiteral kEntryAttr = "attn.entry";
    static constexpr llvm::StringLiteral kDimsAttr = "attn.dims";
    static constexpr llvm::StringLiteral kNameAttr = "attn.name";
    static constexpr llvm::StringLiteral kShapeAttr = "attn.shape";
    static constexpr llvm::StringLiteral kDTypeAttr = "attn.dtype";
    static constexpr llvm::StringLiteral kRequiresAttr = "attn.requires";
    static constexpr llvm::StringLiteral kSignatureAttr = "attn.signature";
  }];

  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"
  ];
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Attn_Float : AnyTypeOf<[F16, BF16, F32, F64], "16-, 32- or 64-bit float">;

def Attn_Element
    : AnyTypeOf<[F16, BF16, F32, F64, I1, I32, I64], "number or bool">;

def Attn_Tensor : RankedTensorOf<[Attn_Element]>;
def Attn_FloatTensor : RankedTensorOf<[Attn_Float]>;
def Attn_BoolTensor : RankedTensorOf<[I1]>;

/// A tensor, or a scalar that stands for a tensor of any shape.
def Attn_Operand : AnyTypeOf<[Attn_Tensor, Attn_Element]>;

/// What attention reads and writes: tensors, or buffers after bufferization.
def Attn_FloatShaped
    : AnyTypeOf<[Attn_FloatTensor, StridedMemRefRankOf<[Attn_Float], [2, 3, 4]>],
                "float tensor or strided buffer">;

/// One number for each row of attention.
def Attn_RowShaped
    : AnyTypeOf<[Attn_FloatTensor, StridedMemRefRankOf<[Attn_Float], [1, 2, 3]>],
                "float tensor or strided buffer of rows">;

/// One number for all heads, or one for each.
def Attn_HeadShaped
    : AnyTypeOf<[Attn_Float, 1DTensorOf<[Attn_Float]>,
                 StridedMemRefRankOf<[Attn_Float], [1]>],
                "float, or float tensor or strided buffer of rank 1">;

#endif // ATTN_DIALECT_ATTNDIALECT_TD

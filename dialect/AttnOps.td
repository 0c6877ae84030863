//===- AttnOps.td - Ops of the attn dialect ----------------*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// docs/spec.md is the source of truth; the labels (I1, C1, …) in comments are
// its labels. A constraint without a label here is checked in C++.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNOPS_TD
#define ATTN_DIALECT_ATTNOPS_TD

include "AttnDialect.td"
include "AttnEnums.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Every op tells the extents of its result in terms of its operands, so that
/// asking for a size keeps no computation alive.
class Attn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Attn_Dialect, mnemonic, traits>;
class Attn_ShapedOp<string mnemonic, list<Trait> traits = []>
    : Attn_Op<mnemonic, traits # [
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]>;

/// A written-out op: pure, its result type follows from its operands.
class Attn_FormulaOp<string mnemonic, list<Trait> traits = []>
    : Attn_ShapedOp<mnemonic, traits # [Pure, InferTypeOpAdaptor]>;

/// An op with a rule region over the indices b, h, q, k.
defvar RuleTraits = [
  SingleBlock,
  DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>
];

//===----------------------------------------------------------------------===//
// Fused ops
//===----------------------------------------------------------------------===//

include "AttnAttention.td"
include "AttnLinearAttention.td"
include "AttnTopKeys.td"
include "AttnChecks.td"

def Attn_LayerNormOp : Attn_FormulaOp<"layer_norm", [AttrSizedOperandSegments]> {
  let summary = "layer normalisation over the last axis";
  let description = [{
    `(x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * weight + bias` over the last
    axis; `weight` and `bias` have the last axis' extent. (Ba et al. 2016.)

    Example:

    ```mlir
    %y = attn.layer_norm %x weight %w bias %b {epsilon = 1.0e-5 : f64}
      : tensor<?x?x64xf32>, tensor<64xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins
    Attn_FloatTensor:$input,            // (I1)
    Optional<Attn_FloatTensor>:$weight, // (I2)
    Optional<Attn_FloatTensor>:$bias,   // (I3)
    F64Attr:$epsilon                    // (I4)
  );
  let results = (outs Attn_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`weight` $weight^)? (`bias` $bias^)? attr-dict
    `:` type($input) `` custom<NormTypes>(ref($weight), type($weight), ref($bias), type($bias))
  }];
  let hasVerifier = 1;
}

def Attn_RmsNormOp : Attn_FormulaOp<"rms_norm"> {
  let summary = "root-mean-square normalisation over the last axis";
  let description = [{
    `x / sqrt(mean(x^2) + epsilon) * weight` over the last axis; `weight` has the
    last axis' extent. (Zhang and Sennrich 2019.)

    Example:

    ```mlir
    %y = attn.rms_norm %x weight %w {epsilon = 1.0e-5 : f64}
      : tensor<?x?x64xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins
    Attn_FloatTensor:$input,            // (I1)
    Optional<Attn_FloatTensor>:$weight, // (I2)
    F64Attr:$epsilon                    // (I3)
  );
  let results = (outs Attn_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`weight` $weight^)? attr-dict `:` type($input) (`,` type($weight)^)?
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Written-out ops: products, softmax, reductions
//===----------------------------------------------------------------------===//

def Attn_MatmulOp : Attn_FormulaOp<"matmul"> {
  let summary = "matrix product of the last two axes";
  let description = [{
    `result[…, i, j] = sum_d lhs[…, i, d] * rhs[…, d, j]`; leading axes broadcast,
    aligned at the right. Sums are kept in f32 (f64 for f64).

    Example:

    ```mlir
    %s = attn.matmul %q, %kt : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
    ```
  }];
  let arguments = (ins
    Attn_FloatTensor:$lhs, // (I1)
    Attn_FloatTensor:$rhs  // (I2)
  );
  let results = (outs Attn_FloatTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}

def Attn_SoftmaxOp : Attn_FormulaOp<"softmax"> {
  let summary = "softmax along one axis";
  let description = [{
    `exp(x - max x) / sum exp(x - max x)` along `axis`. A row of only -inf gives zeros.
    (Milakov and Gimelshein 2018 describe the online form.)

    Example:

    ```mlir
    %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
    ```
  }];
  let arguments = (ins
    Attn_FloatTensor:$input, // (I1)
    ConfinedAttr<I64Attr, [IntNonNegative]>:$axis // (I2)
  );
  let results = (outs Attn_FloatTensor:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Attn_ReduceOp : Attn_FormulaOp<"reduce"> {
  let summary = "sum, maximum, minimum or mean along axes";
  let description = [{
    Reduces along `axes` (sorted, distinct). With `keep` the reduced axes stay with
    extent 1, without it they go; all axes reduced leave a tensor of rank 0. NaN spreads
    through every kind. Of no elements: sum 0, maximum -inf, minimum +inf, mean NaN.

    Example:

    ```mlir
    %m = attn.reduce max %x axes [3] keep : tensor<?x?x?x?xf32>
    ```
  }];
  let arguments = (ins
    Attn_ReduceKind:$kind,  // (I1)
    Attn_Tensor:$input,         // (I2)
    DenseI64ArrayAttr:$axes,    // (I3)
    UnitAttr:$keep              // (I4)
  );
  let results = (outs Attn_Tensor:$result);
  let assemblyFormat = [{
    $kind $input `axes` $axes (`keep` $keep^)? attr-dict `:` type($input)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Written-out ops: elementwise
//===----------------------------------------------------------------------===//

def Attn_UnaryOp : Attn_FormulaOp<"unary"> {
  let summary = "elementwise function of one tensor";
  let description = [{
    `not` takes bools, `neg` and `abs` any number, all others floats.

    Example:

    ```mlir
    %e = attn.unary exp %x : tensor<?x?xf32>
    ```
  }];
  let arguments = (ins
    Attn_UnaryKind:$kind, // (I1)
    Attn_Tensor:$input        // (I2)
  );
  let results = (outs Attn_Tensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Attn_BinaryOp : Attn_FormulaOp<"binary"> {
  let summary = "elementwise function of two tensors, or of a tensor and a scalar";
  let description = [{
    Operands have one element type; shapes broadcast, aligned at the right. `and` and
    `or` take bools, comparisons give bools (`eq` and `ne` take them too), `floordiv`
    and `mod` round towards minus infinity, `div` and `pow` take floats. `max` and
    `min` give NaN where an operand is NaN.

    Example:

    ```mlir
    %y = attn.binary div %x, %c : tensor<?x?xf32>, f32
    ```
  }];
  let arguments = (ins
    Attn_BinaryKind:$kind, // (I1)
    Attn_Operand:$lhs,         // (I2)
    Attn_Operand:$rhs          // (I3)
  );
  let results = (outs Attn_Tensor:$result);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Attn_SelectOp : Attn_FormulaOp<"select"> {
  let summary = "elementwise choice";
  let description = [{
    `condition ? lhs : rhs`, broadcast as `attn.binary`. The value not chosen has no
    effect, NaN included.

    Example:

    ```mlir
    %m = attn.select %allowed, %scores, %minus_inf
      : tensor<?x?xi1>, tensor<?x?xf32>, f32
    ```
  }];
  let arguments = (ins
    Attn_BoolTensor:$condition, // (I1)
    Attn_Operand:$lhs,          // (I2)
    Attn_Operand:$rhs           // (I3)
  );
  let results = (outs Attn_Tensor:$result);
  let assemblyFormat = [{
    $condition `,` $lhs `,` $rhs attr-dict
    `:` type($condition) `,` type($lhs) `,` type($rhs)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Attn_CastOp : Attn_ShapedOp<"cast", [Pure]> {
  let summary = "elementwise conversion between number types";
  let description = [{
    Floats to narrower floats round to nearest even; floats to integers round towards
    zero and saturate (NaN gives 0); bool to a number gives 0 or 1; a number to bool
    is `!= 0`.

    Example:

    ```mlir
    %y = attn.cast %x : tensor<?xf16> -> tensor<?xf32>
    ```
  }];
  let arguments = (ins
    Attn_Tensor:$input // (I1)
  );
  let results = (outs Attn_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Written-out ops: rules
//===----------------------------------------------------------------------===//

def Attn_MaskOp : Attn_ShapedOp<"mask", RuleTraits # [Pure]> {
  let summary = "a mask rule written out as a tensor of bools";
  let description = [{
    `result[b, h, q, k] = rule(b, h, q, k)`. A result of rank 3 is `[b, q, k]`, of rank 2
    `[q, k]`; the indices without an axis are 0. `sizes` are the extents that the result
    type leaves open, in order.

    Example:

    ```mlir
    %m = attn.mask(%tq, %tk) {
    ^bb0(%b: index, %h: index, %q: index, %k: index):
      %allowed = arith.cmpi sle, %k, %q : index
      attn.yield %allowed : i1
    } : tensor<?x?xi1>
    ```
  }];
  let arguments = (ins Variadic<Index>:$sizes); // (I1)
  let results = (outs RankedTensorOf<[I1], [HasAnyRankOfPred<[2, 3, 4]>]>:$result);
  let regions = (region SizedRegion<1>:$rule);  // (I2)
  let assemblyFormat = "`(` $sizes `)` $rule attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Attn_ScoreOp : Attn_FormulaOp<"score", RuleTraits> {
  let summary = "a score rule applied to a tensor of scores";
  let description = [{
    `result[b, h, q, k] = rule(input[b, h, q, k], b, h, q, k)`, with the axes of `attn.mask`.

    Example:

    ```mlir
    %y = attn.score %scores {
    ^bb0(%s: f32, %b: index, %h: index, %q: index, %k: index):
      %t = math.tanh %s : f32
      attn.yield %t : f32
    } : tensor<?x?x?x?xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[Attn_Float], [HasAnyRankOfPred<[2, 3, 4]>]>:$input); // (I1)
  let results = (outs Attn_FloatTensor:$result);
  let regions = (region SizedRegion<1>:$rule); // (I2)
  let assemblyFormat = "$input $rule attr-dict `:` type($input)";
  let hasFolder = 1;
  let hasRegionVerifier = 1;
}

def Attn_YieldOp : Attn_Op<"yield", [Pure, Terminator,
    ParentOneOf<["AttentionOp", "LinearAttentionOp", "MaskOp", "ScoreOp", "TopKeysOp"]>]> { // (C1)
  let summary = "the value of a rule";
  let description = [{
    Ends a rule region: a bool for a mask, a score for a score rule, a number for
    a factor or a map.

    Example:

    ```mlir
    attn.yield %allowed : i1
    ```
  }];
  let arguments = (ins AnyTypeOf<[I1, Attn_Float]>:$value); // (I1)
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

//===----------------------------------------------------------------------===//
// Written-out ops: shape
//===----------------------------------------------------------------------===//

def Attn_TransposeOp : Attn_FormulaOp<"transpose"> {
  let summary = "permutes axes";
  let description = [{
    Axis i of the result is axis `permutation[i]` of the input.

    Example:

    ```mlir
    %kt = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x64xf32>
    ```
  }];
  let arguments = (ins
    Attn_Tensor:$input,            // (I1)
    DenseI64ArrayAttr:$permutation // (I2)
  );
  let results = (outs Attn_Tensor:$result);
  let assemblyFormat = "$input $permutation attr-dict `:` type($input)";
  let hasFolder = 1;
}

def Attn_RepeatOp : Attn_ShapedOp<"repeat", [Pure]> {
  let summary = "repeats each slice along an axis";
  let description = [{
    Along `axis` with extent n and a result extent N (`size`, a multiple of n), slice i
    of the result is slice `i floordiv (N / n)` of the input: grouped heads.

    Example:

    ```mlir
    %y = attn.repeat %k axis 1 size %heads : tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
    ```
  }];
  let arguments = (ins
    Attn_Tensor:$input, // (I1)
    ConfinedAttr<I64Attr, [IntNonNegative]>:$axis, // (I2)
    Index:$size         // (I3)
  );
  let results = (outs Attn_Tensor:$result);
  let assemblyFormat = [{
    $input `axis` $axis `size` $size attr-dict `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Attn_RangeOp : Attn_ShapedOp<"range", [Pure]> {
  let summary = "0, 1, …, size - 1";
  let description = [{
    Example:

    ```mlir
    %i = attn.range %n : tensor<?xi64>
    ```
  }];
  let arguments = (ins Index:$size); // (I1)
  let results = (outs 1DTensorOf<[I64]>:$result);
  let assemblyFormat = "$size attr-dict `:` type($result)";
}

#endif // ATTN_DIALECT_ATTNOPS_TD

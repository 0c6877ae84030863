//===- AttnAttention.td - Fused attention ------------------*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNATTENTION_TD
#define ATTN_DIALECT_ATTNATTENTION_TD

def Attn_AttentionOp : Attn_ShapedOp<"attention", RuleTraits # [
    AttrSizedOperandSegments, AttrSizedResultSegments, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "attention with a mask, a score rule and a normaliser";
  let description = [{
    For each batch b, query head h and query position q:

    ```
    s[k]  = score(scale * sum_d query[b,h,q,d] * key[b,g,k,d], b, h, q, k)   if mask(b,h,q,k)
    out[d] = sum_k exp(s[k] - max s) * value[b,g,k,d] / sum_k exp(s[k] - max s)
    ```

    over the keys that `mask` allows, with g = h floordiv (H / Hkv). Keys that it
    does not allow take no part: what they hold, NaN included, has no effect. A row
    without an allowed key, or whose allowed scores are all -inf, is 0.

    Query is `[B, H, Tq, D]`, key `[B, Hkv, Tk, D]`, value `[B, Hkv, Tk, Dv]`, the
    result `[B, H, Tq, Dv]`; rank 3 leaves out the head axis, rank 2 the batch axis
    too (their index is 0). Without `scale` it is 1; without `mask` every key is
    allowed; without `score` the score is used as it is. Scores have the
    accumulation type: f64 for f64 operands, otherwise f32; so has `scale`.

    `sink`, one number or one for each head, is the score of one more key that
    every row sees and whose value is 0: it adds `exp(sink[h] - max s)` to the
    denominator. With 0 this is softmax1 (Miller 2023); gpt-oss learns it.

    `normalizer none` has no exponentials and no division, `out[d] = sum_k s[k] *
    value[b,g,k,d]`: the score rule gives the weights (sigmoid and squared-ReLU
    attention).

    `factor(b,h,q,k)` multiplies a weight after normalisation, which does not
    see it (dropout).

    `lse` is the logarithm of the denominator of each row, sink included, `max`
    the largest allowed score, -inf for a row of nothing; `entropy` is that of the
    weights. They are `[B, H, Tq]` in the accumulation type; only softmax has them.

    `outs` is where the result is written: a tensor of the result's shape whose
    contents do not matter, or a buffer; with buffers there is no result. So are
    `lse_outs`, `max_outs` and `entropy_outs`.

    Example:

    ```mlir
    %o = attn.attention %query, %key, %value scale %c : f32 mask {
    ^bb0(%b: index, %h: index, %q: index, %k: index):
      %allowed = arith.cmpi sle, %k, %q : index
      attn.yield %allowed : i1
    } : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>
      -> tensor<?x?x?x64xf32>
    ```
  }];
  let arguments = (ins
    Attn_FloatShaped:$query, // (I1)
    Attn_FloatShaped:$key,   // (I2)
    Attn_FloatShaped:$value, // (I3)
    Optional<Attn_Float>:$scale, // (I4)
    Optional<Attn_HeadShaped>:$sink, // (I8)
    Optional<Attn_FloatShaped>:$init, // (I5)
    Optional<Attn_RowShaped>:$lseInit, // (I9)
    Optional<Attn_RowShaped>:$maxInit, // (I10)
    Optional<Attn_RowShaped>:$entropyInit, // (I13)
    DefaultValuedAttr<Attn_Normalizer,
                      "::attn::Normalizer::Softmax">:$normalizer // (I11)
  );
  let results = (outs
    Optional<Attn_FloatTensor>:$result,
    Optional<Attn_FloatTensor>:$lse,
    Optional<Attn_FloatTensor>:$max,
    Optional<Attn_FloatTensor>:$entropy
  );
  let regions = (region
    MaxSizedRegion<1>:$mask,  // (I6)
    MaxSizedRegion<1>:$score, // (I7)
    MaxSizedRegion<1>:$factor // (I12)
  );
  let assemblyFormat = [{
    $query `,` $key `,` $value (`scale` $scale^ `:` type($scale))?
    (`normalizer` $normalizer^)? (`sink` $sink^ `:` type($sink))?
    (`mask` $mask^)? (`score` $score^)? (`factor` $factor^)?
    (`outs` `(` $init^ `:` type($init) `)`)?
    (`lse_outs` `(` $lseInit^ `:` type($lseInit) `)`)?
    (`max_outs` `(` $maxInit^ `:` type($maxInit) `)`)?
    (`entropy_outs` `(` $entropyInit^ `:` type($entropyInit) `)`)?
    attr-dict `:` type($query) `,` type($key) `,` type($value)
    (`->` type($result)^)? (`lse` type($lse)^)? (`max` type($max)^)?
    (`entropy` type($entropy)^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The type of scores, of `scale` and of the running maximum and sum.
    mlir::FloatType getAccumulatorType();
    mlir::ShapedType getQueryType();
    mlir::ShapedType getKeyType();
    mlir::ShapedType getValueType();
    bool hasMask() { return !getMask().empty(); }
    bool hasScore() { return !getScore().empty(); }
    bool hasFactor() { return !getFactor().empty(); }
    bool isSoftmax() { return getNormalizer() == Normalizer::Softmax; }
    bool hasPureTensorSemantics() { return getNumResults() != 0; }
    /// Query's shape without the head dim: one number for each row.
    mlir::RankedTensorType getRowType();

    /// Whether query, key and value fit each other and `result`, which may be
    /// null: constraints (C1) to (C6) and (C9). Says why not at `loc`, if
    /// there is one, for the op `name`.
    static llvm::LogicalResult
    verifyShapes(std::optional<mlir::Location> loc, mlir::ShapedType query,
                 mlir::ShapedType key, mlir::ShapedType value,
                 mlir::ShapedType result,
                 llvm::StringRef name = getOperationName());
  }];
}

#endif // ATTN_DIALECT_ATTNATTENTION_TD

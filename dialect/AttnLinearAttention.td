//===- AttnLinearAttention.td - Attention without a softmax -*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNLINEARATTENTION_TD
#define ATTN_DIALECT_ATTNLINEARATTENTION_TD

/// How the past fades: a tensor or buffer with one number a head or a position,
/// or one number for all.
def Attn_Decay
    : AnyTypeOf<[Attn_FloatTensor, StridedMemRefRankOf<[Attn_Float], [1, 2, 3]>, Attn_Float],
                "float tensor, strided buffer or float">;

def Attn_LinearAttentionOp : Attn_ShapedOp<"linear_attention", RuleTraits # [
    AttrSizedOperandSegments, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "attention without a softmax, in time linear in the length";
  let description = [{
    For each batch b, query head h and query position i, with g = h floordiv (H / Hkv):

    ```
    out[i] = sum_j scale * w(i, j) * (query[b,h,i] . key[b,g,j]) * value[b,g,j]
    ```

    over all keys with w = 1, or with `causal` over those with j <= i, where
    `w(i, j) = exp(decay[j+1] + … + decay[i])`, 1 without `decay`. That is

    ```
    S[i] = exp(decay[i]) * S[i-1] + key[j] value[j]'        S[-1] = state, or 0
    out[i] = scale * query[i]' S[i]
    ```

    (Katharopoulos et al. 2020; Sun et al. 2023, "Retentive Network"; Yang et al.
    2024, "Gated Linear Attention".)

    `query_map`, `key_map` and `value_map` are applied to each element of query, key
    and value before anything else: feature maps. `output` is applied to each
    element of the result, and sees the sum of the row's weights:

    ```
    total[i] = sum_j scale * w(i, j) * (query[b,h,i] . key[b,g,j])
    result[b,h,i,e] = output(out[i,e], total[i], b, h, i, e)
    ```

    Each defaults to the element itself. Maps are given the element, b, the head
    (of keys and values that is g), the position and the column.

    Query is `[B, H, Tq, D]`, key `[B, Hkv, Tk, D]`, value `[B, Hkv, Tk, Dv]`, the
    result `[B, H, Tq, Dv]`; rank 3 leaves out the head axis, rank 2 the batch axis
    too. `decay`, the logarithm of a factor, is one number, `[H]`, or of query's
    shape without the last axis. Without `scale` it is 1. `state`, `[B, H, D, Dv]`, is what came before; with
    it there is a second result, the state after the last position. All three, and
    sums, have the accumulation type: f64 for f64 operands, otherwise f32.

    `outs` is where the results are written: tensors whose contents do not matter,
    or buffers; with buffers there are no results.

    Example:

    ```mlir
    %o = attn.linear_attention %query, %key, %value causal decay %g : tensor<?xf32>
      : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>
      -> tensor<?x?x?x64xf32>
    ```
  }];
  let arguments = (ins
    Attn_FloatShaped:$query, // (I1)
    Attn_FloatShaped:$key,   // (I2)
    Attn_FloatShaped:$value, // (I3)
    Optional<Attn_Float>:$scale, // (I4)
    UnitAttr:$causal,        // (I5)
    Optional<Attn_Decay>:$decay,       // (I6)
    Optional<Attn_FloatShaped>:$state, // (I7)
    Variadic<Attn_FloatShaped>:$inits  // (I8)
  );
  let results = (outs Variadic<Attn_FloatTensor>:$results);
  let regions = (region
    MaxSizedRegion<1>:$queryMap, // (I9)
    MaxSizedRegion<1>:$keyMap,   // (I10)
    MaxSizedRegion<1>:$valueMap, // (I11)
    MaxSizedRegion<1>:$output    // (I12)
  );
  let assemblyFormat = [{
    $query `,` $key `,` $value (`scale` $scale^ `:` type($scale))?
    (`causal` $causal^)?
    (`decay` $decay^ `:` type($decay))? (`state` $state^ `:` type($state))?
    (`query_map` $queryMap^)? (`key_map` $keyMap^)? (`value_map` $valueMap^)?
    (`output` $output^)? (`outs` `(` $inits^ `:` type($inits) `)`)?
    attr-dict `:` type($query) `,` type($key) `,` type($value)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The type of sums, of `scale`, of `decay` and of states.
    mlir::FloatType getAccumulatorType();
    mlir::ShapedType getQueryType();
    mlir::ShapedType getKeyType();
    mlir::ShapedType getValueType();
    /// The result, and with `state` the state after the last position.
    unsigned getNumOutputs() { return getState() ? 2 : 1; }
    bool hasPureTensorSemantics() { return getNumResults() > 0; }
    /// Whether `decay` differs from one position to the next.
    bool hasPositionDecay();
    /// Whether the result depends on the sums of weights.
    bool usesTotal() {
      return !getOutput().empty() && !getOutput().getArgument(1).use_empty();
    }
  }];
}

#endif // ATTN_DIALECT_ATTNLINEARATTENTION_TD

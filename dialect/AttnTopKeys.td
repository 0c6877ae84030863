//===- AttnTopKeys.td - The keys with the largest weights ---*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNTOPKEYS_TD
#define ATTN_DIALECT_ATTNTOPKEYS_TD

/// The place of the keys: whole numbers for each row.
def Attn_KeysShaped
    : AnyTypeOf<[RankedTensorOf<[I32]>, StridedMemRefRankOf<[I32], [2, 3, 4]>],
                "i32 tensor or strided buffer">;

def Attn_TopKeysOp : Attn_ShapedOp<"top_keys", RuleTraits # [
    AttrSizedOperandSegments, AttrSizedResultSegments, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "the keys with the largest weights of attention, and these weights";
  let description = [{
    For each batch b, query head h and query position q, with s[k] as in
    `attn.attention`:

    ```
    w[k]       = exp(s[k] - max s) / sum_k exp(s[k] - max s)   if mask(b,h,q,k)
    keys[j]    = the key with the j-th largest s[k], the smaller key of two alike
    weights[j] = w[keys[j]]
    ```

    Rows with fewer than `count` keys that take part are filled with the key -1 and
    the weight 0. No matrix of weights is made.

    Query is `[B, H, Tq, D]`, key `[B, Hkv, Tk, D]`, the results are `[B, H, Tq,
    count]`; rank 3 leaves out the head axis, rank 2 the batch axis too. Scores,
    `scale` and weights have the accumulation type: f64 for f64 operands, otherwise
    f32.

    `outs` is where the results are written: tensors whose contents do not matter,
    or buffers; with buffers there are no results.

    Example:

    ```mlir
    %k8, %w8 = attn.top_keys 8 %query, %key scale %c : f32
      : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>
      -> tensor<?x?x?x8xi32>, tensor<?x?x?x8xf32>
    ```
  }];
  let arguments = (ins
    I64Attr:$count,              // (I1)
    Attn_FloatShaped:$query,     // (I2)
    Attn_FloatShaped:$key,       // (I3)
    Optional<Attn_Float>:$scale, // (I4)
    Optional<Attn_KeysShaped>:$keysInit,    // (I5)
    Optional<Attn_FloatShaped>:$weightsInit // (I6)
  );
  let results = (outs
    Optional<RankedTensorOf<[I32]>>:$keys,
    Optional<Attn_FloatTensor>:$weights
  );
  let regions = (region
    MaxSizedRegion<1>:$mask, // (I7)
    MaxSizedRegion<1>:$score // (I8)
  );
  let assemblyFormat = [{
    $count $query `,` $key (`scale` $scale^ `:` type($scale))?
    (`mask` $mask^)? (`score` $score^)?
    (`outs` `(` $keysInit^ `,` $weightsInit `:` type($keysInit) `,` type($weightsInit) `)`)?
    attr-dict `:` type($query) `,` type($key)
    (`->` type($keys)^ `,` type($weights))?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    static constexpr int64_t kMaxCount = 1024;

    /// The type of scores, of `scale` and of weights.
    mlir::FloatType getAccumulatorType();
    mlir::ShapedType getQueryType();
    mlir::ShapedType getKeyType();
    bool hasMask() { return !getMask().empty(); }
    bool hasScore() { return !getScore().empty(); }
    bool hasPureTensorSemantics() { return getNumResults() != 0; }
  }];
}

#endif // ATTN_DIALECT_ATTNTOPKEYS_TD

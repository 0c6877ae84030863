//===- AttnChecks.td - What must hold when a program runs ---*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNCHECKS_TD
#define ATTN_DIALECT_ATTNCHECKS_TD

def Attn_RequireOp : Attn_Op<"require", [MemoryEffects<[MemWrite]>]> {
  let summary = "ends the run with an error unless a condition holds";
  let description = [{
    The error is at the place of the op and says `subject is value, expected
    expected`.

    Example:

    ```mlir
    attn.require %ok, %rate "'dropout'", "at least 0 and less than 1" : f32
    ```
  }];
  let arguments = (ins
    I1:$condition,      // (I1)
    AnyTypeOf<[Attn_Float, I64]>:$value, // (I2)
    StrAttr:$subject,   // (I3)
    StrAttr:$expected   // (I4)
  );
  let assemblyFormat = [{
    $condition `,` $value $subject `,` $expected attr-dict `:` type($value)
  }];
}

def Attn_ValidateOp : Attn_Op<"validate", [MemoryEffects<[MemWrite]>]> {
  let summary = "ends the run with an error unless rows are weights";
  let description = [{
    Every element must be from 0 to 1 and no NaN, and every row along the last axis
    must have a sum of 1, or hold nothing but 0. Sums and elements may be off by a
    `tolerance`. The error is at the place of the op and names `subject`, the place
    in the tensor, what is there and what was expected.

    Example:

    ```mlir
    attn.validate %w "'w'" tolerance 1.0e-3 : tensor<?x?x?x?xf32>
    ```
  }];
  let arguments = (ins
    Attn_FloatTensor:$input, // (I1)
    StrAttr:$subject,        // (I2)
    F64Attr:$tolerance       // (I3)
  );
  let assemblyFormat = [{
    $input $subject `tolerance` $tolerance attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

#endif // ATTN_DIALECT_ATTNCHECKS_TD

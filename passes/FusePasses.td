//===- FusePasses.td - The passes from attn to fused -------*- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_FUSEPASSES_TD
#define ATTN_PASSES_FUSEPASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// attn -> fused
//===----------------------------------------------------------------------===//

def FuseSoftmax : Pass<"attn-fuse-softmax", "mlir::func::FuncOp"> {
  let summary = "recognises a softmax written out with exp, max and sum";
  let description = [{
    Before:

    ```mlir
    %m = attn.reduce max %x axes [1] keep : tensor<?x?xf32>
    %d = attn.binary sub %x, %m : tensor<?x?xf32>, tensor<?x1xf32>
    %e = attn.unary exp %d : tensor<?x?xf32>
    %l = attn.reduce sum %e axes [1] keep : tensor<?x?xf32>
    %w = attn.binary div %e, %l : tensor<?x?xf32>, tensor<?x1xf32>
    ```

    After:

    ```mlir
    %w = attn.softmax %x axis 1 : tensor<?x?xf32>
    ```

    Also without the maximum, and with the division after a product
    (`(e @ v) / sum(e)`). Each fusion is reported as a remark of category
    `attn-fusion`.
  }];
  let statistics = [Statistic<"numFused", "num-fused", "softmaxes recognised">];
}

def FuseNorm : Pass<"attn-fuse-norm", "mlir::func::FuncOp"> {
  let summary = "recognises layer and RMS norms written out";
  let description = [{
    Before:

    ```mlir
    %s = attn.binary mul %x, %x : tensor<?x64xf32>, tensor<?x64xf32>
    %v = attn.reduce mean %s axes [1] keep : tensor<?x64xf32>
    %e = attn.binary add %v, %eps : tensor<?x1xf32>, f32
    %r = attn.unary rsqrt %e : tensor<?x1xf32>
    %y = attn.binary mul %x, %r : tensor<?x64xf32>, tensor<?x1xf32>
    ```

    After:

    ```mlir
    %y = attn.rms_norm %x {epsilon = 1.0e-5 : f64} : tensor<?x64xf32>
    ```
  }];
  let statistics = [Statistic<"numFused", "num-fused", "norms recognised">];
}

def CopyScores : Pass<"attn-copy-scores", "mlir::func::FuncOp"> {
  let summary = "gives every product with values its own weights";
  let description = [{
    Before:

    ```mlir
    %s = attn.matmul %q, %kt : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
    %w1 = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
    %o1 = attn.matmul %w1, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    %w2 = attn.unary sigmoid %s : tensor<?x?x?x?xf32>
    %o2 = attn.matmul %w2, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    ```

    After:

    ```mlir
    %s1 = attn.matmul %q, %kt : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
    %w1 = attn.softmax %s1 axis 3 : tensor<?x?x?x?xf32>
    %o1 = attn.matmul %w1, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    %s2 = attn.matmul %q, %kt : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
    %w2 = attn.unary sigmoid %s2 : tensor<?x?x?x?xf32>
    %o2 = attn.matmul %w2, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    ```

    Each becomes one attention then, whose scores are never in memory: computing them
    twice takes less time than the matrix. Scores and weights that anything else needs
    stay as they are, and copies that do not become part of an attention are one again
    after common subexpressions are.
  }];
  let dependentDialects = ["::attn::AttnDialect"];
  let statistics = [Statistic<"numCopied", "num-copied", "products with values given weights">];
}

def DistributeProducts
    : Pass<"attn-distribute-products", "mlir::func::FuncOp"> {
  let summary = "makes one product of sums of scores, and several of sums of weights";
  let description = [{
    Before:

    ```mlir
    %s = attn.binary add %s1, %s2 : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
    %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
    %d = attn.binary sub %w, %w2 : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
    %n = attn.binary div %d, %row : tensor<?x?x?x?xf32>, tensor<?x?x?x1xf32>
    %o = attn.matmul %n, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    ```

    with products `%s1 = %q1 @ %k1'` and `%s2 = %q2 @ %k2'`, after:

    ```mlir
    %q = tensor.concat dim(3) %q1, %q2 : (tensor<?x?x?x64xf32>, tensor<?x?x?x32xf32>) -> tensor<?x?x?x96xf32>
    %k = tensor.concat dim(3) %k1, %k2 : (tensor<?x?x?x64xf32>, tensor<?x?x?x32xf32>) -> tensor<?x?x?x96xf32>
    %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x96xf32>
    %s = attn.matmul %q, %t : tensor<?x?x?x96xf32>, tensor<?x?x96x?xf32>
    %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
    %o1 = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    %o2 = attn.matmul %w2, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    %d = attn.binary sub %o1, %o2 : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>
    %o = attn.binary div %d, %row : tensor<?x?x?x64xf32>, tensor<?x?x?x1xf32>
    ```

    so that attention stands around each softmax. Factors of scores go to the queries,
    factors of weights that queries share to the result, and those that keys share to
    the values. Sums of weights are split where one is a softmax of a product that
    nothing else uses, sums of scores are joined where weights are made of them.
  }];
  let dependentDialects = ["::attn::AttnDialect", "mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numJoined", "num-joined", "sums of products made one product">,
    Statistic<"numDistributed", "num-distributed", "products taken into sums and factors">
  ];
}

def FuseAttention : Pass<"attn-fuse-attention", "mlir::func::FuncOp"> {
  let summary = "fuses two products and the weights between them into attn.attention";
  let description = [{
    Before:

    ```mlir
    %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x64xf32>
    %s = attn.matmul %q, %t : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
    %c = attn.binary mul %s, %scale : tensor<?x?x?x?xf32>, f32
    %w = attn.softmax %c axis 3 : tensor<?x?x?x?xf32>
    %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    ```

    After:

    ```mlir
    %o = attn.attention %q, %k, %v scale %scale : f32
      : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
    ```

    Everything between the first product and the softmax that is elementwise in the
    scores becomes the op's score region: scales, biases, rules, conversions,
    `attn.select`. Two products with elementwise ops alone between them become
    attention with `normalizer none`, where the keys and values have batches as the
    queries do or a mask chooses the weights: layers look alike otherwise. A sum of
    these weights over the keys is one more column of the values, of ones. Where the
    scores or weights have another use, or an op between is not elementwise, a
    remark says so and the program stays as it is.
  }];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::math::MathDialect", "mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numFused", "num-fused", "attentions fused">];
}

def RaiseLinearAttention
    : Pass<"attn-raise-linear-attention", "mlir::func::FuncOp"> {
  let summary = "recognises causal sums over values without a softmax";
  let description = [{
    Before, with a mask of `k <= q`:

    ```mlir
    %t = attn.transpose %k [0, 1, 3, 2] : tensor<?x?x?x64xf32>
    %s = attn.matmul %q, %t : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
    %w = attn.select %causal, %s, %zero : tensor<?x?x?x?xi1>, tensor<?x?x?x?xf32>, f32
    %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    ```

    After:

    ```mlir
    %o = attn.linear_attention %q, %k, %v causal
      : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
    ```

    Factors between the first product and the mask become the op's scale; a sum of
    the weights over the keys is their product with ones. Where the weights have
    another use the matrix is needed anyway: a remark says so, and the program
    stays as it is. Without a mask nothing is done: `(a @ b) @ c` may well be the
    cheaper order.
  }];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numRaised", "num-raised", "sums recognised">];
}

def FuseLinearAttention
    : Pass<"attn-fuse-linear-attention", "mlir::func::FuncOp"> {
  let summary = "fuses feature maps and normalisers into attn.linear_attention";
  let description = [{
    Before:

    ```mlir
    %f = attn.unary exp %q : tensor<?x?x?x64xf32>
    %t = attn.linear_attention %f, %k, %ones causal
      : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x1xf32> -> tensor<?x?x?x1xf32>
    %a = attn.linear_attention %f, %k, %v causal
      : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
    %o = attn.binary div %a, %t : tensor<?x?x?x64xf32>, tensor<?x?x?x1xf32>
    ```

    After:

    ```mlir
    %o = attn.linear_attention %q, %k, %v causal query_map {
    ^bb0(%x: f32, %b: index, %h: index, %t: index, %d: index):
      %f = math.exp %x : f32
      attn.yield %f : f32
    } output {
    ^bb0(%y: f32, %total: f32, %b: index, %h: index, %t: index, %d: index):
      %r = arith.divf %y, %total : f32
      attn.yield %r : f32
    } : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
    ```

    What makes an operand elementwise of a tensor of its shape, and has no other use,
    becomes its map; what follows the result elementwise becomes `output`. The sum of
    a row's weights is recognised as attention to values of 1 and as the product of
    the query with the sum of all keys. Where it has another use, or a part of a map
    has, it stays as it is. Each fusion is reported as a remark of category
    `attn-fusion`.
  }];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::math::MathDialect", "mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numFused", "num-fused", "maps and outputs fused">];
}

def HoistDistances : Pass<"attn-hoist-distances", "mlir::func::FuncOp"> {
  let summary = "tabulates costly parts of rules that depend on distances alone";
  let description = [{
    Before:

    ```mlir
    %o = attn.attention %q, %k, %v score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %d = arith.subi %j, %i : index
      %n = arith.index_cast %d : index to i64
      %x = arith.sitofp %n : i64 to f32
      %e = math.tanh %x : f32
      %r = arith.addf %s, %e : f32
      attn.yield %r : f32
    } : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```

    After, with Tq queries and Tk keys:

    ```mlir
    %table = linalg.generic {…} outs(%empty : tensor<?xf32>) {  // Tq + Tk - 1
      // tanh(linalg.index 0 - (Tq - 1))
    } -> tensor<?xf32>
    %o = attn.attention %q, %k, %v score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %d = arith.subi %j, %i : index
      %at = arith.addi %d, %last : index     // Tq - 1
      %e = tensor.extract %table[%at] : tensor<?xf32>
      %r = arith.addf %s, %e : f32
      attn.yield %r : f32
    } : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```

    A value depends on the distance alone if positions of queries and keys reach it
    only as their difference. The table has an axis of batches or heads if the value
    depends on those; what goes into it and does not gets a table of its own. It is
    exact: its elements are computed as the pair would be. What is
    as cheap as the read of a table stays: simple arithmetic, as that of ALiBi,
    and reads of neighbours. Each table is reported as a remark of category
    `attn-fusion`.
  }];
  let dependentDialects = [
    "::attn::AttnDialect", "mlir::arith::ArithDialect",
    "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numHoisted", "num-hoisted", "tables made">];
}

def RaiseMask : Pass<"attn-raise-mask", "mlir::func::FuncOp"> {
  let summary = "moves a mask out of the score region into the mask region";
  let description = [{
    Before:

    ```mlir
    score {
    ^bb0(%s: f32, %b: index, %h: index, %q: index, %k: index):
      %allowed = arith.cmpi sle, %k, %q : index
      %r = arith.select %allowed, %s, %minus_inf : f32
      attn.yield %r : f32
    }
    ```

    After:

    ```mlir
    mask {
    ^bb0(%b: index, %h: index, %q: index, %k: index):
      %allowed = arith.cmpi sle, %k, %q : index
      attn.yield %allowed : i1
    }
    ```

    A condition that does not depend on the score and sends it to -inf is a mask:
    blocks that it leaves empty need not be computed. Sums with a term that is 0
    or -inf are treated alike. With `normalizer none` it sends the weight to 0,
    through products and what makes 0 of -inf. A scale at the innermost place of the score region
    becomes the op's scale. A finite fill (-1e9) is no mask, since rows that
    are masked everywhere differ; a remark says so.
  }];
  let dependentDialects = ["::attn::AttnDialect", "mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numRaised", "num-raised", "masks raised">];
}

def WarnUnfused : Pass<"attn-warn-unfused", "mlir::func::FuncOp"> {
  let summary = "warns of attention that holds the whole matrix of scores";
  let description = [{
    For

    ```mlir
    %s = attn.matmul %q, %kt : tensor<?x?x?x64xf32>, tensor<?x?x64x?xf32>
    %w = attn.softmax %s axis 3 : tensor<?x?x?x?xf32>
    %o = attn.matmul %w, %v : tensor<?x?x?x?xf32>, tensor<?x?x?x64xf32>
    return %o, %w : tensor<?x?x?x64xf32>, tensor<?x?x?x?xf32>
    ```

    it reports, where the softmax stands in the program:

    ```
    warning: attention is computed with the whole matrix of scores f32[B, H, T, T]: the weights are returned too
    ```

    and changes nothing. It follows the pairs of queries and keys from the product (or
    the sum) that makes a number for each to the product that sums over the keys, also
    through mixtures of heads, and looks for matrices of pairs that a rule of
    attention reads and the program computes. Matrices that the program gets as
    arguments or returns are its own affair, as are axes shorter than 256 and layers,
    whose weights have no batches.
  }];
}

#endif // ATTN_PASSES_FUSEPASSES_TD

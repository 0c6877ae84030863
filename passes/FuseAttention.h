//===- FuseAttention.h - The written-out form of attention ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_FUSEATTENTION_H
#define ATTN_PASSES_FUSEATTENTION_H

#include "dialect/AttnOps.h"
#include "passes/utils/Reads.h"

#include "llvm/ADT/DenseSet.h"

#include <string>

namespace attn {

/// One softmax between two products, or elementwise ops alone between them.
/// Reads name the axes of the weights as attention has them: batch, heads,
/// queries, keys, of which the first may be absent.
struct AttentionChain {
  /// Null where the weights are not normalised.
  SoftmaxOp softmax;
  /// weights @ values, or values' @ weights'.
  MatmulOp output;
  bool weightsOnRight = false;
  /// Factors between the softmax and the product.
  llvm::SmallVector<BinaryOp> outputScales;
  /// The extents of the weights.
  llvm::SmallVector<int64_t, 4> extents;
  /// What the softmax reads, or without one the second product.
  Read scores;
  /// queries @ keys', or keys @ queries', and where the scores read it.
  MatmulOp product;
  Read productRead;
  bool keysOnLeft = false;
  /// Sums of the weights over the keys, where there is no softmax, and what is
  /// computed from them before the second product.
  llvm::SmallVector<ReduceOp> sums;
  llvm::SmallVector<mlir::Operation *> afterSums;
  /// The product, and every op between it and the reader of the scores that
  /// depends on it.
  llvm::DenseSet<mlir::Operation *> onScores;

  int64_t getRank() const { return extents.size(); }
  /// The softmax, or without one the second product.
  mlir::Operation *getReader() const;
};

/// Finds the products around `softmax`. Without a product after it nothing is
/// found and `reason` stays empty; where something else stands against fusion,
/// `reason` says what.
std::optional<AttentionChain> matchAttention(SoftmaxOp softmax,
                                             std::string &reason);

/// Finds the product before `output` whose elements, each by itself, make the
/// weights of the sum. A chain of plain products is none, nor is a layer: a
/// mask chooses the weights, or the keys are rows that have batches as the
/// queries and the values do.
/// `reason` is that of `matchAttention`, empty where `output` is none.
std::optional<AttentionChain> matchWeightedSum(MatmulOp output,
                                               std::string &reason);

/// Query, key and value of the attention that a chain computes, as they will
/// be built of tensors of the program.
struct AttentionOperands {
  /// `base` with its axes permuted, converted, with leading axes of extent 1
  /// added, and repeated along axes.
  struct Operand {
    mlir::Value base;
    /// Axis i is axis `permutation[i]` of the base.
    llvm::SmallVector<int64_t, 4> permutation;
    /// The axes to repeat.
    llvm::SmallVector<int64_t, 2> repeated;

    mlir::RankedTensorType getBaseType() const;
    /// The extent along an axis of the weights; 1 where there is no axis.
    int64_t getExtent(int64_t axis, int64_t rank) const;
  };
  Operand query, key, value;
  /// Factors of query and key, innermost first: of each the scalar operand.
  llvm::SmallVector<BinaryOp> scales;
  mlir::Type element;
};

/// Reads the operands off a chain; nothing, and `reason`, where attention has
/// no operands like these.
std::optional<AttentionOperands> matchOperands(const AttentionChain &chain,
                                               std::string &reason);

/// Builds an operand of rank `chain.getRank()`.
mlir::Value emitOperand(mlir::OpBuilder &builder, mlir::Location loc,
                        const AttentionChain &chain,
                        const AttentionOperands::Operand &operand,
                        mlir::Type element);

/// The operand of a product or quotient with a scalar that is the scalar;
/// null for other ops. In a quotient it is the divisor.
mlir::Value getScalarFactor(BinaryOp op);

} // namespace attn

#endif // ATTN_PASSES_FUSEATTENTION_H

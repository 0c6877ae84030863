//===- AttnOps.h - Ops of the attn dialect ----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNOPS_H
#define ATTN_DIALECT_ATTNOPS_H

#include "dialect/AttnDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/AttnEnums.h.inc"

#define GET_OP_CLASSES
#include "dialect/AttnOps.h.inc"

namespace attn {

/// Whether `kind` compares, so that its result is a bool.
bool isComparison(BinaryKind kind);

/// The accumulation type of products, sums and scores over `element`: f64 for
/// f64, f32 for every narrower float.
mlir::FloatType getAccumulatorType(mlir::Type element);

/// Whether two extents can be equal: they are, or one is open.
bool areCompatible(int64_t a, int64_t b);

/// The shape that `shapes` broadcast to, aligned at the right. Only a static 1
/// stretches; an open extent takes the other side's static one. Fails when two
/// static extents differ.
mlir::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes);

/// The axis of a tensor of rank 2, 3 or 4 that holds a rule's index, or
/// nothing where the tensor has no such axis: `[b, h, q, k]`, `[b, q, k]`,
/// `[q, k]`. `index` is 0 for b, 1 for h, 2 for q, 3 for k.
std::optional<unsigned> getRuleAxis(unsigned index, int64_t rank);

/// Adds the canonicalization of attn ops, which `--canonicalize` runs too: op
/// operands lose a `tensor.cast` that only hides extents, constant sizes move
/// into types, and trivial scales, masks and score rules go.
void populateCanonicalizationPatterns(mlir::RewritePatternSet &patterns);

} // namespace attn

#endif // ATTN_DIALECT_ATTNOPS_H

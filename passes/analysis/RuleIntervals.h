//===- RuleIntervals.h - Intervals of a rule's values over a box -*- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_ANALYSIS_RULEINTERVALS_H
#define ATTN_PASSES_ANALYSIS_RULEINTERVALS_H

#include "passes/analysis/MaskIntervals.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <optional>

namespace attn {

/// What is known of a value over a box. A point has `low == high`; a condition
/// keeps (certain, possible) in the same two fields, since false < true makes
/// them its bounds. Null fields mean that nothing is known.
struct Bounds {
  mlir::Value low;
  mlir::Value high;

  bool known() const { return static_cast<bool>(low); }
  bool isPoint() const { return known() && low == high; }
};

/// The x and c of `x - (x floordiv c) * c`, which is how rules say x mod c for
/// a constant c > 0.
struct Modulo {
  mlir::Value dividend;
  int64_t divisor;
};
std::optional<Modulo> matchModulo(mlir::Operation *op);

/// Emits interval arithmetic over the integers of a rule and three-valued logic
/// over its conditions. Code is emitted where the builder stands when a value
/// is first asked for.
class RuleIntervals {
public:
  /// `reads` says what is known of reads from arrays.
  RuleIntervals(KernelBuilder &builder, mlir::Region &rule, const IndexBox &box,
                const ReadBoundsMap &reads);

  Bounds get(mlir::Value value);
  /// The same of a condition, which lies between false and true at least.
  Bounds getCondition(mlir::Value value);

private:
  Bounds compute(mlir::Operation *op);
  Bounds computePoint(mlir::Operation *op);
  Bounds compute(mlir::arith::AddIOp op);
  Bounds compute(mlir::arith::SubIOp op);
  Bounds compute(mlir::arith::MulIOp op);
  Bounds compute(mlir::arith::MaxSIOp op);
  Bounds compute(mlir::arith::MinSIOp op);
  Bounds compute(mlir::arith::FloorDivSIOp op);
  Bounds compute(mlir::arith::RemSIOp op);
  Bounds compute(mlir::arith::IndexCastOp op);
  Bounds compute(mlir::arith::CmpIOp op);
  Bounds compute(mlir::arith::AndIOp op);
  Bounds compute(mlir::arith::OrIOp op);
  Bounds compute(mlir::arith::XOrIOp op);
  Bounds compute(mlir::arith::SelectOp op);
  Bounds computeModulo(const Modulo &modulo);

  std::optional<std::pair<Bounds, Bounds>> operands(mlir::Operation *op);
  Bounds equal(const Bounds &lhs, const Bounds &rhs);
  Bounds negate(const Bounds &condition);
  mlir::Value boolean(bool value);
  mlir::Value select(mlir::Value condition, mlir::Value then,
                     mlir::Value otherwise);
  mlir::Value constantLike(mlir::Value value, int64_t number);

  KernelBuilder &builder;
  mlir::Region &region;
  const ReadBoundsMap &reads;
  llvm::DenseMap<mlir::Value, Bounds> bounds;
};

} // namespace attn

#endif // ATTN_PASSES_ANALYSIS_RULEINTERVALS_H

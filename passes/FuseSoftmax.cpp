//===- FuseSoftmax.cpp - Recognises softmax written out ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnOps.h"
#include "passes/utils/FormulaMatchers.h"
#include "passes/utils/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#define DEBUG_TYPE "attn-fuse-softmax"

namespace attn {
#define GEN_PASS_DEF_FUSESOFTMAX
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using namespace attn;

static constexpr remark::RemarkOpts kRemark = fusionRemark("attn-fuse-softmax");

namespace {

/// exp(x - max(x)) or exp(x), along with what it was divided by.
struct Exponentials {
  Value input;
  bool hasMaximum;
};

struct FuseSoftmax : attn::impl::FuseSoftmaxBase<FuseSoftmax> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<BinaryOp> ops;
    getOperation().walk([&](BinaryOp op) { ops.push_back(op); });
    for (BinaryOp op : ops)
      if (!fuse(op))
        fuseAfterProduct(op);
  }

private:
  /// What `value` exponentiates along `axis`.
  static std::optional<Exponentials> matchExponentials(Value value,
                                                       int64_t axis) {
    Value exponent = matchUnary(value, UnaryKind::Exp);
    if (!exponent)
      return std::nullopt;
    if (auto difference = matchBinary(exponent, BinaryKind::Sub)) {
      auto maximum = matchAxisReduction(difference->second, ReduceKind::Max);
      if (maximum && maximum->axis == axis &&
          maximum->input == difference->first)
        return Exponentials{difference->first, true};
    }
    return Exponentials{exponent, false};
  }

  SoftmaxOp create(OpBuilder &builder, Location loc, const Exponentials &e,
                   int64_t axis) {
    ++numFused;
    if (e.hasMaximum)
      remark::passed(loc, kRemark) << "softmax recognised";
    else
      remark::passed(loc, kRemark)
          << "softmax recognised; it will subtract the maximum, so that large "
             "scores do not overflow";
    return SoftmaxOp::create(builder, loc, e.input, axis);
  }

  /// e / sum(e).
  bool fuse(BinaryOp op) {
    auto quotient = matchQuotient(op.getResult());
    if (!quotient)
      return false;
    auto sum = matchAxisReduction(quotient->second, ReduceKind::Sum);
    if (!sum || sum->input != quotient->first)
      return false;
    auto e = matchExponentials(quotient->first, sum->axis);
    if (!e || e->input.getType() != op.getType())
      return false;
    OpBuilder builder(op);
    op.replaceAllUsesWith(
        create(builder, op.getLoc(), *e, sum->axis).getResult());
    return true;
  }

  /// (e @ v) / sum(e) with the sum along the last axis: each row of the product
  /// is divided by its own sum.
  bool fuseAfterProduct(BinaryOp op) {
    auto quotient = matchQuotient(op.getResult());
    if (!quotient)
      return false;
    auto product = quotient->first.getDefiningOp<MatmulOp>();
    auto sum = matchAxisReduction(quotient->second, ReduceKind::Sum);
    if (!product || !sum || sum->input != product.getLhs() ||
        product.getType() != op.getType())
      return false;
    int64_t rank = product.getLhs().getType().getRank();
    auto e = matchExponentials(product.getLhs(), sum->axis);
    if (!e || sum->axis != rank - 1 || product.getType().getRank() != rank ||
        e->input.getType() != product.getLhs().getType())
      return false;
    OpBuilder builder(op);
    SoftmaxOp softmax =
        create(builder, product.getLhs().getLoc(), *e, sum->axis);
    op.replaceAllUsesWith(MatmulOp::create(builder, op.getLoc(),
                                           softmax.getResult(),
                                           product.getRhs())
                              .getResult());
    return true;
  }
};

} // namespace

//===- ResolveExpandShape.cpp - Splits of axes into open extents *- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#define DEBUG_TYPE "attn-resolve-expand-shape"

namespace attn {
#define GEN_PASS_DEF_RESOLVEEXPANDSHAPE
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;

/// The strides of the split axes: an axis steps over all that is inside of it
/// in its group.
static SmallVector<OpFoldResult> getSplitStrides(OpBuilder &builder,
                                                 memref::ExpandShapeOp op,
                                                 ArrayRef<OpFoldResult> sizes,
                                                 ValueRange strides) {
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> result(sizes.size());
  for (auto [stride, group] :
       llvm::zip(strides, op.getReassociationIndices())) {
    Value step = stride;
    for (int64_t axis : llvm::reverse(group)) {
      result[axis] = step;
      Value size = getValueOrCreateConstantIndexOp(builder, loc, sizes[axis]);
      step = arith::MulIOp::create(builder, loc, step, size);
    }
  }
  return result;
}

namespace {
struct ResolveExpandShape
    : attn::impl::ResolveExpandShapeBase<ResolveExpandShape> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<memref::ExpandShapeOp> ops;
    getOperation().walk([&](memref::ExpandShapeOp op) {
      bool isOpen = llvm::any_of(
          op.getReassociationIndices(), [&](ArrayRef<int64_t> group) {
            return llvm::count_if(group, [&](int64_t axis) {
                     return op.getResultType().isDynamicDim(axis);
                   }) > 1;
          });
      if (isOpen)
        ops.push_back(op);
    });
    for (memref::ExpandShapeOp op : ops) {
      OpBuilder builder(op);
      Location loc = op.getLoc();
      auto metadata =
          memref::ExtractStridedMetadataOp::create(builder, loc, op.getSrc());
      SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
      SmallVector<OpFoldResult> strides =
          getSplitStrides(builder, op, sizes, metadata.getStrides());
      // What the type knows of its layout stays in the type.
      auto [known, offset] = op.getResultType().getStridesAndOffset();
      for (auto [stride, fixed] : llvm::zip_equal(strides, known))
        if (!ShapedType::isDynamic(fixed))
          stride = builder.getIndexAttr(fixed);
      OpFoldResult start = ShapedType::isDynamic(offset)
                               ? OpFoldResult(metadata.getOffset())
                               : builder.getIndexAttr(offset);
      Value view = memref::ReinterpretCastOp::create(
          builder, loc, op.getResultType(), metadata.getBaseBuffer(), start,
          sizes, strides);
      op.replaceAllUsesWith(view);
      op.erase();
      ++numResolved;
    }
  }
};
} // namespace

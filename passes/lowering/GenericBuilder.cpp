//===- GenericBuilder.cpp - Short forms for linalg.generic ------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lowering/GenericBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace attn;

Sizes GenericBuilder::sizesOf(Value tensor) {
  return tensor::getMixedSizes(*this, getLoc(), tensor);
}

Value GenericBuilder::empty(Type element, ArrayRef<OpFoldResult> sizes) {
  return tensor::EmptyOp::create(*this, sizes, element);
}

Value GenericBuilder::filled(Value scalar, ArrayRef<OpFoldResult> sizes) {
  Value init = empty(scalar.getType(), sizes);
  return linalg::FillOp::create(*this, scalar, init).getResult(0);
}

Value GenericBuilder::constant(Type element, double value) {
  TypedAttr attr =
      isa<FloatType>(element)
          ? TypedAttr(getFloatAttr(element, value))
          : TypedAttr(getIntegerAttr(element, static_cast<int64_t>(value)));
  return arith::ConstantOp::create(*this, attr);
}

AffineMap GenericBuilder::broadcastMap(RankedTensorType type, int64_t rank) {
  SmallVector<AffineExpr> axes;
  for (auto [i, extent] : llvm::enumerate(type.getShape()))
    axes.push_back(extent == 1 ? getAffineConstantExpr(0)
                               : getAffineDimExpr(rank - type.getRank() + i));
  return AffineMap::get(rank, 0, axes, getContext());
}

Value GenericBuilder::map(Type element, ArrayRef<OpFoldResult> sizes,
                          ValueRange inputs, BodyFn body) {
  int64_t rank = sizes.size();
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    if (auto type = dyn_cast<RankedTensorType>(input.getType())) {
      tensors.push_back(input);
      maps.push_back(broadcastMap(type, rank));
    }
  maps.push_back(getMultiDimIdentityMap(rank));
  Value init = empty(element, sizes);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             *this, init.getType(), tensors, init, maps, iterators,
             [&](OpBuilder &nested, Location loc, ValueRange arguments) {
               SmallVector<Value> elements;
               unsigned next = 0;
               for (Value input : inputs)
                 elements.push_back(isa<RankedTensorType>(input.getType())
                                        ? arguments[next++]
                                        : input);
               linalg::YieldOp::create(nested, loc,
                                       body(nested, loc, elements));
             })
      .getResult(0);
}

Value GenericBuilder::gather(Type element, ArrayRef<OpFoldResult> sizes,
                             Value input, AffineMap map) {
  return reduce(empty(element, sizes), input, map,
                getMultiDimIdentityMap(sizes.size()),
                [](OpBuilder &, Location, ValueRange in) { return in[0]; });
}

Value GenericBuilder::reduce(Value init, ValueRange inputs,
                             ArrayRef<AffineMap> inputMaps, AffineMap outMap,
                             BodyFn body) {
  SmallVector<utils::IteratorType> iterators(outMap.getNumDims(),
                                             utils::IteratorType::reduction);
  for (AffineExpr expr : outMap.getResults())
    if (auto axis = dyn_cast<AffineDimExpr>(expr))
      iterators[axis.getPosition()] = utils::IteratorType::parallel;
  SmallVector<AffineMap> maps(inputMaps);
  maps.push_back(outMap);
  return linalg::GenericOp::create(
             *this, init.getType(), inputs, init, maps, iterators,
             [&](OpBuilder &nested, Location loc, ValueRange arguments) {
               linalg::YieldOp::create(nested, loc,
                                       body(nested, loc, arguments));
             })
      .getResult(0);
}

Value GenericBuilder::castTo(Value tensor, RankedTensorType type) {
  if (tensor.getType() == type)
    return tensor;
  return tensor::CastOp::create(*this, type, tensor);
}

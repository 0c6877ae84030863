//===- RuleReads.cpp - Array reads of a rule for all lanes ----------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/kernel/RuleVectorizerImpl.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace attn;

std::optional<Vectorizer::Neighbours> Vectorizer::getNeighbours(Value index) {
  LaneValue value = lookup(index);
  DenseIntElementsAttr offsets;
  if (!value.isOffset() || !matchPattern(value.lanes, m_Constant(&offsets)))
    return std::nullopt;
  auto numbers = llvm::to_vector(offsets.getValues<int32_t>());
  auto ascending = llvm::to_vector(llvm::seq<int32_t>(0, lanes.length));
  if (numbers == ascending)
    return Neighbours{value.base, /*isReversed=*/false};
  for (int32_t &number : numbers)
    number = -number;
  if (numbers != ascending)
    return std::nullopt;
  return Neighbours{builder.sub(value.base, builder.index(lanes.length - 1)),
                    /*isReversed=*/true};
}

/// `max(min(index, high), low)`, as indices of the language are.
std::optional<Vectorizer::ClampedPlace> Vectorizer::matchClamp(Value index) {
  auto outer = index.getDefiningOp<arith::MaxSIOp>();
  if (!outer || !isUniform(outer.getRhs()))
    return std::nullopt;
  auto inner = outer.getLhs().getDefiningOp<arith::MinSIOp>();
  if (!inner || !isUniform(inner.getRhs()))
    return std::nullopt;
  std::optional<Neighbours> places = getNeighbours(inner.getLhs());
  if (!places)
    return std::nullopt;
  return ClampedPlace{*places, lookup(outer.getRhs()).base,
                      lookup(inner.getRhs()).base};
}

Value Vectorizer::visitLoad(memref::LoadOp load) {
  MemRefType type = load.getMemRefType();
  // Vectors of i1 are bit-packed, arrays of i1 are not.
  if (type.getElementType().isInteger(1))
    return {};
  ValueRange indices = load.getIndices();
  bool isInRow = !indices.empty() && type.isLastDimUnitStride() &&
                 llvm::all_of(indices.drop_back(),
                              [&](Value index) { return isUniform(index); });
  if (isInRow) {
    if (std::optional<Neighbours> places = getNeighbours(indices.back()))
      return readNeighbours(load, *places);
    if (std::optional<ClampedPlace> place = matchClamp(indices.back()))
      return readClamped(load, *place);
  }
  return gather(load);
}

SmallVector<Value> Vectorizer::getPlace(memref::LoadOp load, Value last) {
  SmallVector<Value> place =
      llvm::map_to_vector(load.getIndices().drop_back(),
                          [&](Value index) { return lookup(index).base; });
  place.push_back(last);
  return place;
}

Value Vectorizer::reverse(Value vector) {
  auto lanesDown =
      llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, lanes.length)));
  return vector::ShuffleOp::create(builder, vector, vector, lanesDown);
}

Value Vectorizer::readNeighbours(memref::LoadOp load,
                                 const Neighbours &places) {
  auto type = VectorType::get(lanes.length, load.getType());
  Value zero = arith::ConstantOp::create(builder, builder.getZeroAttr(type));
  Value mask = places.isReversed ? reverse(live) : live;
  Value read =
      vector::MaskedLoadOp::create(builder, type, load.getMemref(),
                                   getPlace(load, places.first), mask, zero);
  return places.isReversed ? reverse(read) : read;
}

Value Vectorizer::isWithin(const ClampedPlace &place) {
  using Predicate = arith::CmpIPredicate;
  Value first = place.places.first;
  Value last = builder.add(first, builder.index(lanes.length - 1));
  return builder.logicalAnd(builder.cmp(Predicate::sge, first, place.low),
                            builder.cmp(Predicate::sle, last, place.high));
}

/// Most lanes are either all within the ends or all beyond one of them.
Value Vectorizer::readClamped(memref::LoadOp load, const ClampedPlace &place) {
  using Predicate = arith::CmpIPredicate;
  if (knownWithin.contains(load))
    return readNeighbours(load, place.places);
  auto type = VectorType::get(lanes.length, load.getType());
  Value first = place.places.first;
  Value last = builder.add(first, builder.index(lanes.length - 1));
  Value isBelow = builder.cmp(Predicate::sle, last, place.low);
  Value isAbove = builder.cmp(Predicate::sge, first, place.high);
  return builder.choose(
      isWithin(place),
      [&]() -> SmallVector<Value> {
        return {readNeighbours(load, place.places)};
      },
      [&] {
        return builder.choose(
            builder.logicalOr(isBelow, isAbove),
            [&]() -> SmallVector<Value> {
              Value edge = arith::SelectOp::create(builder, isBelow, place.low,
                                                   place.high);
              return {builder.splat(
                  type, memref::LoadOp::create(builder, load.getMemref(),
                                               getPlace(load, edge)))};
            },
            [&]() -> SmallVector<Value> { return {gather(load)}; });
      })[0];
}

/// At a place of its own in each lane. What all lanes share is summed up as a
/// number, so that a loop around has no more to do than that.
Value Vectorizer::gather(memref::LoadOp load) {
  MemRefType type = load.getMemRefType();
  auto result = VectorType::get(lanes.length, type.getElementType());
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, load.getMemref());
  auto indexVector = VectorType::get(lanes.length, builder.getIndexType());
  Value start = builder.index(0), extent = builder.index(1), offsets;
  for (auto [index, size, stride] : llvm::zip(
           load.getIndices(), metadata.getSizes(), metadata.getStrides())) {
    extent = builder.add(
        extent, builder.mul(builder.sub(size, builder.index(1)), stride));
    LaneValue value = lookup(index);
    if (value.base)
      start = builder.add(start, builder.mul(value.base, stride));
    if (!value.lanes)
      continue;
    Value moved = value.lanes;
    if (value.base)
      moved = builder.createOrFold<arith::IndexCastOp>(indexVector, moved);
    moved = builder.mul(moved, builder.splat(indexVector, stride));
    offsets = offsets ? builder.add(offsets, moved) : moved;
  }
  if (!offsets)
    offsets = builder.splat(indexVector, builder.index(0));
  auto flatType = MemRefType::get(
      {ShapedType::kDynamic}, type.getElementType(),
      StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, {1}));
  Value flat = memref::ReinterpretCastOp::create(
      builder, flatType, metadata.getBaseBuffer(),
      OpFoldResult(metadata.getOffset()), ArrayRef<OpFoldResult>{extent},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
  Value zero = arith::ConstantOp::create(builder, builder.getZeroAttr(result));
  return vector::GatherOp::create(builder, result, flat, start, offsets, live,
                                  zero);
}

//===- MLIRGenShape.cpp - Sizes and changes of shape ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/MLIRGenImpl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace attn::frontend;
namespace arith = mlir::arith;
namespace tensor = mlir::tensor;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

std::optional<int64_t> FunctionGen::getStatic(const Dim &dim) const {
  return dim.evaluate(statics);
}

mlir::OpFoldResult FunctionGen::emitMixed(const Dim &dim, mlir::Location loc) {
  if (std::optional<int64_t> size = getStatic(dim))
    return builder.getIndexAttr(*size);
  return emitDim(dim, loc);
}

FunctionGen::Values FunctionGen::emitOpenSizes(const Type &type,
                                               mlir::Location loc) {
  Values values;
  for (const Dim &dim : type.shape)
    if (!getStatic(dim))
      values.push_back(emitDim(dim, loc));
  return values;
}

mlir::Value FunctionGen::emitDim(const Dim &dim, mlir::Location loc) {
  if (std::optional<int64_t> size = getStatic(dim))
    return emitConstant(builder.getIndexType(), *size, loc);
  if (auto it = sizes.find(dim); it != sizes.end())
    return it->second;
  mlir::OpBuilder::InsertionGuard guard(builder);
  if (lastSizeOp)
    builder.setInsertionPointAfter(lastSizeOp);
  else
    builder.setInsertionPointToStart(&func.front());
  std::optional<std::string> name = dim.getName();
  mlir::Value value = name ? emitBoundDim(*name)
                           : emitPolynomial(dim, loc, /*axisSize=*/nullptr);
  // The sizes that it needed were put before it.
  if (mlir::Operation *op = value.getDefiningOp())
    if (!lastSizeOp || lastSizeOp->isBeforeInBlock(op))
      lastSizeOp = op;
  sizes[dim] = value;
  return value;
}

mlir::Value FunctionGen::emitBoundDim(const std::string &name) {
  const BoundDim &dim = *llvm::find_if(
      fn.dims, [&](const BoundDim &bound) { return bound.name == name; });
  mlir::Location plain = module.getLocation(dim.range);
  mlir::Location loc = module.getLocation(dim.range, dim.name);
  bool isAxis = dim.value.getName() == BoundDim::axisSize.str();
  mlir::Value axis = emitConstant(builder.getIndexType(), dim.axis, plain);
  mlir::Value size = tensor::DimOp::create(builder, isAxis ? loc : plain,
                                           func.getArgument(dim.param), axis);
  return isAxis ? size : emitPolynomial(dim.value, plain, size);
}

mlir::Value FunctionGen::emitAtom(const DimAtom &atom, mlir::Location loc,
                                  mlir::Value axisSize) {
  if (atom.kind == DimAtom::Kind::Name) {
    if (atom.name == BoundDim::axisSize)
      return axisSize;
    return emitDim(Dim::name(atom.name), loc);
  }
  mlir::Value lhs = emitPolynomial(*atom.lhs, loc, axisSize);
  mlir::Value rhs = emitPolynomial(*atom.rhs, loc, axisSize);
  return emitIntegerBinary(
      atom.kind == DimAtom::Kind::Mod ? Op::Mod : Op::FloorDiv, lhs, rhs, loc);
}

mlir::Value FunctionGen::emitPolynomial(const Dim &dim, mlir::Location loc,
                                        mlir::Value axisSize) {
  mlir::Type index = builder.getIndexType();
  if (!axisSize)
    if (std::optional<int64_t> size = getStatic(dim))
      return emitConstant(index, *size, loc);
  if (!dim.isIntegral())
    if (auto fraction = dim.getFraction()) {
      mlir::Value above = emitPolynomial(fraction->first, loc, axisSize);
      mlir::Value below = emitPolynomial(fraction->second, loc, axisSize);
      // A product of sizes: 0 has been refused where it matters.
      if (!getStatic(fraction->second))
        below = arith::MaxSIOp::create(builder, loc, below,
                                       emitConstant(index, 1, loc));
      return arith::FloorDivSIOp::create(builder, loc, above, below);
    }
  mlir::Value sum;
  for (const Dim::Term &term : dim.getTerms()) {
    mlir::Value product;
    for (const auto &[atom, exponent] : term.factors) {
      mlir::Value factor = emitAtom(atom, loc, axisSize);
      for (int i = 0; i < exponent; ++i)
        product =
            product ? emitIntegerBinary(Op::Mul, product, factor, loc) : factor;
    }
    // A negative term after the first is subtracted.
    bool subtract = sum && term.numerator < 0;
    int64_t scale = subtract ? -term.numerator : term.numerator;
    if (!product)
      product = emitConstant(index, scale, loc);
    else if (scale != 1)
      product = emitIntegerBinary(Op::Mul, product,
                                  emitConstant(index, scale, loc), loc);
    sum =
        sum ? emitIntegerBinary(subtract ? Op::Sub : Op::Add, sum, product, loc)
            : product;
  }
  return sum ? sum : emitConstant(index, 0, loc);
}

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

namespace {
/// Axes of two shapes of the same number of elements that go together.
struct AxisGroup {
  llvm::SmallVector<int64_t, 2> from;
  llvm::SmallVector<int64_t, 2> to;
};
} // namespace

/// Finds the finest groups; an axis without a partner joins a neighbour.
static std::vector<AxisGroup> groupAxes(llvm::ArrayRef<Dim> from,
                                        llvm::ArrayRef<Dim> to) {
  auto getProducts = [](llvm::ArrayRef<Dim> shape) {
    std::vector<std::optional<Dim>> products = {Dim(1)};
    for (const Dim &dim : shape)
      products.push_back(products.back() ? Dim::mul(*products.back(), dim)
                                         : std::nullopt);
    return products;
  };
  std::vector<std::optional<Dim>> above = getProducts(from),
                                  below = getProducts(to);
  std::vector<AxisGroup> groups;
  size_t i = 0, j = 0;
  auto close = [&](size_t nextI, size_t nextJ) {
    AxisGroup &group = groups.emplace_back();
    for (; i < nextI; ++i)
      group.from.push_back(i);
    for (; j < nextJ; ++j)
      group.to.push_back(j);
  };
  while (i < from.size() && j < to.size()) {
    size_t bestI = from.size(), bestJ = to.size();
    for (size_t p = i + 1; p <= from.size(); ++p)
      for (size_t r = j + 1; r <= to.size(); ++r)
        if (p + r < bestI + bestJ && above[p] && below[r] &&
            *above[p] == *below[r])
          std::tie(bestI, bestJ) = std::pair(p, r);
    close(bestI, bestJ);
  }
  // What is left are axes of size 1.
  for (; i < from.size(); ++i)
    groups.back().from.push_back(i);
  for (; j < to.size(); ++j)
    groups.back().to.push_back(j);
  return groups;
}

mlir::Value FunctionGen::emitReshape(const Node *node, mlir::Location loc) {
  const Type &fromType = node->operands[0]->type;
  mlir::Value value = emit(node->operands[0]);
  mlir::Location plain = module.getLocation(node->range);
  auto type = mlir::cast<mlir::RankedTensorType>(getType(node->type));
  llvm::ArrayRef<int64_t> from =
      mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
  llvm::ArrayRef<int64_t> to = type.getShape();

  llvm::SmallVector<mlir::ReassociationIndices> collapse, expand;
  llvm::SmallVector<int64_t> joinedFrom, joinedTo;
  auto join = [](llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> axes) {
    int64_t product = 1;
    for (int64_t axis : axes) {
      if (mlir::ShapedType::isDynamic(shape[axis]))
        return mlir::ShapedType::kDynamic;
      product *= shape[axis];
    }
    return product;
  };
  for (const AxisGroup &group : groupAxes(fromType.shape, node->type.shape)) {
    collapse.emplace_back(group.from.begin(), group.from.end());
    expand.emplace_back(group.to.begin(), group.to.end());
    joinedFrom.push_back(join(from, group.from));
    joinedTo.push_back(join(to, group.to));
  }
  mlir::Type element = type.getElementType();
  if (collapse.size() != from.size())
    value = tensor::CollapseShapeOp::create(
        builder, plain, mlir::RankedTensorType::get(joinedFrom, element), value,
        collapse);
  // One side may know a product that the other does not.
  value = castTo(value, mlir::RankedTensorType::get(joinedTo, element), plain);
  if (expand.size() != to.size()) {
    llvm::SmallVector<mlir::OpFoldResult> shape;
    for (const Dim &dim : node->type.shape)
      shape.push_back(emitMixed(dim, plain));
    value =
        tensor::ExpandShapeOp::create(builder, loc, type, value, expand, shape);
  }
  return value;
}

//===----------------------------------------------------------------------===//
// Split and concat
//===----------------------------------------------------------------------===//

FunctionGen::Values FunctionGen::emitSplit(const Node *node,
                                           mlir::Location loc) {
  mlir::Value operand = emit(node->operands[0]);
  size_t axis = node->axes[0], rank = node->operands[0]->type.shape.size();
  llvm::SmallVector<mlir::OpFoldResult> strides(rank, builder.getIndexAttr(1));
  std::optional<Dim> offset = Dim(0);
  Values parts;
  for (const Type &part : node->type.elements) {
    llvm::SmallVector<mlir::OpFoldResult> sizes,
        offsets(rank, builder.getIndexAttr(0));
    for (const Dim &dim : part.shape)
      sizes.push_back(emitMixed(dim, loc));
    // A slice of nothing must begin inside of the tensor all the same.
    if (offset && getStatic(part.shape[axis]) != 0)
      offsets[axis] = emitMixed(*offset, loc);
    parts.push_back(tensor::ExtractSliceOp::create(
        builder, loc, mlir::cast<mlir::RankedTensorType>(getType(part)),
        operand, offsets, sizes, strides));
    offset = offset ? Dim::add(*offset, part.shape[axis]) : offset;
  }
  return parts;
}

mlir::Value FunctionGen::emitConcat(const Node *node, mlir::Location loc) {
  Values operands = emitOperands(node);
  if (operands.size() == 1)
    return operands.front();
  auto type = tensor::ConcatOp::inferResultType(
      node->axes[0], mlir::ValueRange(operands).getTypes());
  mlir::Value value =
      tensor::ConcatOp::create(builder, loc, type, node->axes[0], operands);
  return castTo(value, getType(node->type), loc);
}

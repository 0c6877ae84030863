//===- Signature.cpp - What a compiled function takes and gives -----------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "llvm/ADT/StringExtras.h"

using namespace attn::runtime;
using llvm::Twine;

std::string Signature::typeToString(const Parameter &parameter) const {
  std::string text = toString(parameter.dtype).str();
  if (parameter.shape.empty())
    return text;
  text += "[";
  for (const ShapeExpr &expr : parameter.shape)
    text += (text.back() == '[' ? "" : ", ") + expr.toString(dims);
  return text + "]";
}

llvm::Expected<std::vector<int64_t>>
Signature::evaluateShape(const Parameter &parameter,
                         llvm::ArrayRef<int64_t> dimSizes) const {
  std::vector<int64_t> shape;
  for (const ShapeExpr &expr : parameter.shape) {
    std::optional<int64_t> size = expr.evaluate(dimSizes);
    if (size && *size >= 0) {
      shape.push_back(*size);
      continue;
    }
    std::string with;
    for (unsigned dim : expr.usedDims())
      if (dim < dimSizes.size())
        with += (with.empty() ? " with " : ", ") + dims[dim] + " = " +
                std::to_string(dimSizes[dim]);
    return llvm::createStringError(
        parameter.name + ": the size " + expr.toString(dims) +
        (size ? " would be " + std::to_string(*size) : " cannot be computed") +
        with);
  }
  return shape;
}

llvm::Expected<std::vector<int64_t>>
Signature::bindDims(llvm::ArrayRef<const Tensor *> tensors) const {
  if (tensors.size() != inputs.size()) {
    std::string names;
    for (const Parameter &input : inputs)
      names += (names.empty() ? "" : ", ") + input.name;
    return llvm::createStringError("expected " + Twine(inputs.size()) +
                                   (inputs.size() == 1 ? " input" : " inputs") +
                                   (names.empty() ? "" : " (" + names + ")") +
                                   ", got " + Twine(tensors.size()));
  }
  DimBinder binder(*this);
  for (auto [index, tensor] : llvm::enumerate(tensors))
    if (llvm::Error error =
            binder.bindInput(index, tensor->dtype(), tensor->shape()))
      return std::move(error);
  return binder.finish();
}

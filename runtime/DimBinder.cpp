//===- DimBinder.cpp - From shapes to the sizes of dimensions -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::runtime;
using llvm::StringRef;
using llvm::Twine;

DimBinder::DimBinder(const Signature &signature)
    : signature(signature), bindings(signature.dims.size()) {}

std::vector<std::optional<int64_t>> DimBinder::sizes() const {
  std::vector<std::optional<int64_t>> sizes;
  for (const Binding &binding : bindings)
    sizes.push_back(binding.size);
  return sizes;
}

/// "k has 96 where the program says T".
static std::string describe(StringRef source, int64_t size,
                            const ShapeExpr &expr, const Signature &signature) {
  return (source + " has " + Twine(size) + " where the program says " +
          expr.toString(signature.dims))
      .str();
}

/// " (w bound C to 32)", or nothing.
std::string DimBinder::describeBindings(const ShapeExpr &expr) const {
  std::string text;
  for (unsigned dim : expr.usedDims())
    if (const Binding &binding = bindings[dim]; binding.size)
      text += (text.empty() ? " (" : ", ") + binding.source + " bound " +
              signature.dims[dim] + " to " + std::to_string(*binding.size);
  return text.empty() ? text : text + ")";
}

llvm::Error DimBinder::assign(unsigned dim, int64_t size, StringRef source,
                              const ShapeExpr &from) {
  Binding &binding = bindings[dim];
  if (binding.size && *binding.size != size)
    return llvm::createStringError(
        describe(source, size, from, signature) + ", but " + binding.source +
        " bound " + signature.dims[dim] + " to " + Twine(*binding.size));
  if (!binding.size)
    binding = {size, source.str()};
  return llvm::Error::success();
}

llvm::Error DimBinder::bind(StringRef name, int64_t size, StringRef source) {
  auto found = llvm::find(signature.dims, name);
  if (found == signature.dims.end()) {
    std::string known;
    for (const std::string &dim : signature.dims)
      known += (known.empty() ? "" : ", ") + dim;
    return llvm::createStringError(source + ": " + signature.function +
                                   " has no dimension " + name +
                                   (known.empty() ? "" : "; it has " + known));
  }
  if (size < 0)
    return llvm::createStringError(source +
                                   ": expected a size of at least 0 "
                                   "for " +
                                   name + ", got " + Twine(size));
  unsigned dim = found - signature.dims.begin();
  Binding &binding = bindings[dim];
  if (binding.size && *binding.size != size)
    return llvm::createStringError(source + " says " + name + " is " +
                                   Twine(size) + ", but " + binding.source +
                                   " bound it to " + Twine(*binding.size));
  if (!binding.size)
    binding = {size, source.str()};
  return llvm::Error::success();
}

llvm::Error DimBinder::bindInput(size_t index, DType dtype,
                                 llvm::ArrayRef<int64_t> shape) {
  const Parameter &input = signature.inputs[index];
  if (dtype != input.dtype)
    return llvm::createStringError(input.name + ": expected " +
                                   toString(input.dtype) + ", got " +
                                   toString(dtype));
  size_t rank = input.shape.size();
  if (shape.size() != rank) {
    auto dimensions = [](size_t count) {
      return (Twine(count) + (count == 1 ? " dimension" : " dimensions")).str();
    };
    std::string expected = "a scalar";
    if (rank != 0)
      expected = dimensions(rank) + " " +
                 StringRef(signature.typeToString(input))
                     .drop_front(toString(input.dtype).size())
                     .str();
    // "expected 4 dimensions [...], got 3 [...]"
    std::string got =
        shape.empty() ? "a scalar"
        : rank == 0 ? dimensions(shape.size()) + " " + shapeToString(shape)
                    : std::to_string(shape.size()) + " " + shapeToString(shape);
    return llvm::createStringError(input.name + ": expected " + expected +
                                   ", got " + got);
  }
  for (auto [expr, size] : llvm::zip_equal(input.shape, shape)) {
    if (!expr.isDim())
      equations.push_back({&expr, size, input.name});
    else if (llvm::Error error =
                 assign(expr.dimIndex(), size, input.name, expr))
      return error;
  }
  return llvm::Error::success();
}

/// The dimension of `expr` without a size, if there is exactly one.
static std::optional<unsigned>
singleUnknown(const ShapeExpr &expr,
              llvm::ArrayRef<std::optional<int64_t>> sizes) {
  std::optional<unsigned> unknown;
  for (unsigned dim : expr.usedDims()) {
    if (sizes[dim])
      continue;
    if (unknown)
      return std::nullopt;
    unknown = dim;
  }
  return unknown;
}

llvm::Error DimBinder::solve() {
  using Solution = ShapeExpr::Solution;
  // Each round gives at least one more dimension a size.
  for (bool progress = true; progress;) {
    progress = false;
    for (const Equation &equation : equations) {
      std::optional<unsigned> unknown = singleUnknown(*equation.expr, sizes());
      if (!unknown)
        continue;
      Solution solution =
          equation.expr->solve(*unknown, equation.size, sizes());
      if (solution.status == Solution::Undetermined)
        continue;
      if (solution.status == Solution::NoSolution || solution.value < 0)
        return llvm::createStringError(describe(equation.source, equation.size,
                                                *equation.expr, signature) +
                                       ", which no " +
                                       signature.dims[*unknown] + " satisfies" +
                                       describeBindings(*equation.expr));
      bindings[*unknown] = {solution.value, equation.source};
      progress = true;
    }
    // Sizes that the compilation fixed are requirements such as `D - 64 = 0`.
    for (const Requirement &requirement : signature.requirements) {
      for (const ShapeExpr &condition : requirement.conditions) {
        std::optional<unsigned> unknown = singleUnknown(condition, sizes());
        if (!unknown)
          continue;
        Solution solution = condition.solve(*unknown, 0, sizes());
        if (solution.status != Solution::Solved || solution.value < 0)
          continue;
        bindings[*unknown] = {solution.value, "this compilation"};
        progress = true;
      }
    }
  }
  return llvm::Error::success();
}

std::vector<std::string> DimBinder::unbound() const {
  std::vector<std::string> names;
  for (auto [name, binding] : llvm::zip_equal(signature.dims, bindings))
    if (!binding.size)
      names.push_back(name);
  return names;
}

llvm::Error DimBinder::unboundError() const {
  for (auto [index, binding] : llvm::enumerate(bindings)) {
    if (binding.size)
      continue;
    const std::string &name = signature.dims[index];
    for (const Equation &equation : equations)
      if (equation.expr->uses(index))
        return llvm::createStringError("the size of " + name +
                                       " does not follow from the inputs: " +
                                       describe(equation.source, equation.size,
                                                *equation.expr, signature) +
                                       describeBindings(*equation.expr));
    return llvm::createStringError("the size of " + name +
                                   " does not follow from the inputs: none "
                                   "of them has it");
  }
  return llvm::Error::success();
}

llvm::Error DimBinder::checkEquation(const Equation &equation) const {
  std::optional<int64_t> value = equation.expr->evaluate(sizes());
  if (value == equation.size)
    return llvm::Error::success();
  std::string message =
      describe(equation.source, equation.size, *equation.expr, signature);
  if (!value)
    message += ", which cannot be computed";
  else if (!equation.expr->isConstant())
    message += ", which is " + std::to_string(*value);
  return llvm::createStringError(message + describeBindings(*equation.expr));
}

llvm::Error DimBinder::checkRequirements() const {
  for (const Requirement &requirement : signature.requirements) {
    for (const ShapeExpr &condition : requirement.conditions) {
      if (condition.evaluate(sizes()) == 0)
        continue;
      std::string got;
      for (unsigned dim : condition.usedDims())
        got += (got.empty() ? ", got " : ", ") + signature.dims[dim] + " = " +
               std::to_string(*bindings[dim].size) + " from " +
               bindings[dim].source;
      return llvm::createStringError(requirement.message + got);
    }
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<int64_t>> DimBinder::finish() {
  if (llvm::Error error = solve())
    return std::move(error);
  if (llvm::Error error = unboundError())
    return std::move(error);
  for (const Equation &equation : equations)
    if (llvm::Error error = checkEquation(equation))
      return std::move(error);
  if (llvm::Error error = checkRequirements())
    return std::move(error);
  std::vector<int64_t> result;
  for (const Binding &binding : bindings)
    result.push_back(*binding.size);
  return result;
}

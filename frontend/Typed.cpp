//===- Typed.cpp - Checked programs -----------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Typed.h"

#include "llvm/Support/ErrorHandling.h"

using namespace attn::frontend;

llvm::StringRef attn::frontend::stringify(Op op) {
  static constexpr llvm::StringLiteral names[] = {
      "neg",   "not",     "abs", "exp",  "exp2",  "log", "log2",
      "tanh",  "sigmoid", "erf", "sqrt", "rsqrt", "sin", "cos",
      "floor", "ceil",    "add", "sub",  "mul",   "div", "floordiv",
      "mod",   "pow",     "max", "min",  "and",   "or",  "eq",
      "ne",    "lt",      "le",  "gt",   "ge",    "sum", "mean"};
  static_assert(std::size(names) == static_cast<size_t>(Op::Mean) + 1);
  return names[static_cast<size_t>(op)];
}

bool attn::frontend::isComparison(Op op) {
  return op >= Op::Eq && op <= Op::Ge;
}

std::optional<Dim> Condition::getZero() const {
  if (kind == Kind::Divisible)
    return Dim::mod(lhs, rhs);
  if (kind == Kind::Equal)
    return Dim::sub(lhs, rhs);
  if (kind == Kind::NotNegative)
    return Dim::floorDiv(lhs, int64_t(1) << 62);
  // (lhs + 1) div (rhs + 1) is 0 exactly where lhs is less than rhs.
  if (kind == Kind::Less) {
    std::optional<Dim> above = Dim::add(lhs, 1), below = Dim::add(rhs, 1);
    return above && below ? Dim::floorDiv(*above, *below) : std::nullopt;
  }
  // 1 div (lhs + 1) is 1 for an empty array and 0 for any other.
  std::optional<Dim> next = Dim::add(lhs, 1);
  std::optional<Dim> isEmpty = next ? Dim::floorDiv(1, *next) : next;
  return isEmpty ? Dim::mul(*isEmpty, rhs) : isEmpty;
}

std::string Condition::str() const {
  if (kind == Kind::Divisible)
    return lhs.str() + " must be divisible by " + rhs.str();
  if (kind == Kind::Equal)
    return lhs.str() + " must be " + rhs.str();
  if (kind == Kind::Less)
    return "index " + lhs.str() + " must be less than " + rhs.str() +
           ", the number of layers of " + subject;
  if (kind == Kind::NotNegative)
    return lhs.str() + " must not be negative";
  return subject + " must not be empty";
}

const CheckedFunction *CheckedLayer::getDefaultFunction() const {
  for (const CheckedFunction *fn : functions)
    if (fn->decl->entry)
      return fn;
  for (const CheckedFunction *fn : functions)
    if (fn->decl->name.name == "forward")
      return fn;
  return functions.size() == 1 ? functions.front() : nullptr;
}

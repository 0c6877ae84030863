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
  // 1 div (lhs + 1) is 1 for an empty array and 0 for any other.
  std::optional<Dim> next = Dim::add(lhs, 1);
  std::optional<Dim> isEmpty = next ? Dim::floorDiv(1, *next) : next;
  return isEmpty ? Dim::mul(*isEmpty, rhs) : isEmpty;
}

std::string Condition::str() const {
  if (kind == Kind::Divisible)
    return lhs.str() + " must be divisible by " + rhs.str();
  return subject + " must not be empty";
}

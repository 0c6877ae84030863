//===- ShapeExpr.cpp - Dimensions as expressions --------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/ShapeExpr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <limits>
#include <utility>

using namespace attn::runtime;

using OptionalSizes = llvm::ArrayRef<std::optional<int64_t>>;

ShapeExpr ShapeExpr::constant(int64_t value) {
  return ShapeExpr(Kind::Constant, value);
}

ShapeExpr ShapeExpr::dim(unsigned index) { return ShapeExpr(Kind::Dim, index); }

ShapeExpr ShapeExpr::binary(Kind kind, ShapeExpr lhs, ShapeExpr rhs) {
  ShapeExpr expr(kind, 0);
  expr.operands.reserve(2);
  expr.operands.push_back(std::move(lhs));
  expr.operands.push_back(std::move(rhs));
  return expr;
}

bool ShapeExpr::operator==(const ShapeExpr &other) const {
  return tag == other.tag && payload == other.payload &&
         operands == other.operands;
}

bool ShapeExpr::uses(unsigned dim) const {
  if (isDim())
    return dimIndex() == dim;
  return llvm::any_of(operands,
                      [&](const ShapeExpr &expr) { return expr.uses(dim); });
}

std::vector<unsigned> ShapeExpr::usedDims() const {
  std::vector<unsigned> dims;
  auto visit = [&](auto &&self, const ShapeExpr &expr) -> void {
    if (expr.isDim() && !llvm::is_contained(dims, expr.dimIndex()))
      dims.push_back(expr.dimIndex());
    for (const ShapeExpr &operand : expr.operands)
      self(self, operand);
  };
  visit(visit, *this);
  return dims;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

static std::optional<int64_t> apply(ShapeExpr::Kind kind, int64_t a,
                                    int64_t b) {
  using Kind = ShapeExpr::Kind;
  int64_t result;
  switch (kind) {
  case Kind::Constant:
  case Kind::Dim:
    return std::nullopt;
  case Kind::Add:
    return llvm::AddOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case Kind::Mul:
    return llvm::MulOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case Kind::FloorDiv:
  case Kind::CeilDiv:
  case Kind::ExactDiv:
  case Kind::Mod:
    break;
  }
  if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1))
    return std::nullopt;
  int64_t quotient = a / b;
  int64_t remainder = a % b;
  // C++ rounds towards zero.
  bool negative = remainder != 0 && (remainder < 0) != (b < 0);
  if (kind == Kind::Mod)
    return negative ? remainder + b : remainder;
  if (kind == Kind::CeilDiv)
    return quotient + (remainder != 0 && !negative);
  return quotient - negative;
}

std::optional<int64_t> ShapeExpr::evaluateWith(Sizes sizes) const {
  if (isConstant())
    return payload;
  if (isDim())
    return sizes(dimIndex());
  std::optional<int64_t> a = lhs().evaluateWith(sizes);
  std::optional<int64_t> b = rhs().evaluateWith(sizes);
  return a && b ? apply(tag, *a, *b) : std::nullopt;
}

std::optional<int64_t>
ShapeExpr::evaluate(llvm::ArrayRef<int64_t> sizes) const {
  return evaluateWith([&](unsigned dim) -> std::optional<int64_t> {
    return dim < sizes.size() ? std::optional(sizes[dim]) : std::nullopt;
  });
}

std::optional<int64_t> ShapeExpr::evaluate(OptionalSizes sizes) const {
  return evaluateWith([&](unsigned dim) -> std::optional<int64_t> {
    return dim < sizes.size() ? sizes[dim] : std::nullopt;
  });
}

//===----------------------------------------------------------------------===//
// Solving
//===----------------------------------------------------------------------===//

/// `expr` as factor * unknown + rest; nothing if it has not that form.
static std::optional<std::pair<int64_t, int64_t>>
asAffine(const ShapeExpr &expr, unsigned unknown, OptionalSizes sizes) {
  using Kind = ShapeExpr::Kind;
  if (expr.isDim() && expr.dimIndex() == unknown)
    return std::pair<int64_t, int64_t>(1, 0);
  if (!expr.uses(unknown)) {
    std::optional<int64_t> value = expr.evaluate(sizes);
    return value ? std::optional(std::pair<int64_t, int64_t>(0, *value))
                 : std::nullopt;
  }
  if (expr.kind() != Kind::Add && expr.kind() != Kind::Mul)
    return std::nullopt;
  auto lhs = asAffine(expr.lhs(), unknown, sizes);
  auto rhs = asAffine(expr.rhs(), unknown, sizes);
  if (!lhs || !rhs)
    return std::nullopt;
  std::optional<int64_t> factor, rest;
  if (expr.kind() == Kind::Add) {
    factor = apply(Kind::Add, lhs->first, rhs->first);
    rest = apply(Kind::Add, lhs->second, rhs->second);
  } else {
    if (lhs->first != 0)
      std::swap(lhs, rhs);
    if (lhs->first != 0)
      return std::nullopt;
    factor = apply(Kind::Mul, lhs->second, rhs->first);
    rest = apply(Kind::Mul, lhs->second, rhs->second);
  }
  if (!factor || !rest)
    return std::nullopt;
  return std::pair(*factor, *rest);
}

ShapeExpr::Solution ShapeExpr::solve(unsigned unknown, int64_t value,
                                     OptionalSizes sizes) const {
  constexpr Solution kNone{Solution::NoSolution, 0};
  constexpr Solution kUndetermined{Solution::Undetermined, 0};

  // Peels operations off the side with the unknown until what is left is
  // affine.
  const ShapeExpr *expr = this;
  while (true) {
    if (auto affine = asAffine(*expr, unknown, sizes)) {
      auto [factor, rest] = *affine;
      int64_t difference;
      if (llvm::SubOverflow(value, rest, difference))
        return kNone;
      if (factor == 0)
        return difference == 0 ? kUndetermined : kNone;
      if (factor == -1)
        return llvm::SubOverflow(int64_t(0), difference, difference)
                   ? kNone
                   : Solution{Solution::Solved, difference};
      if (difference % factor != 0)
        return kNone;
      return {Solution::Solved, difference / factor};
    }
    if (expr->operands.empty() ||
        expr->lhs().uses(unknown) == expr->rhs().uses(unknown))
      return kUndetermined;
    bool left = expr->lhs().uses(unknown);
    std::optional<int64_t> other =
        (left ? expr->rhs() : expr->lhs()).evaluate(sizes);
    if (!other)
      return kUndetermined;
    switch (expr->tag) {
    case Kind::Add:
      if (llvm::SubOverflow(value, *other, value))
        return kNone;
      break;
    case Kind::Mul:
      if (*other == 0)
        return value == 0 ? kUndetermined : kNone;
      if (*other == -1 || value % *other != 0)
        return kNone;
      value /= *other;
      break;
    case Kind::ExactDiv:
      if (left) {
        if (*other == 0 || llvm::MulOverflow(value, *other, value))
          return kNone;
      } else {
        if (value == 0)
          return *other == 0 ? kUndetermined : kNone;
        if (value == -1 || *other % value != 0)
          return kNone;
        value = *other / value;
      }
      break;
    default:
      return kUndetermined;
    }
    expr = left ? &expr->lhs() : &expr->rhs();
  }
}

void ShapeExpr::markExact(
    llvm::function_ref<bool(const ShapeExpr &division)> isExact) {
  for (ShapeExpr &operand : operands)
    operand.markExact(isExact);
  if (tag == Kind::FloorDiv && isExact(*this))
    tag = Kind::ExactDiv;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

namespace {
/// How tightly an expression binds: sums, products, and quotients, which are in
/// parentheses wherever they are not alone or in a sum.
enum class Precedence { Sum, Product, Quotient, Atom };
} // namespace

static Precedence precedenceOf(const ShapeExpr &expr) {
  switch (expr.kind()) {
  case ShapeExpr::Kind::Add:
    return Precedence::Sum;
  case ShapeExpr::Kind::Mul:
    return Precedence::Product;
  case ShapeExpr::Kind::FloorDiv:
  case ShapeExpr::Kind::ExactDiv:
  case ShapeExpr::Kind::Mod:
    return Precedence::Quotient;
  case ShapeExpr::Kind::Constant:
    return expr.constantValue() < 0 ? Precedence::Sum : Precedence::Atom;
  case ShapeExpr::Kind::Dim:
  case ShapeExpr::Kind::CeilDiv:
    break;
  }
  return Precedence::Atom;
}

std::string ShapeExpr::toString(llvm::ArrayRef<std::string> names) const {
  auto plain = [&](const ShapeExpr &expr) { return expr.toString(names); };
  auto inParentheses = [&](const ShapeExpr &expr) {
    return "(" + expr.toString(names) + ")";
  };
  auto divide = [&](const char *symbol) {
    Precedence left = precedenceOf(lhs());
    bool bare = left == Precedence::Product || left == Precedence::Atom;
    return (bare ? plain(lhs()) : inParentheses(lhs())) + symbol +
           (precedenceOf(rhs()) == Precedence::Atom ? plain(rhs())
                                                    : inParentheses(rhs()));
  };
  switch (tag) {
  case Kind::Constant:
    return std::to_string(payload);
  case Kind::Dim:
    return dimIndex() < names.size() ? names[dimIndex()] : "?";
  case Kind::Add: {
    // The affine form of `a - b` is `a + b * -1`.
    std::string right = plain(rhs());
    if (right.front() == '-')
      return plain(lhs()) + " - " + right.substr(1);
    return plain(lhs()) + " + " + right;
  }
  case Kind::Mul: {
    // Affine expressions have the constant on the right; people, on the left.
    const ShapeExpr &first = rhs().isConstant() ? rhs() : lhs();
    const ShapeExpr &second = rhs().isConstant() ? lhs() : rhs();
    auto factor = [&](const ShapeExpr &expr) {
      Precedence own = precedenceOf(expr);
      bool bare = expr.isConstant() || own == Precedence::Product ||
                  own == Precedence::Atom;
      return bare ? plain(expr) : inParentheses(expr);
    };
    if (first.isConstant() && first.constantValue() == -1)
      return "-" + factor(second);
    return factor(first) + " * " + factor(second);
  }
  case Kind::FloorDiv:
    return divide(" // ");
  case Kind::ExactDiv:
    return divide(" / ");
  case Kind::Mod:
    return divide(" % ");
  case Kind::CeilDiv:
    return "ceil(" + divide(" / ") + ")";
  }
  return "";
}

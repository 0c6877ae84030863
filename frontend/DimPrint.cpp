//===- DimPrint.cpp - Dimensions as text and affine expressions -*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Dim.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace attn::frontend;
using llvm::ArrayRef;

using Factor = std::pair<DimAtom, int>;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// Whether the text of a dimension needs no parentheses as an operand.
static bool isSimple(const Dim &dim) {
  return dim.getName() || dim.getConstant().value_or(-1) >= 0;
}

static std::string printOperand(const Dim &dim) {
  return isSimple(dim) ? dim.str() : "(" + dim.str() + ")";
}

/// `alone`: nothing stands beside it, so that it needs no parentheses.
static std::string printAtom(const DimAtom &atom, bool alone) {
  const char *op = "";
  switch (atom.kind) {
  case DimAtom::Kind::Name:
    return atom.name;
  case DimAtom::Kind::FloorDiv:
    op = " div ";
    break;
  case DimAtom::Kind::Mod:
    op = " % ";
    break;
  case DimAtom::Kind::ExactDiv:
    op = " / ";
    break;
  }
  std::string text = printOperand(*atom.lhs) + op + printOperand(*atom.rhs);
  return alone ? text : "(" + text + ")";
}

/// A term without its sign.
static std::string printTerm(const Dim::Term &term) {
  llvm::SmallVector<std::string> above, below;
  int64_t numerator = std::abs(term.numerator);
  bool alone = term.factors.size() == 1 && term.factors.front().second == 1 &&
               numerator == 1 && term.denominator == 1;
  for (const Factor &factor : term.factors)
    for (int i = 0; i < std::abs(factor.second); ++i)
      (factor.second > 0 ? above : below)
          .push_back(printAtom(factor.first, alone));
  if (numerator != 1 || above.empty())
    above.insert(above.begin(), std::to_string(numerator));
  if (term.denominator != 1)
    below.insert(below.begin(), std::to_string(term.denominator));
  std::string text = llvm::join(above, " * ");
  if (below.size() == 1)
    text += " / " + below.front();
  else if (!below.empty())
    text += " / (" + llvm::join(below, " * ") + ")";
  return text;
}

std::string Dim::str() const {
  if (terms.empty())
    return "0";
  std::string text;
  // A positive term first, where there is one: `Tk - Tq`.
  auto first =
      llvm::find_if(terms, [](const Term &t) { return t.numerator > 0; });
  if (first != terms.end())
    text = printTerm(*first);
  for (auto it = terms.begin(); it != terms.end(); ++it) {
    if (it == first)
      continue;
    if (text.empty())
      text = "-" + printTerm(*it);
    else
      text += (it->numerator < 0 ? " - " : " + ") + printTerm(*it);
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Affine expressions
//===----------------------------------------------------------------------===//

mlir::AffineExpr Dim::toAffine(mlir::MLIRContext *context,
                               ArrayRef<std::string> symbols) const {
  auto atomExpr = [&](const DimAtom &atom) {
    if (atom.kind == DimAtom::Kind::Name)
      return mlir::getAffineSymbolExpr(
          llvm::find(symbols, atom.name) - symbols.begin(), context);
    mlir::AffineExpr lhs = atom.lhs->toAffine(context, symbols);
    mlir::AffineExpr rhs = atom.rhs->toAffine(context, symbols);
    return atom.kind == DimAtom::Kind::Mod ? lhs % rhs : lhs.floorDiv(rhs);
  };
  // A fraction is exact only as a whole: A / 2 + B / 2 is (A + B) / 2.
  if (!isIntegral())
    if (auto fraction = getFraction())
      return fraction->first.toAffine(context, symbols)
          .floorDiv(fraction->second.toAffine(context, symbols));
  mlir::AffineExpr sum = mlir::getAffineConstantExpr(0, context);
  for (const Term &term : terms) {
    mlir::AffineExpr product = mlir::getAffineConstantExpr(1, context);
    for (const Factor &factor : term.factors)
      for (int i = 0; i < factor.second; ++i)
        product = product * atomExpr(factor.first);
    sum = sum + product * term.numerator;
  }
  return sum;
}

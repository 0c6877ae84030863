//===- Dim.cpp - Dimensions as polynomials over names -----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Dim.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;

using Factor = std::pair<DimAtom, int>;
using Factors = std::vector<Factor>;

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

int DimAtom::compare(const DimAtom &lhs, const DimAtom &rhs) {
  if (lhs.kind != rhs.kind)
    return lhs.kind < rhs.kind ? -1 : 1;
  if (lhs.kind == Kind::Name)
    return StringRef(lhs.name).compare(rhs.name);
  if (int order = Dim::compare(*lhs.lhs, *rhs.lhs))
    return order;
  return Dim::compare(*lhs.rhs, *rhs.rhs);
}

static int getDegree(const Factors &factors) {
  int degree = 0;
  for (const Factor &factor : factors)
    degree += factor.second;
  return degree;
}

/// Higher degrees first, then by atoms; a graded lexicographic order, so the
/// first term of a product is the product of the first terms.
static int compareFactors(const Factors &lhs, const Factors &rhs) {
  int lhsDegree = getDegree(lhs), rhsDegree = getDegree(rhs);
  if (lhsDegree != rhsDegree)
    return lhsDegree > rhsDegree ? -1 : 1;
  size_t i = 0;
  for (; i < lhs.size() && i < rhs.size(); ++i) {
    int order = DimAtom::compare(lhs[i].first, rhs[i].first);
    // The side that has the smaller atom has it to a power other than 0.
    if (order < 0)
      return lhs[i].second > 0 ? -1 : 1;
    if (order > 0)
      return rhs[i].second > 0 ? 1 : -1;
    if (lhs[i].second != rhs[i].second)
      return lhs[i].second > rhs[i].second ? -1 : 1;
  }
  if (i < lhs.size())
    return lhs[i].second > 0 ? -1 : 1;
  if (i < rhs.size())
    return rhs[i].second > 0 ? 1 : -1;
  return 0;
}

int Dim::compare(const Dim &lhs, const Dim &rhs) {
  for (size_t i = 0; i < lhs.terms.size() && i < rhs.terms.size(); ++i) {
    const Term &l = lhs.terms[i], &r = rhs.terms[i];
    if (int order = compareFactors(l.factors, r.factors))
      return order;
    if (l.numerator != r.numerator)
      return l.numerator < r.numerator ? -1 : 1;
    if (l.denominator != r.denominator)
      return l.denominator < r.denominator ? -1 : 1;
  }
  if (lhs.terms.size() == rhs.terms.size())
    return 0;
  return lhs.terms.size() < rhs.terms.size() ? -1 : 1;
}

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

Dim::Dim(int64_t value) {
  if (value == 0)
    return;
  Term term;
  term.numerator = value;
  terms.push_back(std::move(term));
}

Dim Dim::name(StringRef name) {
  DimAtom atom;
  atom.name = name.str();
  return fromAtom(std::move(atom));
}

Dim Dim::fromAtom(DimAtom atom) {
  Dim dim;
  Term term;
  term.factors.emplace_back(std::move(atom), 1);
  term.numerator = 1;
  dim.terms.push_back(std::move(term));
  return dim;
}

/// Brings a ratio to lowest terms with a positive denominator.
static bool reduce(int64_t &numerator, int64_t &denominator) {
  if (denominator == 0 || numerator == INT64_MIN || denominator == INT64_MIN)
    return false;
  int64_t divisor = std::gcd(numerator, denominator);
  if (denominator < 0)
    divisor = -divisor;
  numerator /= divisor;
  denominator /= divisor;
  return true;
}

static bool mulFits(int64_t lhs, int64_t rhs, int64_t &result) {
  return !llvm::MulOverflow(lhs, rhs, result);
}

/// Adds a term without restoring the order; see `canonicalize`.
bool Dim::append(Term term) {
  if (!reduce(term.numerator, term.denominator))
    return false;
  terms.push_back(std::move(term));
  return terms.size() <= maxTerms * maxTerms;
}

/// Sorts terms and joins those with the same factors.
bool Dim::canonicalize() {
  llvm::sort(terms, [](const Term &lhs, const Term &rhs) {
    return compareFactors(lhs.factors, rhs.factors) < 0;
  });
  std::vector<Term> joined;
  for (Term &term : terms) {
    if (joined.empty() ||
        compareFactors(joined.back().factors, term.factors) != 0) {
      joined.push_back(std::move(term));
      continue;
    }
    Term &last = joined.back();
    int64_t left, right, denominator;
    if (!mulFits(last.numerator, term.denominator, left) ||
        !mulFits(term.numerator, last.denominator, right) ||
        !mulFits(last.denominator, term.denominator, denominator) ||
        llvm::AddOverflow(left, right, last.numerator))
      return false;
    last.denominator = denominator;
    if (!reduce(last.numerator, last.denominator))
      return false;
  }
  llvm::erase_if(joined, [](const Term &term) { return term.numerator == 0; });
  terms = std::move(joined);
  return terms.size() <= maxTerms;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

std::optional<Dim> Dim::add(const Dim &lhs, const Dim &rhs) {
  Dim result = lhs;
  result.terms.insert(result.terms.end(), rhs.terms.begin(), rhs.terms.end());
  if (!result.canonicalize())
    return std::nullopt;
  return result;
}

std::optional<Dim> Dim::sub(const Dim &lhs, const Dim &rhs) {
  Dim result = lhs;
  for (Term term : rhs.terms) {
    term.numerator = -term.numerator;
    result.terms.push_back(std::move(term));
  }
  if (!result.canonicalize())
    return std::nullopt;
  return result;
}

static std::optional<Factors> mulFactors(const Factors &lhs, const Factors &rhs,
                                         int sign) {
  Factors result = lhs;
  for (Factor factor : rhs) {
    factor.second *= sign;
    auto *it = std::lower_bound(result.data(), result.data() + result.size(),
                                factor, [](const Factor &l, const Factor &r) {
                                  return DimAtom::compare(l.first, r.first) < 0;
                                });
    auto position = result.begin() + (it - result.data());
    if (position == result.end() ||
        DimAtom::compare(position->first, factor.first) != 0) {
      result.insert(position, std::move(factor));
      continue;
    }
    position->second += factor.second;
    if (std::abs(position->second) > Dim::maxExponent)
      return std::nullopt;
    if (position->second == 0)
      result.erase(position);
  }
  return result;
}

/// lhs * rhs, or lhs / rhs where `sign` is -1.
static std::optional<Dim::Term> mulTerms(const Dim::Term &lhs,
                                         const Dim::Term &rhs, int sign) {
  std::optional<Factors> factors = mulFactors(lhs.factors, rhs.factors, sign);
  if (!factors)
    return std::nullopt;
  Dim::Term result;
  result.factors = std::move(*factors);
  int64_t up = sign > 0 ? rhs.numerator : rhs.denominator;
  int64_t down = sign > 0 ? rhs.denominator : rhs.numerator;
  if (!mulFits(lhs.numerator, up, result.numerator) ||
      !mulFits(lhs.denominator, down, result.denominator) ||
      !reduce(result.numerator, result.denominator))
    return std::nullopt;
  return result;
}

/// lhs / rhs where `rhs` divides it as a polynomial.
static std::optional<Dim> divideEvenly(Dim lhs, const Dim &rhs) {
  if (rhs.getTerms().empty())
    return std::nullopt;
  Dim quotient;
  const Dim::Term &lead = rhs.getTerms().front();
  for (size_t step = 0; !lhs.getTerms().empty(); ++step) {
    if (step == Dim::maxTerms)
      return std::nullopt;
    std::optional<Dim::Term> term = mulTerms(lhs.getTerms().front(), lead, -1);
    if (!term)
      return std::nullopt;
    // By a sum, only terms without negative powers can come out even.
    if (rhs.getTerms().size() > 1)
      for (const Factor &factor : term->factors)
        if (factor.second < 0)
          return std::nullopt;
    Dim part(1);
    for (const Factor &factor : term->factors) {
      Dim atom = Dim::fromAtom(factor.first);
      for (int i = 0; i < std::abs(factor.second); ++i) {
        std::optional<Dim> next = factor.second > 0 ? Dim::mul(part, atom)
                                                    : Dim::exactDiv(part, atom);
        if (!next)
          return std::nullopt;
        part = std::move(*next);
      }
    }
    std::optional<Dim> scaled = Dim::mul(part, Dim(term->numerator));
    if (scaled && term->denominator != 1)
      scaled = Dim::exactDiv(*scaled, Dim(term->denominator));
    std::optional<Dim> sum = scaled ? Dim::add(quotient, *scaled) : scaled;
    std::optional<Dim> product = sum ? Dim::mul(*scaled, rhs) : sum;
    std::optional<Dim> rest = product ? Dim::sub(lhs, *product) : product;
    if (!rest)
      return std::nullopt;
    quotient = std::move(*sum);
    lhs = std::move(*rest);
  }
  return quotient;
}

/// A product where one side holds `a / b` with `b` a sum that divides the
/// other side.
static std::optional<Dim> mulCancelling(const Dim &lhs, const Dim &rhs) {
  if (lhs.getTerms().size() != 1)
    return std::nullopt;
  for (const Factor &factor : lhs.getTerms().front().factors) {
    if (factor.first.kind != DimAtom::Kind::ExactDiv || factor.second != 1)
      continue;
    std::optional<Dim> quotient = divideEvenly(rhs, *factor.first.rhs);
    std::optional<Dim> rest =
        quotient ? Dim::exactDiv(lhs, Dim::fromAtom(factor.first)) : quotient;
    std::optional<Dim> product =
        rest ? Dim::mul(*rest, *factor.first.lhs) : rest;
    if (product)
      return Dim::mul(*product, *quotient);
  }
  return std::nullopt;
}

std::optional<Dim> Dim::mul(const Dim &lhs, const Dim &rhs) {
  if (rhs.terms.size() > 1)
    if (std::optional<Dim> result = mulCancelling(lhs, rhs))
      return result;
  if (lhs.terms.size() > 1)
    if (std::optional<Dim> result = mulCancelling(rhs, lhs))
      return result;
  Dim result;
  for (const Term &l : lhs.terms)
    for (const Term &r : rhs.terms) {
      std::optional<Term> term = mulTerms(l, r, 1);
      if (!term || !result.append(std::move(*term)))
        return std::nullopt;
    }
  if (!result.canonicalize())
    return std::nullopt;
  return result;
}

/// How many names a dimension holds, each as often as it is written.
static size_t getSize(const Dim &dim) {
  size_t size = 1;
  for (const Dim::Term &term : dim.getTerms())
    for (const Factor &factor : term.factors)
      size += factor.first.kind == DimAtom::Kind::Name
                  ? 1
                  : getSize(*factor.first.lhs) + getSize(*factor.first.rhs);
  return size;
}

/// A quotient or remainder that stays one.
static std::optional<Dim> makeAtom(DimAtom::Kind kind, const Dim &lhs,
                                   const Dim &rhs) {
  if (getSize(lhs) + getSize(rhs) > Dim::maxAtomSize)
    return std::nullopt;
  DimAtom atom;
  atom.kind = kind;
  atom.lhs = std::make_shared<const Dim>(lhs);
  atom.rhs = std::make_shared<const Dim>(rhs);
  return Dim::fromAtom(std::move(atom));
}

std::optional<Dim> Dim::exactDiv(const Dim &lhs, const Dim &rhs) {
  if (rhs.terms.empty())
    return std::nullopt;
  if (rhs.terms.size() > 1) {
    if (std::optional<Dim> quotient = divideEvenly(lhs, rhs))
      return quotient;
    return makeAtom(DimAtom::Kind::ExactDiv, lhs, rhs);
  }
  Dim result;
  for (const Term &term : lhs.terms) {
    std::optional<Term> quotient = mulTerms(term, rhs.terms.front(), -1);
    if (!quotient || !result.append(std::move(*quotient)))
      return std::nullopt;
  }
  if (!result.canonicalize())
    return std::nullopt;
  return result;
}

std::optional<Dim> Dim::floorDiv(const Dim &lhs, const Dim &rhs) {
  if (rhs.terms.empty())
    return std::nullopt;
  std::optional<int64_t> l = lhs.getConstant(), r = rhs.getConstant();
  if (l && r)
    return Dim(llvm::divideFloorSigned(*l, *r));
  if (std::optional<Dim> quotient = divideEvenly(lhs, rhs))
    if (quotient->isIntegral())
      return quotient;
  return makeAtom(DimAtom::Kind::FloorDiv, lhs, rhs);
}

std::optional<Dim> Dim::mod(const Dim &lhs, const Dim &rhs) {
  if (rhs.terms.empty())
    return std::nullopt;
  std::optional<int64_t> l = lhs.getConstant(), r = rhs.getConstant();
  if (l && r)
    return Dim(*l - llvm::divideFloorSigned(*l, *r) * *r);
  if (std::optional<Dim> quotient = divideEvenly(lhs, rhs))
    if (quotient->isIntegral())
      return Dim(0);
  return makeAtom(DimAtom::Kind::Mod, lhs, rhs);
}

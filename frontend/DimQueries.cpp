//===- DimQueries.cpp - Parts and values of dimensions ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Dim.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace attn::frontend;
using llvm::StringRef;

using Factor = std::pair<DimAtom, int>;
using Factors = std::vector<Factor>;

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

std::optional<int64_t> Dim::getConstant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.front().factors.empty() &&
      terms.front().denominator == 1)
    return terms.front().numerator;
  return std::nullopt;
}

std::optional<std::string> Dim::getName() const {
  if (terms.size() != 1)
    return std::nullopt;
  const Term &term = terms.front();
  if (term.numerator != 1 || term.denominator != 1 ||
      term.factors.size() != 1 || term.factors.front().second != 1 ||
      term.factors.front().first.kind != DimAtom::Kind::Name)
    return std::nullopt;
  return term.factors.front().first.name;
}

bool Dim::isIntegral() const {
  return llvm::all_of(terms, [](const Term &term) {
    return term.denominator == 1 &&
           llvm::all_of(term.factors,
                        [](const Factor &factor) { return factor.second > 0; });
  });
}

std::optional<std::pair<Dim, Dim>> Dim::getFraction() const {
  int64_t multiple = 1;
  Factors common;
  for (const Term &term : terms) {
    int64_t scale = term.denominator / std::gcd(multiple, term.denominator);
    if (llvm::MulOverflow(multiple, scale, multiple))
      return std::nullopt;
    for (const Factor &factor : term.factors) {
      if (factor.second >= 0)
        continue;
      auto same = llvm::find_if(common, [&](const Factor &other) {
        return DimAtom::compare(other.first, factor.first) == 0;
      });
      if (same == common.end())
        common.emplace_back(factor.first, -factor.second);
      else
        same->second = std::max(same->second, -factor.second);
    }
  }
  llvm::sort(common, [](const Factor &lhs, const Factor &rhs) {
    return DimAtom::compare(lhs.first, rhs.first) < 0;
  });
  Dim denominator;
  Term term;
  term.factors = std::move(common);
  term.numerator = multiple;
  denominator.terms.push_back(std::move(term));
  std::optional<Dim> numerator = mul(*this, denominator);
  if (!numerator)
    return std::nullopt;
  return std::make_pair(std::move(*numerator), std::move(denominator));
}

static void collectNames(const Dim &dim, std::vector<std::string> &names) {
  for (const Dim::Term &term : dim.getTerms())
    for (const Factor &factor : term.factors) {
      const DimAtom &atom = factor.first;
      if (atom.kind != DimAtom::Kind::Name) {
        collectNames(*atom.lhs, names);
        collectNames(*atom.rhs, names);
      } else if (!llvm::is_contained(names, atom.name)) {
        names.push_back(atom.name);
      }
    }
}

std::vector<std::string> Dim::getNames() const {
  std::vector<std::string> names;
  collectNames(*this, names);
  return names;
}

//===----------------------------------------------------------------------===//
// Substitution
//===----------------------------------------------------------------------===//

static std::optional<Dim>
substituteAtom(const DimAtom &atom, const std::map<std::string, Dim> &values) {
  if (atom.kind == DimAtom::Kind::Name) {
    auto it = values.find(atom.name);
    return it == values.end() ? Dim::name(atom.name) : it->second;
  }
  std::optional<Dim> lhs = atom.lhs->substitute(values);
  std::optional<Dim> rhs = atom.rhs->substitute(values);
  if (!lhs || !rhs)
    return std::nullopt;
  switch (atom.kind) {
  case DimAtom::Kind::FloorDiv:
    return Dim::floorDiv(*lhs, *rhs);
  case DimAtom::Kind::Mod:
    return Dim::mod(*lhs, *rhs);
  default:
    return Dim::exactDiv(*lhs, *rhs);
  }
}

std::optional<Dim>
Dim::substitute(const std::map<std::string, Dim> &values) const {
  Dim result;
  for (const Term &term : terms) {
    // Numerators first: what divides them may only then cancel.
    std::optional<Dim> value = Dim(term.numerator);
    for (int sign : {1, -1})
      for (const Factor &factor : term.factors) {
        if ((factor.second > 0) != (sign > 0))
          continue;
        std::optional<Dim> atom = substituteAtom(factor.first, values);
        for (int i = 0; value && i < std::abs(factor.second); ++i)
          value = !atom      ? std::nullopt
                  : sign > 0 ? mul(*value, *atom)
                             : exactDiv(*value, *atom);
      }
    if (value && term.denominator != 1)
      value = exactDiv(*value, Dim(term.denominator));
    std::optional<Dim> sum = value ? add(result, *value) : value;
    if (!sum)
      return std::nullopt;
    result = std::move(*sum);
  }
  return result;
}

std::optional<int64_t>
Dim::evaluate(const std::map<std::string, int64_t> &sizes) const {
  std::map<std::string, Dim> values;
  for (const std::string &name : getNames()) {
    auto it = sizes.find(name);
    if (it == sizes.end())
      return std::nullopt;
    values.emplace(name, Dim(it->second));
  }
  std::optional<Dim> value = substitute(values);
  return value ? value->getConstant() : std::nullopt;
}

std::optional<Dim> Dim::solve(StringRef name, const Dim &size) const {
  Dim slope, rest;
  for (const Term &term : terms) {
    Term other = term;
    auto it = llvm::find_if(other.factors, [&](const Factor &factor) {
      return factor.first.kind == DimAtom::Kind::Name &&
             factor.first.name == name;
    });
    bool found = it != other.factors.end();
    if (found) {
      if (it->second != 1)
        return std::nullopt;
      other.factors.erase(it);
    }
    for (const Factor &factor : other.factors)
      if (llvm::is_contained(Dim::fromAtom(factor.first).getNames(), name))
        return std::nullopt;
    (found ? slope : rest).terms.push_back(std::move(other));
  }
  if (slope.terms.empty() || !slope.canonicalize() || !rest.canonicalize())
    return std::nullopt;
  std::optional<Dim> difference = sub(size, rest);
  return difference ? exactDiv(*difference, slope) : std::nullopt;
}

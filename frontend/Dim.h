//===- Dim.h - Dimensions as polynomials over names -------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_DIM_H
#define ATTN_FRONTEND_DIM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlir {
class AffineExpr;
class MLIRContext;
} // namespace mlir

namespace attn::frontend {

class Dim;

/// What a dimension is a polynomial over: a name, or a quotient or remainder
/// that has no simpler form and is compared by its two sides.
struct DimAtom {
  enum class Kind { Name, FloorDiv, Mod, ExactDiv };
  Kind kind = Kind::Name;
  std::string name;
  std::shared_ptr<const Dim> lhs;
  std::shared_ptr<const Dim> rhs;

  /// A total order.
  static int compare(const DimAtom &lhs, const DimAtom &rhs);
};

/// The size of an axis: a polynomial over atoms in canonical form, so that two
/// dimensions are equal exactly when their terms are. Coefficients are ratios
/// and exponents may be negative, because `/` is exact: `H * (C / H)` is `C`.
/// That a division leaves no remainder is a condition kept elsewhere.
///
/// Operations return nothing when a number overflows 64 bits, on a division by
/// zero, or when the result grows beyond the limits below.
class Dim {
public:
  static constexpr size_t maxTerms = 64;
  static constexpr int maxExponent = 64;
  static constexpr size_t maxAtomSize = 256;

  /// A product of powers of atoms with a coefficient `numerator / denominator`
  /// in lowest terms, `denominator` positive.
  struct Term {
    std::vector<std::pair<DimAtom, int>> factors;
    int64_t numerator = 0;
    int64_t denominator = 1;
  };

  Dim() = default;
  Dim(int64_t value);
  static Dim name(llvm::StringRef name);
  static Dim fromAtom(DimAtom atom);

  /// The value, if it has no names in it.
  std::optional<int64_t> getConstant() const;
  bool isConstant(int64_t value) const { return getConstant() == value; }

  /// The name, if it is just one.
  std::optional<std::string> getName() const;

  /// No fraction and no negative exponent: an integer whatever the names are.
  bool isIntegral() const;

  llvm::ArrayRef<Term> getTerms() const { return terms; }

  static std::optional<Dim> add(const Dim &lhs, const Dim &rhs);
  static std::optional<Dim> sub(const Dim &lhs, const Dim &rhs);
  static std::optional<Dim> mul(const Dim &lhs, const Dim &rhs);
  static std::optional<Dim> exactDiv(const Dim &lhs, const Dim &rhs);
  static std::optional<Dim> floorDiv(const Dim &lhs, const Dim &rhs);
  static std::optional<Dim> mod(const Dim &lhs, const Dim &rhs);

  /// The same value as a quotient of two integral dimensions; the second one
  /// is a single term.
  std::optional<std::pair<Dim, Dim>> getFraction() const;

  /// Replaces names; a name that is not in `values` stays.
  std::optional<Dim> substitute(const std::map<std::string, Dim> &values) const;

  /// The value for given sizes. Nothing if a name is missing or a division
  /// that must be exact leaves a remainder.
  std::optional<int64_t>
  evaluate(const std::map<std::string, int64_t> &sizes) const;

  /// The value of `name` for which this dimension equals `size`, where it is
  /// `a * name + b` with `a` and `b` free of `name`; nothing otherwise. The
  /// value is right if `size - b` is divisible by `a`.
  std::optional<Dim> solve(llvm::StringRef name, const Dim &size) const;

  /// The names in it, in the order printed, each once.
  std::vector<std::string> getNames() const;

  /// As an affine expression over symbols numbered as in `symbols`, which
  /// must hold every name.
  mlir::AffineExpr toAffine(mlir::MLIRContext *context,
                            llvm::ArrayRef<std::string> symbols) const;

  /// As the user would write it: `3 * C`, `C / H`, `T + 1`.
  std::string str() const;

  /// A total order, for use as a key.
  static int compare(const Dim &lhs, const Dim &rhs);
  bool operator==(const Dim &other) const { return compare(*this, other) == 0; }
  bool operator!=(const Dim &other) const { return compare(*this, other) != 0; }
  bool operator<(const Dim &other) const { return compare(*this, other) < 0; }

private:
  bool append(Term term);
  bool canonicalize();

  std::vector<Term> terms;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_DIM_H

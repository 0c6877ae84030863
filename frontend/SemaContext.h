//===- SemaContext.h - What the checker knows of places ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names in scope, rules being written out, signatures and the state of each
// declaration. Internal to the checker.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_SEMACONTEXT_H
#define ATTN_FRONTEND_SEMACONTEXT_H

#include "frontend/Typed.h"

#include <set>

namespace attn::frontend {

/// A name in scope.
struct Binding {
  enum class Kind {
    Parameter,
    Let,
    Dimension,
    Index,
    /// A sub-layer or a list of them; it has no node.
    Layer,
    /// Its declaration had an error: uses are silent.
    Poisoned,
  };
  Kind kind = Kind::Poisoned;
  SourceRange range;
  Node *node = nullptr;
  const FieldDecl *field = nullptr;
};

using Scope = std::map<std::string, Binding>;

/// The four axes under a rule, and where its leaves go while it is expanded.
struct RuleSite {
  Dim sizes[4];
  RuleBody *body = nullptr;
  /// Whether the sizes are those of tensors, not of a rule by itself.
  bool isUse = false;
  /// Masks are written out once for each site, by their declaration where they
  /// have no parameters.
  std::map<const void *, Node *> expanded;
  unsigned numExpansions = 0;
};

/// The rule whose body is being read.
struct RuleFrame {
  const RuleDecl *decl = nullptr;
  RuleSite *site = nullptr;
  Node *score = nullptr;
};

/// A layer as a function sees it, its own or one inside of it.
struct LayerRef {
  const LayerDecl *decl = nullptr;
  LayerPath path;
  /// Its sizes over the dimensions of the function.
  std::map<std::string, Dim> sizes;
  /// Its numbers and rules.
  std::map<std::string, Node *> values;
  /// Set for a list: how many there are.
  std::optional<Dim> count;
};

/// Where an expression stands.
struct Context {
  /// Receives conditions; null while a rule is checked by itself.
  CheckedFunction *fn = nullptr;
  /// Set in the body of a rule.
  RuleFrame *rule = nullptr;
  /// The layer whose names are in scope.
  const LayerRef *layer = nullptr;
  /// Innermost last.
  std::vector<Scope> scopes;
  /// Names that mean nothing here: the first use of each is an error, the
  /// others are the same one.
  std::set<std::string> unknown;
};

/// A dimension in a type of a signature, before its names are bound.
struct AxisSpec {
  Dim dim;
  SourceRange range;
};

/// The types of a signature with the dimensions that they bind.
struct Signature {
  std::vector<Type> params;
  std::vector<BoundDim> dims;
  std::vector<Condition> conditions;
  /// Of rules: parameters that take any number.
  std::vector<bool> untyped;
};

struct RuleInfo {
  enum class State { Unchecked, Checked, Failed };
  State state = State::Unchecked;
  Signature signature;
  bool signatureFailed = false;
};

struct FnInfo {
  CheckedFunction *checked = nullptr;
  const LayerDecl *layer = nullptr;
  Signature signature;
  /// The parameters are known, so that calls can be checked.
  bool hasSignature = false;
  /// The results are known, from the declaration or from the body.
  bool hasResults = false;
  /// Uses itself, which was reported: calls of it are not checked.
  bool inCycle = false;
};

struct LayerInfo {
  CheckedLayer *checked = nullptr;
  /// As its own functions see it.
  LayerRef self;
  /// Had an error, or uses itself: its functions are not checked.
  bool failed = false;
};

/// A call of a function of the language, its arguments counted and checked.
struct BuiltinCall {
  const CallExpr &call;
  std::string name;
  /// The positional arguments and their values.
  std::vector<const Expr *> exprs;
  std::vector<Node *> values;
  std::map<std::string, const Argument *> named;

  /// "'softmax'".
  std::string what() const { return "'" + name + "'"; }
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_SEMACONTEXT_H

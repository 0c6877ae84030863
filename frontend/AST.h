//===- AST.h - Syntax tree of the attnc language ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tree mirrors docs/language.md. Nodes are plain data with a source range;
// the parser builds them, the checker annotates nothing in place.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_AST_H
#define ATTN_FRONTEND_AST_H

#include "llvm/Support/Casting.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attn::frontend {

/// A half-open range of text in one source file. `file` indexes the
/// SourceManager; offsets are bytes from the start of the file.
struct SourceRange {
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// A name as it was written.
struct Identifier {
  std::string name;
  SourceRange range;
};

enum class DType { F16, BF16, F32, F64, I32, I64, Bool };

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

struct Expr {
  enum class Kind {
    IntLiteral,
    FloatLiteral,
    BoolLiteral,
    Name,
    Unary,
    Binary,
    Call,
    Reduce,
    Index,
    Member,
    Tuple,
    If,
    Cast,
  };

  virtual ~Expr() = default;
  Kind getKind() const { return kind; }

  /// The whole expression.
  SourceRange range;

protected:
  Expr(Kind kind, SourceRange range) : range(range), kind(kind) {}

private:
  Kind kind;
};

using ExprPtr = std::unique_ptr<Expr>;

struct IntLiteral : Expr {
  IntLiteral(SourceRange range, int64_t value)
      : Expr(Kind::IntLiteral, range), value(value) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::IntLiteral;
  }
  int64_t value;
};

/// A floating-point number, `inf` or `pi`; `spelling` is as written.
struct FloatLiteral : Expr {
  FloatLiteral(SourceRange range, double value, std::string spelling)
      : Expr(Kind::FloatLiteral, range), value(value),
        spelling(std::move(spelling)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::FloatLiteral;
  }
  double value;
  std::string spelling;
};

struct BoolLiteral : Expr {
  BoolLiteral(SourceRange range, bool value)
      : Expr(Kind::BoolLiteral, range), value(value) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::BoolLiteral;
  }
  bool value;
};

struct NameExpr : Expr {
  NameExpr(SourceRange range, std::string name)
      : Expr(Kind::Name, range), name(std::move(name)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Name;
  }
  std::string name;
};

enum class UnaryOp { Neg, Not, Transpose };

struct UnaryExpr : Expr {
  UnaryExpr(SourceRange range, UnaryOp op, ExprPtr operand)
      : Expr(Kind::Unary, range), op(op), operand(std::move(operand)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Unary;
  }
  UnaryOp op;
  ExprPtr operand;
};

enum class BinaryOp {
  Or,
  And,
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Add,
  Sub,
  Mul,
  Div,
  /// Written `div`: `//` starts a comment.
  FloorDiv,
  Mod,
  MatMul,
  Pow,
};

/// `a op b`. A chain of comparisons `a < b <= c` is one node per link:
/// `chainedTo` of the later link is set, and its `lhs` is null because the
/// middle operand belongs to the earlier link (`rhs` there).
struct BinaryExpr : Expr {
  BinaryExpr(SourceRange range, BinaryOp op, SourceRange opRange, ExprPtr lhs,
             ExprPtr rhs)
      : Expr(Kind::Binary, range), op(op), opRange(opRange),
        lhs(std::move(lhs)), rhs(std::move(rhs)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Binary;
  }
  BinaryOp op;
  SourceRange opRange;
  ExprPtr lhs;
  ExprPtr rhs;
  /// For a later link of a comparison chain: the link before it (a
  /// comparison); null otherwise.
  std::unique_ptr<BinaryExpr> chainedTo;
};

/// An argument of a call, positional when `name` is absent.
struct Argument {
  std::optional<Identifier> name;
  ExprPtr value;
};

/// `callee(args)`. The callee is a name; a part of a layer, `wte.scores(x)` or
/// `h[0](x)`; or, for a rule with parameters that is applied at once, another
/// call: `softcap(30)(scores)`.
struct CallExpr : Expr {
  CallExpr(SourceRange range, ExprPtr callee, std::vector<Argument> args)
      : Expr(Kind::Call, range), callee(std::move(callee)),
        args(std::move(args)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Call;
  }
  ExprPtr callee;
  std::vector<Argument> args;
};

/// `callee(body for index in bound)`, in rules only: the sum, say, of the body
/// for every value of a new index from 0 to below the bound.
struct ReduceExpr : Expr {
  ReduceExpr(SourceRange range, Identifier callee, ExprPtr body,
             Identifier index, ExprPtr bound)
      : Expr(Kind::Reduce, range), callee(std::move(callee)),
        body(std::move(body)), index(std::move(index)),
        bound(std::move(bound)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Reduce;
  }
  Identifier callee;
  ExprPtr body;
  Identifier index;
  ExprPtr bound;
};

/// `base[i, j]`: an element of an array, in rules only, or a layer of a list.
struct IndexExpr : Expr {
  IndexExpr(SourceRange range, ExprPtr base, std::vector<ExprPtr> indices)
      : Expr(Kind::Index, range), base(std::move(base)),
        indices(std::move(indices)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Index;
  }
  ExprPtr base;
  std::vector<ExprPtr> indices;
};

/// `base.name`: a parameter, a layer or a function of a layer.
struct MemberExpr : Expr {
  MemberExpr(SourceRange range, ExprPtr base, Identifier name)
      : Expr(Kind::Member, range), base(std::move(base)),
        name(std::move(name)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Member;
  }
  ExprPtr base;
  Identifier name;
};

struct TupleExpr : Expr {
  TupleExpr(SourceRange range, std::vector<ExprPtr> elements)
      : Expr(Kind::Tuple, range), elements(std::move(elements)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Tuple;
  }
  std::vector<ExprPtr> elements;
};

/// `f32(x)`.
struct CastExpr : Expr {
  CastExpr(SourceRange range, DType dtype, ExprPtr operand)
      : Expr(Kind::Cast, range), dtype(dtype), operand(std::move(operand)) {}
  static bool classof(const Expr *expr) {
    return expr->getKind() == Kind::Cast;
  }
  DType dtype;
  ExprPtr operand;
};

/// A type as written: `f32[B, 3 * C]`. Dimensions are expressions over
/// integers, names, `+ - * / // %`.
struct TypeSpec {
  DType dtype = DType::F32;
  /// Absent brackets mean a scalar.
  std::vector<ExprPtr> dims;
  SourceRange range;
};

struct LetStmt {
  std::vector<Identifier> names;
  std::optional<TypeSpec> type;
  ExprPtr value;
  SourceRange range;
};

/// `{ let … expr }`, or the body after `=` (no lets, `braced` false).
struct Block {
  std::vector<LetStmt> lets;
  ExprPtr result;
  bool braced = true;
  SourceRange range;
};

/// `if c { … } else { … }`; `else if` nests in `elseBlock` with `braced` false.
struct IfExpr : Expr {
  IfExpr(SourceRange range, ExprPtr condition, Block thenBlock, Block elseBlock)
      : Expr(Kind::If, range), condition(std::move(condition)),
        thenBlock(std::move(thenBlock)), elseBlock(std::move(elseBlock)) {}
  static bool classof(const Expr *expr) { return expr->getKind() == Kind::If; }
  ExprPtr condition;
  Block thenBlock;
  Block elseBlock;
};

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

struct ImportDecl {
  std::string path;
  SourceRange pathRange;
  SourceRange range;
};

struct RuleParam {
  Identifier name;
  std::optional<TypeSpec> type;
};

/// `mask name(params)(indices) = body` or `score …`.
struct RuleDecl {
  enum class Kind { Mask, Score };
  Kind kind;
  Identifier name;
  std::vector<RuleParam> params;
  bool hasParams = false;
  /// As written; the checker knows which names are indices.
  std::vector<Identifier> indices;
  ExprPtr body;
  SourceRange range;
};

/// A parameter of a function or of the constructor of a layer.
struct Param {
  /// A value has a type; a size, of layers only, is an integer without one; a
  /// mask or a score is a rule.
  enum class Kind { Value, Size, Mask, Score };
  Identifier name;
  Kind kind = Kind::Value;
  TypeSpec type;
  /// Null if there is none.
  ExprPtr defaultValue;
  SourceRange range;

  bool isRule() const { return kind == Kind::Mask || kind == Kind::Score; }
};

/// One result of a function; `name` is absent when the program gives none.
struct ResultSpec {
  std::optional<Identifier> name;
  TypeSpec type;
};

struct FnDecl {
  bool entry = false;
  Identifier name;
  std::vector<Param> params;
  /// Empty when `hasResultType` is false: the type is inferred.
  std::vector<ResultSpec> results;
  bool hasResultType = false;
  /// `-> (a, b)` rather than `-> a`.
  bool resultIsTuple = false;
  Block body;
  SourceRange range;
};

/// `name: type`, `name: Layer(args)` or `name: repeat count Layer(args)`.
struct FieldDecl {
  Identifier name;
  /// Of a parameter.
  std::optional<TypeSpec> type;
  /// Of a sub-layer or a list of them.
  Identifier layer;
  std::vector<Argument> args;
  /// Of a list; null otherwise.
  ExprPtr count;
  SourceRange range;
};

/// `layer Name(params) { fields and functions }`, or `model …`.
struct LayerDecl {
  bool isModel = false;
  Identifier name;
  std::vector<Param> params;
  bool hasParams = false;
  std::vector<FieldDecl> fields;
  std::vector<FnDecl> fns;
  /// From '{' to '}'.
  SourceRange bodyRange;
  SourceRange range;
};

/// One source file, declarations in the order written.
struct SourceFile {
  uint32_t file = 0;
  /// Of the standard library.
  bool isLibrary = false;
  std::vector<ImportDecl> imports;
  std::vector<RuleDecl> rules;
  std::vector<FnDecl> fns;
  std::vector<LayerDecl> layers;
};

/// A program: the file asked for, first, and everything it imports, each once.
struct Program {
  std::vector<SourceFile> files;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_AST_H

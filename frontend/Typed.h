//===- Typed.h - Checked programs -------------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The checker writes each function out as a graph of nodes: names are resolved,
// every node has its type, conversions and broadcasts are settled, and rules
// are expanded where they are used. Code generation is one step per node.
//
// A name bound by `let` stands for the node of its value, so nodes are shared.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_TYPED_H
#define ATTN_FRONTEND_TYPED_H

#include "frontend/Type.h"

#include <deque>
#include <map>

namespace attn::frontend {

struct CheckedFunction;
struct Node;

/// Elementwise functions and reductions, named as the attn dialect does.
enum class Op {
  Neg,
  Not,
  Abs,
  Exp,
  Exp2,
  Log,
  Log2,
  Tanh,
  Sigmoid,
  Erf,
  Sqrt,
  Rsqrt,
  Sin,
  Cos,
  Floor,
  Ceil,
  Add,
  Sub,
  Mul,
  Div,
  FloorDiv,
  Mod,
  Pow,
  Max,
  Min,
  And,
  Or,
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Sum,
  Mean,
};

/// The dialect's word for it: "floordiv".
llvm::StringRef stringify(Op op);
bool isComparison(Op op);

/// Statements in order and what they come to.
struct NodeBlock {
  std::vector<Node *> lets;
  Node *result = nullptr;
};

/// A rule written out over its indices. `body` uses the leaves `indices` (b, h,
/// q, k) and, for a score, `score`; `captures` are the values from outside that
/// it reads, none of them a literal or a size.
struct RuleBody {
  Node *indices[4] = {};
  Node *score = nullptr;
  std::vector<Node *> captures;
  Node *body = nullptr;
};

struct Node {
  enum class Kind {
    IntLiteral,   ///< `integer`, of any number type
    FloatLiteral, ///< `spelling` (or "inf", "pi"), negated by `flag`
    BoolLiteral,  ///< `flag`
    Size,         ///< `dim`
    Param,
    RuleIndex, ///< leaf of a RuleBody
    Unary,     ///< `op`
    Binary,    ///< `op`; operands of one element type
    Select,    ///< condition, a, b
    Cast,      ///< to the element type of `type`
    MatMul,
    Transpose, ///< `axes` is the permutation
    Softmax,   ///< along `axes[0]`
    Reduce,    ///< `op` over `axes`, kept as 1 where `flag`
    Reshape,
    Split,  ///< along `axes[0]`; a tuple
    Concat, ///< along `axes[0]`
    Repeat, ///< along `axes[0]`
    Range,
    Mask,      ///< `mask` as a tensor of bools
    Score,     ///< `score` applied to the operand
    Attention, ///< q, k, v and, where `flag`, the scale; `mask`, `score`
    Read,      ///< array, indices; `flags` tells which indices need a clamp
    Call,      ///< `callee` with its dimensions bound to `dims`
    Tuple,
    Element, ///< `integer` of a tuple
    If,      ///< condition; `thenBlock`, `elseBlock`
    // Values of type mask or score; never generated, only expanded.
    RuleRef, ///< `rule` with arguments, its dimensions bound to `dims`
    RuleAnd,
    RuleOr,
    RuleNot,
    RuleIf, ///< condition, mask, mask
  };

  Kind kind;
  Type type;
  SourceRange range;
  /// A number whose type still follows the other side: `1 / sqrt(D)` is f32
  /// alone and f64 beside an f64.
  bool weak = false;
  /// How many nodes deep it is, down to names that functions bind.
  unsigned depth = 0;
  /// How many weak numbers deep a weak number is.
  unsigned weakDepth = 0;

  /// The name that a parameter or `let` gives it, with its place; or empty.
  Identifier name;

  std::vector<Node *> operands;
  Op op = Op::Neg;
  int64_t integer = 0;
  bool flag = false;
  std::string spelling;
  Dim dim;
  std::vector<int64_t> axes;
  std::vector<bool> flags;
  RuleBody mask;
  RuleBody score;
  const RuleDecl *rule = nullptr;
  const CheckedFunction *callee = nullptr;
  std::map<std::string, Dim> dims;
  NodeBlock thenBlock;
  NodeBlock elseBlock;
};

/// Something that must hold of a function's dimensions when it is called.
struct Condition {
  enum class Kind {
    /// `lhs` is divisible by `rhs`.
    Divisible,
    /// `lhs` is not 0 unless `rhs` is: an array that a rule reads.
    NotEmpty,
  };
  Kind kind = Kind::Divisible;
  Dim lhs;
  Dim rhs;
  /// The array, for NotEmpty: "array 'len' of mask 'padding'".
  std::string subject;
  SourceRange range;

  /// A dimension that is 0 exactly where the condition holds; nothing where it
  /// divides by zero or overflows.
  std::optional<Dim> getZero() const;
  /// "C must be divisible by H".
  std::string str() const;
};

/// A dimension of a function, bound by an axis of a parameter.
struct BoundDim {
  std::string name;
  SourceRange range;
  unsigned param = 0;
  unsigned axis = 0;
  /// Its value over the dimensions bound before it and `axisSize`.
  Dim value;

  /// Stands for the size of the axis in `value`.
  static constexpr llvm::StringLiteral axisSize = "";
};

struct CheckedParam {
  Identifier name;
  Type type;
  Node *node = nullptr;
};

struct CheckedResult {
  /// As the program names it; empty where it does not.
  std::string name;
  Type type;
};

struct CheckedFunction {
  const FnDecl *decl = nullptr;
  /// Declared in the file that was asked for, not in an imported one.
  bool isMain = false;
  /// Called by a function of the program.
  bool isCalled = false;
  /// Dimensions in the order in which they are bound.
  std::vector<BoundDim> dims;
  std::vector<CheckedParam> params;
  std::vector<CheckedResult> results;
  std::vector<Condition> conditions;
  NodeBlock body;

  llvm::StringRef getName() const { return decl->name.name; }
};

/// The functions of a program, in the order of their declarations, and the
/// nodes that they are made of.
class CheckedProgram {
public:
  std::deque<CheckedFunction> functions;
  std::deque<Node> nodes;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_TYPED_H

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
struct CheckedLayer;
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

/// What an attention does beside its rules. Its type is a tuple if it returns
/// statistics.
struct AttentionOptions {
  enum class Normalize { Softmax, Softmax1, Sigmoid, ReluSquared, None };
  enum class Statistic { Lse, Max, Entropy };

  Normalize normalize = Normalize::Softmax;
  /// Null where they are not given; operands of the node too. Seed and dropout
  /// come together.
  Node *scale = nullptr;
  Node *sink = nullptr;
  Node *dropout = nullptr;
  Node *seed = nullptr;
  /// In the order in which they are returned after the output.
  std::vector<Statistic> statistics;
};

/// The way from a layer to a part of it: "h.3.attn".
struct LayerPath {
  struct Step {
    std::string name;
    /// Which of a list: a number, or where the repetition `fold` stands.
    std::optional<int64_t> index;
    const Node *fold = nullptr;
  };
  std::vector<Step> steps;
};

struct Node {
  enum class Kind {
    IntLiteral,   ///< `integer`, of any number type
    FloatLiteral, ///< `spelling` (or "inf", "pi"), negated by `flag`
    BoolLiteral,  ///< `flag`
    Size,         ///< `dim`
    Param,
    Weight,    ///< the parameter of a layer at `path`
    RuleIndex, ///< leaf of a RuleBody; of an Accumulate, below `dim` if `flag`
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
    Splat,     ///< a number as every element
    Mask,      ///< `mask` as a tensor of bools
    Score,     ///< `score` applied to the operand
    Attention, ///< q, k, v and the nodes of `attention`; `mask`, `score`
    /// q, k, v, decay, state, scale; `flags`: causal, and which of the last
    /// three there are. With a state a tuple.
    LinearAttention,
    /// `op` over the values of the second operand, where `carry` goes from 0 to
    /// below the first one: Sum, Max or Min.
    Accumulate,
    /// q, k and the scale of `attention`; `mask`, `score`; the `integer`
    /// largest weights. A tuple of keys and weights.
    TopKeys,
    Validate, ///< the operand, whose rows are weights
    Read,     ///< array, indices; `flags` tells which indices need a clamp
    Call,     ///< `callee` with its dimensions bound to `dims`, of `path`
    Inline,   ///< `thenBlock`, written out in place of a call
    /// `thenBlock` of `carry` and `parts`, `dim` times, from the first operand.
    /// Of a tuple the first goes on, the others are stacked, as `type` says.
    Fold,
    Carry, ///< leaf of a Fold
    Part,  ///< leaf of a Fold: along the operand's first axis, which time it is
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
  AttentionOptions attention;
  const RuleDecl *rule = nullptr;
  const CheckedFunction *callee = nullptr;
  LayerPath path;
  Node *carry = nullptr;
  std::vector<Node *> parts;
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
    /// `lhs` is less than `rhs`: an index of a list of layers.
    Less,
    /// `lhs` is `rhs`: a size and its default.
    Equal,
    /// `lhs` is 0 or more: a part of an axis.
    NotNegative,
  };
  Kind kind = Kind::Divisible;
  Dim lhs;
  Dim rhs;
  /// The array, for NotEmpty: "array 'len' of mask 'padding'"; the list, for
  /// Less: "list 'h'".
  std::string subject;
  SourceRange range;
  /// The place in the library that requires it, where `range` is a use of that.
  std::optional<SourceRange> requiredBy;
  /// What it says in the names of where it stands.
  std::string written;

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
  /// "f", or "Linear.forward" of a layer.
  std::string name;
  /// The layer that it belongs to, or null. Its sizes are dimensions too, which
  /// come with a call; its numbers are parameters after those declared.
  const CheckedLayer *layer = nullptr;
  /// Takes rules, or its layer does: written out where it is called.
  bool isTemplate = false;
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

  llvm::StringRef getName() const { return name; }
};

/// A size of the constructor of a layer.
struct CheckedSize {
  Identifier name;
  /// Over the sizes before it; none where the program has to give it.
  std::optional<Dim> value;
};

/// A number of the constructor of a layer.
struct CheckedNumber {
  Identifier name;
  Node *node = nullptr;
  /// Over the sizes and numbers before it; null where the program has to give
  /// it.
  Node *value = nullptr;
};

/// A parameter, a sub-layer or a list of sub-layers, over the sizes of the
/// layer that has it.
struct CheckedField {
  Identifier name;
  /// Of a parameter.
  Type type;
  /// Of a sub-layer, with its own sizes; null for a parameter.
  const CheckedLayer *layer = nullptr;
  std::map<std::string, Dim> sizes;
  /// Of a list.
  std::optional<Dim> count;
};

struct CheckedLayer {
  const LayerDecl *decl = nullptr;
  bool isMain = false;
  std::vector<CheckedSize> sizes;
  std::vector<CheckedNumber> numbers;
  std::vector<CheckedField> fields;
  /// What its sizes must satisfy, with those of its sub-layers.
  std::vector<Condition> conditions;
  std::vector<const CheckedFunction *> functions;
  /// Takes rules.
  bool isTemplate = false;

  llvm::StringRef getName() const { return decl->name.name; }
  /// The function that runs where none is named: the one marked as entry, else
  /// 'forward', else the only one; null if there is none of these.
  const CheckedFunction *getDefaultFunction() const;
};

/// The functions and layers of a program, in the order of their declarations,
/// and the nodes that they are made of.
class CheckedProgram {
public:
  std::deque<CheckedFunction> functions;
  std::deque<CheckedLayer> layers;
  std::deque<Node> nodes;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_TYPED_H

//===- SemaImpl.h - The checker's parts -------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One class over several files, and SemaContext.h, what it knows of places:
//   Sema.cpp         the order of declarations, recursion, the entry
//   SemaDecl.cpp     signatures, function and rule declarations
//   SemaDim.cpp      dimensions: binding, reading, comparing, conditions
//   SemaExpr.cpp     names, literals, operators, blocks
//   SemaConvert.cpp  conversions and broadcasting
//   SemaCall.cpp     calls of functions and rules
//   SemaFold.cpp     calls of lists of layers
//   SemaRule.cpp     rules as values and written out
//   SemaLayer.cpp    layers: constructors, fields
//   SemaMember.cpp   parts of layers in expressions
//   SemaOrder.cpp    who uses whom
//   Builtins*.cpp    the functions of the language
//
// A check that fails has reported why and returns null (or false); callers
// pass that on in silence. So each cause is reported once.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_SEMAIMPL_H
#define ATTN_FRONTEND_SEMAIMPL_H

#include "frontend/Diagnostics.h"
#include "frontend/SemaContext.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace attn::frontend {

/// Expressions, with the rules written out in them, nest this deep at most.
constexpr unsigned maxDepth = 1500;

class Sema {
public:
  Sema(const Program &program, DiagnosticEngine &diags)
      : program(program), diags(diags) {}

  std::optional<CheckedProgram> run();

private:
  struct Declaration {
    SourceRange range;
    llvm::StringRef what;
    const FnDecl *fn = nullptr;
    const RuleDecl *rule = nullptr;
    const LayerDecl *layer = nullptr;
  };

  //===--- Sema.cpp ---------------------------------------------------===//
  void collectDeclarations();
  /// What a name is declared as, for one who uses it at `place`: the library
  /// does not see what the program declares.
  const Declaration *findDeclaration(llvm::StringRef name,
                                     SourceRange place) const;
  void addFunction(const FnDecl &fn, const LayerDecl *layer, bool isMain);

  DiagnosticBuilder error(SourceRange range, const llvm::Twine &message);
  Node *make(Node::Kind kind, Type type, SourceRange range,
             std::vector<Node *> operands = {});

  //===--- SemaOrder.cpp ----------------------------------------------===//
  /// Each after what it uses; a cycle is reported.
  std::vector<const FnDecl *> orderFunctions();
  std::vector<const RuleDecl *> orderRules();
  std::vector<const LayerDecl *> orderLayers();

  //===--- SemaDecl.cpp -----------------------------------------------===//
  void declareFunction(const FnDecl &fn);
  void declareRule(const RuleDecl &rule);
  void checkFunction(const FnDecl &fn);
  void checkRule(const RuleDecl &rule);
  bool checkResults(const FnDecl &fn, Context &context,
                    std::vector<CheckedResult> &results);
  /// Converts what a body comes to, or finds the results where none are
  /// `declared`.
  bool checkBodyResult(const FnDecl &fn, Node *&result, bool declared,
                       std::vector<CheckedResult> &results, Context &context);
  bool checkLayerNames(llvm::ArrayRef<const Identifier *> names,
                       const Signature &signature, const Context &context);
  bool checkIndices(const RuleDecl &rule);
  /// A parameter with the name of a declaration; further ones are notes.
  void reportNameClash(const Identifier &name, const Declaration &declaration);
  bool checkParameterNames(llvm::ArrayRef<const Identifier *> names,
                           const Signature &signature);

  //===--- SemaDim.cpp ------------------------------------------------===//
  /// Reads a dimension in a type; `resolve` gives names their value.
  std::optional<Dim>
  readDim(const Expr &expr, std::vector<Condition> &conditions,
          llvm::function_ref<std::optional<Dim>(const NameExpr &)> resolve);
  std::optional<Dim> combineDims(BinaryOp op, const Dim &lhs, const Dim &rhs,
                                 SourceRange range,
                                 std::vector<Condition> *conditions);
  bool solveDims(const std::vector<std::vector<AxisSpec>> &axes,
                 const std::map<std::string, SourceRange> &ranges,
                 std::set<std::string> known, Signature &signature);
  /// The types of parameters, binding dimensions as they come, but for those
  /// that are `known`.
  bool bindSignature(llvm::ArrayRef<const TypeSpec *> specs,
                     Signature &signature,
                     const std::set<std::string> &known = {});
  /// A type in a body or of a result: every dimension must be bound.
  std::optional<Type> readType(const TypeSpec &spec, Context &context);
  /// A value as a dimension, nothing if it is no such thing. With `conditions`
  /// a `/` is exact, and what that requires is added there.
  std::optional<Dim> asDim(const Node *node,
                           std::vector<Condition> *conditions = nullptr);
  /// The same for an argument that must be one.
  std::optional<Dim> requireDim(Node *node, const Expr &expr,
                                llvm::StringRef what, Context &context);
  /// Finds the callee's dimensions in the types of arguments and compares the
  /// rest; adds the callee's conditions to the caller's. An argument is null
  /// where the default is taken; `dims` may hold dimensions known before.
  bool unify(const Signature &signature, llvm::ArrayRef<Node *> args,
             llvm::ArrayRef<const Expr *> exprs,
             llvm::ArrayRef<const Identifier *> names, llvm::StringRef callee,
             SourceRange range, Context &context,
             std::map<std::string, Dim> &dims);
  /// Makes `lhs` divisible by `rhs` a condition, where it is not plain.
  bool requireDivisible(const Dim &lhs, const Dim &rhs, SourceRange range,
                        Context &context);
  bool addCondition(Condition condition, Context &context,
                    std::optional<SourceRange> callRange = std::nullopt);
  bool reportTooLarge(SourceRange range);
  /// "'T' is bound here" for the names of both sides of a mismatch.
  void noteDims(DiagnosticBuilder &builder, llvm::ArrayRef<Dim> dims,
                const Context &context);
  /// The same for the dimensions in which two types differ.
  void noteMismatch(DiagnosticBuilder &builder, const Type &expected,
                    const Type &got, const Context &context);
  /// Adds the names of dimensions to the innermost scope.
  void declareDims(const Signature &signature, Context &context,
                   const std::map<std::string, Dim> *values);

  //===--- SemaExpr.cpp -----------------------------------------------===//
  Node *check(const Expr &expr, Context &context);
  Node *checkName(const NameExpr &expr, Context &context);
  Node *reportUnknown(const NameExpr &expr, Context &context);
  Node *checkUnary(const UnaryExpr &expr, Context &context);
  Node *checkBinary(const BinaryExpr &expr, Context &context);
  /// One link; `rhs` receives the right side, for the next link of a chain.
  Node *checkComparison(const BinaryExpr &expr, Context &context, Node *&rhs);
  Node *checkMatMul(const BinaryExpr &expr, Node *lhs, Node *rhs,
                    Context &context);
  Node *checkTuple(const TupleExpr &expr, Context &context);
  Node *checkIf(const IfExpr &expr, Context &context);
  bool unifyBranches(Node *&lhs, Node *&rhs, SourceRange range);
  Node *checkIndex(const IndexExpr &expr, Context &context);
  /// A body: lets and a result, in a scope of its own.
  bool checkBlock(const Block &block, Context &context, NodeBlock &result);
  void checkLet(const LetStmt &let, Context &context, NodeBlock &block);
  const Binding *lookUp(llvm::StringRef name, const Context &context);
  /// Reports a name that is taken; `what` is "parameter" or "let".
  bool checkFresh(const Identifier &name, const Context &context);
  /// Points at an operand: where it was bound if it is a name.
  void noteOperand(DiagnosticBuilder &builder, llvm::StringRef what,
                   const Expr &expr, const Type &type, const Context &context);

  //===--- SemaConvert.cpp --------------------------------------------===//
  Node *cast(Node *node, Scalar element);
  /// Gives a weak number, a literal or a size another type; casts otherwise.
  Node *adapt(Node *node, Scalar element);
  /// `node` as a value of `type`, or null (nothing is reported).
  Node *coerce(Node *node, const Type &type);
  /// An integer as a float, a float as it is; reports anything else.
  Node *toFloat(Node *node, llvm::StringRef what, SourceRange range);
  /// Brings both to one element type; `what` is "'+'".
  bool unifyElements(Node *&lhs, Node *&rhs, llvm::StringRef what,
                     SourceRange range);
  bool broadcast(llvm::ArrayRef<const Type *> types, llvm::StringRef what,
                 SourceRange range, const Context &context,
                 std::vector<Dim> &shape);
  Node *makeUnary(Op op, Node *operand, llvm::StringRef what, SourceRange range,
                  const Context &context);
  void markWeak(Node *node);
  bool isIntegerScalar(const Node *node) const;
  /// Reports a tensor in a rule's arithmetic, and what is no array at all.
  bool requireArray(const Node *node, llvm::StringRef what, SourceRange range,
                    const Context &context,
                    llvm::StringRef expected = "numbers");
  /// An elementwise operator with all its rules.
  Node *makeBinary(Op op, Node *lhs, Node *rhs, llvm::StringRef what,
                   SourceRange range, SourceRange opRange, Context &context);
  Node *makePower(Node *lhs, Node *rhs, SourceRange range, SourceRange opRange,
                  Context &context);
  /// Integers of literals and sizes are worked out here.
  Node *foldInteger(Op op, Node *lhs, Node *rhs, SourceRange range);
  Node *makeSelect(Node *condition, Node *lhs, Node *rhs, SourceRange range,
                   SourceRange conditionRange, Context &context);

  //===--- SemaCall.cpp -----------------------------------------------===//
  Node *checkCall(const CallExpr &expr, Context &context);
  /// `layer` is the one that the function belongs to, if it does.
  Node *checkFnCall(const CallExpr &expr, const FnDecl &fn,
                    const LayerRef *layer, Context &context);
  Node *makeCall(const CallExpr &expr, const FnDecl &fn, const LayerRef *layer,
                 llvm::ArrayRef<const Expr *> exprs, std::vector<Node *> args,
                 Context &context);
  /// Writes a function out in place of a call.
  Node *inlineCall(const CallExpr &expr, const FnDecl &fn,
                   const LayerRef *layer, llvm::ArrayRef<Node *> args,
                   const std::map<std::string, Dim> &dims, Context &context);
  /// The default of a parameter, for these dimensions.
  Node *checkDefault(const Param &param, const Type &type, Context &context);
  /// "'f'", or "'forward' of layer 'Linear'".
  std::string describeFn(const FnDecl &fn);
  Node *checkRuleCall(const CallExpr &expr, const RuleDecl &rule,
                      Context &context);
  /// Applies a score rule to scores: a tensor, or a number in a rule.
  Node *applyScore(const CallExpr &expr, Node *rule, Context &context);
  /// The arguments in the order of `params`; reports wrong names and counts.
  /// Those of `optional` parameters may be missing: they are null.
  bool matchArguments(llvm::ArrayRef<Argument> args, SourceRange range,
                      llvm::StringRef callee,
                      llvm::ArrayRef<const Identifier *> params,
                      llvm::ArrayRef<bool> optional, SourceRange declared,
                      std::vector<const Expr *> &values);

  //===--- SemaFold.cpp -----------------------------------------------===//
  /// A call of a list: each layer takes what the one before gives.
  Node *makeFold(const CallExpr &expr, const FnDecl &fn, LayerRef layer,
                 llvm::ArrayRef<const Expr *> exprs, std::vector<Node *> args,
                 Context &context);
  /// The part for one layer where `arg` has one for each, else `arg`; null
  /// where the number of parts is wrong.
  Node *takePart(Node *arg, const Type &param, const Identifier &name,
                 const Expr &expr, const LayerRef &list, Node *fold,
                 Context &context);
  /// Gives `fold` its result and type from the call of one layer.
  bool finishFold(Node *fold, Node *call, llvm::StringRef list,
                  Context &context);

  //===--- SemaRule.cpp -----------------------------------------------===//
  /// A rule's name as a value.
  Node *makeRuleRef(const RuleDecl &rule, std::vector<Node *> args,
                    std::map<std::string, Dim> dims, SourceRange range);
  /// Writes a rule out as the value at the site's indices; `score` for scores.
  Node *expand(Node *rule, RuleSite &site, Node *score, Context &context);
  Node *expandMask(Node *rule, RuleSite &site, Context &context);
  Node *expandRef(Node *rule, RuleSite &site, Node *score, Context &context);
  bool checkRuleSizes(const Node &rule, const RuleSite &site);
  Node *checkRuleBody(const RuleDecl &rule, RuleFrame &frame, Context &context);
  /// Expands a rule value over axes of the given sizes, into `body`.
  bool instantiate(Node *rule, llvm::ArrayRef<Dim> sizes, Scalar element,
                   RuleBody &body, SourceRange range, Context &context);
  /// The sizes under a rule for a tensor of rank 2 to 4.
  static std::vector<Dim> getRuleSizes(llvm::ArrayRef<Dim> shape);
  Node *reportUnlistedIndex(const NameExpr &expr, const RuleDecl &rule);
  /// A sum, or the largest or least, over an index of its own.
  Node *checkReduce(const ReduceExpr &expr, Context &context);
  Node *checkBound(const ReduceExpr &expr, Context &context);
  bool checkFreshIndex(const Identifier &index, const Context &context);

  //===--- SemaLayer.cpp ----------------------------------------------===//
  void declareLayer(const LayerDecl &layer);
  bool declareLayerParam(const Param &param, LayerInfo &info, Context &context);
  bool declareField(const FieldDecl &field, LayerInfo &info, Context &context);
  /// Finds the layer of a field and reads its arguments, in the scope of the
  /// layer `outer` that has the field.
  bool bindLayer(const FieldDecl &field, const LayerRef &outer,
                 Context &context, LayerRef &result);
  Node *makeOpaqueRule(const Param &param);
  Node *makeWeight(const LayerRef &layer, const CheckedField &field);
  /// The value of an expression for a parameter: a scalar of a type, or a rule.
  Node *checkTyped(const Expr &expr, const Type &type, const Param &param,
                   Context &context);
  /// The arguments of a constructor, in a scope that grows with each.
  bool bindLayerParam(const Param &param, const Expr *expr, LayerRef &result,
                      Context &argContext, Context &ownContext);
  void addToScope(const Param &param, const LayerRef &layer, Scope &scope);
  /// The sizes, numbers, rules and fields of a layer.
  void fillLayerScope(const LayerRef &layer, Context &context);

  //===--- SemaMember.cpp ---------------------------------------------===//
  /// Whether an expression begins with the name of a sub-layer.
  bool startsWithLayer(const Expr &expr, const Context &context);
  /// The layer that an expression names; nothing if there was an error.
  std::optional<LayerRef> resolveLayer(const Expr &expr, Context &context);
  std::optional<LayerRef> resolveIndex(const IndexExpr &expr, Context &context);
  std::optional<LayerRef> stepInto(const LayerRef &layer,
                                   const FieldDecl &field, Context &context);
  /// The layer before the '.', which must not be a whole list.
  std::optional<LayerRef> resolveBase(const MemberExpr &expr, Context &context);
  Node *checkMember(const MemberExpr &expr, Context &context);
  Node *checkLayerCall(const CallExpr &expr, Context &context);
  Node *reportNoMember(const MemberExpr &expr, const LayerRef &layer);

  //===--- Builtins*.cpp ----------------------------------------------===//
public:
  using Builtin = Node *(Sema::*)(BuiltinCall &, Context &);
  struct BuiltinSpec {
    Builtin check;
    unsigned minArgs;
    unsigned maxArgs;
    std::vector<llvm::StringRef> named;
    /// Works on numbers, so that rules may use it.
    bool inRules = false;
  };
  static const std::map<std::string, BuiltinSpec> &getBuiltins();

private:
  Node *checkBuiltin(const CallExpr &expr, llvm::StringRef name,
                     const BuiltinSpec &spec, Context &context);
  Node *builtinElementwise(BuiltinCall &call, Context &context);
  Node *builtinMinMax(BuiltinCall &call, Context &context);
  Node *builtinReduce(BuiltinCall &call, Context &context);
  Node *builtinSoftmax(BuiltinCall &call, Context &context);
  Node *builtinWhere(BuiltinCall &call, Context &context);
  Node *builtinTranspose(BuiltinCall &call, Context &context);
  Node *builtinPermute(BuiltinCall &call, Context &context);
  Node *builtinReshape(BuiltinCall &call, Context &context);
  Node *builtinSplit(BuiltinCall &call, Context &context);
  /// The sizes of the parts where `split` gets them one by one.
  std::optional<std::vector<Dim>> readParts(BuiltinCall &call, const Dim &size,
                                            Context &context);
  Node *builtinConcat(BuiltinCall &call, Context &context);
  Node *builtinHeads(BuiltinCall &call, Context &context);
  Node *builtinMerge(BuiltinCall &call, Context &context);
  Node *builtinRepeatHeads(BuiltinCall &call, Context &context);
  Node *builtinTake(BuiltinCall &call, Context &context);
  Node *builtinRange(BuiltinCall &call, Context &context);
  Node *builtinAttention(BuiltinCall &call, Context &context);
  bool checkAttentionShapes(BuiltinCall &call, Context &context);
  bool checkAttentionValues(BuiltinCall &call,
                            std::map<std::string, Node *> &named,
                            Context &context);
  bool readNormalizer(BuiltinCall &call, AttentionOptions &options);
  bool readStatistics(BuiltinCall &call, AttentionOptions &options);
  bool checkDropout(BuiltinCall &call);
  bool checkNormalizer(BuiltinCall &call, const AttentionOptions &options);
  Node *toScoreNumber(BuiltinCall &call, llvm::StringRef name, Node *value,
                      Scalar accumulator);
  Node *checkSink(BuiltinCall &call, Node *sink, Scalar accumulator);
  Node *builtinLinearAttention(BuiltinCall &call, Context &context);
  Node *builtinTopKeys(BuiltinCall &call, Context &context);
  Node *builtinValidate(BuiltinCall &call, Context &context);
  /// The named argument as one of the `expected` types.
  Node *checkLinearOperand(BuiltinCall &call, llvm::StringRef name,
                           llvm::ArrayRef<Type> expected, Context &context);
  Node *whereRule(BuiltinCall &call, Node *lhs, Node *rhs, Context &context);

  Node *makeTranspose(Node *operand, std::vector<int64_t> permutation,
                      SourceRange range);
  Node *makeReshape(Node *operand, std::vector<Dim> shape, SourceRange range);
  /// The named argument `axis` (or `fallback`), counted from the front.
  std::optional<int64_t> readAxis(BuiltinCall &call, int64_t rank,
                                  std::optional<int64_t> fallback,
                                  Context &context);
  std::optional<int64_t> resolveAxis(const Expr &expr, int64_t rank,
                                     llvm::StringRef what, Context &context);
  std::optional<int64_t> readConstant(const Expr &expr, llvm::StringRef what,
                                      Context &context);
  std::optional<bool> readFlag(BuiltinCall &call, llvm::StringRef name,
                               Context &context);
  /// Reports an argument that is no tensor of `minRank` to `maxRank` axes.
  bool requireTensor(BuiltinCall &call, unsigned index, int64_t minRank,
                     int64_t maxRank, llvm::StringRef shape,
                     const Context &context);

  const Program &program;
  DiagnosticEngine &diags;
  CheckedProgram result;

  std::map<std::string, Declaration> declarations;
  std::set<uint32_t> libraryFiles;
  /// The program declares a name of the library again.
  bool hidesLibrary = false;
  /// Declarations whose names parameters have, each reported once: the error
  /// and how many more parameters it points at.
  struct NameClash {
    DiagnosticBuilder error;
    unsigned numNotes = 0;
  };
  std::map<std::string, NameClash> nameClashes;
  std::map<const FnDecl *, FnInfo> functions;
  std::map<const RuleDecl *, RuleInfo> rules;
  std::map<const LayerDecl *, LayerInfo> layers;
  /// What rules that are parameters stand for while a function is checked by
  /// itself.
  std::deque<RuleDecl> opaqueRules;
  /// How many calls have been written out.
  unsigned numInlined = 0;

  /// Uses of rules around the expression being checked, outermost first.
  struct Use {
    SourceRange range;
    std::string what;
  };
  std::vector<Use> uses;
  unsigned depth = 0;
  /// What `adapt` made of shared weak numbers.
  std::map<std::pair<Node *, Scalar>, Node *> adapted;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_SEMAIMPL_H

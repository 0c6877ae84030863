//===- MLIRGenImpl.h - Generation of one function ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_MLIRGENIMPL_H
#define ATTN_FRONTEND_MLIRGENIMPL_H

#include "frontend/Entry.h"
#include "frontend/SourceManager.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#include <deque>
#include <set>

namespace attn::frontend {

/// The functions of the module: one for each function of the program and
/// binding of static dimensions, made when first called.
class ModuleGen {
public:
  ModuleGen(mlir::MLIRContext *context, const CheckedProgram &program,
            const SourceManager &sources);

  /// Generates `entry` and all that it reaches.
  mlir::ModuleOp generate(const EntryPoint &entry);

  /// The function for these static dimensions; its body may come later.
  mlir::func::FuncOp getInstance(const CheckedFunction &fn, StaticDims statics);

  mlir::Location getLocation(SourceRange range) const;
  /// As `loc("name"(FILE:LINE:COL))` where there is a name.
  mlir::Location getLocation(SourceRange range, llvm::StringRef name) const;

  /// The parameters of a layer with these static dimensions.
  const std::vector<FlatParameter> &getParameters(const CheckedLayer &layer,
                                                  const StaticDims &statics);

  mlir::Type getElementType(Scalar element) const;
  mlir::Type getType(const Type &type, const StaticDims &statics) const;

private:
  void addSignature(mlir::func::FuncOp func, const CheckedFunction &fn,
                    const StaticDims &statics);

  struct Instance {
    const CheckedFunction *fn;
    StaticDims statics;
    mlir::func::FuncOp func;
  };
  mlir::func::FuncOp createFunction(const CheckedFunction &fn,
                                    const StaticDims &statics,
                                    llvm::ArrayRef<mlir::Type> params);

  mlir::OpBuilder builder;
  mlir::ModuleOp module;
  const SourceManager &sources;
  std::map<std::pair<const CheckedFunction *, StaticDims>, mlir::func::FuncOp>
      instances;
  std::map<std::pair<const CheckedLayer *, StaticDims>,
           std::vector<FlatParameter>>
      parameters;
  std::deque<Instance> pending;
  std::set<std::string> usedNames;
  std::set<const FnDecl *> created;
};

/// The sizes of the layer of `fn` that are not static, in order: arguments of
/// its own.
std::vector<std::string> getOpenSizes(const CheckedFunction &fn,
                                      const StaticDims &statics);

/// Generates the body of one function. The arguments of one that is called are
/// those declared, the numbers of its layer, the open sizes of its layer, and
/// the parameters of its layer.
class FunctionGen {
public:
  FunctionGen(ModuleGen &module, const CheckedFunction &fn,
              const StaticDims &statics, mlir::func::FuncOp func);
  void generate();
  /// The same for the function that is called from outside.
  void generate(const EntryPoint &entry);

private:
  using Values = llvm::SmallVector<mlir::Value>;

  //===--- MLIRGenFunction.cpp ----------------------------------------===//
  /// The values of a node, several for a tuple, generated where first needed.
  Values emitAll(const Node *node);
  mlir::Value emit(const Node *node);
  Values emitOperands(const Node *node);
  Values generate(const Node *node, mlir::Location loc);
  void generateBody();
  /// The parameter of the layer at a path.
  mlir::Value getWeight(const std::string &path) const;
  std::string resolve(const LayerPath &path) const;
  Values emitFold(const Node *node);
  mlir::Value emitPart(const Node *part, int64_t index);
  /// The values one after the other along a new first axis.
  mlir::Value emitStack(llvm::ArrayRef<mlir::Value> values, const Type &type,
                        mlir::Location loc);
  Values emitBlock(const NodeBlock &block);
  mlir::Value emitLiteral(const Node *node, mlir::Location loc);
  mlir::Value emitReduce(const Node *node, mlir::Location loc);
  mlir::Value emitTensorSelect(const Node *node, mlir::Location loc);
  mlir::Value emitElementwise(const Node *node, mlir::Location loc);
  Values emitIf(const Node *node, mlir::Location loc);
  Values emitCall(const Node *node, mlir::Location loc);

  mlir::Type getType(const Type &type) const;
  mlir::Location getLocation(const Node *node) const;
  /// `value` as a value of `type`, which may know more or less of the shape.
  mlir::Value castTo(mlir::Value value, mlir::Type type, mlir::Location loc);

  //===--- MLIRGenScalar.cpp ------------------------------------------===//
  mlir::Value emitScalarUnary(Op op, mlir::Value value, mlir::Location loc);
  mlir::Value emitScalarBinary(Op op, mlir::Value lhs, mlir::Value rhs,
                               mlir::Location loc);
  mlir::Value emitIntegerBinary(Op op, mlir::Value lhs, mlir::Value rhs,
                                mlir::Location loc);
  mlir::Value emitFloatBinary(Op op, mlir::Value lhs, mlir::Value rhs,
                              mlir::Location loc);
  mlir::Value emitConversion(mlir::Value value, mlir::Type type,
                             mlir::Location loc);
  mlir::Value emitFloatToInteger(mlir::Value value, mlir::Type type,
                                 mlir::Location loc);
  mlir::Value emitConstant(mlir::Type type, int64_t value, mlir::Location loc);
  /// FloorDiv or Mod, for every divisor: both are 0 by 0, and the least integer
  /// over -1 wraps.
  mlir::Value emitIntegerDivision(Op op, mlir::Value lhs, mlir::Value rhs,
                                  mlir::Location loc);

  //===--- MLIRGenShape.cpp -------------------------------------------===//
  std::optional<int64_t> getStatic(const Dim &dim) const;
  /// The size as an index. What is not constant is worked out at the top of
  /// the function, once.
  mlir::Value emitDim(const Dim &dim, mlir::Location loc);
  mlir::Value emitBoundDim(const std::string &name);
  mlir::Value emitPolynomial(const Dim &dim, mlir::Location loc,
                             mlir::Value axisSize);
  mlir::Value emitAtom(const DimAtom &atom, mlir::Location loc,
                       mlir::Value axisSize);
  mlir::OpFoldResult emitMixed(const Dim &dim, mlir::Location loc);
  /// Sizes for the axes that `type` leaves open.
  Values emitOpenSizes(const Type &type, mlir::Location loc);
  mlir::Value emitReshape(const Node *node, mlir::Location loc);
  Values emitSplit(const Node *node, mlir::Location loc);
  mlir::Value emitConcat(const Node *node, mlir::Location loc);

  //===--- MLIRGenAttention.cpp ---------------------------------------===//
  Values emitAttention(const Node *node, mlir::Location loc);
  Values emitLinearAttention(const Node *node, mlir::Location loc);
  Values emitTopKeys(const Node *node, mlir::Location loc);
  mlir::Value emitValidate(const Node *node, mlir::Location loc);
  mlir::Value emitScale(const Node *node, mlir::Type accumulator);
  void emitScoreRule(mlir::Region &region, const Node *node,
                     mlir::Type accumulator, mlir::Location loc);
  void requireRate(const Node *node, mlir::Value rate, mlir::Location loc);
  void emitDropout(mlir::Region &region, mlir::Value rate, mlir::Value seed,
                   mlir::Location loc);

  //===--- MLIRGenRule.cpp --------------------------------------------===//
  void emitCaptures(const RuleBody &body);
  void emitRule(mlir::Region &region, const RuleBody &body,
                mlir::Type scoreType, mlir::Location loc);
  mlir::Value emitMask(const Node *node, mlir::Location loc);
  mlir::Value emitScore(const Node *node, mlir::Location loc);
  mlir::Value emitAccumulate(const Node *node, mlir::Location loc);
  mlir::Value emitRead(const Node *node, mlir::Location loc);

  ModuleGen &module;
  const CheckedFunction &fn;
  const StaticDims &statics;
  mlir::func::FuncOp func;
  mlir::OpBuilder builder;
  /// What has been generated, by the block that holds it, innermost last.
  std::vector<llvm::DenseMap<const Node *, Values>> scopes;
  std::map<Dim, mlir::Value> sizes;
  /// The parameters of the layer, by path.
  std::map<std::string, mlir::Value> weights;
  /// The calls in whose place functions are written out, innermost last.
  std::vector<mlir::Location> callers;
  /// Where the repetitions around stand.
  std::map<const Node *, int64_t> iterations;
  /// The last op of those at the top of the function that work out sizes.
  mlir::Operation *lastSizeOp = nullptr;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_MLIRGENIMPL_H

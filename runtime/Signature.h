//===- Signature.h - What a compiled function takes and gives ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The signature in the user's own names, read off the attributes of the entry
// (docs/architecture.md). It keeps nothing of MLIR and outlives the module.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_SIGNATURE_H
#define ATTN_RUNTIME_SIGNATURE_H

#include "runtime/ShapeExpr.h"
#include "runtime/Tensor.h"

#include <optional>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace attn::runtime {

/// A parameter or a result. A scalar has an empty shape.
struct Parameter {
  std::string name;
  DType dtype = DType::F32;
  std::vector<ShapeExpr> shape;
};

/// Holds when every condition is 0.
struct Requirement {
  std::vector<ShapeExpr> conditions;
  std::string message;
};

struct Signature {
  /// The function's name in the program.
  std::string function;
  /// Its name in the module.
  std::string symbol;
  /// The named dimensions. A ShapeExpr refers to them by their index here.
  std::vector<std::string> dims;
  std::vector<Parameter> inputs;
  std::vector<Parameter> results;
  std::vector<Requirement> requirements;

  /// "f32[B, H, T, D]", "f32".
  std::string typeToString(const Parameter &parameter) const;

  /// The shape of a result (or of an input) once the sizes of `dims` are known.
  /// Fails where a size overflows or is negative.
  llvm::Expected<std::vector<int64_t>>
  evaluateShape(const Parameter &parameter,
                llvm::ArrayRef<int64_t> dimSizes) const;

  /// Finds the size of every dimension from the types and shapes of all inputs,
  /// and checks everything that the program says about them:
  ///
  ///   expected 3 inputs (q, k, v), got 2
  ///   q: expected f32, got f64
  ///   q: expected 4 dimensions [B, H, T, D], got 3 [8, 128, 64]
  ///   k has 96 where the program says T, but q bound T to 128
  ///   x has 100 where the program says 3 * C, which is 96 (w bound C to 32)
  ///   C must be divisible by H, got C = 100, H = 12
  llvm::Expected<std::vector<int64_t>>
  bindDims(llvm::ArrayRef<const Tensor *> tensors) const;
};

/// Binds dimensions from whatever is known of them: sizes that the user gave,
/// and the shapes of some inputs. bindDims() is this with all inputs.
class DimBinder {
public:
  /// `signature` must outlive the binder.
  explicit DimBinder(const Signature &signature);

  /// Gives dimension `name` a size on the authority of `source`, which errors
  /// name: "q has 96 where the program says T, but --dim bound T to 128". An
  /// unknown name is an error that lists those there are.
  llvm::Error bind(llvm::StringRef name, int64_t size, llvm::StringRef source);

  /// Checks type and rank of input `index` and takes its shape into account.
  llvm::Error bindInput(size_t index, DType dtype,
                        llvm::ArrayRef<int64_t> shape);

  /// Solves the dimensions that stand only inside expressions (and those that
  /// the compilation fixed), as far as each follows from an expression that is
  /// affine in it. A contradiction is an error. May be called repeatedly.
  llvm::Error solve();

  /// The dimensions that have no size yet.
  std::vector<std::string> unbound() const;

  /// Solves, checks all shapes and requirements, and returns the sizes in the
  /// order of Signature::dims. A dimension without a size is an error.
  llvm::Expected<std::vector<int64_t>> finish();

private:
  struct Binding {
    std::optional<int64_t> size;
    std::string source;
  };
  struct Equation {
    const ShapeExpr *expr;
    int64_t size;
    std::string source;
  };

  llvm::Error assign(unsigned dim, int64_t size, llvm::StringRef source,
                     const ShapeExpr &from);
  llvm::Error checkEquation(const Equation &equation) const;
  llvm::Error checkRequirements() const;
  llvm::Error unboundError() const;
  std::string describeBindings(const ShapeExpr &expr) const;
  std::vector<std::optional<int64_t>> sizes() const;

  const Signature &signature;
  std::vector<Binding> bindings;
  std::vector<Equation> equations;
};

/// Reads the signature of the function marked `attn.entry`, a func.func or an
/// llvm.func: its `attn.signature`, or the attributes of its arguments and
/// results while it still has them. An error here is a fault of the compiler,
/// not of its user, and says "internal error".
llvm::Expected<Signature> readSignature(mlir::ModuleOp module);

} // namespace attn::runtime

#endif // ATTN_RUNTIME_SIGNATURE_H

//===- MLIRGen.h - Generation of attn IR ------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_MLIRGEN_H
#define ATTN_FRONTEND_MLIRGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <map>
#include <string>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace attn::frontend {

class CheckedProgram;
class DiagnosticEngine;
class SourceManager;

struct GenerateOptions {
  /// The function to run; empty for the program's own entry.
  std::string entry;
  /// Dimensions of the entry that are fixed in this compilation.
  std::map<std::string, int64_t> staticDims;
};

/// Loads the dialects that `generate` builds ops of.
void loadDialects(mlir::MLIRContext &context);

/// Generates the entry and every function that it reaches, one `func.func` for
/// each binding of static dimensions, as docs/architecture.md describes. Loads
/// the dialects it needs into `context`.
///
/// Reports an error and returns null if there is no entry, if a name of
/// `staticDims` is no dimension of it, or if the static dimensions break a
/// condition of the program. IR that does not verify is a defect of the
/// compiler: it is reported through the context's diagnostics and null is
/// returned without an error in `diags`.
mlir::OwningOpRef<mlir::ModuleOp> generate(mlir::MLIRContext &context,
                                           const CheckedProgram &program,
                                           const SourceManager &sources,
                                           const GenerateOptions &options,
                                           DiagnosticEngine &diags);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_MLIRGEN_H

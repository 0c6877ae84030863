//===- Entry.h - The function to run and its parameters ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_ENTRY_H
#define ATTN_FRONTEND_ENTRY_H

#include "frontend/Typed.h"

namespace attn::frontend {

class DiagnosticEngine;

/// Sizes of dimensions that are known in a compilation.
using StaticDims = std::map<std::string, int64_t>;

/// The function to run: the one called `name`, "f" or "Layer.f", where "Layer"
/// alone stands for the default function of the layer; for an empty `name` the
/// one marked `entry`, else the only model's, else the only function of the
/// main file that no other one calls. Reports an error and returns null if
/// there is no such function. `path` is the main file, for errors about it as
/// a whole.
const CheckedFunction *selectEntry(const CheckedProgram &program,
                                   llvm::StringRef name, llvm::StringRef path,
                                   DiagnosticEngine &diags);

/// A parameter of a layer or of a layer inside of it.
struct FlatParameter {
  /// Its name in a checkpoint: "h.3.attn.wq".
  std::string path;
  /// Over the sizes of the outermost layer.
  Type type;
  SourceRange range;
};

/// Layers may hold this many layers, and lie this deep in each other.
constexpr unsigned maxLayers = 65536;
constexpr unsigned maxLayerDepth = 200;

/// Every parameter of a layer in the order of their declarations, lists
/// unrolled. `statics` holds sizes of the layer. Nothing if the number of
/// layers in a list does not follow from them or if there are too many: that is
/// reported where there is an engine.
std::optional<std::vector<FlatParameter>>
flattenParameters(const CheckedLayer &layer, const StaticDims &statics,
                  DiagnosticEngine *diags);

/// A function as it is called from outside.
struct EntryPoint {
  /// The function; of a layer, with the layer's parameters after its own, named
  /// by their paths, and with those sizes of the layer among its dimensions
  /// that the shapes of both tell.
  CheckedFunction fn;
  /// How many parameters are its own.
  size_t numOwnParams = 0;
  /// Given by the caller, and defaults of the layer.
  StaticDims statics;
  /// Leaves that stand for numbers of the layer, in order, and their values.
  std::vector<std::pair<const Node *, const Node *>> numbers;
};

/// Prepares a function for a call from outside, with some dimensions `fixed`.
/// Reports an error where a fixed one is no dimension of it or is negative,
/// where a size has no value and no shape tells it, and where the sizes break a
/// condition of the program.
std::optional<EntryPoint> makeEntry(const CheckedFunction &fn,
                                    const StaticDims &fixed,
                                    llvm::StringRef path,
                                    DiagnosticEngine &diags);

/// The layer whose parameters are asked for: the one called `name`, the one
/// that the function called `name` belongs to, and for an empty `name` the one
/// of the entry. Reports an error and returns null if there is none.
const CheckedLayer *selectLayer(const CheckedProgram &program,
                                llvm::StringRef name, llvm::StringRef path,
                                DiagnosticEngine &diags);

/// The sizes of a layer that are known: those `fixed`, and defaults. Reports an
/// error and returns nothing where a fixed one is no size of it or is negative.
std::optional<StaticDims> getKnownSizes(const CheckedLayer &layer,
                                        const StaticDims &fixed,
                                        llvm::StringRef path,
                                        DiagnosticEngine &diags);

/// Reports where the defaults of the sizes of a model in the main file break a
/// condition of its functions.
void checkModels(const CheckedProgram &program, DiagnosticEngine &diags);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_ENTRY_H

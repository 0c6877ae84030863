//===- Diagnostics.h - Errors in programs -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Messages start in lower case and have no full stop; a mismatch says what was
// expected, then what was found:
//
//   block.attn:7:22: error: expected f32[B, T, C], got f32[B, T, D]
//     let y = project(x)
//                     ^
//   block.attn:3:7: note: 'D' is bound here
//     ...
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_DIAGNOSTICS_H
#define ATTN_FRONTEND_DIAGNOSTICS_H

#include "frontend/AST.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"

#include <optional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace attn::frontend {

class SourceManager;

enum class Severity { Error, Warning, Note };

/// One message. `range` is absent where the message is about a whole file or
/// about nothing in a file; `path`, when not empty, then names the file.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::optional<SourceRange> range;
  std::string path;
  std::string message;
  /// Hints are shown as notes at the place of their error, without the source.
  bool isHint = false;
  /// The notes of an error or a warning, in the order they were added.
  std::vector<Diagnostic> notes;
};

class DiagnosticEngine;

/// Adds notes to the diagnostic just reported. Valid while the engine lives.
class DiagnosticBuilder {
public:
  /// Points at another place that matters to the error.
  DiagnosticBuilder &note(SourceRange range, const llvm::Twine &message);

  /// Says what to write instead: `hint("did you mean 'softmax'?")`.
  DiagnosticBuilder &hint(const llvm::Twine &message);

  /// "did you mean 'x'?" if there is a suggestion, nothing otherwise.
  DiagnosticBuilder &didYouMean(const std::optional<std::string> &suggestion);

private:
  friend class DiagnosticEngine;
  DiagnosticBuilder(DiagnosticEngine &engine, std::optional<size_t> index)
      : engine(engine), index(index) {}

  DiagnosticEngine &engine;
  /// Absent for a diagnostic that repeats an earlier one and was dropped.
  std::optional<size_t> index;
};

/// Collects the diagnostics of a compilation. The same message at the same
/// place is kept once, so a function that is checked for several shapes does
/// not repeat itself.
class DiagnosticEngine {
public:
  explicit DiagnosticEngine(const SourceManager &sources) : sources(sources) {}

  DiagnosticBuilder error(SourceRange range, const llvm::Twine &message);
  DiagnosticBuilder warning(SourceRange range, const llvm::Twine &message);

  /// An error about a file that could not be read: `path: error: message`.
  DiagnosticBuilder fileError(llvm::StringRef path, const llvm::Twine &message);

  unsigned getNumErrors() const { return numErrors; }
  unsigned getNumWarnings() const { return numWarnings; }
  bool hasErrors() const { return numErrors != 0; }

  /// In the order they were reported.
  llvm::ArrayRef<Diagnostic> getDiagnostics() const { return diagnostics; }

  /// Prints everything by file and position: the message, the line of source
  /// and a caret line, then the notes. At most `maxShown` errors and warnings
  /// are shown; a last line counts the rest.
  void print(llvm::raw_ostream &os, unsigned maxShown = 100) const;

private:
  friend class DiagnosticBuilder;
  DiagnosticBuilder report(Diagnostic diagnostic);
  void printOne(llvm::raw_ostream &os, const Diagnostic &diagnostic) const;

  const SourceManager &sources;
  std::vector<Diagnostic> diagnostics;
  llvm::StringSet<> seen;
  unsigned numErrors = 0;
  unsigned numWarnings = 0;
};

/// The candidate that `name` is most likely a misspelling of: the only one at
/// the least edit distance, which must be 1 (or 2 from five letters on; a
/// difference in case alone always counts as 1). None if there are several.
std::optional<std::string> suggest(llvm::StringRef name,
                                   llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_DIAGNOSTICS_H

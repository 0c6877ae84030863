//===- Diagnostics.cpp - Errors in programs -------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"

#include "frontend/SourceManager.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace attn::frontend;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Reporting
//===----------------------------------------------------------------------===//

DiagnosticBuilder &DiagnosticBuilder::note(SourceRange range,
                                           const Twine &message) {
  if (index) {
    Diagnostic note;
    note.severity = Severity::Note;
    note.range = range;
    note.message = message.str();
    engine.diagnostics[*index].notes.push_back(std::move(note));
  }
  return *this;
}

DiagnosticBuilder &DiagnosticBuilder::hint(const Twine &message) {
  if (index) {
    const Diagnostic &parent = engine.diagnostics[*index];
    Diagnostic note;
    note.severity = Severity::Note;
    note.range = parent.range;
    note.path = parent.path;
    note.message = message.str();
    note.isHint = true;
    engine.diagnostics[*index].notes.push_back(std::move(note));
  }
  return *this;
}

DiagnosticBuilder &
DiagnosticBuilder::didYouMean(const std::optional<std::string> &suggestion) {
  if (suggestion)
    hint("did you mean '" + *suggestion + "'?");
  return *this;
}

DiagnosticBuilder DiagnosticEngine::report(Diagnostic diagnostic) {
  std::string key = diagnostic.path + '\0' + diagnostic.message;
  if (const auto &range = diagnostic.range)
    key +=
        '\0' + std::to_string(range->file) + ':' + std::to_string(range->begin);
  if (!seen.insert(key).second)
    return DiagnosticBuilder(*this, std::nullopt);
  ++(diagnostic.severity == Severity::Error ? numErrors : numWarnings);
  diagnostics.push_back(std::move(diagnostic));
  return DiagnosticBuilder(*this, diagnostics.size() - 1);
}

DiagnosticBuilder DiagnosticEngine::error(SourceRange range,
                                          const Twine &message) {
  Diagnostic diagnostic;
  diagnostic.range = range;
  diagnostic.message = message.str();
  return report(std::move(diagnostic));
}

DiagnosticBuilder DiagnosticEngine::warning(SourceRange range,
                                            const Twine &message) {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::Warning;
  diagnostic.range = range;
  diagnostic.message = message.str();
  return report(std::move(diagnostic));
}

DiagnosticBuilder DiagnosticEngine::fileError(StringRef path,
                                              const Twine &message) {
  Diagnostic diagnostic;
  diagnostic.path = path.str();
  diagnostic.message = message.str();
  return report(std::move(diagnostic));
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

namespace {
/// A line of source as it is shown: tabs expanded, what cannot be printed
/// replaced, and for each byte of the source the screen column it begins at.
struct ShownLine {
  std::string text;
  std::vector<unsigned> columnOfByte;
};
} // namespace

constexpr unsigned tabStop = 8;

static ShownLine showLine(StringRef line) {
  ShownLine shown;
  unsigned column = 0;
  auto append = [&](StringRef piece, unsigned width, unsigned numBytes) {
    shown.columnOfByte.insert(shown.columnOfByte.end(), numBytes, column);
    shown.text += piece;
    column += width;
  };
  while (!line.empty()) {
    if (line.front() == '\t') {
      unsigned width = tabStop - column % tabStop;
      append(std::string(width, ' '), width, 1);
      line = line.drop_front();
      continue;
    }
    size_t length = std::min<size_t>(
        llvm::getNumBytesForUTF8(static_cast<llvm::UTF8>(line.front())),
        line.size());
    // Negative for what is not UTF-8 or cannot be printed.
    int width = llvm::sys::unicode::columnWidthUTF8(line.take_front(length));
    if (width < 0)
      append("?", 1, length = 1);
    else
      append(line.take_front(length), width, length);
    line = line.drop_front(length);
  }
  shown.columnOfByte.push_back(column);
  return shown;
}

/// Cuts a long line to the part around byte `focus`.
static StringRef clipLine(StringRef line, size_t focus, size_t &dropped) {
  constexpr size_t maxShown = 240, context = 80;
  dropped = 0;
  if (line.size() <= maxShown)
    return line;
  if (focus > context)
    dropped = std::min(focus - context, line.size());
  auto isContinuation = [](char c) { return (c & 0xc0) == 0x80; };
  while (dropped < line.size() && dropped < focus &&
         isContinuation(line[dropped]))
    ++dropped;
  size_t length = std::min(maxShown, line.size() - dropped);
  while (dropped + length < line.size() &&
         isContinuation(line[dropped + length]))
    ++length;
  return line.substr(dropped, length);
}

static void printSource(llvm::raw_ostream &os, const SourceManager &sources,
                        SourceRange range) {
  unsigned lineNumber = sources.getLineColumn(range).line;
  uint32_t start = sources.getLineStart(range.file, lineNumber);
  StringRef line = sources.getLine(range.file, lineNumber);

  size_t begin = std::min<size_t>(range.begin - start, line.size());
  size_t end = std::min<size_t>(
      range.end > range.begin ? range.end - start : begin, line.size());
  size_t dropped;
  line = clipLine(line, begin, dropped);
  begin -= dropped;
  end = std::clamp(end - dropped, begin, line.size());

  ShownLine shown = showLine(line);
  unsigned first = shown.columnOfByte[begin];
  unsigned last = shown.columnOfByte[end];
  os << StringRef(shown.text).rtrim() << '\n';
  os << std::string(first, ' ') << '^';
  if (last > first + 1)
    os << std::string(last - first - 1, '~');
  os << '\n';
}

static StringRef getName(Severity severity) {
  switch (severity) {
  case Severity::Error:
    return "error";
  case Severity::Warning:
    return "warning";
  case Severity::Note:
    return "note";
  }
  llvm_unreachable("unknown severity");
}

void DiagnosticEngine::printOne(llvm::raw_ostream &os,
                                const Diagnostic &diagnostic) const {
  if (diagnostic.range) {
    LineColumn position = sources.getLineColumn(*diagnostic.range);
    os << sources.getPath(diagnostic.range->file) << ':' << position.line << ':'
       << position.column << ": ";
  } else if (!diagnostic.path.empty()) {
    os << diagnostic.path << ": ";
  }
  os << getName(diagnostic.severity) << ": " << diagnostic.message << '\n';
  if (diagnostic.range && !diagnostic.isHint)
    printSource(os, sources, *diagnostic.range);
  for (const Diagnostic &note : diagnostic.notes)
    printOne(os, note);
}

void DiagnosticEngine::print(llvm::raw_ostream &os, unsigned maxShown) const {
  std::vector<const Diagnostic *> sorted;
  for (const Diagnostic &diagnostic : diagnostics)
    sorted.push_back(&diagnostic);
  llvm::stable_sort(sorted, [](const Diagnostic *a, const Diagnostic *b) {
    if (!a->range || !b->range)
      return !a->range && b->range;
    return std::make_pair(a->range->file, a->range->begin) <
           std::make_pair(b->range->file, b->range->begin);
  });
  for (const Diagnostic *diagnostic :
       llvm::ArrayRef(sorted).take_front(maxShown))
    printOne(os, *diagnostic);
  if (sorted.size() > maxShown)
    os << "note: " << sorted.size() - maxShown << " more not shown\n";
}

//===----------------------------------------------------------------------===//
// Suggestions
//===----------------------------------------------------------------------===//

std::optional<std::string>
attn::frontend::suggest(StringRef name, llvm::ArrayRef<StringRef> candidates) {
  // A name of one letter is one edit away from every other.
  unsigned maxDistance = name.size() <= 1 ? 0 : name.size() < 5 ? 1 : 2;
  unsigned best = ~0u;
  std::optional<StringRef> found;
  bool unique = true;
  for (StringRef candidate : candidates) {
    if (candidate == name)
      continue;
    bool sameLetters = candidate.equals_insensitive(name);
    unsigned distance =
        sameLetters ? 1
                    : name.edit_distance(candidate, /*AllowReplacements=*/true,
                                         /*MaxEditDistance=*/maxDistance + 1);
    if ((!sameLetters && distance > maxDistance) || distance > best)
      continue;
    if (distance == best) {
      unique &= candidate == *found;
      continue;
    }
    best = distance;
    found = candidate;
    unique = true;
  }
  if (!found || !unique)
    return std::nullopt;
  return found->str();
}

//===- SourceManager.h - Source files and positions in them -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_SOURCEMANAGER_H
#define ATTN_FRONTEND_SOURCEMANAGER_H

#include "frontend/AST.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace attn::frontend {

/// A position as people count: both from 1, the column in characters (a tab is
/// one character, a multi-byte UTF-8 sequence is one character).
struct LineColumn {
  unsigned line = 1;
  unsigned column = 1;
};

/// Owns the text of every file of a compilation. A file is known by its index,
/// which `SourceRange::file` holds; indices are given in the order of loading.
/// Text that was handed out stays valid as long as the manager lives.
class SourceManager {
public:
  /// The largest file that is read, in bytes.
  static constexpr size_t maxFileSize = size_t(4) << 20;

  /// Returns the index of the file at `path`, reading it the first time; two
  /// paths to one file give one index. Fails with a message that does not
  /// repeat the path ("no such file or directory", "is a directory",
  /// "permission denied", "is larger than 4 MiB", …). A byte order mark is
  /// dropped. The text need not be UTF-8: see `findInvalidUTF8`.
  llvm::Expected<uint32_t> load(llvm::StringRef path);

  /// Registers `text` as the content of `path`; a later `load` of that path
  /// finds it instead of the file. Registering a path again makes a new index,
  /// which takes the place of the old one in later loads.
  uint32_t addBuffer(llvm::StringRef path, llvm::StringRef text);

  unsigned getNumFiles() const { return files.size(); }

  /// The path as it was given to `load` or `addBuffer`.
  llvm::StringRef getPath(uint32_t file) const { return files[file].path; }
  llvm::StringRef getText(uint32_t file) const { return files[file].text; }

  /// The text of a range; empty when the range is.
  llvm::StringRef getText(SourceRange range) const;

  /// The position of a byte offset; an offset past the end is the end.
  LineColumn getLineColumn(uint32_t file, uint32_t offset) const;
  LineColumn getLineColumn(SourceRange range) const {
    return getLineColumn(range.file, range.begin);
  }

  unsigned getNumLines(uint32_t file) const {
    return files[file].lineStarts.size();
  }

  /// The text of a line (from 1) without its line end.
  llvm::StringRef getLine(uint32_t file, unsigned line) const;

  /// The byte offset at which a line (from 1) begins.
  uint32_t getLineStart(uint32_t file, unsigned line) const {
    return files[file].lineStarts[line - 1];
  }

  /// The offset of the first byte that is not UTF-8, if there is one.
  std::optional<uint32_t> findInvalidUTF8(uint32_t file) const;

private:
  struct File {
    std::string path;
    std::string text;
    std::vector<uint32_t> lineStarts;
  };

  uint32_t addFile(llvm::StringRef path, llvm::StringRef text,
                   llvm::StringRef key);

  std::deque<File> files;
  llvm::StringMap<uint32_t> indexByKey;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_SOURCEMANAGER_H

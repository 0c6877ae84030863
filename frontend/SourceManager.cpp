//===- SourceManager.cpp - Source files and positions in them -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SourceManager.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace attn::frontend;
using llvm::StringRef;

namespace fs = llvm::sys::fs;

/// One name for all paths to a file. A path that does not exist (a buffer in
/// memory) is made absolute without looking at the disk.
static std::string makeKey(StringRef path) {
  llvm::SmallString<256> key;
  if (!fs::real_path(path, key))
    return std::string(key);
  key = path;
  fs::make_absolute(key);
  llvm::sys::path::remove_dots(key, /*remove_dot_dot=*/true);
  return std::string(key);
}

static llvm::Error failure(const llvm::Twine &message) {
  return llvm::createStringError(std::make_error_code(std::errc::io_error),
                                 message);
}

static llvm::Error failure(std::error_code code) {
  std::string message = code.message();
  if (!message.empty())
    message[0] = llvm::toLower(message[0]);
  return failure(message);
}

/// The number of bytes of the UTF-8 sequence at the start of `text`; 0 if it
/// is not one.
static unsigned sequenceLength(StringRef text) {
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data());
  unsigned length = llvm::getNumBytesForUTF8(*begin);
  if (length > text.size() || !llvm::isLegalUTF8Sequence(begin, begin + length))
    return 0;
  return length;
}

llvm::Expected<uint32_t> SourceManager::load(StringRef path) {
  if (path.contains('\0'))
    return failure("the path contains a NUL character");
  std::string key = makeKey(path);
  if (auto it = indexByKey.find(key); it != indexByKey.end())
    return it->second;

  fs::file_status status;
  if (std::error_code code = fs::status(path, status))
    return failure(code);
  if (status.type() == fs::file_type::directory_file)
    return failure("is a directory");
  // A pipe has no size to check beforehand; a device may never end.
  bool isPipe = status.type() == fs::file_type::fifo_file;
  if (status.type() != fs::file_type::regular_file && !isPipe)
    return failure("is not a regular file");
  auto tooLarge = [] {
    return failure("is larger than " + llvm::Twine(maxFileSize >> 20) + " MiB");
  };
  if (!isPipe && status.getSize() > maxFileSize)
    return tooLarge();

  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false,
                                            /*IsVolatile=*/true);
  if (!buffer)
    return failure(buffer.getError());
  if ((*buffer)->getBufferSize() > maxFileSize)
    return tooLarge();
  return addFile(path, (*buffer)->getBuffer(), key);
}

uint32_t SourceManager::addBuffer(StringRef path, StringRef text) {
  return addFile(path, text, makeKey(path));
}

uint32_t SourceManager::addFile(StringRef path, StringRef text, StringRef key) {
  while (text.consume_front("\xef\xbb\xbf"))
    ;
  File &file = files.emplace_back();
  file.path = path.str();
  file.text = text.str();
  file.lineStarts.push_back(0);
  for (size_t i = 0, e = text.size(); i < e; ++i) {
    bool endsLine = text[i] == '\n' ||
                    (text[i] == '\r' && !(i + 1 < e && text[i + 1] == '\n'));
    if (endsLine)
      file.lineStarts.push_back(i + 1);
  }
  return indexByKey[key] = files.size() - 1;
}

StringRef SourceManager::getText(SourceRange range) const {
  return getText(range.file).slice(range.begin, range.end);
}

LineColumn SourceManager::getLineColumn(uint32_t file, uint32_t offset) const {
  const std::vector<uint32_t> &starts = files[file].lineStarts;
  StringRef text = getText(file);
  offset = std::min<uint32_t>(offset, text.size());
  auto next = llvm::upper_bound(starts, offset);
  LineColumn position;
  position.line = next - starts.begin();
  StringRef before = text.slice(*std::prev(next), offset);
  while (!before.empty()) {
    before = before.drop_front(std::max(1u, sequenceLength(before)));
    ++position.column;
  }
  return position;
}

StringRef SourceManager::getLine(uint32_t file, unsigned line) const {
  const std::vector<uint32_t> &starts = files[file].lineStarts;
  StringRef text = getText(file);
  uint32_t end = line < starts.size() ? starts[line] : text.size();
  return text.slice(starts[line - 1], end).rtrim("\r\n");
}

std::optional<uint32_t> SourceManager::findInvalidUTF8(uint32_t file) const {
  StringRef text = getText(file);
  for (size_t i = 0, e = text.size(); i < e;) {
    unsigned length = sequenceLength(text.substr(i));
    if (length == 0)
      return i;
    i += length;
  }
  return std::nullopt;
}

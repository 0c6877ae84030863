//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An output file is written beside its target and renamed when it is complete.
// To write several files or none, create all of them first, write, then commit.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_OUTPUTFILE_H
#define ATTN_RUNTIME_OUTPUTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace attn::runtime {

class OutputFile {
public:
  /// Fails if a file cannot be made beside `path`, or `path` is a directory or
  /// may not be written. A symbolic link is followed; a device or pipe
  /// (/dev/null) is written directly.
  static llvm::Expected<OutputFile> create(llvm::StringRef path);

  OutputFile(OutputFile &&other);
  OutputFile &operator=(OutputFile &&other);
  /// Removes what was written, unless it was committed.
  ~OutputFile();

  llvm::Error write(const void *data, size_t size);

  /// Makes the file appear under its name.
  llvm::Error commit();

  /// The name that create() was given.
  llvm::StringRef path() const;

  /// Where the bytes are until commit(), for libraries that write to a name;
  /// empty for a device or pipe.
  llvm::StringRef temporaryPath() const;

private:
  struct State;
  explicit OutputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_OUTPUTFILE_H

//===- Library.h - The standard library -------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_LIBRARY_H
#define ATTN_FRONTEND_LIBRARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attn::frontend {

/// A file of the library, written in the language and built into the compiler.
struct LibraryFile {
  /// As programs import it: "std/masks.attn".
  llvm::StringRef path;
  llvm::StringRef text;
};

/// All of them, by path.
llvm::ArrayRef<LibraryFile> getLibrary();

} // namespace attn::frontend

#endif // ATTN_FRONTEND_LIBRARY_H

//===- Format.h - The one layout --------------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_FORMAT_H
#define ATTN_FRONTEND_FORMAT_H

#include <cstdint>
#include <optional>
#include <string>

namespace attn::frontend {

class DiagnosticEngine;
class SourceManager;

/// The text of `file` in the one layout: two spaces of indentation, lines of at
/// most 100 columns where they can be broken, no more parentheses than needed,
/// at most one blank line in a row, every comment kept. Formatting the result
/// again changes nothing, and its syntax tree is the one of the input. A file
/// with syntax errors is not formatted; the errors are in `diagnostics`.
std::optional<std::string> formatFile(const SourceManager &sources,
                                      uint32_t file,
                                      DiagnosticEngine &diagnostics);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_FORMAT_H

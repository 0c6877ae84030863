//===- Layout.h - Documents that are broken into lines ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Text with places where a line may end, after Wadler's "A prettier printer".
// Internal to the formatter.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_LAYOUT_H
#define ATTN_FRONTEND_LAYOUT_H

#include <memory>
#include <string>
#include <vector>

namespace attn::frontend::layout {

struct Node;
using Doc = std::shared_ptr<const Node>;

struct Node {
  enum class Kind { Text, Comment, Line, Concat, Nest, Group };
  Kind kind;
  std::string text;
  std::vector<Doc> children;
  /// Line: ends the line in any case.
  bool isHard = false;
  /// Group: while what stands before it is laid out, it counts as unbroken.
  bool isKeptWhole = false;

  /// Columns on one line; without meaning if `hasHardLine`.
  size_t flatWidth = 0;
  bool hasHardLine = false;
};

Doc text(std::string text);

/// Text that takes no room, before a line end.
Doc comment(std::string text);

/// A space, or a line end if the group it belongs to is broken.
Doc line();
/// Nothing, or a line end if the group it belongs to is broken.
Doc softLine();
Doc hardLine();

Doc concat(std::vector<Doc> docs);

/// Lines that begin inside are indented by two more spaces.
Doc nest(Doc doc);

/// On one line if it fits, otherwise every line() directly inside ends a line.
Doc group(Doc doc, bool isKeptWhole = false);

/// The text in lines of at most `width` columns, as far as possible, without
/// space at the end of a line.
std::string render(const Doc &doc, size_t width);

/// The text on one line.
std::string renderFlat(const Doc &doc);

} // namespace attn::frontend::layout

#endif // ATTN_FRONTEND_LAYOUT_H

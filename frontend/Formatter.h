//===- Formatter.h - Layout of a file -----------------------------*- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the formatter.
//   Format.cpp      comments and sequences of declarations or statements
//   FormatDecl.cpp  the items themselves
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_FORMATTER_H
#define ATTN_FRONTEND_FORMATTER_H

#include "frontend/AST.h"
#include "frontend/FormatExpr.h"
#include "frontend/Layout.h"
#include "frontend/SourceManager.h"

#include "llvm/ADT/StringRef.h"

#include <functional>

namespace attn::frontend {

constexpr size_t maxWidth = 100;

/// A declaration or a statement, before its layout.
struct Item {
  /// A group is a braced function or a layer.
  enum class Kind { Import, Rule, Fn, Group, Field, Let, Result };
  Kind kind;
  SourceRange range;
  /// What is aligned among neighbours, `mask` and `name(q, k)`; may be empty.
  std::string keyword;
  std::string head;
  /// The item without its head.
  std::function<layout::Doc()> layoutRest;
};

/// An item in the layout, or a comment on lines of its own (in `trailing`).
struct Entry {
  std::optional<Item::Kind> kind;
  std::string keyword;
  std::string head;
  layout::Doc rest;
  std::string trailing;
  bool blankBefore = false;
  /// Columns when on one line; none if it takes several.
  std::optional<size_t> width;
};

class Formatter {
public:
  Formatter(const SourceManager &sources, const SourceFile &file,
            std::vector<SourceRange> comments)
      : sources(sources), file(file), comments(std::move(comments)),
        isUsed(this->comments.size(), false) {}

  std::string run();

private:
  std::vector<SourceRange> takeComments(uint32_t begin, uint32_t end);
  std::optional<SourceRange> takeTrailingComment(uint32_t end,
                                                 llvm::StringRef skipped);
  std::string textOf(SourceRange comment) const {
    return sources.getText(comment).rtrim().str();
  }

  std::vector<Entry> layoutItems(std::vector<Item> items, uint32_t begin,
                                 uint32_t end);
  Entry layoutItem(Item &item);
  layout::Doc join(std::vector<Entry> entries) const;

  Item makeItem(const RuleDecl &rule);
  Item makeItem(const FnDecl &fn);
  Item makeItem(const LayerDecl &layer);
  Item makeItem(const FieldDecl &field);
  Item makeItem(const LetStmt &let);

  layout::Doc layoutFn(const FnDecl &fn);
  layout::Doc layoutParam(const Param &param);
  /// The parameters of what is named `name`, in parentheses.
  layout::Doc layoutParams(const Identifier &name,
                           llvm::ArrayRef<Param> params);
  layout::Doc layoutLayer(const LayerDecl &layer);
  layout::Doc layoutField(const FieldDecl &field);
  layout::Doc layoutBlock(const Block &block);
  layout::Doc layoutBody(std::vector<Item> items, SourceRange braces);
  layout::Doc layoutExprOf(const Expr &expr) {
    return layoutExpr(expr,
                      [&](const Block &block) { return layoutBlock(block); });
  }
  layout::Doc layoutValueOf(const Expr &expr, bool isHugged) {
    return layoutValue(expr, isHugged,
                       [&](const Block &block) { return layoutBlock(block); });
  }

  unsigned lineOf(uint32_t offset) const {
    return sources.getLineColumn(file.file, offset).line;
  }

  const SourceManager &sources;
  const SourceFile &file;
  std::vector<SourceRange> comments;
  std::vector<bool> isUsed;
  /// How many blocks the layout is in.
  unsigned depth = 0;
};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_FORMATTER_H

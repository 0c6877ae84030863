//===- Format.cpp - The one layout ----------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Format.h"

#include "frontend/Formatter.h"
#include "frontend/Parser.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace attn::frontend;
using namespace attn::frontend::layout;
using llvm::StringRef;

/// Where the '=' of neighbouring lets are aligned, at most this many spaces
/// are put in.
constexpr size_t maxLetPadding = 4;

//===----------------------------------------------------------------------===//
// Comments
//===----------------------------------------------------------------------===//

/// The comments in a stretch of text that nothing has taken yet.
std::vector<SourceRange> Formatter::takeComments(uint32_t begin, uint32_t end) {
  std::vector<SourceRange> taken;
  auto first = llvm::partition_point(
      comments, [&](const SourceRange &c) { return c.begin < begin; });
  for (size_t i = first - comments.begin();
       i < comments.size() && comments[i].begin < end; ++i) {
    if (isUsed[i])
      continue;
    isUsed[i] = true;
    taken.push_back(comments[i]);
  }
  return taken;
}

/// The comment at the end of a line, where nothing but `skipped` is between
/// `end` and it.
std::optional<SourceRange> Formatter::takeTrailingComment(uint32_t end,
                                                          StringRef skipped) {
  auto next = llvm::partition_point(
      comments, [&](const SourceRange &c) { return c.begin < end; });
  if (next == comments.end())
    return std::nullopt;
  StringRef between = sources.getText(file.file).slice(end, next->begin);
  if (between.find_first_not_of(skipped) != StringRef::npos)
    return std::nullopt;
  std::vector<SourceRange> taken = takeComments(next->begin, next->end);
  return taken.empty() ? std::nullopt : std::make_optional(taken.front());
}

//===----------------------------------------------------------------------===//
// Sequences of declarations or statements
//===----------------------------------------------------------------------===//

Entry Formatter::layoutItem(Item &item) {
  Entry entry;
  entry.kind = item.kind;
  entry.keyword = item.keyword;
  entry.head = item.head;
  entry.rest = item.layoutRest();
  size_t width = 2 * depth + item.keyword.size() + !item.keyword.empty() +
                 item.head.size() + entry.rest->flatWidth;
  if (!entry.rest->hasHardLine && width <= maxWidth)
    entry.width = width;
  return entry;
}

/// Lays out what stands from `begin` to `end`: items and comments.
std::vector<Entry> Formatter::layoutItems(std::vector<Item> items,
                                          uint32_t begin, uint32_t end) {
  std::vector<Entry> entries;
  uint32_t last = begin;
  auto isAfterBlank = [&](uint32_t offset) {
    return !entries.empty() && lineOf(offset) > lineOf(last) + 1;
  };
  auto addComment = [&](SourceRange comment, bool blankBefore) {
    Entry &entry = entries.emplace_back();
    entry.trailing = textOf(comment);
    entry.blankBefore = blankBefore;
  };
  auto addCommentsBefore = [&](uint32_t offset) {
    for (SourceRange comment : takeComments(last, offset)) {
      addComment(comment, isAfterBlank(comment.begin));
      last = comment.end;
    }
  };

  for (Item &item : items) {
    addCommentsBefore(item.range.begin);
    bool blankBefore = isAfterBlank(item.range.begin);
    Entry entry = layoutItem(item);
    // Comments inside that have no place of their own come before the item.
    for (SourceRange comment : takeComments(item.range.begin, item.range.end)) {
      addComment(comment, blankBefore);
      blankBefore = false;
    }
    entry.blankBefore = blankBefore;
    last = item.range.end;
    if (auto comment = takeTrailingComment(last, " \t\f\v;")) {
      entry.trailing = textOf(*comment);
      last = comment->end;
    }
    entries.push_back(std::move(entry));
  }
  addCommentsBefore(end);
  return entries;
}

/// Pads keywords and heads of neighbouring items on one line each, so that
/// their '=' stand in one column.
static void align(llvm::MutableArrayRef<Entry> run) {
  size_t keyword = 0, head = 0, least = std::string::npos;
  for (const Entry &entry : run) {
    keyword = std::max(keyword, entry.keyword.size());
    head = std::max(head, entry.head.size());
    least = std::min(least, entry.head.size());
  }
  if (run.front().kind == Item::Kind::Let && head - least > maxLetPadding)
    return;
  for (const Entry &entry : run) {
    size_t padding = keyword - entry.keyword.size() + head - entry.head.size();
    if (*entry.width + padding > maxWidth)
      return;
  }
  for (Entry &entry : run) {
    entry.keyword.resize(keyword, ' ');
    entry.head.resize(head, ' ');
  }
}

static void alignRuns(llvm::MutableArrayRef<Entry> entries) {
  auto isAlignable = [](const Entry &entry) {
    return !entry.head.empty() && entry.width;
  };
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin + 1;
    if (isAlignable(entries[begin])) {
      while (end < entries.size() && !entries[end].blankBefore &&
             isAlignable(entries[end]) &&
             entries[end].kind == entries[begin].kind)
        ++end;
      align(entries.slice(begin, end - begin));
    }
    begin = end;
  }
}

/// A layer or a function of several lines stands between blank lines, together
/// with the comments before it.
static void separateGroups(llvm::MutableArrayRef<Entry> entries) {
  auto isLarge = [](const Entry &entry) {
    return entry.kind == Item::Kind::Group ||
           (entry.kind == Item::Kind::Fn && !entry.width);
  };
  std::optional<size_t> previous;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].kind)
      continue;
    if (previous && (isLarge(entries[*previous]) || isLarge(entries[i]))) {
      auto between = entries.slice(*previous + 1, i - *previous);
      if (llvm::none_of(between, [](const Entry &e) { return e.blankBefore; }))
        between.front().blankBefore = true;
    }
    previous = i;
  }
}

Doc Formatter::join(std::vector<Entry> entries) const {
  separateGroups(entries);
  alignRuns(entries);
  std::vector<Doc> docs;
  for (const Entry &entry : entries) {
    if (!docs.empty())
      docs.push_back(hardLine());
    if (entry.blankBefore)
      docs.push_back(hardLine());
    if (!entry.kind) {
      docs.push_back(comment(entry.trailing));
      continue;
    }
    if (!entry.keyword.empty())
      docs.push_back(text(entry.keyword + " "));
    docs.push_back(text(entry.head));
    docs.push_back(entry.rest);
    if (!entry.trailing.empty())
      docs.push_back(comment("  " + entry.trailing));
  }
  return concat(std::move(docs));
}

std::string Formatter::run() {
  std::vector<Item> items;
  for (const ImportDecl &import : file.imports)
    items.push_back({Item::Kind::Import, import.range, "", "",
                     [&] { return text("import \"" + import.path + "\""); }});
  for (const RuleDecl &rule : file.rules)
    items.push_back(makeItem(rule));
  for (const FnDecl &fn : file.fns)
    items.push_back(makeItem(fn));
  for (const LayerDecl &layer : file.layers)
    items.push_back(makeItem(layer));
  llvm::sort(items, [](const Item &a, const Item &b) {
    return a.range.begin < b.range.begin;
  });
  uint32_t end = sources.getText(file.file).size();
  std::vector<Entry> entries = layoutItems(std::move(items), 0, end);
  if (entries.empty())
    return "";
  return render(concat({join(std::move(entries)), hardLine()}), maxWidth);
}

std::optional<std::string>
attn::frontend::formatFile(const SourceManager &sources, uint32_t file,
                           DiagnosticEngine &diagnostics) {
  std::vector<SourceRange> comments;
  std::optional<SourceFile> parsed =
      parseFile(sources, file, diagnostics, &comments);
  if (!parsed)
    return std::nullopt;
  return Formatter(sources, *parsed, std::move(comments)).run();
}

//===- Format.cpp - The one layout ----------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Format.h"

#include "frontend/FormatExpr.h"
#include "frontend/Layout.h"
#include "frontend/Parser.h"
#include "frontend/SourceManager.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <functional>

using namespace attn::frontend;
using namespace attn::frontend::layout;
using llvm::StringRef;

constexpr size_t maxWidth = 100;

/// Where the '=' of neighbouring lets are aligned, at most this many spaces
/// are put in.
constexpr size_t maxLetPadding = 4;

namespace {
/// A declaration or a statement, before its layout.
struct Item {
  enum class Kind { Import, Rule, Fn, BracedFn, Let, Result };
  Kind kind;
  SourceRange range;
  /// What is aligned among neighbours, `mask` and `name(q, k)`; may be empty.
  std::string keyword;
  std::string head;
  /// The item without its head.
  std::function<Doc()> layoutRest;
};

/// An item in the layout, or a comment on lines of its own (in `trailing`).
struct Entry {
  std::optional<Item::Kind> kind;
  std::string keyword;
  std::string head;
  Doc rest;
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
                                                 StringRef skipped);
  std::string textOf(SourceRange comment) const {
    return sources.getText(comment).rtrim().str();
  }

  std::vector<Entry> layoutItems(std::vector<Item> items, uint32_t begin,
                                 uint32_t end);
  Entry layoutItem(Item &item);
  Doc join(std::vector<Entry> entries) const;

  Item makeItem(const RuleDecl &rule);
  Item makeItem(const FnDecl &fn);
  Item makeItem(const LetStmt &let);

  Doc layoutFn(const FnDecl &fn);
  Doc layoutParams(const FnDecl &fn);
  Doc layoutBlock(const Block &block);
  Doc layoutValueOf(const Expr &expr, bool isHugged) {
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
} // namespace

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

/// A function of several lines stands between blank lines, together with the
/// comments before it.
static void separateFns(llvm::MutableArrayRef<Entry> entries) {
  auto isLarge = [](const Entry &entry) {
    return entry.kind == Item::Kind::BracedFn ||
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

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

Item Formatter::makeItem(const LetStmt &let) {
  std::string head = "let ";
  for (const Identifier &name : let.names)
    head += (&name == &let.names.front() ? "" : ", ") + name.name;
  if (let.type)
    head += ": " + formatType(*let.type);
  return {Item::Kind::Let, let.range, "", std::move(head), [&] {
            return concat(
                {text(" ="), layoutValueOf(*let.value, /*isHugged=*/true)});
          }};
}

Doc Formatter::layoutBlock(const Block &block) {
  uint32_t begin = block.range.begin + 1, end = block.range.end - 1;
  std::vector<Doc> docs;
  if (auto trailing = takeTrailingComment(begin, " \t\f\v;")) {
    docs.push_back(comment("  " + textOf(*trailing)));
    begin = trailing->end;
  }
  std::vector<Item> items;
  for (const LetStmt &let : block.lets)
    items.push_back(makeItem(let));
  items.push_back({Item::Kind::Result, block.result->range, "", "", [&] {
                     return layoutExpr(*block.result, [&](const Block &inner) {
                       return layoutBlock(inner);
                     });
                   }});
  ++depth;
  docs.push_back(line());
  docs.push_back(join(layoutItems(std::move(items), begin, end)));
  --depth;
  return concat(std::move(docs));
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

Item Formatter::makeItem(const RuleDecl &rule) {
  std::string head = rule.name.name;
  if (rule.hasParams) {
    head += "(";
    for (const RuleParam &param : rule.params) {
      head += (&param == &rule.params.front() ? "" : ", ") + param.name.name;
      if (param.type)
        head += ": " + formatType(*param.type);
    }
    head += ")";
  }
  head += "(";
  for (const Identifier &index : rule.indices)
    head += (&index == &rule.indices.front() ? "" : ", ") + index.name;
  head += ")";
  bool isMask = rule.kind == RuleDecl::Kind::Mask;
  return {Item::Kind::Rule, rule.range, isMask ? "mask" : "score",
          std::move(head), [&] {
            return concat(
                {text(" ="), layoutValueOf(*rule.body, /*isHugged=*/false)});
          }};
}

/// The offset of the ')' that closes the parameters of a function.
static uint32_t findEndOfParams(StringRef source, uint32_t offset) {
  StringRef rest = source.drop_front(offset).ltrim();
  while (rest.starts_with("//"))
    rest = rest.drop_front(std::min(rest.find_first_of("\r\n"), rest.size()))
               .ltrim();
  return source.size() - rest.size();
}

/// A comment keeps its place among the parameters, one line for each then.
Doc Formatter::layoutParams(const FnDecl &fn) {
  std::vector<Doc> plain;
  std::vector<Doc> lines;
  bool hasComments = false;
  uint32_t last = fn.name.range.end;
  auto addComments = [&](uint32_t end) {
    for (SourceRange range : takeComments(last, end)) {
      hasComments = true;
      lines.push_back(hardLine());
      lines.push_back(comment(textOf(range)));
    }
  };
  for (const Param &param : fn.params) {
    addComments(param.name.range.begin);
    std::string written = param.name.name + ": " + formatType(param.type);
    plain.push_back(text(written));
    lines.push_back(hardLine());
    bool isLast = &param == &fn.params.back();
    lines.push_back(text(written + (isLast ? "" : ",")));
    last = param.type.range.end;
    if (auto trailing = takeTrailingComment(last, " \t\f\v,")) {
      hasComments = true;
      lines.push_back(comment("  " + textOf(*trailing)));
      last = trailing->end;
    }
  }
  if (!fn.params.empty())
    addComments(findEndOfParams(sources.getText(file.file), last));
  if (!hasComments)
    return layoutList("(", std::move(plain), ")");
  return concat(
      {text("("), nest(concat(std::move(lines))), hardLine(), text(")")});
}

Doc Formatter::layoutFn(const FnDecl &fn) {
  std::vector<Doc> docs = {
      text((fn.entry ? "entry fn " : "fn ") + fn.name.name), layoutParams(fn)};
  if (fn.hasResultType) {
    docs.push_back(text(" -> "));
    std::vector<Doc> results;
    bool hasName = false;
    for (const ResultSpec &result : fn.results) {
      hasName |= result.name.has_value();
      std::string name = result.name ? result.name->name + ": " : "";
      results.push_back(text(name + formatType(result.type)));
    }
    if (fn.resultIsTuple || hasName)
      docs.push_back(
          layoutList("(", std::move(results), ")", /*isKeptWhole=*/true));
    else
      docs.push_back(results.front());
  }
  if (!fn.body.braced) {
    docs.push_back(text(" ="));
    docs.push_back(layoutValueOf(*fn.body.result, /*isHugged=*/false));
    return concat(std::move(docs));
  }
  docs.push_back(text(" {"));
  docs.push_back(nest(layoutBlock(fn.body)));
  docs.push_back(hardLine());
  docs.push_back(text("}"));
  return concat(std::move(docs));
}

Item Formatter::makeItem(const FnDecl &fn) {
  return {fn.body.braced ? Item::Kind::BracedFn : Item::Kind::Fn, fn.range, "",
          "", [&] { return layoutFn(fn); }};
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
  llvm::sort(items, [](const Item &a, const Item &b) {
    return a.range.begin < b.range.begin;
  });
  uint32_t end = sources.getText(file.file).size();
  std::vector<Entry> entries = layoutItems(std::move(items), 0, end);
  if (entries.empty())
    return "";
  separateFns(entries);
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

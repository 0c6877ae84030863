//===- FormatDecl.cpp - Layout of declarations and statements -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Formatter.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using namespace attn::frontend::layout;
using llvm::StringRef;

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

/// What stands between braces, the comment after '{' included.
Doc Formatter::layoutBody(std::vector<Item> items, SourceRange braces) {
  uint32_t begin = braces.begin + 1, end = braces.end - 1;
  std::vector<Doc> docs;
  if (auto trailing = takeTrailingComment(begin, " \t\f\v;")) {
    docs.push_back(comment("  " + textOf(*trailing)));
    begin = trailing->end;
  }
  ++depth;
  std::vector<Entry> entries = layoutItems(std::move(items), begin, end);
  --depth;
  if (!entries.empty()) {
    docs.push_back(line());
    docs.push_back(join(std::move(entries)));
  }
  return concat(std::move(docs));
}

Doc Formatter::layoutBlock(const Block &block) {
  std::vector<Item> items;
  for (const LetStmt &let : block.lets)
    items.push_back(makeItem(let));
  items.push_back({Item::Kind::Result, block.result->range, "", "",
                   [&] { return layoutExprOf(*block.result); }});
  return layoutBody(std::move(items), block.range);
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

Doc Formatter::layoutParam(const Param &param) {
  std::vector<Doc> docs = {text(param.name.name)};
  if (param.kind == Param::Kind::Value)
    docs.push_back(text(": " + formatType(param.type)));
  else if (param.isRule())
    docs.push_back(
        text(param.kind == Param::Kind::Mask ? ": mask" : ": score"));
  if (param.defaultValue) {
    docs.push_back(text(" = "));
    docs.push_back(layoutExprOf(*param.defaultValue));
  }
  return concat(std::move(docs));
}

/// A comment keeps its place among the parameters, one line for each then.
Doc Formatter::layoutParams(const Identifier &name,
                            llvm::ArrayRef<Param> params) {
  std::vector<Doc> plain;
  std::vector<Doc> lines;
  bool hasComments = false;
  uint32_t last = name.range.end;
  auto addComments = [&](uint32_t end) {
    for (SourceRange range : takeComments(last, end)) {
      hasComments = true;
      lines.push_back(hardLine());
      lines.push_back(comment(textOf(range)));
    }
  };
  for (const Param &param : params) {
    addComments(param.range.begin);
    Doc written = layoutParam(param);
    plain.push_back(written);
    lines.push_back(hardLine());
    lines.push_back(written);
    if (&param != &params.back())
      lines.push_back(text(","));
    last = param.range.end;
    if (auto trailing = takeTrailingComment(last, " \t\f\v,")) {
      hasComments = true;
      lines.push_back(comment("  " + textOf(*trailing)));
      last = trailing->end;
    }
  }
  if (!params.empty())
    addComments(findEndOfParams(sources.getText(file.file), last));
  if (!hasComments)
    return layoutList("(", std::move(plain), ")");
  return concat(
      {text("("), nest(concat(std::move(lines))), hardLine(), text(")")});
}

Doc Formatter::layoutFn(const FnDecl &fn) {
  std::vector<Doc> docs = {
      text((fn.entry ? "entry fn " : "fn ") + fn.name.name),
      layoutParams(fn.name, fn.params)};
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
  return {fn.body.braced ? Item::Kind::Group : Item::Kind::Fn, fn.range, "", "",
          [&] { return layoutFn(fn); }};
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

Doc Formatter::layoutField(const FieldDecl &field) {
  std::string head = field.name.name + ": ";
  if (field.type)
    return text(head + formatType(*field.type));
  if (field.count) {
    std::string count = renderFlat(layoutExprOf(*field.count));
    bool isPlain = llvm::isa<NameExpr, IntLiteral>(*field.count);
    head += "repeat " + (isPlain ? count : "(" + count + ")") + " ";
  }
  return concat({text(head + field.layer.name),
                 layoutArguments(field.args, [&](const Block &block) {
                   return layoutBlock(block);
                 })});
}

Item Formatter::makeItem(const FieldDecl &field) {
  return {Item::Kind::Field, field.range, "", "",
          [&] { return layoutField(field); }};
}

Doc Formatter::layoutLayer(const LayerDecl &layer) {
  std::vector<Doc> docs = {
      text((layer.isModel ? "model " : "layer ") + layer.name.name)};
  if (layer.hasParams)
    docs.push_back(layoutParams(layer.name, layer.params));
  std::vector<Item> items;
  for (const FieldDecl &field : layer.fields)
    items.push_back(makeItem(field));
  for (const FnDecl &fn : layer.fns)
    items.push_back(makeItem(fn));
  llvm::sort(items, [](const Item &a, const Item &b) {
    return a.range.begin < b.range.begin;
  });
  docs.push_back(text(" {"));
  Doc body = layoutBody(std::move(items), layer.bodyRange);
  if (!body->children.empty()) {
    docs.push_back(nest(body));
    docs.push_back(hardLine());
  }
  docs.push_back(text("}"));
  return concat(std::move(docs));
}

Item Formatter::makeItem(const LayerDecl &layer) {
  return {Item::Kind::Group, layer.range, "", "",
          [&] { return layoutLayer(layer); }};
}

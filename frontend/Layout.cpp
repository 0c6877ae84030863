//===- Layout.cpp - Documents that are broken into lines ------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Layout.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend::layout;

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

static Doc makeLeaf(Node::Kind kind, std::string text, size_t width,
                    bool isHard) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->text = std::move(text);
  node->flatWidth = width;
  node->isHard = node->hasHardLine = isHard;
  return node;
}

static std::shared_ptr<Node> makeInner(Node::Kind kind,
                                       std::vector<Doc> children) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  for (const Doc &child : children) {
    node->flatWidth += child->flatWidth;
    node->hasHardLine |= child->hasHardLine;
  }
  node->children = std::move(children);
  return node;
}

Doc attn::frontend::layout::text(std::string text) {
  size_t width = text.size();
  return makeLeaf(Node::Kind::Text, std::move(text), width, false);
}

Doc attn::frontend::layout::comment(std::string text) {
  return makeLeaf(Node::Kind::Comment, std::move(text), 0, true);
}

Doc attn::frontend::layout::line() {
  return makeLeaf(Node::Kind::Line, " ", 1, false);
}

Doc attn::frontend::layout::softLine() {
  return makeLeaf(Node::Kind::Line, "", 0, false);
}

Doc attn::frontend::layout::hardLine() {
  return makeLeaf(Node::Kind::Line, "", 0, true);
}

Doc attn::frontend::layout::concat(std::vector<Doc> docs) {
  return makeInner(Node::Kind::Concat, std::move(docs));
}

Doc attn::frontend::layout::nest(Doc doc) {
  return makeInner(Node::Kind::Nest, {std::move(doc)});
}

Doc attn::frontend::layout::group(Doc doc, bool isKeptWhole) {
  std::shared_ptr<Node> node = makeInner(Node::Kind::Group, {std::move(doc)});
  node->isKeptWhole = isKeptWhole;
  return node;
}

//===----------------------------------------------------------------------===//
// Rendering
//===----------------------------------------------------------------------===//

namespace {
/// What is still to be laid out.
struct Pending {
  const Node *node;
  unsigned indent;
  bool isFlat;
};
} // namespace

/// Whether `next`, and what follows it up to the next line end, fits.
static bool fits(Pending next, llvm::ArrayRef<Pending> rest, size_t room) {
  std::vector<Pending> stack = {next};
  while (true) {
    bool inRest = stack.empty();
    if (inRest) {
      if (rest.empty())
        return true;
      stack.push_back(rest.back());
      rest = rest.drop_back();
    }
    Pending item = stack.back();
    stack.pop_back();
    const Node &node = *item.node;
    switch (node.kind) {
    case Node::Kind::Text:
      if (node.text.size() > room)
        return false;
      room -= node.text.size();
      break;
    case Node::Kind::Comment:
      return true;
    case Node::Kind::Line:
      if (!item.isFlat || node.isHard)
        return true;
      if (node.text.size() > room)
        return false;
      room -= node.text.size();
      break;
    case Node::Kind::Group:
      if (!item.isFlat && node.isKeptWhole)
        item.isFlat = !node.hasHardLine;
      [[fallthrough]];
    case Node::Kind::Concat:
    case Node::Kind::Nest:
      for (const Doc &child : llvm::reverse(node.children))
        stack.push_back({child.get(), item.indent, item.isFlat});
      break;
    }
  }
}

std::string attn::frontend::layout::render(const Doc &doc, size_t width) {
  std::string result;
  size_t column = 0;
  unsigned pendingIndent = 0;
  auto append = [&](const std::string &text) {
    // Indentation waits for text, so that blank lines stay empty.
    if (!text.empty() && pendingIndent) {
      result.append(pendingIndent, ' ');
      column = pendingIndent;
      pendingIndent = 0;
    }
    result += text;
    column += text.size();
  };

  std::vector<Pending> stack = {{doc.get(), 0, false}};
  while (!stack.empty()) {
    Pending item = stack.back();
    stack.pop_back();
    const Node &node = *item.node;
    switch (node.kind) {
    case Node::Kind::Text:
    case Node::Kind::Comment:
      append(node.text);
      break;
    case Node::Kind::Line:
      if (item.isFlat && !node.isHard) {
        append(node.text);
        break;
      }
      result.erase(result.find_last_not_of(' ') + 1);
      result += '\n';
      column = 0;
      pendingIndent = item.indent;
      break;
    case Node::Kind::Group: {
      size_t start = pendingIndent ? pendingIndent : column;
      size_t room = start < width ? width - start : 0;
      Pending flat = {node.children[0].get(), item.indent, true};
      bool isFlat =
          item.isFlat || (!node.hasHardLine && fits(flat, stack, room));
      stack.push_back({node.children[0].get(), item.indent, isFlat});
      break;
    }
    case Node::Kind::Nest:
      stack.push_back({node.children[0].get(), item.indent + 2, item.isFlat});
      break;
    case Node::Kind::Concat:
      for (const Doc &child : llvm::reverse(node.children))
        stack.push_back({child.get(), item.indent, item.isFlat});
      break;
    }
  }
  return result;
}

std::string attn::frontend::layout::renderFlat(const Doc &doc) {
  return render(group(doc), std::string::npos);
}

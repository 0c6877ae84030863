//===- SemaOrder.cpp - Who uses whom ----------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// Every name that a declaration mentions or calls, with its place. A name that
/// is bound inside is no declaration's: names are never rebound.
class Mentions {
public:
  using Places = std::vector<std::pair<StringRef, SourceRange>>;
  Places names;
  Places calls;

  void visit(const Block &block) {
    for (const LetStmt &let : block.lets)
      visit(*let.value);
    if (block.result)
      visit(*block.result);
  }

  void visit(const Expr &expr) {
    switch (expr.getKind()) {
    case Expr::Kind::Name: {
      const auto &name = llvm::cast<NameExpr>(expr);
      names.emplace_back(name.name, name.range);
      return;
    }
    case Expr::Kind::Unary:
      return visit(*llvm::cast<UnaryExpr>(expr).operand);
    case Expr::Kind::Binary: {
      const auto &binary = llvm::cast<BinaryExpr>(expr);
      if (binary.chainedTo)
        visit(*binary.chainedTo);
      if (binary.lhs)
        visit(*binary.lhs);
      return visit(*binary.rhs);
    }
    case Expr::Kind::Call: {
      const auto &call = llvm::cast<CallExpr>(expr);
      if (const auto *name = llvm::dyn_cast<NameExpr>(call.callee.get()))
        calls.emplace_back(name->name, name->range);
      visit(*call.callee);
      for (const Argument &argument : call.args)
        visit(*argument.value);
      return;
    }
    case Expr::Kind::Reduce: {
      const auto &reduce = llvm::cast<ReduceExpr>(expr);
      visit(*reduce.body);
      return visit(*reduce.bound);
    }
    case Expr::Kind::Index: {
      const auto &index = llvm::cast<IndexExpr>(expr);
      visit(*index.base);
      for (const ExprPtr &value : index.indices)
        visit(*value);
      return;
    }
    case Expr::Kind::Member:
      return visit(*llvm::cast<MemberExpr>(expr).base);
    case Expr::Kind::Tuple:
      for (const ExprPtr &element : llvm::cast<TupleExpr>(expr).elements)
        visit(*element);
      return;
    case Expr::Kind::If: {
      const auto &conditional = llvm::cast<IfExpr>(expr);
      visit(*conditional.condition);
      visit(conditional.thenBlock);
      return visit(conditional.elseBlock);
    }
    case Expr::Kind::Cast:
      return visit(*llvm::cast<CastExpr>(expr).operand);
    default:
      return;
    }
  }
};

/// A declaration in the graph of uses.
template <typename Decl> struct Vertex {
  const Decl *decl;
  std::vector<std::pair<const Decl *, SourceRange>> uses;
};

/// Orders declarations so that each comes after what it uses, and hands each
/// cycle to `report` once as the uses that close it. Keeps its own stack:
/// chains of declarations may be long.
template <typename Decl>
std::vector<const Decl *> orderByUse(
    const std::vector<Vertex<Decl>> &vertices,
    llvm::function_ref<void(ArrayRef<std::pair<const Decl *, SourceRange>>)>
        report) {
  enum class State { New, Open, Done };
  std::map<const Decl *, size_t> positions;
  for (auto [i, vertex] : llvm::enumerate(vertices))
    positions[vertex.decl] = i;
  std::vector<State> states(vertices.size(), State::New);
  std::vector<const Decl *> order;
  struct Step {
    size_t vertex;
    size_t next;
  };
  for (size_t root = 0; root < vertices.size(); ++root) {
    if (states[root] != State::New)
      continue;
    std::vector<Step> stack = {{root, 0}};
    states[root] = State::Open;
    while (!stack.empty()) {
      Step &step = stack.back();
      const Vertex<Decl> &vertex = vertices[step.vertex];
      if (step.next == vertex.uses.size()) {
        states[step.vertex] = State::Done;
        order.push_back(vertex.decl);
        stack.pop_back();
        continue;
      }
      size_t target = positions[vertex.uses[step.next++].first];
      if (states[target] == State::New) {
        states[target] = State::Open;
        stack.push_back({target, 0});
      } else if (states[target] == State::Open) {
        auto start = llvm::find_if(
            stack, [&](const Step &open) { return open.vertex == target; });
        std::vector<std::pair<const Decl *, SourceRange>> cycle;
        for (auto it = start; it != stack.end(); ++it)
          cycle.emplace_back(vertices[it->vertex].decl,
                             vertices[it->vertex].uses[it->next - 1].second);
        report(cycle);
      }
    }
  }
  return order;
}

} // namespace

/// Reports a cycle at its first use, and the others as notes.
template <typename Decl>
static void reportCycle(ArrayRef<std::pair<const Decl *, SourceRange>> cycle,
                        StringRef what, DiagnosticEngine &diags) {
  StringRef first = cycle.front().first->name.name;
  if (cycle.size() == 1) {
    diags
        .error(cycle.front().second,
               what + Twine(" '") + first + "' uses itself")
        .note(cycle.front().first->name.range,
              "'" + Twine(first) + "' is declared here");
    return;
  }
  std::string path = "'" + first.str() + "'";
  for (const auto &use : llvm::drop_begin(cycle))
    path += " -> '" + use.first->name.name + "'";
  path += " -> '" + first.str() + "'";
  DiagnosticBuilder builder =
      diags.error(cycle.front().second,
                  what + Twine(" '") + first + "' uses itself: " + path);
  for (size_t i = 1; i < cycle.size(); ++i)
    builder.note(cycle[i].second,
                 "'" + Twine(cycle[i].first->name.name) + "' uses '" +
                     cycle[(i + 1) % cycle.size()].first->name.name + "' here");
}

/// Functions of a layer may use any function of the layers in it: those do not
/// use the layer itself.
std::vector<const FnDecl *> Sema::orderFunctions() {
  std::vector<Vertex<FnDecl>> vertices;
  auto add = [&](const FnDecl &fn, const LayerDecl *layer) {
    Vertex<FnDecl> &vertex = vertices.emplace_back();
    vertex.decl = &fn;
    Mentions mentions;
    mentions.visit(fn.body);
    for (const Param &param : fn.params)
      if (param.defaultValue)
        mentions.visit(*param.defaultValue);
    for (const auto &[name, range] : mentions.calls) {
      if (layer)
        for (const FnDecl &own : layer->fns)
          if (own.name.name == name)
            vertex.uses.emplace_back(&own, range);
      const Declaration *used = findDeclaration(name, range);
      if (used && used->fn)
        vertex.uses.emplace_back(used->fn, range);
    }
    if (layer)
      for (const FieldDecl &field : layer->fields)
        if (const Declaration *part =
                findDeclaration(field.layer.name, field.layer.range);
            part && part->layer && !layers[part->layer].failed)
          for (const FnDecl &other : part->layer->fns)
            vertex.uses.emplace_back(&other, field.range);
  };
  for (const SourceFile &file : program.files) {
    for (const FnDecl &fn : file.fns)
      add(fn, nullptr);
    for (const LayerDecl &layer : file.layers)
      if (!layers[&layer].failed)
        for (const FnDecl &fn : layer.fns)
          add(fn, &layer);
  }
  return orderByUse<FnDecl>(vertices, [&](auto cycle) {
    reportCycle<FnDecl>(cycle, "function", diags);
    for (const auto &use : cycle)
      functions[use.first].inCycle = true;
  });
}

std::vector<const LayerDecl *> Sema::orderLayers() {
  std::vector<Vertex<LayerDecl>> vertices;
  for (const SourceFile &file : program.files)
    for (const LayerDecl &layer : file.layers) {
      Vertex<LayerDecl> &vertex = vertices.emplace_back();
      vertex.decl = &layer;
      for (const FieldDecl &field : layer.fields)
        if (const Declaration *part =
                findDeclaration(field.layer.name, field.layer.range);
            !field.type && part && part->layer)
          vertex.uses.emplace_back(part->layer, field.layer.range);
    }
  return orderByUse<LayerDecl>(vertices, [&](auto cycle) {
    reportCycle<LayerDecl>(
        cycle, cycle.front().first->isModel ? "model" : "layer", diags);
    for (const auto &use : cycle)
      layers[use.first].failed = true;
  });
}

std::vector<const RuleDecl *> Sema::orderRules() {
  std::vector<Vertex<RuleDecl>> vertices;
  for (const SourceFile &file : program.files)
    for (const RuleDecl &rule : file.rules) {
      Vertex<RuleDecl> &vertex = vertices.emplace_back();
      vertex.decl = &rule;
      Mentions mentions;
      mentions.visit(*rule.body);
      auto isIndex = [&](StringRef name) {
        return llvm::any_of(rule.indices, [&](const Identifier &index) {
          return index.name == name;
        });
      };
      for (const auto &[name, range] : mentions.names)
        if (const Declaration *used = findDeclaration(name, range);
            used && used->rule && !isIndex(name))
          vertex.uses.emplace_back(used->rule, range);
    }
  return orderByUse<RuleDecl>(vertices, [&](auto cycle) {
    reportCycle<RuleDecl>(
        cycle,
        cycle.front().first->kind == RuleDecl::Kind::Mask ? "mask" : "score",
        diags);
    for (const auto &use : cycle)
      rules[use.first].state = RuleInfo::State::Failed;
  });
}

//===- Sema.cpp - Name, shape and type checking -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Sema.h"
#include "frontend/Entry.h"
#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

/// Of rules within rules, an error names this many, the nearest first.
static constexpr size_t maxUseNotes = 4;

DiagnosticBuilder Sema::error(SourceRange range, const Twine &message) {
  DiagnosticBuilder builder = diags.error(range, message);
  size_t count = std::min(uses.size(), maxUseNotes);
  for (const Use &use : llvm::reverse(ArrayRef<Use>(uses).take_back(count)))
    builder.note(use.range, "in the use of " + use.what + " here");
  return builder;
}

Node *Sema::make(Node::Kind kind, Type type, SourceRange range,
                 std::vector<Node *> operands) {
  Node &node = result.nodes.emplace_back();
  node.kind = kind;
  node.type = std::move(type);
  node.range = range;
  node.operands = std::move(operands);
  for (const Node *operand : node.operands)
    node.depth = std::max(node.depth, operand->depth + 1);
  return &node;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

void Sema::addFunction(const FnDecl &fn, const LayerDecl *layer, bool isMain) {
  CheckedFunction &checked = result.functions.emplace_back();
  checked.decl = &fn;
  checked.name = (layer ? layer->name.name + "." : "") + fn.name.name;
  checked.layer = layer ? layers[layer].checked : nullptr;
  checked.isMain = isMain;
  functions[&fn].checked = &checked;
  functions[&fn].layer = layer;
}

const Sema::Declaration *Sema::findDeclaration(StringRef name,
                                               SourceRange place) const {
  auto it = declarations.find(name.str());
  if (it == declarations.end() || (libraryFiles.count(place.file) &&
                                   !libraryFiles.count(it->second.range.file)))
    return nullptr;
  return &it->second;
}

void Sema::collectDeclarations() {
  for (const SourceFile &file : program.files)
    if (file.isLibrary)
      libraryFiles.insert(file.file);
  auto declare = [&](const Identifier &name, Declaration declaration) {
    if (getBuiltins().count(name.name)) {
      error(name.range, declaration.what + Twine(" '") + name.name +
                            "' has the name of a built-in function");
      return;
    }
    declaration.range = name.range;
    auto [it, isNew] = declarations.emplace(name.name, declaration);
    if (isNew)
      return;
    SourceRange first = it->second.range, second = name.range;
    bool isLibrary = libraryFiles.count(second.file);
    if (isLibrary && !libraryFiles.count(first.file)) {
      error(first, it->second.what + Twine(" '") + name.name +
                       "' has the name of a " + declaration.what +
                       " of the library")
          .note(second, "'" + Twine(name.name) + "' is declared here");
      hidesLibrary = true;
      return;
    }
    if (first.file == second.file && second.begin < first.begin)
      std::swap(first, second);
    error(second, "'" + Twine(name.name) + "' is declared twice")
        .note(first, "first declared here");
  };
  const FnDecl *entry = nullptr;
  bool isMain = true;
  auto noteEntry = [&](const FnDecl &fn) {
    if (!fn.entry || !isMain)
      return;
    if (entry)
      error(fn.name.range, "'" + Twine(fn.name.name) +
                               "' is a second entry; a program has one")
          .note(entry->name.range, "the first one is here");
    else
      entry = &fn;
  };
  for (const SourceFile &file : program.files) {
    isMain = &file == &program.files.front();
    for (const RuleDecl &rule : file.rules) {
      Declaration declaration;
      declaration.what = rule.kind == RuleDecl::Kind::Mask ? "mask" : "score";
      declaration.rule = &rule;
      declare(rule.name, declaration);
    }
    for (const FnDecl &fn : file.fns) {
      Declaration declaration;
      declaration.what = "function";
      declaration.fn = &fn;
      declare(fn.name, declaration);
      addFunction(fn, nullptr, isMain);
      noteEntry(fn);
    }
    for (const LayerDecl &layer : file.layers) {
      Declaration declaration;
      declaration.what = layer.isModel ? "model" : "layer";
      declaration.layer = &layer;
      declare(layer.name, declaration);
      CheckedLayer &checked = result.layers.emplace_back();
      checked.decl = &layer;
      checked.isMain = isMain;
      layers[&layer].checked = &checked;
      for (const FnDecl &fn : layer.fns) {
        addFunction(fn, &layer, isMain);
        checked.functions.push_back(functions[&fn].checked);
        if (layer.isModel)
          noteEntry(fn);
      }
    }
  }
}

std::optional<CheckedProgram> Sema::run() {
  unsigned before = diags.getNumErrors();
  collectDeclarations();
  // The library would not find its own.
  if (hidesLibrary)
    return std::nullopt;
  for (const SourceFile &file : program.files) {
    for (const RuleDecl &rule : file.rules)
      declareRule(rule);
    for (const FnDecl &fn : file.fns)
      declareFunction(fn);
  }
  for (const RuleDecl *rule : orderRules())
    checkRule(*rule);
  for (const LayerDecl *layer : orderLayers())
    declareLayer(*layer);
  for (const FnDecl *fn : orderFunctions())
    checkFunction(*fn);
  if (diags.getNumErrors() == before)
    checkModels(result, diags);
  if (diags.getNumErrors() != before)
    return std::nullopt;
  return std::move(result);
}

std::optional<CheckedProgram> attn::frontend::check(const Program &program,
                                                    DiagnosticEngine &diags) {
  return Sema(program, diags).run();
}

//===- Parser.cpp - From text to syntax tree ------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Parser.h"

#include "frontend/ASTBuilder.h"
#include "frontend/AttnLexer.h"
#include "frontend/AttnParser.h"
#include "frontend/Diagnostics.h"
#include "frontend/Library.h"
#include "frontend/SourceManager.h"
#include "frontend/SyntaxErrors.h"
#include "frontend/TokenFilter.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <map>

using namespace attn::frontend;
using attn::frontend::grammar::AttnLexer;
using attn::frontend::grammar::AttnParser;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// One file
//===----------------------------------------------------------------------===//

namespace {
/// Ends the parse where an expression is deeper than `maxExpressionDepth`. The
/// recursion of the parser is counted on the way in; a chain of operators is
/// deep without recursion, so depth is also counted on the way out.
class DepthLimit : public antlr4::tree::ParseTreeListener {
public:
  struct Exceeded : std::exception {};

  void enterEveryRule(antlr4::ParserRuleContext *context) override {
    if (!deepest && isLevel(context) && ++level > maxExpressionDepth)
      deepest = context->getStart();
    if (deepest)
      throw Exceeded();
  }

  /// Must not throw: ANTLR calls this while it unwinds.
  void exitEveryRule(antlr4::ParserRuleContext *context) override {
    unsigned depth = 0;
    for (antlr4::tree::ParseTree *child : context->children)
      depth = std::max(depth, depthOf.lookup(child));
    if (isLevel(context)) {
      --level;
      if (++depth > maxExpressionDepth && !deepest)
        deepest = context->getStart();
    }
    depthOf[context] = depth;
  }

  void visitTerminal(antlr4::tree::TerminalNode *) override {}
  void visitErrorNode(antlr4::tree::ErrorNode *) override {}

  /// Where the expression that is too deep begins; null if there is none.
  antlr4::Token *deepest = nullptr;

private:
  static bool isLevel(antlr4::ParserRuleContext *context) {
    switch (context->getRuleIndex()) {
    case AttnParser::RuleOperation:
    case AttnParser::RuleConditional:
    case AttnParser::RuleDim:
      return true;
    default:
      return false;
    }
  }

  unsigned level = 0;
  llvm::DenseMap<antlr4::tree::ParseTree *, unsigned> depthOf;
};
} // namespace

static void reportInvalidUTF8(const SourceManager &sources, SourceRange byte,
                              DiagnosticEngine &diagnostics) {
  auto value = static_cast<unsigned char>(sources.getText(byte).front());
  diagnostics.error(byte, "the file is not UTF-8 text: byte 0x" +
                              llvm::utohexstr(value, /*LowerCase=*/true,
                                              /*Width=*/2));
}

/// `T // 2` has lost its divisor without any other sign of it.
static void warnOfDivision(const SourceManager &sources, SourceRange comment,
                           DiagnosticEngine &diagnostics) {
  StringRef text = sources.getText(comment).drop_front(2).trim(" \t)],;");
  if (text.empty() || !llvm::all_of(text, llvm::isDigit))
    return;
  StringRef before = sources.getText(comment.file).take_front(comment.begin);
  before = before.rtrim(" \t");
  bool followsOperand =
      !before.empty() && (llvm::isAlnum(before.back()) ||
                          StringRef("_)]'").contains(before.back()));
  if (followsOperand)
    diagnostics.warning(comment,
                        "'//' starts a comment; integer division is 'div'");
}

/// Parses and builds; may throw what ANTLR throws.
static SourceFile parseTokens(const SourceManager &sources, uint32_t file,
                              FilteredTokens &filtered,
                              const TokenRanges &ranges,
                              DiagnosticEngine &diagnostics) {
  SourceFile result;
  result.file = file;

  antlr4::ListTokenSource source(std::move(filtered.tokens));
  antlr4::CommonTokenStream stream(&source);
  stream.fill();
  AttnParser parser(&stream);
  parser.removeErrorListeners();
  auto errors = std::make_shared<SyntaxErrorStrategy>(sources, file, filtered,
                                                      ranges, diagnostics);
  parser.setErrorHandler(errors);
  DepthLimit depth;
  parser.addParseListener(&depth);

  AttnParser::FileContext *tree = nullptr;
  try {
    tree = parser.file();
  } catch (const DepthLimit::Exceeded &) {
  }
  if (depth.deepest) {
    diagnostics
        .error(ranges.get(depth.deepest),
               "this expression is nested more than " +
                   llvm::Twine(maxExpressionDepth) + " levels deep")
        .hint("name its parts with 'let'");
    return result;
  }
  for (AttnParser::DeclarationContext *declaration : tree->declaration())
    if (!errors->isBroken(declaration))
      buildDeclaration(declaration, sources, ranges, diagnostics, result);
  return result;
}

std::optional<SourceFile>
attn::frontend::parseFile(const SourceManager &sources, uint32_t file,
                          DiagnosticEngine &diagnostics,
                          std::vector<SourceRange> *comments) {
  if (std::optional<uint32_t> offset = sources.findInvalidUTF8(file)) {
    reportInvalidUTF8(sources, {file, *offset, *offset + 1}, diagnostics);
    return std::nullopt;
  }

  unsigned errorsBefore = diagnostics.getNumErrors();
  SourceFile result;
  try {
    StringRef text = sources.getText(file);
    antlr4::ANTLRInputStream input(text.str());
    AttnLexer lexer(&input);
    lexer.removeErrorListeners();
    TokenRanges ranges(file, text);
    FilteredTokens filtered = filterTokens(lexer, ranges);
    for (SourceRange comment : filtered.comments)
      warnOfDivision(sources, comment, diagnostics);
    if (comments)
      *comments = filtered.comments;
    if (filtered.tooDeep)
      diagnostics.error(*filtered.tooDeep, "brackets are nested more than " +
                                               llvm::Twine(maxNesting) +
                                               " deep");
    else
      result = parseTokens(sources, file, filtered, ranges, diagnostics);
  } catch (const std::exception &exception) {
    diagnostics.fileError(sources.getPath(file),
                          StringRef("internal error in the parser: ") +
                              exception.what());
  }
  if (diagnostics.getNumErrors() != errorsBefore)
    return std::nullopt;
  return result;
}

//===----------------------------------------------------------------------===//
// A file and its imports
//===----------------------------------------------------------------------===//

namespace {
class ProgramLoader {
public:
  ProgramLoader(SourceManager &sources, DiagnosticEngine &diagnostics)
      : sources(sources), diagnostics(diagnostics) {}

  void load(uint32_t file, bool isLibrary = false);

  Program program;

private:
  void import(uint32_t importer, const ImportDecl &decl);
  /// The file of the library that a path in a program names.
  std::optional<uint32_t> findInLibrary(const ImportDecl &decl);
  void reportCycle(uint32_t file, const ImportDecl &decl);

  SourceManager &sources;
  DiagnosticEngine &diagnostics;
  llvm::DenseSet<uint32_t> loaded;
  /// The files of the library that were asked for, by path.
  std::map<StringRef, uint32_t> library;
  /// The files whose imports are being read, from the first to the innermost.
  std::vector<uint32_t> open;
};
} // namespace

/// An import is relative to the file it stands in.
static std::string resolveImport(StringRef importer, StringRef path) {
  if (llvm::sys::path::is_absolute(path))
    return path.str();
  llvm::SmallString<128> resolved = llvm::sys::path::parent_path(importer);
  llvm::sys::path::append(resolved, path);
  llvm::sys::path::remove_dots(resolved, /*remove_dot_dot=*/false);
  return std::string(resolved);
}

void ProgramLoader::reportCycle(uint32_t file, const ImportDecl &decl) {
  std::string cycle;
  for (auto it = llvm::find(open, file); it != open.end(); ++it)
    cycle += sources.getPath(*it).str() + " -> ";
  diagnostics.error(decl.pathRange,
                    "import cycle: " + cycle + sources.getPath(file));
}

std::optional<uint32_t> ProgramLoader::findInLibrary(const ImportDecl &decl) {
  StringRef asked = decl.path;
  asked.consume_back(".attn");
  std::vector<StringRef> names;
  std::string list;
  for (const LibraryFile &file : getLibrary()) {
    StringRef name = file.path.drop_back(StringRef(".attn").size());
    if (name == asked) {
      auto [it, isNew] = library.try_emplace(file.path, 0);
      if (isNew)
        it->second = sources.addBuffer(file.path, file.text.drop_front());
      return it->second;
    }
    names.push_back(name);
    list += (list.empty() ? "" : ", ") + name.str();
  }
  diagnostics
      .error(decl.pathRange,
             "the library has no file '" + asked + "', expected one of " + list)
      .didYouMean(suggest(asked, names));
  return std::nullopt;
}

void ProgramLoader::import(uint32_t importer, const ImportDecl &decl) {
  std::optional<uint32_t> file;
  bool isLibrary = StringRef(decl.path).starts_with("std/");
  if (isLibrary) {
    file = findInLibrary(decl);
    if (!file)
      return;
  } else {
    std::string path = resolveImport(sources.getPath(importer), decl.path);
    llvm::Expected<uint32_t> found = sources.load(path);
    if (!found) {
      diagnostics.error(decl.pathRange, "cannot import '" + path + "': " +
                                            llvm::toString(found.takeError()));
      return;
    }
    file = *found;
  }
  if (llvm::is_contained(open, *file))
    return reportCycle(*file, decl);
  if (loaded.contains(*file))
    return;
  if (open.size() >= maxNesting) {
    diagnostics.error(decl.pathRange, "imports are nested more than " +
                                          llvm::Twine(maxNesting) + " deep");
    return;
  }
  load(*file, isLibrary);
}

void ProgramLoader::load(uint32_t file, bool isLibrary) {
  loaded.insert(file);
  std::optional<SourceFile> parsed = parseFile(sources, file, diagnostics);
  if (!parsed)
    return;
  size_t index = program.files.size();
  parsed->isLibrary = isLibrary;
  program.files.push_back(std::move(*parsed));
  open.push_back(file);
  // The vector of files grows meanwhile.
  std::vector<ImportDecl> imports = program.files[index].imports;
  for (const ImportDecl &decl : imports)
    import(file, decl);
  open.pop_back();
}

std::optional<Program>
attn::frontend::parseProgram(SourceManager &sources, StringRef path,
                             DiagnosticEngine &diagnostics) {
  unsigned errorsBefore = diagnostics.getNumErrors();
  llvm::Expected<uint32_t> file = sources.load(path);
  if (!file) {
    diagnostics.fileError(path, llvm::toString(file.takeError()));
    return std::nullopt;
  }
  ProgramLoader loader(sources, diagnostics);
  loader.load(*file);
  if (diagnostics.getNumErrors() != errorsBefore)
    return std::nullopt;
  return std::move(loader.program);
}

//===- ParserTest.cpp -----------------------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Parser.h"

#include "frontend/Diagnostics.h"
#include "frontend/PrintAST.h"
#include "frontend/SourceManager.h"

#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace attn::frontend;
using llvm::cast;
using llvm::StringRef;

namespace {

std::string print(const DiagnosticEngine &diagnostics) {
  std::string text;
  llvm::raw_string_ostream os(text);
  diagnostics.print(os);
  return text;
}

std::string dump(const SourceManager &sources, const SourceFile &file) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printAST(sources, file, os, {/*positions=*/false});
  return text;
}

/// The diagnostics of a program in `a.attn`.
std::string errorsOf(StringRef text) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  auto file =
      parseFile(sources, sources.addBuffer("a.attn", text), diagnostics);
  EXPECT_EQ(file.has_value(), !diagnostics.hasErrors());
  return print(diagnostics);
}

/// The tree of a program without errors.
std::string treeOf(StringRef text) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  auto file =
      parseFile(sources, sources.addBuffer("a.attn", text), diagnostics);
  EXPECT_EQ(print(diagnostics), "");
  return file ? dump(sources, *file) : "";
}

/// Both are read as the same tree.
void expectSame(StringRef a, StringRef b) { EXPECT_EQ(treeOf(a), treeOf(b)); }

std::string fn(StringRef expression) {
  return ("fn f(x: f32) = " + expression + "\n").str();
}

void expectSameExpr(StringRef a, StringRef b) { expectSame(fn(a), fn(b)); }

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

TEST(ParserTest, Precedence) {
  expectSameExpr("a or b and not c == d + e * -f ^ g'",
                 "(a or (b and (not (c == (d + (e * (-(f ^ (g')))))))))");
  expectSameExpr("a - b - c", "(a - b) - c");
  expectSameExpr("a / b * c @ d div e % f", "((((a / b) * c) @ d) div e) % f");
  expectSameExpr("a ^ b ^ c", "a ^ (b ^ c)");
  expectSameExpr("-a ^ b", "-(a ^ b)");
  expectSameExpr("a ^ -b", "a ^ (-b)");
  expectSameExpr("-a'", "-(a')");
  expectSameExpr("-a * b", "(-a) * b");
  expectSameExpr("not a and b", "(not a) and b");
  expectSameExpr("not a == b", "not (a == b)");
  expectSameExpr("-f(x)[i]'", "-(((f(x))[i])')");
}

TEST(ParserTest, ComparisonChain) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  auto file = parseFile(sources, sources.addBuffer("a.attn", fn("a < b <= c")),
                        diagnostics);
  ASSERT_TRUE(file);
  const auto &last = cast<BinaryExpr>(*file->fns[0].body.result);
  EXPECT_EQ(last.op, BinaryOp::Le);
  EXPECT_EQ(last.lhs, nullptr);
  EXPECT_EQ(cast<NameExpr>(*last.rhs).name, "c");
  ASSERT_NE(last.chainedTo, nullptr);
  EXPECT_EQ(last.chainedTo->op, BinaryOp::Lt);
  EXPECT_EQ(cast<NameExpr>(*last.chainedTo->lhs).name, "a");
  EXPECT_EQ(cast<NameExpr>(*last.chainedTo->rhs).name, "b");
  EXPECT_EQ(last.chainedTo->chainedTo, nullptr);
  EXPECT_EQ(sources.getText(last.range), "a < b <= c");
  EXPECT_EQ(sources.getText(last.opRange), "<=");
  EXPECT_EQ(sources.getText(last.chainedTo->range), "a < b");
}

TEST(ParserTest, ComparisonInParenthesesIsNoChain) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  auto file = parseFile(
      sources, sources.addBuffer("a.attn", fn("(a < b) == c")), diagnostics);
  ASSERT_TRUE(file);
  const auto &equal = cast<BinaryExpr>(*file->fns[0].body.result);
  EXPECT_EQ(equal.chainedTo, nullptr);
  EXPECT_EQ(cast<BinaryExpr>(*equal.lhs).op, BinaryOp::Lt);
  EXPECT_EQ(sources.getText(equal.range), "(a < b) == c");
}

TEST(ParserTest, Literals) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  auto file = parseFile(
      sources,
      sources.addBuffer("a.attn", fn("(9223372036854775807, 1.5e-3, 2E4, inf, "
                                     "pi, true, false)")),
      diagnostics);
  ASSERT_TRUE(file);
  const auto &elements = cast<TupleExpr>(*file->fns[0].body.result).elements;
  ASSERT_EQ(elements.size(), 7u);
  EXPECT_EQ(cast<IntLiteral>(*elements[0]).value, INT64_MAX);
  EXPECT_EQ(cast<FloatLiteral>(*elements[1]).value, 1.5e-3);
  EXPECT_EQ(cast<FloatLiteral>(*elements[1]).spelling, "1.5e-3");
  EXPECT_EQ(cast<FloatLiteral>(*elements[2]).value, 2e4);
  EXPECT_GT(cast<FloatLiteral>(*elements[3]).value, 1e308);
  EXPECT_NEAR(cast<FloatLiteral>(*elements[4]).value, 3.14159265358979, 1e-14);
  EXPECT_TRUE(cast<BoolLiteral>(*elements[5]).value);
  EXPECT_FALSE(cast<BoolLiteral>(*elements[6]).value);
}

TEST(ParserTest, Declarations) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  auto file = parseFile(
      sources,
      sources.addBuffer("a.attn",
                        "mask m(q, k) = k <= q\n"
                        "score s2(c, t: f32[H])(s, h) = c * s\n"
                        "entry fn f(x: f32[B, 3 * C]) -> (a: f32, bool) = x\n"
                        "fn g() -> (a: f32) = 1\n"
                        "fn h() = 1\n"),
      diagnostics);
  ASSERT_TRUE(file);
  ASSERT_EQ(file->rules.size(), 2u);
  EXPECT_EQ(file->rules[0].kind, RuleDecl::Kind::Mask);
  EXPECT_FALSE(file->rules[0].hasParams);
  EXPECT_EQ(file->rules[0].indices.size(), 2u);
  EXPECT_EQ(file->rules[1].kind, RuleDecl::Kind::Score);
  EXPECT_TRUE(file->rules[1].hasParams);
  EXPECT_FALSE(file->rules[1].params[0].type);
  EXPECT_TRUE(file->rules[1].params[1].type);
  ASSERT_EQ(file->fns.size(), 3u);
  EXPECT_TRUE(file->fns[0].entry);
  EXPECT_TRUE(file->fns[0].resultIsTuple);
  EXPECT_EQ(file->fns[0].results[0].name->name, "a");
  EXPECT_FALSE(file->fns[0].results[1].name);
  EXPECT_EQ(file->fns[0].results[1].type.dtype, DType::Bool);
  EXPECT_FALSE(file->fns[0].body.braced);
  EXPECT_TRUE(file->fns[1].hasResultType);
  EXPECT_FALSE(file->fns[1].resultIsTuple);
  EXPECT_FALSE(file->fns[2].hasResultType);
  EXPECT_EQ(sources.getText(file->fns[1].range), "fn g() -> (a: f32) = 1");
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

TEST(ParserTest, LinesThatGoOn) {
  StringRef flat = "fn f(x: f32, y: f32) -> f32 { let a: f32 = x + y - 1; "
                   "if not a { g(a, x) } else { x[1] * 2 } }";
  expectSame(flat, "fn f(\n  x: f32,\n  y: f32\n)\n  -> f32\n{\n"
                   "  let a:\n    f32 =\n      x\n      + y -\n      1\n"
                   "  if not\n    a\n  {\n    g(\n      a\n      , x\n    )\n"
                   "  }\n\n  // still the same\n  else {\n    x[\n      1\n"
                   "    ]\n    * 2\n  }\n}\n");
}

TEST(ParserTest, LinesThatStartAnew) {
  expectSame("fn f(x: f32) {\n  let a = x\n  -a\n}",
             "fn f(x: f32) { let a = x; (-a) }");
  expectSame("fn f(x: f32) {\n  let a = x\n  (a, a)\n}",
             "fn f(x: f32) { let a = x; (a, a) }");
  // In parentheses nothing starts anew.
  expectSame("fn f(x: f32) = (x\n  - 1)", "fn f(x: f32) = x - 1");
  // In a block in parentheses it does again.
  expectSame("fn f(x: f32) = (if x {\n  let a = x\n  -a\n} else { 1 })",
             "fn f(x: f32) = if x { let a = x; -a } else { 1 }");
}

TEST(ParserTest, RulesAsArguments) {
  EXPECT_EQ(errorsOf("fn f(q: f32) = attention(q,\n  mask: m,\n  score: s)\n"),
            "");
}

TEST(ParserTest, AnyLineEnd) {
  StringRef unix =
      "// c\nmask m(q, k) = k <= q\n\nfn f() {\n  let a = 1\n  a\n}\n";
  std::string windows, old;
  for (char c : unix) {
    windows += c == '\n' ? "\r\n" : std::string(1, c);
    old += c == '\n' ? '\r' : c;
  }
  expectSame(unix, windows);
  expectSame(unix, old);
  expectSame(unix, unix.rtrim());
}

TEST(ParserTest, EmptyFiles) {
  EXPECT_EQ(treeOf(""), "File\n");
  EXPECT_EQ(treeOf("\n\n"), "File\n");
  EXPECT_EQ(treeOf("// only this"), "File\n");
  EXPECT_EQ(treeOf("\xef\xbb\xbf"), "File\n");
}

TEST(ParserTest, Comments) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  std::vector<SourceRange> comments;
  uint32_t file = sources.addBuffer(
      "a.attn", "// a \u00e9\nimport \"x//y\"  // b\r\nfn f() = 1 // c");
  ASSERT_TRUE(parseFile(sources, file, diagnostics, &comments));
  ASSERT_EQ(comments.size(), 3u);
  EXPECT_EQ(sources.getText(comments[0]), "// a \u00e9");
  EXPECT_EQ(sources.getText(comments[1]), "// b");
  EXPECT_EQ(sources.getText(comments[2]), "// c");
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(ParserTest, OneErrorForEachCause) {
  EXPECT_EQ(errorsOf("fn f(x: f32[T] -> f32[T] {\n"
                     "  let y = x +\n"
                     "}\n"
                     "fn g(x: f32) {\n"
                     "  let a = (x\n"
                     "  let b = * x\n"
                     "  a b\n"
                     "}\n"
                     "mask m(q, k) =\n"
                     "fn h() = 1\n"),
            "a.attn:1:16: error: expected ')' to close the parameter list of "
            "'f', got '->'\n"
            "fn f(x: f32[T] -> f32[T] {\n"
            "               ^~\n"
            "a.attn:5:13: error: expected ')' to close '(', got the end of the "
            "line\n"
            "  let a = (x\n"
            "            ^\n"
            "a.attn:6:11: error: expected an expression after '=', got '*'\n"
            "  let b = * x\n"
            "          ^\n"
            "a.attn:7:5: error: expected an operator or the end of the line "
            "after 'a', got 'b'\n"
            "  a b\n"
            "    ^\n"
            "a.attn:9:15: error: expected an expression after '=', got the end "
            "of the line\n"
            "mask m(q, k) =\n"
            "              ^\n");
}

TEST(ParserTest, UnclosedBlock) {
  EXPECT_EQ(errorsOf("fn f() {\n  let a = 1\n  a\n\nfn g() = 1\n"),
            "a.attn:5:1: error: expected '}' to close the body of 'f', got "
            "'fn'\n"
            "fn g() = 1\n"
            "^~\n"
            "a.attn:1:8: note: '{' opened here\n"
            "fn f() {\n"
            "       ^\n");
  EXPECT_EQ(errorsOf("fn f() {\n  1\n"),
            "a.attn:2:4: error: expected '}' to close the body of 'f', got the "
            "end of the file\n"
            "  1\n"
            "   ^\n"
            "a.attn:1:8: note: '{' opened here\n"
            "fn f() {\n"
            "       ^\n");
}

TEST(ParserTest, IntegersThatDoNotFit) {
  EXPECT_EQ(errorsOf("fn f() = 9223372036854775808\n"),
            "a.attn:1:10: error: integer 9223372036854775808 does not fit in "
            "64 bits\n"
            "fn f() = 9223372036854775808\n"
            "         ^~~~~~~~~~~~~~~~~~~\n");
}

TEST(ParserTest, InvalidUTF8) {
  EXPECT_EQ(errorsOf("fn f()\n  = \xff"
                     "1\n"),
            "a.attn:2:5: error: the file is not UTF-8 text: byte 0xff\n"
            "  = ?1\n"
            "    ^\n");
}

TEST(ParserTest, ColumnsAreCharacters) {
  EXPECT_EQ(errorsOf("import \"\u00e9\u6f22\" x\n"),
            "a.attn:1:13: error: expected the end of the line after "
            "'\"\u00e9\u6f22\"', got 'x'\n"
            "import \"\u00e9\u6f22\" x\n"
            "             ^\n");
}

TEST(ParserTest, WarnsOfDivisionAsComment) {
  EXPECT_EQ(errorsOf("fn f(x: f32[T]) = T // 2\n"),
            "a.attn:1:21: warning: '//' starts a comment; integer division is "
            "'div'\n"
            "fn f(x: f32[T]) = T // 2\n"
            "                    ^~~~\n");
  EXPECT_EQ(errorsOf("fn f(x: f32) = x // 2 heads\n// 3\n"), "");
}

TEST(ParserTest, NestingHasALimit) {
  auto nested = [](unsigned depth) {
    return fn(std::string(depth, '(') + "x" + std::string(depth, ')'));
  };
  EXPECT_EQ(errorsOf(nested(maxNesting)), "");
  EXPECT_TRUE(StringRef(errorsOf(nested(maxNesting + 1)))
                  .starts_with("a.attn:1:216: error: brackets are nested more "
                               "than 200 deep\n"));
  EXPECT_TRUE(StringRef(errorsOf(nested(200000)))
                  .starts_with("a.attn:1:216: error: brackets are nested more "
                               "than 200 deep\n"));
}

TEST(ParserTest, ExpressionsHaveALimit) {
  std::string tooDeep = ": error: this expression is nested more than 500 "
                        "levels deep\n";
  auto repeat = [](StringRef part, unsigned times) {
    std::string text;
    for (unsigned i = 0; i < times; ++i)
      text += part;
    return text;
  };
  for (StringRef part : {"x + ", "not ", "-", "x ^ ", "x < "}) {
    EXPECT_EQ(errorsOf(fn(repeat(part, maxExpressionDepth - 1) + "x")), "");
    EXPECT_NE(
        errorsOf(fn(repeat(part, maxExpressionDepth) + "x")).find(tooDeep),
        std::string::npos);
    EXPECT_NE(errorsOf(fn(repeat(part, 100000) + "x")).find(tooDeep),
              std::string::npos);
  }
  for (StringRef part : {"'", "(x)", "[x]"})
    EXPECT_NE(errorsOf(fn("x" + repeat(part, 10000))).find(tooDeep),
              std::string::npos);
  EXPECT_NE(
      errorsOf(fn(repeat("if x { x } else ", 10000) + "{ x }")).find(tooDeep),
      std::string::npos);
}

//===----------------------------------------------------------------------===//
// Imports
//===----------------------------------------------------------------------===//

class ImportTest : public testing::Test {
protected:
  void add(StringRef path, StringRef text) { sources.addBuffer(path, text); }

  /// The paths of the program, or nothing after errors.
  std::vector<std::string> load(StringRef path) {
    std::vector<std::string> paths;
    if (std::optional<Program> program =
            parseProgram(sources, path, diagnostics))
      for (const SourceFile &file : program->files)
        paths.push_back(sources.getPath(file.file).str());
    return paths;
  }

  SourceManager sources;
  DiagnosticEngine diagnostics{sources};
};

using Paths = std::vector<std::string>;

TEST_F(ImportTest, EachFileOnce) {
  add("a.attn", "import \"lib/b.attn\"\nimport \"lib/c.attn\"\n");
  add("lib/b.attn", "import \"c.attn\"\n");
  add("lib/c.attn", "import \"sub/../../d.attn\"\n");
  add("d.attn", "fn f() = 1\n");
  EXPECT_EQ(load("a.attn"),
            Paths({"a.attn", "lib/b.attn", "lib/c.attn", "d.attn"}));
  EXPECT_EQ(print(diagnostics), "");
}

TEST_F(ImportTest, Missing) {
  add("lib/a.attn", "fn f() = 1\nimport \"none.attn\"\nimport \"\"\n");
  EXPECT_EQ(load("lib/a.attn"), Paths());
  EXPECT_EQ(print(diagnostics),
            "lib/a.attn:3:8: error: expected a path, got an empty string\n"
            "import \"\"\n"
            "       ^~\n");
}

TEST_F(ImportTest, NotFound) {
  add("lib/a.attn", "fn f() = 1\nimport \"none.attn\"\nimport \".\"\n");
  EXPECT_EQ(load("lib/a.attn"), Paths());
  EXPECT_EQ(print(diagnostics),
            "lib/a.attn:2:8: error: cannot import 'lib/none.attn': no such "
            "file or directory\n"
            "import \"none.attn\"\n"
            "       ^~~~~~~~~~~\n"
            "lib/a.attn:3:8: error: cannot import 'lib': no such file or "
            "directory\n"
            "import \".\"\n"
            "       ^~~\n");
}

TEST_F(ImportTest, RootNotFound) {
  EXPECT_EQ(load("none.attn"), Paths());
  EXPECT_EQ(print(diagnostics),
            "none.attn: error: no such file or directory\n");
}

TEST_F(ImportTest, Cycle) {
  add("a.attn", "import \"b.attn\"\n");
  add("b.attn", "import \"c.attn\"\n");
  add("c.attn", "import \"b.attn\"\n");
  EXPECT_EQ(load("a.attn"), Paths());
  EXPECT_EQ(print(diagnostics),
            "c.attn:1:8: error: import cycle: b.attn -> c.attn -> b.attn\n"
            "import \"b.attn\"\n"
            "       ^~~~~~~~\n");
}

TEST_F(ImportTest, Itself) {
  add("a.attn", "import \"a.attn\"\n");
  EXPECT_EQ(load("a.attn"), Paths());
  EXPECT_EQ(print(diagnostics),
            "a.attn:1:8: error: import cycle: a.attn -> a.attn\n"
            "import \"a.attn\"\n"
            "       ^~~~~~~~\n");
}

TEST_F(ImportTest, ErrorsInBothFiles) {
  add("a.attn", "import \"b.attn\"\nfn f( = 1\n");
  add("b.attn", "fn g() = \n");
  EXPECT_EQ(load("a.attn"), Paths());
  // The imports of a file with errors are not followed.
  EXPECT_EQ(diagnostics.getNumErrors(), 1u);
}

TEST_F(ImportTest, DeepChain) {
  for (unsigned i = 0; i <= maxNesting; ++i)
    add(std::to_string(i), "import \"" + std::to_string(i + 1) + "\"\n");
  EXPECT_EQ(load("0"), Paths());
  EXPECT_EQ(print(diagnostics),
            "199:1:8: error: imports are nested more than 200 deep\n"
            "import \"200\"\n"
            "       ^~~~~\n");
}

} // namespace

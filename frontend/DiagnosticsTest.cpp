//===- DiagnosticsTest.cpp ------------------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"

#include "frontend/SourceManager.h"

#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace attn::frontend;
using llvm::StringRef;

namespace {

class DiagnosticsTest : public testing::Test {
protected:
  /// The range of the first occurrence of `part` in a file.
  SourceRange find(uint32_t file, StringRef part) const {
    uint32_t begin = sources.getText(file).find(part);
    return {file, begin, begin + static_cast<uint32_t>(part.size())};
  }

  std::string print(unsigned maxShown = 100) const {
    std::string text;
    llvm::raw_string_ostream os(text);
    diagnostics.print(os, maxShown);
    return text;
  }

  SourceManager sources;
  DiagnosticEngine diagnostics{sources};
};

TEST_F(DiagnosticsTest, UnderlinesTheRange) {
  uint32_t file = sources.addBuffer("a.attn", "let a = 1\nlet bcd = x\n");
  diagnostics.error(find(file, "bcd"), "first");
  EXPECT_EQ(print(), "a.attn:2:5: error: first\n"
                     "let bcd = x\n"
                     "    ^~~\n");
}

TEST_F(DiagnosticsTest, AddsNotesAndHints) {
  uint32_t file = sources.addBuffer("a.attn", "fn f(x: f32[T])\nsofmax(x)");
  diagnostics.error(find(file, "sofmax"), "unknown function 'sofmax'")
      .note(find(file, "T"), "'T' is bound here")
      .didYouMean(std::string("softmax"))
      .didYouMean(std::nullopt);
  EXPECT_EQ(print(), "a.attn:2:1: error: unknown function 'sofmax'\n"
                     "sofmax(x)\n"
                     "^~~~~~\n"
                     "a.attn:1:13: note: 'T' is bound here\n"
                     "fn f(x: f32[T])\n"
                     "            ^\n"
                     "a.attn:2:1: note: did you mean 'softmax'?\n");
  EXPECT_EQ(diagnostics.getNumErrors(), 1u);
}

TEST_F(DiagnosticsTest, SortsByPosition) {
  uint32_t first = sources.addBuffer("a.attn", "one\ntwo\n");
  uint32_t second = sources.addBuffer("b.attn", "three\n");
  diagnostics.error(find(second, "three"), "c");
  diagnostics.error(find(first, "two"), "b");
  diagnostics.warning(find(first, "one"), "a");
  diagnostics.fileError("none.attn", "no such file or directory");
  EXPECT_EQ(print(), "none.attn: error: no such file or directory\n"
                     "a.attn:1:1: warning: a\none\n^~~\n"
                     "a.attn:2:1: error: b\ntwo\n^~~\n"
                     "b.attn:1:1: error: c\nthree\n^~~~~\n");
  EXPECT_EQ(diagnostics.getNumErrors(), 3u);
  EXPECT_EQ(diagnostics.getNumWarnings(), 1u);
}

TEST_F(DiagnosticsTest, KeepsOneOfEqualErrors) {
  uint32_t file = sources.addBuffer("a.attn", "x\n");
  diagnostics.error({file, 0, 1}, "same").note({file, 0, 1}, "note");
  diagnostics.error({file, 0, 1}, "same").note({file, 0, 1}, "note");
  EXPECT_EQ(diagnostics.getNumErrors(), 1u);
  EXPECT_EQ(print(), "a.attn:1:1: error: same\nx\n^\n"
                     "a.attn:1:1: note: note\nx\n^\n");
}

TEST_F(DiagnosticsTest, CountsWhatIsNotShown) {
  uint32_t file = sources.addBuffer("a.attn", "abc\n");
  for (uint32_t i = 0; i < 3; ++i)
    diagnostics.error({file, i, i + 1}, "e");
  EXPECT_EQ(print(/*maxShown=*/1), "a.attn:1:1: error: e\nabc\n^\n"
                                   "note: 2 more not shown\n");
}

TEST_F(DiagnosticsTest, ExpandsTabs) {
  uint32_t file = sources.addBuffer("a.attn", "\tab\tcd\n");
  diagnostics.error(find(file, "cd"), "e");
  EXPECT_EQ(print(), "a.attn:1:5: error: e\n"
                     "        ab      cd\n"
                     "                ^~\n");
}

TEST_F(DiagnosticsTest, CountsScreenColumnsOfWideCharacters) {
  // Two columns wide, and an accent of one column.
  uint32_t file = sources.addBuffer("a.attn", "\u6f22\u00e9 x\n");
  diagnostics.error(find(file, "x"), "e");
  EXPECT_EQ(print(), "a.attn:1:4: error: e\n"
                     "\u6f22\u00e9 x\n"
                     "    ^\n");
}

TEST_F(DiagnosticsTest, EndsTheUnderlineWithTheLine) {
  uint32_t file = sources.addBuffer("a.attn", "f(x,\r\n  y)\r\n");
  diagnostics.error(find(file, "(x,\r\n  y)"), "e");
  EXPECT_EQ(print(), "a.attn:1:2: error: e\nf(x,\n ^~~\n");
}

TEST_F(DiagnosticsTest, PointsPastTheEnd) {
  uint32_t file = sources.addBuffer("a.attn", "let");
  diagnostics.error({file, 3, 3}, "e");
  EXPECT_EQ(print(), "a.attn:1:4: error: e\nlet\n   ^\n");
}

TEST_F(DiagnosticsTest, ReplacesWhatCannotBePrinted) {
  uint32_t file = sources.addBuffer("a.attn", StringRef("a\0\xff\x1b b\n", 7));
  diagnostics.error(find(file, "b"), "e");
  EXPECT_EQ(print(), "a.attn:1:6: error: e\na??? b\n     ^\n");
}

TEST_F(DiagnosticsTest, ClipsLongLines) {
  std::string line = std::string(1000, 'a') + "b" + std::string(1000, 'c');
  uint32_t file = sources.addBuffer("a.attn", line);
  diagnostics.error(find(file, "b"), "e");
  EXPECT_EQ(print(), "a.attn:1:1001: error: e\n" + std::string(80, 'a') + "b" +
                         std::string(159, 'c') + "\n" + std::string(80, ' ') +
                         "^\n");
}

TEST(SuggestTest, FindsTheOneClosest) {
  EXPECT_EQ(suggest("sofmax", {"softmax", "sum"}), "softmax");
  EXPECT_EQ(suggest("sotfmax", {"softmax", "argmax"}), "softmax");
  EXPECT_EQ(suggest("tahn", {"tanh"}), std::nullopt);
  EXPECT_EQ(suggest("tan", {"tanh"}), "tanh");
  EXPECT_EQ(suggest("Q", {"q", "k"}), "q");
}

TEST(SuggestTest, IsSilentWhenInDoubt) {
  EXPECT_EQ(suggest("x", {"q", "k"}), std::nullopt);
  EXPECT_EQ(suggest("sin2", {"sine", "sing"}), std::nullopt);
  EXPECT_EQ(suggest("completely", {"softmax"}), std::nullopt);
  EXPECT_EQ(suggest("sum", {}), std::nullopt);
  EXPECT_EQ(suggest("sofmax", {"softmax", "softmax"}), "softmax");
}

} // namespace

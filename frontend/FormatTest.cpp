//===- FormatTest.cpp -----------------------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What holds for every program: the parser survives it, and the layout keeps
// its tree and its comments. The layouts themselves are in tests/frontend/fmt.
//
//===----------------------------------------------------------------------===//

#include "frontend/Format.h"

#include "frontend/Diagnostics.h"
#include "frontend/Parser.h"
#include "frontend/PrintAST.h"
#include "frontend/SourceManager.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>

using namespace attn::frontend;
using llvm::StringRef;

namespace {

/// What a layout must not change.
struct Content {
  std::string tree;
  std::vector<std::string> comments;

  bool operator==(const Content &other) const {
    return tree == other.tree && comments == other.comments;
  }
};

std::optional<Content> read(StringRef text, std::string &messages) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  std::vector<SourceRange> ranges;
  auto file = parseFile(sources, sources.addBuffer("a.attn", text), diagnostics,
                        &ranges);
  llvm::raw_string_ostream os(messages);
  if (diagnostics.hasErrors())
    diagnostics.print(os);
  EXPECT_EQ(file.has_value(), !diagnostics.hasErrors()) << text.str();
  if (!file)
    return std::nullopt;
  Content content;
  llvm::raw_string_ostream tree(content.tree);
  printAST(sources, *file, tree, {/*positions=*/false});
  for (SourceRange range : ranges)
    content.comments.push_back(sources.getText(range).rtrim().str());
  // A comment inside an expression moves before its statement.
  std::sort(content.comments.begin(), content.comments.end());
  return content;
}

std::string format(StringRef text) {
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  uint32_t file = sources.addBuffer("a.attn", text);
  return formatFile(sources, file, diagnostics).value_or("errors");
}

/// Checks the promises of the formatter, if the text is a program.
bool checkRoundTrip(StringRef text) {
  std::string messages;
  std::optional<Content> before = read(text, messages);
  if (!before)
    return false;
  std::string formatted = format(text);
  std::optional<Content> after = read(formatted, messages);
  EXPECT_EQ(messages, "") << text.str() << "\n=>\n" << formatted;
  if (after) {
    EXPECT_EQ(after->tree, before->tree) << text.str() << "\n=>\n" << formatted;
    EXPECT_EQ(after->comments, before->comments) << text.str();
  }
  EXPECT_EQ(format(formatted), formatted) << text.str();
  return true;
}

const char *const programs[] = {
    R"(// The formula, written out.
mask causal(q, k) = k <= q

fn causal_attention(q: f32[B, H, T, D], k: f32[B, H, T, D], v: f32[B, H, T, D]) -> f32[B, H, T, D] {
  let scores  = q @ transpose(k) / sqrt(D)
  let weights = softmax(where(causal, scores, -inf))
  weights @ v
}
)",
    R"(mask  window(W)(q, k)              = q - k < W
mask  padding(len: i32[B])(b, k)   = k < len[b]  // lengths
mask  same_doc(doc: i32[B, T])(b, q, k) = doc[b, q] == doc[b, k]
score alibi(s, h, q, k)            = s - exp2(-8 * (h + 1) / H) * (q - k)
score softcap(c)(s)                = c * tanh(s / c)

fn local(q: f32[B, H, T, D], // queries
         k: f32[B, Hkv, T, D],
         // values
         v: f32[B, Hkv, T, D], len: i32[B] // lengths
         ) -> f32[B, H, T, D] =
  attention(q, k, v, mask: causal and window(256) and padding(len), score: alibi)
)",
    R"(import "lib/masks.attn"
entry fn block(x: f32[B, T, C], w: f32[C, 3 * C]) -> (y: f32[B, T, C], z: bool) {
  let q, k, v = split(x @ w, 3); let y: f32[B, T, C] = q' - -k ^ 2 ^ -v
  // A choice.
  let c = if T > 4 and not (B == 1) { // long
    let d = 1 < T <= 5 != (3 < 4)

    (d, true) // both
  } else if T div 2 % 2 == 1 { (false, softcap(30)(x)[1, 2]) }
  else { (f16(x), (a or b)') }
  (y, c)
}
)"};

TEST(FormatTest, KeepsTreesAndComments) {
  for (const char *program : programs)
    EXPECT_TRUE(checkRoundTrip(program));
}

/// Expressions of random shape, written with all parentheses.
class RandomExpr {
public:
  explicit RandomExpr(unsigned seed) : random(seed) {}

  std::string make(unsigned depth) {
    if (depth == 0)
      return pick({"x", "q", "1", "2.5", "inf", "pi", "true"});
    auto sub = [&] { return "(" + make(depth - 1 - random() % depth) + ")"; };
    switch (random() % 11) {
    case 0:
      return pick({"-", "not "}) + sub();
    case 1:
      return sub() + "'";
    case 2:
      return pick({"f(", "softcap(c)("}) + sub() + ", axis: " + sub() + ")";
    case 3:
      return sub() + "[" + sub() + "]";
    case 4:
      return "if " + sub() + " { let a = " + sub() + "; " + sub() +
             " } else { " + sub() + " }";
    case 5:
      return "f32(" + sub() + ")";
    case 6:
      return sub() + ", " + sub();
    case 7:
      return pick({"sum(", "max("}) + sub() + " for i in " + sub() + ")";
    default:
      return sub() +
             pick({" or ", " and ", " == ", " < ", " + ", " - ", " * ", " / ",
                   " div ", " % ", " @ ", " ^ "}) +
             sub();
    }
  }

private:
  std::string pick(std::initializer_list<const char *> choices) {
    return choices.begin()[random() % choices.size()];
  }

  std::mt19937 random;
};

TEST(FormatTest, KeepsRandomTrees) {
  unsigned numPrograms = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    RandomExpr exprs(seed);
    numPrograms +=
        checkRoundTrip("fn f(x: f32) {\n  let y = (" + exprs.make(6) +
                       ")\n  (" + exprs.make(4) + ")\n}\n");
  }
  EXPECT_EQ(numPrograms, 400u);
}

std::string mutate(StringRef program, std::mt19937 &random) {
  static const StringRef pieces[] = {
      "(",     ")",      "[",   "]",   "{",    "}",    ",",  ":",        "=",
      "->",    "\n",     ";",   "//",  "'",    "\"",   "-",  "+",        "^",
      "let ",  "if ",    "fn ", "div", "else", "mask", "\r", "\xe2\x88", "\xff",
      "entry", "import", "1e",  "0",   "$",    "not ", "\0", "\u221e", " for ", " in "};
  std::string text = program.str();
  for (unsigned i = 0, e = 1 + random() % 4; i < e && !text.empty(); ++i) {
    size_t at = random() % text.size();
    size_t length = std::min<size_t>(1 + random() % 8, text.size() - at);
    StringRef piece = pieces[random() % std::size(pieces)];
    switch (random() % 5) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, piece.str());
      break;
    case 2:
      text.insert(at, text.substr(random() % text.size(), 1 + random() % 20));
      break;
    case 3:
      text[at] = static_cast<char>(random());
      break;
    case 4:
      text.resize(at);
      break;
    }
  }
  return text;
}

TEST(FormatTest, SurvivesAnyBytes) {
  std::mt19937 random(1);
  unsigned numValid = 0;
  for (unsigned i = 0; i < 3000; ++i)
    numValid += checkRoundTrip(mutate(programs[i % 3], random));
  // Both sides are worth having.
  EXPECT_GT(numValid, 100u);
  EXPECT_LT(numValid, 2900u);
}

TEST(FormatTest, DoesNotFormatErrors) {
  EXPECT_EQ(format("fn f( = 1\n"), "errors");
}

} // namespace

//===- VariantsTest.cpp - Every rule on every target ------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Attention with each mask, score rule and normaliser of the language and its
// library: for processors with vectors of 512, 256 and 128 bits, compared with
// the reference lowering where lengths and widths do not fill the tiles, and
// bit for bit between numbers of threads.
//
//===----------------------------------------------------------------------===//

#include "frontend/Library.h"
#include "tests/e2e/ProgramFixture.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cctype>
#include <cstring>

using namespace attn;
using namespace attn::runtime;

namespace {

struct Variant {
  std::string name;
  /// The named arguments of `attention`.
  std::string arguments;
  /// Parameters of the function besides q, k and v.
  std::string parameters = "";
  /// Whether there are as many keys as queries.
  bool square = false;
};

const std::vector<Variant> &variants() {
  static const std::vector<Variant> all = {
      {"plain", ""},
      {"causal", "mask: causal"},
      {"causal_end", "mask: causal_end"},
      {"padding", "mask: padding(len)", "len: i32[B]"},
      {"window", "mask: causal and window(19)"},
      {"local", "mask: local(9)"},
      {"dilated", "mask: dilated(4, 3)"},
      {"global_tokens", "mask: local(5) or global_tokens(3)"},
      {"global_at", "mask: local(5) or global_at(marked)", "marked: bool[B, T]",
       true},
      {"sinks", "mask: sinks(3)"},
      {"streaming", "mask: streaming(11, 2)"},
      {"prefix_lm", "mask: prefix_lm(7)"},
      {"prefixes", "mask: prefixes(len)", "len: i32[B]"},
      {"documents", "mask: documents(doc) and causal", "doc: i32[B, T]", true},
      {"block_causal", "mask: block_causal(8)"},
      {"chunked", "mask: chunked(24)"},
      {"strided", "mask: strided(5)"},
      {"fixed_chunks", "mask: fixed_chunks(16, 3)"},
      {"neighbourhood", "mask: neighbourhood(9, 2)"},
      {"full_neighbourhood", "mask: full_neighbourhood(9, 2)"},
      {"grid_windows", "mask: grid_windows(12, 4)"},
      {"longformer", "mask: longformer(6, 2)"},
      {"random_blocks", "mask: random_blocks(8, 2, 3)"},
      {"big_bird", "mask: big_bird(6, 2, 8, 2, 3)"},
      {"tree", "mask: tree(last)", "last: i32[B, T]", true},
      {"from_table", "mask: from_table(table)", "table: bool[T, S]"},
      {"nobody", "mask: causal and not causal"},
      {"alibi", "score: alibi, mask: causal"},
      {"alibi_symmetric", "score: alibi_symmetric"},
      {"alibi_published", "score: alibi_published"},
      {"linear_bias", "score: linear_bias(slopes)", "slopes: f32[H]"},
      {"softcap", "score: softcap(15), mask: causal"},
      {"temperature", "score: temperature(2 + abs(t))", "t: f32[H]"},
      {"relative_bias", "score: relative_bias(bias)", "bias: f32[H, N]"},
      {"distance_terms", "score: distance_terms(terms), mask: causal",
       "terms: f32[B, H, T, T]", true},
      {"clipped_terms", "score: clipped_terms(terms)",
       "terms: f32[B, H, T, N]"},
      {"distance_vectors", "score: distance_vectors(q, vectors), mask: causal",
       "vectors: f32[H, D, T]", true},
      {"additive", "score: additive(w, query_terms, key_terms)",
       "w: f32[A], query_terms: f32[B, T, A], key_terms: f32[B, A, S]"},
      {"additive_heads", "score: additive_heads(w, query_terms, key_terms)",
       "w: f32[H, A], query_terms: f32[B, H, T, A], "
       "key_terms: f32[B, H, A, S]"},
      {"score_bias", "score: score_bias(bias)", "bias: f32[H, T, S]"},
      {"t5_bias", "score: t5_bias(bias, 40)", "bias: f32[N, H]"},
      {"t5_causal_bias", "score: t5_causal_bias(bias, 40), mask: causal",
       "bias: f32[N, H]"},
      {"softmax1", "normalize: softmax1, mask: causal"},
      {"sigmoid", "normalize: sigmoid, mask: causal"},
      {"relu2", "normalize: relu2, mask: causal"},
      {"none", "normalize: none, mask: causal"},
      {"sink", "sink: 2 * sink, mask: causal", "sink: f32[H]"},
      {"dropout", "dropout: 0.3, seed: 5, mask: causal"},
      {"statistics", "return: (lse, max, entropy), mask: causal"},
  };
  return all;
}

/// The program of a variant, in a file.
std::string writeProgram(const Variant &variant) {
  std::string keys = variant.square ? "T" : "S";
  std::string path = ::testing::TempDir() + variant.name + ".attn";
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  EXPECT_FALSE(error) << error.message();
  file << "import \"std/masks\"\nimport \"std/scores\"\n"
       << "fn f(q: f32[B, H, T, D], k: f32[B, Hkv, " << keys
       << ", D], v: f32[B, Hkv, " << keys << ", E]"
       << (variant.parameters.empty() ? "" : ", ") << variant.parameters
       << ") = attention(q, k, v" << (variant.arguments.empty() ? "" : ", ")
       << variant.arguments << ")\n";
  return path;
}

std::unique_ptr<Executable> compile(const std::string &path, int level,
                                    const std::string &cpu) {
  tools::CompilationOptions options;
  options.path = path;
  options.optLevel = level;
  options.targetCpu = cpu;
  return compileProgram(options);
}

class VariantTest : public ::testing::TestWithParam<Variant> {};

TEST_P(VariantTest, AgreesOnEveryTarget) {
  std::string path = writeProgram(GetParam());
  std::unique_ptr<Executable> plain = compile(path, 0, "");
  ASSERT_TRUE(plain);
  for (const char *cpu : {"x86-64-v4", "x86-64-v3", "x86-64", ""}) {
    SCOPED_TRACE(cpu);
    llvm::Expected<int64_t> bits =
        getVectorBits({/*optLevel=*/3, cpu}, /*mustRun=*/true);
    if (!bits) {
      // A processor that this machine is not.
      llvm::consumeError(bits.takeError());
      continue;
    }
    std::unique_ptr<Executable> fused = compile(path, 3, cpu);
    ASSERT_TRUE(fused);
    // Few rows and many; lengths and widths that fill no tile.
    for (int64_t length : {1, 6, 33, 150}) {
      SCOPED_TRACE(length);
      auto choose = [&](llvm::StringRef dim) -> int64_t {
        return llvm::StringSwitch<int64_t>(dim)
            .Case("B", 2)
            .Case("H", 4)
            .Case("Hkv", 2)
            .Case("T", length)
            .Case("S", length + 13)
            .Case("D", 24)
            .Case("E", 41)
            .Case("N", 32)
            .Default(5);
      };
      ProgramCall expected(plain->signature(), choose, length);
      ProgramCall actual(fused->signature(), choose, length);
      expected.run(*plain, 1);
      actual.run(*fused, 1);
      actual.expectNear(expected);
      for (int threads : {2, 3}) {
        ProgramCall shared(fused->signature(), choose, length);
        shared.run(*fused, threads);
        for (auto [one, other] :
             llvm::zip_equal(actual.results, shared.results))
          ASSERT_EQ(0, std::memcmp(one.data(), other.data(), one.numBytes()))
              << threads << " threads";
      }
    }
  }
}

/// A rule that joins the library joins this test.
TEST(Variants, AreAllOfTheLibrary) {
  llvm::StringSet<> used;
  for (const Variant &variant : variants())
    used.insert(variant.name);
  for (const frontend::LibraryFile &file : frontend::getLibrary()) {
    if (file.path != "std/masks.attn" && file.path != "std/scores.attn")
      continue;
    llvm::SmallVector<llvm::StringRef> lines;
    file.text.split(lines, '\n');
    for (llvm::StringRef line : lines)
      if (line.consume_front("mask ") || line.consume_front("score "))
        EXPECT_TRUE(used.contains(line.take_until([](char c) {
          return !std::isalnum(static_cast<unsigned char>(c)) && c != '_';
        }))) << file.path.str()
             << ": " << line.str();
  }
}

INSTANTIATE_TEST_SUITE_P(All, VariantTest, ::testing::ValuesIn(variants()),
                         [](const auto &info) { return info.param.name; });

} // namespace

//===- AttentionGridTest.cpp - attention against the oracle on a grid *- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Every rule is compiled once at each optimisation level, for all shapes: the
// reference lowering and the tiled one are compared with the double-precision
// oracle on lengths around the block sizes, odd head dims, grouped heads, and
// numbers of threads.
//
//===----------------------------------------------------------------------===//

#include "passes/Pipelines.h"
#include "runtime/Engine.h"
#include "runtime/Random.h"
#include "runtime/Reference.h"
#include "runtime/Tensor.h"
#include "tools/Register.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <array>
#include <cmath>
#include <cstring>

using namespace attn;
using namespace attn::runtime;

namespace {

/// A rule in the compiler's terms and in the oracle's. A rule can read
/// `lengths`, one a batch, `table`, one row a query, and `documents`, one
/// number a key.
struct Arrays {
  std::vector<double> lengths;
  std::vector<double> table;
  std::vector<double> documents;
  int64_t queries = 0;
  int64_t keys = 0;
};
struct Rule {
  std::string name;
  std::string mask;
  std::string score;
  std::function<bool(const Arrays &, int64_t, int64_t, int64_t, int64_t)>
      allowed;
  std::function<double(const Arrays &, double, int64_t, int64_t, int64_t,
                       int64_t)>
      scored;
};

std::string predicate(const std::string &body) {
  return " mask {\n^bb0(%b: index, %h: index, %q: index, %k: index):\n" + body +
         "attn.yield %r : i1\n}";
}

std::string rescore(const std::string &body) {
  return " score {\n^bb0(%s: f32, %b: index, %h: index, %q: index, %k: "
         "index):\n" +
         body + "attn.yield %r : f32\n}";
}

const std::vector<Rule> &rules() {
  static const std::vector<Rule> all = {
      {"none", "", "", {}, {}},
      {"causal_top_left",
       predicate("%r = arith.cmpi sle, %k, %q : index\n"),
       "",
       [](const Arrays &, int64_t, int64_t, int64_t q, int64_t k) {
         return k <= q;
       },
       {}},
      {"causal_bottom_right",
       predicate("%shift = arith.subi %tk, %tq : index\n"
                 "%last = arith.addi %q, %shift : index\n"
                 "%r = arith.cmpi sle, %k, %last : index\n"),
       "",
       [](const Arrays &a, int64_t, int64_t, int64_t q, int64_t k) {
         return k <= q + a.keys - a.queries;
       },
       {}},
      {"window",
       predicate("%w = arith.constant 37 : index\n"
                 "%d = arith.subi %q, %k : index\n"
                 "%near = arith.cmpi slt, %d, %w : index\n"
                 "%past = arith.cmpi sle, %k, %q : index\n"
                 "%r = arith.andi %near, %past : i1\n"),
       "",
       [](const Arrays &, int64_t, int64_t, int64_t q, int64_t k) {
         return k <= q && q - k < 37;
       },
       {}},
      {"padding",
       predicate("%n = tensor.extract %len[%b] : tensor<?xi32>\n"
                 "%m = arith.index_cast %n : i32 to index\n"
                 "%r = arith.cmpi slt, %k, %m : index\n"),
       "",
       [](const Arrays &a, int64_t b, int64_t, int64_t, int64_t k) {
         return k < a.lengths[b];
       },
       {}},
      {"random",
       predicate("%x = tensor.extract %table[%q, %k] : tensor<?x?xf32>\n"
                 "%z = arith.constant 0.0 : f32\n"
                 "%r = arith.cmpf ogt, %x, %z : f32\n"),
       "",
       [](const Arrays &a, int64_t, int64_t, int64_t q, int64_t k) {
         return a.table[q * a.keys + k] > 0;
       },
       {}},
      {"strided_reads",
       // Reads along the queries: a gather, and at a place of its own in each
       // lane.
       predicate("%c1 = arith.constant 1 : index\n"
                 "%c0 = arith.constant 0 : index\n"
                 "%e = arith.subi %tk, %c1 : index\n"
                 "%back = arith.subi %e, %k : index\n"
                 "%x = tensor.extract %table[%c0, %back] : tensor<?x?xf32>\n"
                 "%z = arith.constant 0.5 : f32\n"
                 "%r = arith.cmpf olt, %x, %z : f32\n"),
       "",
       [](const Arrays &a, int64_t, int64_t, int64_t, int64_t k) {
         return a.table[a.keys - 1 - k] < 0.5;
       },
       {}},
      {"all_masked",
       predicate("%r = arith.cmpi slt, %k, %b : index\n"),
       "",
       [](const Arrays &, int64_t b, int64_t, int64_t, int64_t k) {
         return k < b;
       },
       {}},
      {"modulo",
       predicate("%c5 = arith.constant 5 : index\n"
                 "%c0 = arith.constant 0 : index\n"
                 "%m = arith.remsi %k, %c5 : index\n"
                 "%hit = arith.cmpi eq, %m, %c0 : index\n"
                 "%qb = arith.floordivsi %q, %c5 : index\n"
                 "%kb = arith.floordivsi %k, %c5 : index\n"
                 "%same = arith.cmpi eq, %qb, %kb : index\n"
                 "%r = arith.ori %hit, %same : i1\n"),
       "",
       [](const Arrays &, int64_t, int64_t, int64_t q, int64_t k) {
         return k % 5 == 0 || q / 5 == k / 5;
       },
       {}},
      {"holes",
       // Blocks that a hash chooses: panels without a key between others.
       predicate("%c16 = arith.constant 16 : index\n"
                 "%c48 = arith.constant 48 : index\n"
                 "%c7 = arith.constant 7 : index\n"
                 "%c3 = arith.constant 3 : index\n"
                 "%qb = arith.floordivsi %q, %c16 : index\n"
                 "%kb = arith.floordivsi %k, %c48 : index\n"
                 "%f = arith.muli %qb, %c3 : index\n"
                 "%x = arith.addi %f, %kb : index\n"
                 "%y = arith.muli %x, %x : index\n"
                 "%m = arith.remsi %y, %c7 : index\n"
                 "%r = arith.cmpi slt, %m, %c3 : index\n"),
       "",
       [](const Arrays &, int64_t, int64_t, int64_t q, int64_t k) {
         int64_t x = q / 16 * 3 + k / 48;
         return x * x % 7 < 3;
       },
       {}},
      {"documents",
       // Arrays read along the queries and along the keys.
       predicate("%cq = arith.constant 0 : index\n"
                 "%mine = tensor.extract %table[%q, %cq] : tensor<?x?xf32>\n"
                 "%other = tensor.extract %doc[%k] : tensor<?xi32>\n"
                 "%own = tensor.extract %len[%b] : tensor<?xi32>\n"
                 "%last = arith.addi %other, %own : i32\n"
                 "%lasti = arith.index_cast %last : i32 to index\n"
                 "%near = arith.cmpi sle, %q, %lasti : index\n"
                 "%z = arith.constant -0.9 : f32\n"
                 "%some = arith.cmpf ogt, %mine, %z : f32\n"
                 "%r = arith.andi %near, %some : i1\n"),
       "",
       [](const Arrays &a, int64_t b, int64_t, int64_t q, int64_t k) {
         return q <= a.documents[k] + a.lengths[b] &&
                a.table[q * a.keys] > -0.9f;
       },
       {}},
      {"alibi_causal", predicate("%r = arith.cmpi sle, %k, %q : index\n"),
       rescore("%d = arith.subi %q, %k : index\n"
               "%di = arith.index_cast %d : index to i64\n"
               "%df = arith.sitofp %di : i64 to f32\n"
               "%c1 = arith.constant 1 : index\n"
               "%h1 = arith.addi %h, %c1 : index\n"
               "%hi = arith.index_cast %h1 : index to i64\n"
               "%hf = arith.sitofp %hi : i64 to f32\n"
               "%m = arith.constant -0.5 : f32\n"
               "%e = arith.mulf %hf, %m : f32\n"
               "%slope = math.exp2 %e : f32\n"
               "%t = arith.mulf %slope, %df : f32\n"
               "%r = arith.subf %s, %t : f32\n"),
       [](const Arrays &, int64_t, int64_t, int64_t q, int64_t k) {
         return k <= q;
       },
       [](const Arrays &, double s, int64_t, int64_t h, int64_t q, int64_t k) {
         return s - std::exp2(-0.5 * (h + 1)) * (q - k);
       }},
      {"softcap_bias",
       "",
       rescore("%x = tensor.extract %table[%q, %k] : tensor<?x?xf32>\n"
               "%c = arith.constant 3.0 : f32\n"
               "%d = arith.divf %s, %c : f32\n"
               "%t = math.tanh %d : f32\n"
               "%y = arith.mulf %t, %c : f32\n"
               "%r = arith.addf %y, %x : f32\n"),
       {},
       [](const Arrays &a, double s, int64_t, int64_t, int64_t q, int64_t k) {
         return 3 * std::tanh(s / 3) + a.table[q * a.keys + k];
       }},
  };
  return all;
}

std::string makeModule(const Rule &rule) {
  auto port = [](const std::string &name, const std::string &dtype,
                 const std::string &shape) {
    return " {attn.name = \"" + name + "\", attn.dtype = \"" + dtype +
           "\", attn.shape = affine_map<()[s0, s1, s2, s3, s4, s5, s6] -> " +
           shape + ">}";
  };
  std::string tensor = "tensor<?x?x?x?xf32>";
  return "func.func @f(%query: " + tensor +
         port("q", "f32", "(s0, s1, s3, s5)") + ", %key: " + tensor +
         port("k", "f32", "(s0, s2, s4, s5)") + ", %value: " + tensor +
         port("v", "f32", "(s0, s2, s4, s6)") + ", %len: tensor<?xi32>" +
         port("len", "i32", "(s0)") + ", %table: tensor<?x?xf32>" +
         port("table", "f32", "(s3, s4)") + ", %doc: tensor<?xi32>" +
         port("doc", "i32", "(s4)") + ") -> (" + tensor +
         port("out", "f32", "(s0, s1, s3, s6)") +
         ") attributes {attn.entry, attn.dims = [\"B\", \"H\", \"Hkv\", "
         "\"T\", \"S\", \"D\", \"E\"]} {\n"
         "%i1 = arith.constant 1 : index\n%i2 = arith.constant 2 : index\n"
         "%i3 = arith.constant 3 : index\n"
         "%tq = tensor.dim %query, %i2 : " +
         tensor + "\n%tk = tensor.dim %key, %i2 : " + tensor +
         "\n%hd = tensor.dim %query, %i3 : " + tensor +
         "\n%hdi = arith.index_cast %hd : index to i64\n"
         "%hdf = arith.sitofp %hdi : i64 to f32\n%root = math.sqrt %hdf : f32\n"
         "%one = arith.constant 1.0 : f32\n"
         "%scale = arith.divf %one, %root : f32\n"
         "%o = attn.attention %query, %key, %value scale %scale : f32" +
         rule.mask + rule.score + " : " + tensor + ", " + tensor + ", " +
         tensor + " -> " + tensor + "\nreturn %o : " + tensor + "\n}\n";
}

struct Sizes {
  int64_t batch, heads, kvHeads, queries, keys, headDim, valueDim;
};

std::vector<Sizes> shapes() {
  std::vector<Sizes> all;
  // Lengths up to twice the block of keys and one more.
  for (int64_t t : {1, 2, 11, 12, 13, 16, 31, 32, 33, 71, 72, 73, 144, 255, 256,
                    257, 511, 513})
    all.push_back({1, 2, 2, t, t, 8, 8});
  // Decoding, prefill of a part, more queries than keys, no keys, no queries.
  for (auto [tq, tk] : std::initializer_list<std::pair<int64_t, int64_t>>{
           {1, 7}, {1, 300}, {5, 64}, {40, 300}, {100, 30}, {3, 0}, {0, 3}})
    all.push_back({2, 2, 1, tq, tk, 16, 16});
  // Decoding over several parts of the keys, from one row to a key head to one
  // more than the decode kernel takes.
  for (auto [h, g, tq] : std::initializer_list<std::array<int64_t, 3>>{
           {2, 2, 1}, {3, 1, 1}, {4, 2, 3}, {4, 1, 4}, {17, 1, 1}})
    all.push_back({2, h, g, tq, 1100, 40, 24});
  // Head dims, values of another width among them.
  for (int64_t d : {1, 3, 7, 15, 16, 17, 31, 33, 40, 64, 72, 80, 127, 128, 256})
    all.push_back({1, 1, 1, 29, 45, d, d});
  for (auto [d, e] : std::initializer_list<std::pair<int64_t, int64_t>>{
           {64, 40}, {5, 100}, {33, 1}})
    all.push_back({1, 2, 2, 20, 50, d, e});
  // Grouped heads.
  for (auto [h, g] : std::initializer_list<std::pair<int64_t, int64_t>>{
           {3, 1}, {6, 2}, {8, 1}})
    all.push_back({2, h, g, 37, 50, 24, 24});
  return all;
}

class AttentionGrid : public ::testing::TestWithParam<size_t> {
protected:
  std::unique_ptr<Executable> compile(const Rule &rule, int level,
                                      int64_t vectorBits) {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
    auto module =
        mlir::parseSourceString<mlir::ModuleOp>(makeModule(rule), &context);
    if (!module)
      return nullptr;
    mlir::PassManager passes(&context);
    TilePipelineOptions options;
    options.optLevel = level;
    options.vectorBits = vectorBits;
    buildPipeline(passes, Stage::LLVM, options);
    if (mlir::failed(passes.run(*module)))
      return nullptr;
    auto executable = Executable::create(*module);
    if (!executable) {
      ADD_FAILURE() << toString(executable.takeError());
      return nullptr;
    }
    return std::move(*executable);
  }
};

Tensor makeTensor(DType dtype, std::vector<int64_t> shape,
                  const std::string &name, int64_t bound = 1) {
  Tensor tensor = llvm::cantFail(Tensor::create(dtype, shape));
  fillRandom(tensor, 1, name, bound);
  return tensor;
}

/// The largest difference to the oracle; infinite for a NaN on one side only.
double maxError(const Tensor &actual, const std::vector<double> &expected) {
  double worst = 0;
  for (int64_t i = 0; i < actual.numElements(); ++i) {
    double error = std::fabs(actual.at(i) - expected[i]);
    if (std::isnan(error))
      error =
          std::isnan(actual.at(i)) == std::isnan(expected[i]) ? 0 : INFINITY;
    worst = std::max(worst, error);
  }
  return worst;
}

TEST_P(AttentionGrid, MatchesOracle) {
  const Rule &rule = rules()[GetParam()];
  std::unique_ptr<Executable> reference = compile(rule, 0, 512);
  ASSERT_TRUE(reference);
  std::vector<std::unique_ptr<Executable>> tiled;
  for (int64_t bits : {128, 256, 512}) {
    tiled.push_back(compile(rule, 3, bits));
    ASSERT_TRUE(tiled.back());
  }
  for (const Sizes &s : shapes()) {
    SCOPED_TRACE(::testing::Message()
                 << rule.name << " B=" << s.batch << " H=" << s.heads << "/"
                 << s.kvHeads << " Tq=" << s.queries << " Tk=" << s.keys
                 << " D=" << s.headDim << "/" << s.valueDim);
    Tensor q =
        makeTensor(DType::F32, {s.batch, s.heads, s.queries, s.headDim}, "q");
    Tensor k =
        makeTensor(DType::F32, {s.batch, s.kvHeads, s.keys, s.headDim}, "k");
    Tensor v =
        makeTensor(DType::F32, {s.batch, s.kvHeads, s.keys, s.valueDim}, "v");
    Tensor lengths = makeTensor(DType::I32, {s.batch}, "len", s.keys);
    Tensor table = makeTensor(DType::F32, {s.queries, s.keys}, "table");
    Tensor documents = makeTensor(DType::I32, {s.keys}, "doc", s.keys);
    Arrays arrays{lengths.toDoubles(), table.toDoubles(), documents.toDoubles(),
                  s.queries, s.keys};
    reference::MaskRule mask;
    if (rule.allowed)
      mask = [&](int64_t b, int64_t h, int64_t qi, int64_t ki) {
        return rule.allowed(arrays, b, h, qi, ki);
      };
    reference::ScoreRule score;
    if (rule.scored)
      score = [&](double x, int64_t b, int64_t h, int64_t qi, int64_t ki) {
        return rule.scored(arrays, x, b, h, qi, ki);
      };
    std::vector<double> expected = reference::attention(
        {s.batch, s.heads, s.kvHeads, s.queries, s.keys, s.headDim, s.valueDim},
        q.toDoubles(), k.toDoubles(), v.toDoubles(),
        1 / std::sqrt(static_cast<double>(s.headDim)), mask, score);

    std::vector<const Tensor *> inputs = {&q,       &k,     &v,
                                          &lengths, &table, &documents};
    auto call = [&](Executable &executable, int threads) {
      Tensor out = makeTensor(DType::F32,
                              {s.batch, s.heads, s.queries, s.valueDim}, "out");
      std::vector<Tensor *> outputs = {&out};
      llvm::Error error = executable.run(inputs, outputs, threads);
      EXPECT_FALSE(error) << toString(std::move(error));
      return out;
    };
    // Scores that a rule makes large are rounded coarsely.
    double bound = rule.scored ? 8e-6 : 2e-6;
    EXPECT_LE(maxError(call(*reference, 1), expected), 2 * bound);
    for (std::unique_ptr<Executable> &executable : tiled) {
      Tensor one = call(*executable, 1);
      EXPECT_LE(maxError(one, expected), bound);
      for (int threads : {2, 3}) {
        Tensor several = call(*executable, threads);
        EXPECT_EQ(std::memcmp(one.data(), several.data(), one.numBytes()), 0)
            << "results differ with " << threads << " threads";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, AttentionGrid,
                         ::testing::Range<size_t>(0, rules().size()),
                         [](const auto &info) {
                           return rules()[info.param].name;
                         });

/// What a masked-out key or value holds has no effect; what an allowed one
/// holds spreads to its rows only.
TEST_F(AttentionGrid, NaNStaysWhereItBelongs) {
  const Rule &rule = rules()[2];
  ASSERT_EQ(rule.name, "causal_bottom_right");
  int64_t length = 80, dim = 20, bad = 73;
  // The last queries: all of them, and as many as are decoded.
  for (auto [level, queries] : std::initializer_list<std::pair<int, int64_t>>{
           {0, 80}, {3, 80}, {0, 12}, {3, 12}}) {
    std::unique_ptr<Executable> executable = compile(rule, level, 512);
    ASSERT_TRUE(executable);
    for (double poison : {double(NAN), double(INFINITY)})
      for (bool inKey : {false, true}) {
        Tensor q = makeTensor(DType::F32, {1, 1, queries, dim}, "q");
        Tensor k = makeTensor(DType::F32, {1, 1, length, dim}, "k");
        Tensor v = makeTensor(DType::F32, {1, 1, length, dim}, "v");
        Tensor lengths = makeTensor(DType::I32, {1}, "len");
        Tensor table = makeTensor(DType::F32, {queries, length}, "table");
        Tensor out = makeTensor(DType::F32, {1, 1, queries, dim}, "out");
        for (int64_t d = 0; d < dim; ++d)
          (inKey ? k : v).set(bad * dim + d, poison);
        Tensor documents = makeTensor(DType::I32, {length}, "doc");
        std::vector<const Tensor *> inputs = {&q,       &k,     &v,
                                              &lengths, &table, &documents};
        std::vector<Tensor *> outputs = {&out};
        llvm::Error error = executable->run(inputs, outputs, 1);
        ASSERT_FALSE(error) << toString(std::move(error));
        for (int64_t i = 0; i < queries * dim; ++i) {
          bool sees = i / dim + length - queries >= bad;
          if (!sees)
            EXPECT_TRUE(std::isfinite(out.at(i))) << "row " << i / dim;
          else if (std::isnan(poison) || !inKey)
            EXPECT_FALSE(std::isfinite(out.at(i))) << "row " << i / dim;
        }
      }
  }
}

/// A sequence gets the same bits alone as in a batch.
TEST_F(AttentionGrid, BatchDoesNotMatter) {
  std::unique_ptr<Executable> executable = compile(rules()[4], 3, 512);
  ASSERT_EQ(rules()[4].name, "padding");
  ASSERT_TRUE(executable);
  for (int64_t queries : {3, 150}) {
    int64_t batch = 3, heads = 2, keys = 700, dim = 24;
    auto shape = [&](int64_t outer, int64_t rows) {
      return std::vector<int64_t>{outer, heads, rows, dim};
    };
    Tensor q = makeTensor(DType::F32, shape(batch, queries), "q");
    Tensor k = makeTensor(DType::F32, shape(batch, keys), "k");
    Tensor v = makeTensor(DType::F32, shape(batch, keys), "v");
    Tensor lengths = makeTensor(DType::I32, {batch}, "len", keys);
    Tensor table = makeTensor(DType::F32, {queries, keys}, "table");
    Tensor documents = makeTensor(DType::I32, {keys}, "doc");
    Tensor all = makeTensor(DType::F32, shape(batch, queries), "out");
    llvm::Error error =
        executable->run({&q, &k, &v, &lengths, &table, &documents}, {&all}, 2);
    ASSERT_FALSE(error) << toString(std::move(error));
    auto slice = [](const Tensor &from, std::vector<int64_t> to, int64_t at) {
      Tensor part = llvm::cantFail(Tensor::create(from.dtype(), to));
      std::memcpy(part.data(),
                  static_cast<const char *>(from.data()) + at * part.numBytes(),
                  part.numBytes());
      return part;
    };
    for (int64_t b = 0; b < batch; ++b) {
      Tensor q1 = slice(q, shape(1, queries), b);
      Tensor k1 = slice(k, shape(1, keys), b);
      Tensor v1 = slice(v, shape(1, keys), b);
      Tensor length1 = slice(lengths, {1}, b);
      Tensor alone = makeTensor(DType::F32, shape(1, queries), "alone");
      error = executable->run({&q1, &k1, &v1, &length1, &table, &documents},
                              {&alone}, 1);
      ASSERT_FALSE(error) << toString(std::move(error));
      Tensor expected = slice(all, shape(1, queries), b);
      EXPECT_EQ(std::memcmp(alone.data(), expected.data(), alone.numBytes()), 0)
          << "sequence " << b << " of " << queries << " queries";
    }
  }
}

} // namespace

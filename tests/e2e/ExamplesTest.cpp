//===- ExamplesTest.cpp - Every example, both ways --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Compiles each program of examples/ once at each level and compares the two on
// the same inputs, at several sizes.
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/ProgramFixture.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace attn;
using namespace attn::runtime;

namespace {

std::vector<std::string> examples() {
  std::vector<std::string> paths;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator file("examples", error), end;
       file != end && !error; file.increment(error))
    if (llvm::StringRef(file->path()).ends_with(".attn"))
      paths.push_back(file->path());
  llvm::sort(paths);
  return paths;
}

std::unique_ptr<Executable> compile(const std::string &path, int level) {
  tools::CompilationOptions options;
  options.path = path;
  options.optLevel = level;
  return compileProgram(options);
}

class Example : public ::testing::TestWithParam<std::string> {};

/// Lengths first, then everything else: heads divide each other and widths.
int64_t chooseSize(llvm::StringRef dim, int64_t length) {
  if (dim == "B")
    return 2;
  if (dim == "Hkv")
    return 2;
  if (dim == "H")
    return 4;
  if (dim.starts_with("T") || dim.starts_with("S"))
    return length;
  return 32;
}

TEST_P(Example, LevelsAgree) {
  std::unique_ptr<Executable> plain = compile(GetParam(), 0);
  std::unique_ptr<Executable> fused = compile(GetParam(), 3);
  ASSERT_TRUE(plain && fused);
  for (int64_t length : {1, 7, 64, 300}) {
    SCOPED_TRACE(length);
    auto choose = [&](llvm::StringRef dim) { return chooseSize(dim, length); };
    ProgramCall expected(plain->signature(), choose, length);
    ProgramCall actual(fused->signature(), choose, length);
    expected.run(*plain, 2);
    actual.run(*fused, 2);
    actual.expectNear(expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Example, ::testing::ValuesIn(examples()),
                         [](const auto &info) {
                           return llvm::sys::path::stem(info.param).str();
                         });

} // namespace

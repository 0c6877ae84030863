//===- SourceManagerTest.cpp ----------------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SourceManager.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sys/stat.h>

using namespace attn::frontend;

namespace {

std::string makePath(const std::string &name) {
  return std::string(std::getenv("TEST_TMPDIR")) + "/" + name;
}

std::string writeFile(const std::string &name, const std::string &text) {
  std::string path = makePath(name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string getError(SourceManager &sources, const std::string &path) {
  llvm::Expected<uint32_t> file = sources.load(path);
  return file ? "" : llvm::toString(file.takeError());
}

std::pair<unsigned, unsigned> at(const SourceManager &sources, uint32_t file,
                                 uint32_t offset) {
  LineColumn position = sources.getLineColumn(file, offset);
  return {position.line, position.column};
}

using Position = std::pair<unsigned, unsigned>;

TEST(SourceManagerTest, ReadsAFileOnce) {
  std::string path = writeFile("once.attn", "fn f() = 1\n");
  SourceManager sources;
  llvm::Expected<uint32_t> first = sources.load(path);
  ASSERT_TRUE(bool(first));
  llvm::Expected<uint32_t> again = sources.load(makePath("./once.attn"));
  ASSERT_TRUE(bool(again));
  EXPECT_EQ(*first, *again);
  EXPECT_EQ(sources.getNumFiles(), 1u);
  EXPECT_EQ(sources.getPath(*first), path);
  EXPECT_EQ(sources.getText(*first), "fn f() = 1\n");
}

TEST(SourceManagerTest, SaysWhyAFileCannotBeRead) {
  SourceManager sources;
  EXPECT_EQ(getError(sources, makePath("none.attn")),
            "no such file or directory");
  EXPECT_EQ(getError(sources, makePath("")), "is a directory");
  EXPECT_EQ(getError(sources, "/dev/zero"), "is not a regular file");
  EXPECT_EQ(getError(sources, std::string("a\0b", 3)),
            "the path contains a NUL character");
  std::string large =
      writeFile("large.attn", std::string(SourceManager::maxFileSize + 1, ' '));
  EXPECT_EQ(getError(sources, large), "is larger than 4 MiB");
}

TEST(SourceManagerTest, SaysThatAFileMayNotBeRead) {
  if (geteuid() == 0)
    GTEST_SKIP() << "root may read everything";
  std::string path = writeFile("secret.attn", "");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  SourceManager sources;
  EXPECT_EQ(getError(sources, path), "permission denied");
}

TEST(SourceManagerTest, FindsBuffersBeforeFiles) {
  std::string path = writeFile("edited.attn", "on disk");
  SourceManager sources;
  uint32_t buffer = sources.addBuffer(path, "in the editor");
  llvm::Expected<uint32_t> loaded = sources.load(path);
  ASSERT_TRUE(bool(loaded));
  EXPECT_EQ(*loaded, buffer);

  uint32_t newer = sources.addBuffer(path, "in the editor, later");
  EXPECT_EQ(llvm::cantFail(sources.load(path)), newer);
  EXPECT_EQ(sources.getText(buffer), "in the editor");
}

TEST(SourceManagerTest, CountsLinesAndCharacters) {
  SourceManager sources;
  uint32_t file = sources.addBuffer("a.attn", "ab\n\tc\r\n\xc3\xa9\xe2\x88\x9e"
                                              "d\rlast");
  EXPECT_EQ(sources.getNumLines(file), 4u);
  EXPECT_EQ(at(sources, file, 0), Position(1, 1));
  EXPECT_EQ(at(sources, file, 2), Position(1, 3));
  EXPECT_EQ(at(sources, file, 3), Position(2, 1));
  EXPECT_EQ(at(sources, file, 4), Position(2, 2));
  // Two bytes, then three bytes, then one.
  EXPECT_EQ(at(sources, file, 9), Position(3, 2));
  EXPECT_EQ(at(sources, file, 12), Position(3, 3));
  EXPECT_EQ(at(sources, file, 14), Position(4, 1));
  EXPECT_EQ(at(sources, file, 1000), Position(4, 5));
  EXPECT_EQ(sources.getLine(file, 1), "ab");
  EXPECT_EQ(sources.getLine(file, 2), "\tc");
  EXPECT_EQ(sources.getLine(file, 3), "\xc3\xa9\xe2\x88\x9e"
                                      "d");
  EXPECT_EQ(sources.getLine(file, 4), "last");
  EXPECT_EQ(sources.getText({file, 4, 5}), "c");
}

TEST(SourceManagerTest, KnowsTheEmptyFile) {
  SourceManager sources;
  uint32_t file = sources.addBuffer("a.attn", "");
  EXPECT_EQ(sources.getNumLines(file), 1u);
  EXPECT_EQ(sources.getLine(file, 1), "");
  EXPECT_EQ(at(sources, file, 0), Position(1, 1));
}

TEST(SourceManagerTest, DropsByteOrderMarks) {
  SourceManager sources;
  uint32_t file = sources.addBuffer("a.attn", "\xef\xbb\xbf"
                                              "fn");
  EXPECT_EQ(sources.getText(file), "fn");
}

TEST(SourceManagerTest, FindsWhatIsNotUTF8) {
  SourceManager sources;
  auto find = [&](llvm::StringRef text) {
    return sources.findInvalidUTF8(sources.addBuffer("a.attn", text));
  };
  EXPECT_EQ(find("plain"), std::nullopt);
  EXPECT_EQ(find("\xc3\xa9\xf0\x9f\x98\x80"), std::nullopt);
  EXPECT_EQ(find("ab\xff"), 2u);
  EXPECT_EQ(find("ab\xc3"), 2u);
  // An overlong form and half of a surrogate pair.
  EXPECT_EQ(find("\xc0\xaf"), 0u);
  EXPECT_EQ(find("x\xed\xa0\x80"), 1u);
}

} // namespace

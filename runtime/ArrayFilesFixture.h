//===- ArrayFilesFixture.h - Files for the tests of readers -----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_ARRAYFILESFIXTURE_H
#define ATTN_RUNTIME_ARRAYFILESFIXTURE_H

#include "runtime/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <string>
#include <vector>

namespace attn::runtime {

/// A folder that disappears with the test.
class ArrayFiles : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("attnc", folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string path(llvm::StringRef name) {
    llvm::SmallString<128> result(folder);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  std::string write(llvm::StringRef name, llvm::StringRef bytes) {
    std::string file = path(name);
    std::error_code code;
    llvm::raw_fd_ostream stream(file, code);
    EXPECT_FALSE(code);
    stream << bytes;
    return file;
  }

  std::string read(llvm::StringRef name) {
    auto buffer = llvm::MemoryBuffer::getFile(path(name));
    return buffer ? (*buffer)->getBuffer().str() : "(no file)";
  }

  /// The names in the folder, sorted.
  std::vector<std::string> list() {
    std::vector<std::string> names;
    std::error_code code;
    for (llvm::sys::fs::directory_iterator it(folder, code), end;
         it != end && !code; it.increment(code))
      names.push_back(llvm::sys::path::filename(it->path()).str());
    llvm::sort(names);
    return names;
  }

  /// What reading these bytes says, with the folder left out.
  std::string readError(llvm::StringRef bytes) {
    return withoutFolder(readNpy(write("x.npy", bytes)));
  }

  template <typename T> std::string withoutFolder(llvm::Expected<T> result) {
    return result ? "no error" : withoutFolder(result.takeError());
  }
  std::string withoutFolder(llvm::Error error) {
    if (!error)
      return "no error";
    std::string message = llvm::toString(std::move(error));
    std::string prefix = folder.str().str() + "/";
    for (size_t at; (at = message.find(prefix)) != std::string::npos;)
      message.erase(at, prefix.size());
    return message;
  }

  llvm::SmallString<128> folder;
};

inline Tensor make(DType dtype, std::vector<int64_t> shape,
                   std::vector<double> values) {
  Tensor tensor = llvm::cantFail(Tensor::create(dtype, shape));
  tensor.fromDoubles(values);
  return tensor;
}

} // namespace attn::runtime

#endif // ATTN_RUNTIME_ARRAYFILESFIXTURE_H

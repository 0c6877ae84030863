//===- Npy.cpp - NumPy's array files --------------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Npy.h"

#include "runtime/NpyFormat.h"
#include "runtime/OutputFile.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

using namespace attn::runtime;
using llvm::StringRef;

namespace {
/// A file that is read from front to back.
class InputFile {
public:
  explicit InputFile(StringRef path) : path(path.str()) {}
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;
  ~InputFile() {
    if (descriptor >= 0)
      close(descriptor);
  }

  llvm::Error open();

  llvm::Expected<size_t> read(void *data, size_t size);

  /// Bytes of the whole file; -1 for a pipe or device.
  int64_t size() const { return bytes; }

private:
  llvm::Error error(std::error_code code) const {
    return llvm::createStringError("cannot read '" + path +
                                   "': " + code.message());
  }
  llvm::Error lastError() const {
    return error(std::error_code(errno, std::generic_category()));
  }

  std::string path;
  int descriptor = -1;
  int64_t bytes = -1;
};
} // namespace

llvm::Error InputFile::open() {
  if (std::error_code code = llvm::sys::fs::openFileForRead(path, descriptor))
    return error(code);
  struct stat status;
  if (fstat(descriptor, &status))
    return lastError();
  if (S_ISDIR(status.st_mode))
    return error(make_error_code(std::errc::is_a_directory));
  if (S_ISREG(status.st_mode))
    bytes = status.st_size;
  return llvm::Error::success();
}

llvm::Expected<size_t> InputFile::read(void *data, size_t size) {
  // Linux reads at most 2 GiB at a time.
  constexpr size_t kMost = size_t(1) << 30;
  size_t total = 0;
  while (total < size) {
    ssize_t got = llvm::sys::RetryAfterSignal(-1, ::read, descriptor,
                                              static_cast<char *>(data) + total,
                                              std::min(size - total, kMost));
    if (got < 0)
      return lastError();
    if (got == 0)
      break;
    total += static_cast<size_t>(got);
  }
  return total;
}

llvm::Expected<ArrayInfo> attn::runtime::readNpyInfo(StringRef path) {
  InputFile file(path);
  if (llvm::Error error = file.open())
    return std::move(error);
  llvm::Expected<NpyHeader> header = readNpyHeader(
      path, [&](void *data, size_t size) { return file.read(data, size); });
  if (!header)
    return header.takeError();
  return std::move(header->info);
}

llvm::Expected<Tensor> attn::runtime::readNpy(StringRef path) {
  InputFile file(path);
  if (llvm::Error error = file.open())
    return std::move(error);
  auto read = [&](void *data, size_t size) { return file.read(data, size); };
  llvm::Expected<NpyHeader> header = readNpyHeader(path, read);
  if (!header)
    return header.takeError();
  int64_t available = file.size() < 0 ? -1 : file.size() - header->headerBytes;
  return readNpyData(path, *header, available, read);
}

llvm::Error attn::runtime::writeNpy(OutputFile &file, const Tensor &tensor) {
  std::string header = formatNpyHeader(tensor);
  if (llvm::Error error = file.write(header.data(), header.size()))
    return error;
  return file.write(tensor.data(), tensor.numBytes());
}

llvm::Error attn::runtime::writeNpy(StringRef path, const Tensor &tensor) {
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (llvm::Error error = writeNpy(*file, tensor))
    return error;
  return file->commit();
}

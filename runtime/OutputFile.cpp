//===- OutputFile.cpp - Files that appear whole or not at all -------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/OutputFile.h"

#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <system_error>
#include <unistd.h>

using namespace attn::runtime;
namespace fs = llvm::sys::fs;

struct OutputFile::State {
  std::string path;
  /// Where the temporary goes: `path` with symbolic links followed.
  std::string target;
  std::optional<fs::TempFile> temporary;
  /// Open if `path` is a device or pipe, else -1.
  int direct = -1;

  int descriptor() const { return temporary ? temporary->FD : direct; }

  llvm::Error error(std::error_code code) const {
    return llvm::createStringError("cannot write '" + path +
                                   "': " + code.message());
  }

  ~State() {
    if (temporary)
      llvm::consumeError(temporary->discard());
    if (direct >= 0)
      close(direct);
  }
};

OutputFile::OutputFile(std::unique_ptr<State> state)
    : state(std::move(state)) {}
OutputFile::OutputFile(OutputFile &&other) = default;
OutputFile &OutputFile::operator=(OutputFile &&other) = default;
OutputFile::~OutputFile() = default;

llvm::StringRef OutputFile::path() const { return state->path; }

llvm::StringRef OutputFile::temporaryPath() const {
  return state->temporary ? llvm::StringRef(state->temporary->TmpName) : "";
}

static std::error_code lastError() {
  return std::error_code(errno, std::generic_category());
}

llvm::Expected<OutputFile> OutputFile::create(llvm::StringRef path) {
  auto state = std::make_unique<State>();
  state->path = path.str();
  state->target = path.str();
  if (path.empty())
    return state->error(make_error_code(std::errc::no_such_file_or_directory));

  fs::file_status status;
  fs::status(path, status);
  if (fs::is_directory(status))
    return state->error(make_error_code(std::errc::is_a_directory));
  if (fs::exists(status)) {
    if (access(state->path.c_str(), W_OK))
      return state->error(lastError());
    if (!fs::is_regular_file(status)) {
      state->direct = open(state->path.c_str(), O_WRONLY | O_CLOEXEC);
      if (state->direct < 0)
        return state->error(lastError());
      return OutputFile(std::move(state));
    }
    llvm::SmallString<128> real;
    if (!fs::real_path(path, real))
      state->target = real.str().str();
  } else if (fs::is_symlink_file(path)) {
    return llvm::createStringError("cannot write '" + path +
                                   "': it is a link to a file that does not "
                                   "exist");
  }

  unsigned mode = fs::exists(status) ? unsigned(status.permissions())
                                     : fs::all_read | fs::all_write;
  auto temporary = fs::TempFile::create(state->target + ".tmp-%%%%%%%%", mode);
  if (!temporary)
    return state->error(llvm::errorToErrorCode(temporary.takeError()));
  state->temporary = std::move(*temporary);
  return OutputFile(std::move(state));
}

llvm::Error OutputFile::write(const void *data, size_t size) {
  // Linux writes at most 2 GiB at a time.
  constexpr size_t kMost = size_t(1) << 30;
  const char *next = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t written = llvm::sys::RetryAfterSignal(
        -1, ::write, state->descriptor(), next, std::min(size, kMost));
    if (written < 0)
      return state->error(lastError());
    next += written;
    size -= static_cast<size_t>(written);
  }
  return llvm::Error::success();
}

llvm::Error OutputFile::commit() {
  if (!state->temporary) {
    int descriptor = state->direct;
    state->direct = -1;
    return close(descriptor) ? state->error(lastError())
                             : llvm::Error::success();
  }
  llvm::Error error = state->temporary->keep(state->target);
  state->temporary.reset();
  if (error)
    return state->error(llvm::errorToErrorCode(std::move(error)));
  return llvm::Error::success();
}

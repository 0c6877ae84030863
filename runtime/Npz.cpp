//===- Npz.cpp - NumPy's archives of arrays -------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Npz.h"

#include "runtime/NpyFormat.h"
#include "runtime/OutputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

#include <array>
#include <zip.h>

using namespace attn::runtime;
using llvm::StringRef;
using llvm::Twine;

static constexpr StringRef kSuffix = ".npy";

namespace {
/// One array of an archive.
struct Member {
  std::string name;
  zip_uint64_t index;
  /// Uncompressed.
  int64_t bytes;
};

/// An archive that is open for reading.
class Archive {
public:
  explicit Archive(StringRef path) : path(path.str()) {}
  Archive(const Archive &) = delete;
  Archive &operator=(const Archive &) = delete;
  ~Archive() {
    if (archive)
      zip_discard(archive);
  }

  llvm::Error open();

  llvm::ArrayRef<Member> members() const { return entries; }

  llvm::Expected<Tensor> read(const Member &member);
  llvm::Expected<ArrayInfo> readInfo(const Member &member);

private:
  llvm::Error error(const Twine &message) const {
    return llvm::createStringError("cannot read '" + path + "': " + message);
  }
  /// Calls `fn(name of the member for messages, reader of its bytes)`.
  template <typename Fn>
  auto withMember(const Member &member, Fn fn)
      -> decltype(fn(StringRef(), std::declval<ReadBytes>()));

  std::string path;
  zip_t *archive = nullptr;
  std::vector<Member> entries;
};
} // namespace

static std::string messageOf(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string message = zip_error_strerror(&error);
  zip_error_fini(&error);
  return message;
}

llvm::Error Archive::open() {
  llvm::sys::fs::file_status status;
  if (std::error_code code = llvm::sys::fs::status(path, status))
    return error(code.message());
  if (llvm::sys::fs::is_directory(status))
    return error("Is a directory");
  int code = 0;
  archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (!archive) {
    if (code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS)
      return llvm::createStringError(
          "'" + path + "' is not an .npz file: " + messageOf(code));
    return error(messageOf(code));
  }

  llvm::StringSet<> seen;
  zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE;
    if (zip_stat_index(archive, i, ZIP_FL_ENC_GUESS, &stat) ||
        (stat.valid & kNeeded) != kNeeded)
      return error("member " + Twine(i) + ": " + zip_strerror(archive));
    StringRef name = stat.name;
    if (!name.consume_back(kSuffix) || name.empty())
      return llvm::createStringError("'" + path + "' holds '" +
                                     StringRef(stat.name) +
                                     "', expected only arrays (NAME.npy)");
    if (!seen.insert(name).second)
      return llvm::createStringError("'" + path + "' holds '" + name +
                                     "' twice");
    if (stat.size > static_cast<zip_uint64_t>(INT64_MAX))
      return error("the size of '" + name + "' overflows");
    entries.push_back({name.str(), static_cast<zip_uint64_t>(i),
                       static_cast<int64_t>(stat.size)});
  }
  return llvm::Error::success();
}

template <typename Fn>
auto Archive::withMember(const Member &member, Fn fn)
    -> decltype(fn(StringRef(), std::declval<ReadBytes>())) {
  zip_file_t *file = zip_fopen_index(archive, member.index, 0);
  if (!file)
    return error("member '" + member.name + "': " + zip_strerror(archive));
  auto read = [&](void *data, size_t size) -> llvm::Expected<size_t> {
    size_t total = 0;
    while (total < size) {
      zip_int64_t got =
          zip_fread(file, static_cast<char *>(data) + total, size - total);
      if (got < 0)
        return error("member '" + member.name +
                     "': " + zip_file_strerror(file));
      if (got == 0)
        break;
      total += static_cast<size_t>(got);
    }
    return total;
  };
  std::string name = path + ":" + member.name;
  auto result = fn(StringRef(name), ReadBytes(read));
  zip_fclose(file);
  return result;
}

llvm::Expected<Tensor> Archive::read(const Member &member) {
  return withMember(
      member, [&](StringRef name, ReadBytes read) -> llvm::Expected<Tensor> {
        llvm::Expected<NpyHeader> header = readNpyHeader(name, read);
        if (!header)
          return header.takeError();
        return readNpyData(name, *header, member.bytes - header->headerBytes,
                           read);
      });
}

llvm::Expected<ArrayInfo> Archive::readInfo(const Member &member) {
  return withMember(
      member, [&](StringRef name, ReadBytes read) -> llvm::Expected<ArrayInfo> {
        llvm::Expected<NpyHeader> header = readNpyHeader(name, read);
        if (!header)
          return header.takeError();
        return std::move(header->info);
      });
}

llvm::Expected<std::vector<std::pair<std::string, Tensor>>>
attn::runtime::readNpz(StringRef path) {
  Archive archive(path);
  if (llvm::Error error = archive.open())
    return std::move(error);
  std::vector<std::pair<std::string, Tensor>> arrays;
  for (const Member &member : archive.members()) {
    llvm::Expected<Tensor> tensor = archive.read(member);
    if (!tensor)
      return tensor.takeError();
    arrays.emplace_back(member.name, std::move(*tensor));
  }
  return arrays;
}

llvm::Expected<std::vector<std::pair<std::string, ArrayInfo>>>
attn::runtime::readNpzInfo(StringRef path) {
  Archive archive(path);
  if (llvm::Error error = archive.open())
    return std::move(error);
  std::vector<std::pair<std::string, ArrayInfo>> infos;
  for (const Member &member : archive.members()) {
    llvm::Expected<ArrayInfo> info = archive.readInfo(member);
    if (!info)
      return info.takeError();
    infos.emplace_back(member.name, std::move(*info));
  }
  return infos;
}

llvm::Expected<Tensor> attn::runtime::readNpzMember(StringRef path,
                                                    StringRef name) {
  Archive archive(path);
  if (llvm::Error error = archive.open())
    return std::move(error);
  std::string known;
  for (const Member &member : archive.members()) {
    if (member.name == name)
      return archive.read(member);
    known += (known.empty() ? "" : ", ") + member.name;
  }
  return llvm::createStringError("'" + path + "' has no array '" + name +
                                 "'; it has " +
                                 (known.empty() ? "none" : known));
}

llvm::Error attn::runtime::writeNpz(
    StringRef path,
    llvm::ArrayRef<std::pair<std::string, const Tensor *>> arrays) {
  auto error = [&](const Twine &message) {
    return llvm::createStringError("cannot write '" + path + "': " + message);
  };
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (file->temporaryPath().empty())
    return error("an archive needs a regular file");

  int code = 0;
  zip_t *archive = zip_open(file->temporaryPath().str().c_str(),
                            ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive)
    return error(messageOf(code));
  auto fail = [&](const Twine &message) {
    llvm::Error result = error(message);
    zip_discard(archive);
    return result;
  };

  // libzip reads both when it closes the archive.
  std::vector<std::string> headers(arrays.size());
  std::vector<std::array<zip_buffer_fragment_t, 2>> parts(arrays.size());
  for (auto [i, array] : llvm::enumerate(arrays)) {
    const auto &[name, tensor] = array;
    if (name.empty())
      return fail("an array has no name");
    headers[i] = formatNpyHeader(*tensor);
    auto bytesOf = [](const void *data) {
      return static_cast<zip_uint8_t *>(const_cast<void *>(data));
    };
    parts[i] = {{{bytesOf(headers[i].data()), headers[i].size()},
                 {bytesOf(tensor->data()),
                  static_cast<zip_uint64_t>(tensor->numBytes())}}};
    zip_source_t *source = zip_source_buffer_fragment(
        archive, parts[i].data(), tensor->numBytes() ? 2 : 1, /*freep=*/0);
    if (!source)
      return fail(zip_strerror(archive));
    std::string member = name + kSuffix.str();
    zip_int64_t index =
        zip_file_add(archive, member.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return fail("array '" + name + "': " + zip_strerror(archive));
    }
    if (zip_set_file_compression(archive, index, ZIP_CM_STORE, 0))
      return fail(zip_strerror(archive));
  }
  // libzip removes a file that would be an archive without members, which is a
  // well-formed archive to everybody else.
  if (arrays.empty())
    return fail("there is no array to write");
  if (zip_close(archive))
    return fail(zip_strerror(archive));
  return file->commit();
}

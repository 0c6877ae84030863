//===- NpyTest.cpp - NumPy's array files ----------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Npy.h"

#include "runtime/ArrayFilesFixture.h"
#include "runtime/OutputFile.h"
#include "llvm/ADT/StringExtras.h"

#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace attn::runtime;
namespace fs = llvm::sys::fs;

namespace {

/// A file of version 1 with this dictionary, padded as NumPy pads it.
std::string npy(llvm::StringRef dictionary, llvm::StringRef data = "") {
  std::string header = dictionary.str();
  header.resize(llvm::alignTo(header.size() + 11, 64) - 11, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\0", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + data.str();
}

std::string npyOf(llvm::StringRef descr, llvm::StringRef shape,
                  llvm::StringRef data = "") {
  return npy(("{'descr': '" + descr +
              "', 'fortran_order': False, 'shape': " + shape + ", }")
                 .str(),
             data);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

// np.save of np.array([[1, 2, 3], [4, 5, 6]], np.float32), byte for byte.
constexpr llvm::StringLiteral kNumpyF32 =
    "934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f"
    "72646572273a2046616c73652c20277368617065273a2028322c2033292c207d2020202020"
    "20202020202020202020202020202020202020202020202020202020202020202020202020"
    "202020202020202020202020202020200a0000803f0000004000004040000080400000a040"
    "0000c040";

TEST_F(ArrayFiles, ReadsWhatNumpyWrote) {
  std::string bytes = llvm::fromHex(kNumpyF32);
  ASSERT_EQ(bytes.size(), 128u + 24u);
  Tensor tensor = llvm::cantFail(readNpy(write("x.npy", bytes)));
  EXPECT_EQ(tensor.dtype(), DType::F32);
  EXPECT_EQ(tensor.shape().vec(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(tensor.toDoubles(), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  // And back, to the byte.
  ASSERT_FALSE(writeNpy(path("y.npy"), tensor));
  EXPECT_EQ(read("y.npy"), bytes);
}

TEST_F(ArrayFiles, RoundTripsEveryType) {
  for (DType dtype : {DType::F16, DType::BF16, DType::F32, DType::F64,
                      DType::I32, DType::I64, DType::Bool}) {
    Tensor before = make(dtype, {3, 1, 2}, {0, 1, 1, 0, 1, 1});
    ASSERT_FALSE(writeNpy(path("x.npy"), before));
    ArrayInfo info = llvm::cantFail(readNpyInfo(path("x.npy")));
    EXPECT_EQ(info.dtype, dtype);
    EXPECT_EQ(info.shape, (std::vector<int64_t>{3, 1, 2}));
    Tensor after = llvm::cantFail(readNpy(path("x.npy")));
    EXPECT_EQ(after.dtype(), dtype);
    EXPECT_EQ(after.toDoubles(), before.toDoubles());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(after.data()) % 64, 0u);
  }
}

TEST_F(ArrayFiles, RoundTripsOddShapes) {
  for (std::vector<int64_t> shape :
       {std::vector<int64_t>{}, {5}, {0}, {3, 0, 2}, {1, 1, 1, 1, 1, 1}}) {
    Tensor before = llvm::cantFail(Tensor::zeros(DType::F32, shape));
    ASSERT_FALSE(writeNpy(path("x.npy"), before));
    EXPECT_EQ(read("x.npy").size() % 64, before.numBytes() % 64);
    Tensor after = llvm::cantFail(readNpy(path("x.npy")));
    EXPECT_EQ(after.shape(), before.shape());
  }
  // A tuple of one has a comma.
  ASSERT_FALSE(writeNpy(path("x.npy"), make(DType::F32, {2}, {1, 2})));
  EXPECT_NE(read("x.npy").find("'shape': (2,), }"), std::string::npos);
}

TEST_F(ArrayFiles, RoundTripsTheMostDimensions) {
  std::vector<int64_t> shape(kMaxRank, 1);
  shape[0] = 0;
  shape[1] = int64_t(1) << 60;
  Tensor before = llvm::cantFail(Tensor::create(DType::F32, shape));
  ASSERT_FALSE(writeNpy(path("x.npy"), before));
  EXPECT_EQ(llvm::cantFail(readNpy(path("x.npy"))).shape(), before.shape());
}

TEST_F(ArrayFiles, ReadsOtherSpellings) {
  std::string one("\0\0\x80\x3f", 4);
  for (llvm::StringRef dictionary :
       {"{'descr':'<f4','fortran_order':False,'shape':(1,)}",
        "{\"shape\": (1L,), \"fortran_order\": False, \"descr\": \"=f4\"}",
        "{ 'shape' : ( 1 , ) , 'descr' : u'<f4' , 'fortran_order' : False }"})
    EXPECT_EQ(
        llvm::cantFail(readNpy(write("x.npy", npy(dictionary, one)))).at(0), 1)
        << dictionary.str();
  EXPECT_EQ(readError(npyOf("|V2", "(1,)", "\x80\x3f")), "no error");
}

TEST_F(ArrayFiles, ReadsVersions2And3) {
  std::string body =
      "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}\n";
  for (char version : {'\2', '\3'}) {
    std::string bytes("\x93NUMPY", 6);
    bytes += version;
    bytes += std::string("\0", 1);
    bytes += static_cast<char>(body.size());
    bytes += std::string("\0\0\0", 3) + body + std::string("\0\1\7", 3);
    Tensor tensor = llvm::cantFail(readNpy(write("x.npy", bytes)));
    // A byte of 7 is as true as one of 1.
    EXPECT_EQ(tensor.values<uint8_t>().vec(), (std::vector<uint8_t>{0, 1, 1}));
  }
}

TEST_F(ArrayFiles, ReadsPipes) {
  std::string fifo = path("pipe");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (bool truncated : {false, true}) {
    std::thread writer([&] {
      std::error_code code;
      llvm::raw_fd_ostream stream(fifo, code, fs::CD_OpenExisting);
      stream << npyOf("<i4", "(2,)",
                      llvm::StringRef("\1\0\0\0\2\0\0\0", truncated ? 5 : 8));
    });
    EXPECT_EQ(withoutFolder(readNpy(fifo)),
              truncated ? "'pipe' is truncated: expected 8 bytes of data for "
                          "i32 [2], got 5"
                        : "no error");
    writer.join();
  }
}

//===----------------------------------------------------------------------===//
// Bad files
//===----------------------------------------------------------------------===//

TEST_F(ArrayFiles, NamesFilesThatCannotBeRead) {
  EXPECT_EQ(withoutFolder(readNpy(path("none.npy"))),
            "cannot read 'none.npy': No such file or directory");
  ASSERT_FALSE(fs::create_directory(path("dir")));
  EXPECT_EQ(withoutFolder(readNpy(path("dir"))),
            "cannot read 'dir': Is a directory");
  EXPECT_EQ(withoutFolder(readNpyInfo(path("none.npy"))),
            "cannot read 'none.npy': No such file or directory");
}

TEST_F(ArrayFiles, RefusesOtherFiles) {
  EXPECT_EQ(readError(""), "'x.npy' is empty, expected an .npy file");
  EXPECT_EQ(readError("1.0 2.0 3.0"),
            "'x.npy' is not an .npy file: expected it to start with "
            "\"\\93NUMPY\", got \"1.0 2.\"");
  EXPECT_EQ(readError("PK\3\4 and so on"),
            "'x.npy' is not an .npy file: expected it to start with "
            "\"\\93NUMPY\", got \"PK\\03\\04 a\" (an .npz archive)");
}

TEST_F(ArrayFiles, RefusesBadHeaders) {
  std::string good = npyOf("<f4", "(2, 3)", std::string(24, '\0'));
  ASSERT_EQ(readError(good), "no error");
  EXPECT_EQ(readError(good.substr(0, 7)),
            "'x.npy' ends inside its header: expected 10 bytes, got 7");
  EXPECT_EQ(readError(good.substr(0, 50)),
            "'x.npy' ends inside its header: expected 128 bytes, got 50");

  std::string version = good;
  version[6] = 4;
  EXPECT_EQ(readError(version),
            "'x.npy' is of .npy version 4.0, expected 1.0, 2.0 or 3.0");
  version[6] = 1;
  version[7] = 5;
  EXPECT_EQ(readError(version),
            "'x.npy' is of .npy version 1.5, expected 1.0, 2.0 or 3.0");

  std::string absurd("\x93NUMPY\2\0\xff\xff\xff\xff", 12);
  EXPECT_EQ(readError(absurd), "'x.npy' declares a header of 4294967295 bytes, "
                               "expected at most 1048576");

  EXPECT_EQ(readError(npy("[1]")),
            "'x.npy' has a malformed header: expected '{', got '[1]'");
  EXPECT_EQ(readError(npy("{'descr': '<f4'")),
            "'x.npy' has a malformed header: expected ',' or '}', got the end "
            "of the header");
  EXPECT_EQ(readError(npy("{'descr': '<f4', 'fortran_order': 0}")),
            "'x.npy' has a malformed header: expected True or False, got '0}'");
  EXPECT_EQ(readError(npy("{'descr': '<f4', 'shape': (1,)}")),
            "'x.npy' has no 'fortran_order' in its header");
  EXPECT_EQ(readError(npy("{'descr': '<f4', 'descr': '<f4'}")),
            "'x.npy' has 'descr' twice in its header");
  EXPECT_EQ(readError(npy("{'colour': 1}")),
            "'x.npy' has the unknown key 'colour' in its header, expected "
            "'descr', 'fortran_order' and 'shape'");
  EXPECT_EQ(readError(npy("{'descr': '<f4', 'fortran_order': False, 'shape': "
                          "(1,)} x")),
            "'x.npy' has a malformed header: expected nothing after '}', got "
            "'x'");
}

TEST_F(ArrayFiles, RefusesBadShapes) {
  EXPECT_EQ(readError(npyOf("<f4", "(2, -3)")),
            "'x.npy' has a negative dimension, -3");
  EXPECT_EQ(readError(npyOf("<f4", "(99999999999999999999,)")),
            "'x.npy' has a dimension of 99999999999999999999, which overflows "
            "64 bits");
  EXPECT_EQ(readError(npyOf("<f4", "(4294967296, 4294967296)")),
            "'x.npy' is too large: an array of shape [4294967296, 4294967296] "
            "and type f32 has more bytes than 64 bits can count");
  EXPECT_EQ(
      readError(npyOf("<f4", "(2, x)")),
      "'x.npy' has a malformed header: expected a dimension, got 'x), }'");
  EXPECT_EQ(readError(npyOf("<f4", "7")),
            "'x.npy' has a malformed header: expected a shape in parentheses, "
            "got '7, }'");
  std::string many = "(";
  for (int i = 0; i < 65; ++i)
    many += "1,";
  EXPECT_EQ(readError(npyOf("<f4", many + ")")),
            "'x.npy' has more than 64 dimensions");
}

TEST_F(ArrayFiles, RefusesWrongSizes) {
  EXPECT_EQ(readError(npyOf("<f4", "(2, 3)", std::string(23, '\0'))),
            "'x.npy' is truncated: expected 24 bytes of data for f32 [2, 3], "
            "got 23");
  EXPECT_EQ(readError(npyOf("<f4", "(2, 3)", std::string(25, '\0'))),
            "'x.npy' has 1 byte after its data: expected 24 bytes of data for "
            "f32 [2, 3]");
  // Nothing of this size is allocated for a file without it.
  EXPECT_EQ(readError(npyOf("<f8", "(1125899906842624,)")),
            "'x.npy' is truncated: expected 9007199254740992 bytes of data for "
            "f64 [1125899906842624], got 0");
}

TEST_F(ArrayFiles, RefusesWhatDoesNotFitInMemory) {
  // A file with a hole: all there, as far as its size goes.
  std::string header = npyOf("<f4", "(1099511627776,)");
  std::string file = write("x.npy", header);
  if (truncate(file.c_str(), header.size() + (int64_t(4) << 40)))
    GTEST_SKIP() << "the file system has no files of 4 TiB";
  std::string message = withoutFolder(readNpy(file));
  EXPECT_TRUE(llvm::StringRef(message).starts_with(
      "'x.npy' cannot be read: not enough memory: needs 4.0 TiB, "))
      << message;
}

TEST_F(ArrayFiles, RefusesForeignLayouts) {
  EXPECT_EQ(readError(npy("{'descr': '<f4', 'fortran_order': True, 'shape': "
                          "(2, 3), }",
                          std::string(24, '\0'))),
            "'x.npy' is in Fortran order (columns first), expected C order; "
            "np.ascontiguousarray converts it");
  EXPECT_EQ(readError(npyOf(">f4", "(1,)", "abcd")),
            "'x.npy' is big-endian ('>f4'), expected little-endian ('<f4')");
}

TEST_F(ArrayFiles, RefusesForeignTypes) {
  std::string expected =
      ", expected '<f2' (f16), '<V2' (bf16), '<f4' (f32), '<f8' (f64), '<i4' "
      "(i32), '<i8' (i64) or '|b1' (bool)";
  auto says = [&](llvm::StringRef descr, llvm::StringRef what) {
    EXPECT_EQ(readError(npyOf(descr, "(1,)", "abcdefgh")),
              ("'x.npy' holds elements of type '" + descr + "'" + what).str() +
                  expected);
  };
  says("|O", " (Python objects)");
  says("<c8", " (complex numbers)");
  says("<u4", " (unsigned integers of 32 bits)");
  says("|i1", " (integers of 8 bits)");
  says("<f16", " (floats of 128 bits)");
  says("<U3", " (strings)");
  says("|S5", " (strings)");
  says("<M8[ns]", " (dates or times)");
  says("|V8", " (raw bytes)");
  says("zzz", "");
  EXPECT_EQ(readError(npyOf("a\x1b[2J", "(1,)")),
            "'x.npy' holds elements of type 'a\\1B[2J' (strings)" + expected);
  says("", "");
  EXPECT_EQ(readError(npy("{'descr': [('a', '<f4'), ('b', '<i4')], "
                          "'fortran_order': False, 'shape': (1,), }")),
            "'x.npy' holds records of several fields (a structured type)" +
                expected);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

TEST_F(ArrayFiles, LeavesNothingBehindWhenItCannotWrite) {
  Tensor tensor = make(DType::F32, {1}, {1});
  EXPECT_EQ(withoutFolder(writeNpy(path("none/y.npy"), tensor)),
            "cannot write 'none/y.npy': No such file or directory");
  ASSERT_FALSE(fs::create_directory(path("dir")));
  EXPECT_EQ(withoutFolder(writeNpy(path("dir"), tensor)),
            "cannot write 'dir': Is a directory");
  EXPECT_EQ(withoutFolder(writeNpy("", tensor)),
            "cannot write '': No such file or directory");
  ASSERT_EQ(symlink("missing", path("dangling").c_str()), 0);
  EXPECT_EQ(withoutFolder(writeNpy(path("dangling"), tensor)),
            "cannot write 'dangling': it is a link to a file that does not "
            "exist");
  EXPECT_EQ(list(), (std::vector<std::string>{"dangling", "dir"}));
}

TEST_F(ArrayFiles, ReportsAFullDisk) {
  if (access("/dev/full", W_OK))
    GTEST_SKIP() << "no /dev/full";
  Tensor tensor = llvm::cantFail(Tensor::zeros(DType::F32, {1000}));
  EXPECT_EQ(withoutFolder(writeNpy("/dev/full", tensor)),
            "cannot write '/dev/full': No space left on device");
}

TEST_F(ArrayFiles, ReplacesOnlyWhenComplete) {
  write("y.npy", "old");
  {
    OutputFile file = llvm::cantFail(OutputFile::create(path("y.npy")));
    ASSERT_FALSE(writeNpy(file, make(DType::F32, {1}, {1})));
    EXPECT_EQ(read("y.npy"), "old");
    EXPECT_EQ(list().size(), 2u);
  }
  // Not committed: as if it had not been.
  EXPECT_EQ(read("y.npy"), "old");
  EXPECT_EQ(list(), (std::vector<std::string>{"y.npy"}));

  ASSERT_FALSE(writeNpy(path("y.npy"), make(DType::F32, {1}, {1})));
  EXPECT_EQ(llvm::cantFail(readNpy(path("y.npy"))).at(0), 1);
  EXPECT_EQ(list(), (std::vector<std::string>{"y.npy"}));
}

TEST_F(ArrayFiles, FollowsLinksAndKeepsPermissions) {
  write("real.npy", "old");
  ASSERT_EQ(chmod(path("real.npy").c_str(), 0640), 0);
  ASSERT_EQ(symlink("real.npy", path("link.npy").c_str()), 0);
  ASSERT_FALSE(writeNpy(path("link.npy"), make(DType::F32, {1}, {4})));
  EXPECT_TRUE(fs::is_symlink_file(path("link.npy")));
  EXPECT_EQ(llvm::cantFail(readNpy(path("real.npy"))).at(0), 4);
  struct stat status;
  ASSERT_EQ(stat(path("real.npy").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(ArrayFiles, WritesDevices) {
  EXPECT_EQ(withoutFolder(writeNpy("/dev/null", make(DType::F32, {1}, {1}))),
            "no error");
  struct stat status;
  ASSERT_EQ(stat("/dev/null", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

} // namespace

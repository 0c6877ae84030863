//===- NpzTest.cpp - NumPy's archives of arrays ---------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Npz.h"

#include "runtime/ArrayFilesFixture.h"
#include "llvm/ADT/StringExtras.h"

using namespace attn::runtime;

namespace {

// np.savez of a = np.array([1, 2], np.int32) and b = np.array(True).
constexpr llvm::StringLiteral kNumpyArchive =
    "504b0304140000000000000021000bf9aa2d880000008800000005001400612e6e70790100"
    "100088000000000000008800000000000000934e554d5059010076007b276465736372273a"
    "20273c6934272c2027666f727472616e5f6f72646572273a2046616c73652c202773686170"
    "65273a2028322c292c207d2020202020202020202020202020202020202020202020202020"
    "202020202020202020202020202020202020202020202020202020202020202020200a0100"
    "000002000000504b030414000000000000002100822df8d381000000810000000500140062"
    "2e6e70790100100081000000000000008100000000000000934e554d5059010076007b2764"
    "65736372273a20277c6231272c2027666f727472616e5f6f72646572273a2046616c73652c"
    "20277368617065273a2028292c207d20202020202020202020202020202020202020202020"
    "20202020202020202020202020202020202020202020202020202020202020202020202020"
    "2020200a01504b01021403140000000000000021000bf9aa2d880000008800000005000000"
    "0000000000000000800100000000612e6e7079504b0102140314000000000000002100822d"
    "f8d381000000810000000500000000000000000000008001bf000000622e6e7079504b0506"
    "000000000200020066000000770100000000";

TEST_F(ArrayFiles, ReadsAnArchiveThatNumpyWrote) {
  auto arrays =
      llvm::cantFail(readNpz(write("x.npz", llvm::fromHex(kNumpyArchive))));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].first, "a");
  EXPECT_EQ(arrays[0].second.dtype(), DType::I32);
  EXPECT_EQ(arrays[0].second.toDoubles(), (std::vector<double>{1, 2}));
  EXPECT_EQ(arrays[1].first, "b");
  EXPECT_EQ(arrays[1].second.rank(), 0);
  EXPECT_EQ(arrays[1].second.at(0), 1);
}

TEST_F(ArrayFiles, RoundTripsArchives) {
  Tensor q = make(DType::F32, {2, 3}, {1, 2, 3, 4, 5, 6});
  Tensor empty = make(DType::BF16, {0, 4}, {});
  std::string file = path("x.npz");
  ASSERT_FALSE(writeNpz(file, {{"h.0/q", &q}, {"none", &empty}}));
  EXPECT_EQ(list(), (std::vector<std::string>{"x.npz"}));

  auto infos = llvm::cantFail(readNpzInfo(file));
  ASSERT_EQ(infos.size(), 2u);
  EXPECT_EQ(infos[1].first, "none");
  EXPECT_EQ(infos[1].second.dtype, DType::BF16);
  EXPECT_EQ(infos[1].second.shape, (std::vector<int64_t>{0, 4}));

  EXPECT_EQ(llvm::cantFail(readNpzMember(file, "h.0/q")).toDoubles(),
            q.toDoubles());
  EXPECT_EQ(withoutFolder(readNpzMember(file, "k")),
            "'x.npz' has no array 'k'; it has h.0/q, none");
}

TEST_F(ArrayFiles, RefusesBadArchives) {
  Tensor tensor = make(DType::F32, {8}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(withoutFolder(readNpz(path("none.npz"))),
            "cannot read 'none.npz': No such file or directory");
  ASSERT_FALSE(writeNpy(path("y.npy"), tensor));
  EXPECT_EQ(withoutFolder(readNpz(path("y.npy"))),
            "'y.npy' is not an .npz file: Not a zip archive");
  EXPECT_EQ(
      withoutFolder(writeNpz(path("x.npz"), {{"a", &tensor}, {"a", &tensor}})),
      "cannot write 'x.npz': array 'a': File already exists");
  EXPECT_EQ(withoutFolder(writeNpz(path("x.npz"), {})),
            "cannot write 'x.npz': there is no array to write");
  EXPECT_EQ(withoutFolder(writeNpz("/dev/null", {{"a", &tensor}})),
            "cannot write '/dev/null': an archive needs a regular file");
  EXPECT_EQ(list(), (std::vector<std::string>{"y.npy"}));

  // One bit of the data flipped.
  ASSERT_FALSE(writeNpz(path("x.npz"), {{"a", &tensor}}));
  std::string bytes = read("x.npz");
  size_t data = bytes.find(std::string("\0\0\x80\x3f", 4));
  ASSERT_NE(data, std::string::npos);
  bytes[data] ^= 1;
  write("x.npz", bytes);
  EXPECT_EQ(withoutFolder(readNpz(path("x.npz"))),
            "cannot read 'x.npz': member 'a': CRC error");
  // Cut in the middle.
  write("x.npz", llvm::StringRef(bytes).drop_back(60));
  EXPECT_NE(withoutFolder(readNpz(path("x.npz"))), "no error");
}

} // namespace

//===- TensorTest.cpp - Typed, dense arrays -------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Tensor.h"
#include "runtime/Memory.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace attn::runtime;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Tensor make(DType dtype, std::vector<int64_t> shape,
            std::vector<double> values) {
  Tensor tensor = llvm::cantFail(Tensor::create(dtype, shape));
  EXPECT_EQ(tensor.numElements(), static_cast<int64_t>(values.size()));
  tensor.fromDoubles(values);
  return tensor;
}

template <typename T> std::string messageOf(llvm::Expected<T> result) {
  return result ? "no error" : llvm::toString(result.takeError());
}

TEST(DType, NamesRoundTrip) {
  for (DType type : {DType::F16, DType::BF16, DType::F32, DType::F64,
                     DType::I32, DType::I64, DType::Bool}) {
    EXPECT_EQ(parseDType(toString(type)), type);
    EXPECT_TRUE(allDTypeNames().contains(toString(type)));
  }
  EXPECT_FALSE(parseDType("float"));
  EXPECT_EQ(sizeInBytes(DType::BF16), 2);
  EXPECT_EQ(sizeInBytes(DType::Bool), 1);
  EXPECT_TRUE(isFloat(DType::BF16));
  EXPECT_FALSE(isFloat(DType::Bool));
}

TEST(DType, EveryHalfSurvivesTheWayThroughDouble) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    float wide = halfToFloat(half);
    bool isNaN = (bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0;
    ASSERT_EQ(std::isnan(wide), isNaN);
    // Signalling NaNs may become quiet.
    ASSERT_EQ(doubleToHalf(wide), isNaN ? half | 0x200 : half) << bits;
  }
}

TEST(DType, HalvesMatchTheirDefinition) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    int exponent = bits >> 10;
    int mantissa = bits & 0x3ff;
    double value = exponent ? std::ldexp(1024 + mantissa, exponent - 25)
                            : std::ldexp(mantissa, -24);
    ASSERT_EQ(halfToFloat(bits), value);
    ASSERT_EQ(halfToFloat(bits | 0x8000), -value);
  }
  EXPECT_EQ(halfToFloat(0x7c00), kInfinity);
  EXPECT_TRUE(std::signbit(halfToFloat(0x8000)));
}

TEST(DType, HalvesRoundToNearestEven) {
  // Between every two neighbours: just below the middle, on it, just above it.
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    double low = halfToFloat(bits);
    double high = halfToFloat(bits + 1);
    double middle = (low + high) / 2;
    ASSERT_EQ(doubleToHalf(std::nextafter(middle, 0)), bits);
    ASSERT_EQ(doubleToHalf(middle), bits + (bits & 1)) << bits;
    ASSERT_EQ(doubleToHalf(std::nextafter(middle, kInfinity)), bits + 1);
    ASSERT_EQ(doubleToHalf(-middle), 0x8000 | (bits + (bits & 1)));
  }
  EXPECT_EQ(doubleToHalf(65519.999), 0x7bff);
  EXPECT_EQ(doubleToHalf(65520), 0x7c00);
  EXPECT_EQ(doubleToHalf(-1e300), 0xfc00);
  EXPECT_EQ(doubleToHalf(5e-324), 0);
  EXPECT_EQ(doubleToHalf(-5e-324), 0x8000);
}

TEST(DType, BFloatsRoundToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7f7f; ++bits) {
    double low = bfloatToFloat(bits);
    double high = bfloatToFloat(bits + 1);
    double middle = (low + high) / 2;
    ASSERT_EQ(doubleToBFloat(low), bits);
    ASSERT_EQ(doubleToBFloat(std::nextafter(middle, 0)), bits);
    ASSERT_EQ(doubleToBFloat(middle), bits + (bits & 1)) << bits;
    ASSERT_EQ(doubleToBFloat(std::nextafter(middle, kInfinity)), bits + 1);
  }
  EXPECT_EQ(doubleToBFloat(kInfinity), 0x7f80);
  EXPECT_EQ(doubleToBFloat(1e39), 0x7f80);
  EXPECT_TRUE(std::isnan(bfloatToFloat(doubleToBFloat(kNaN))));
  // The payload of this NaN lies in the bits that are dropped.
  uint64_t small = 0x7ff0000000000001;
  double value;
  std::memcpy(&value, &small, sizeof(value));
  EXPECT_TRUE(std::isnan(bfloatToFloat(doubleToBFloat(value))));
  EXPECT_TRUE(std::isnan(halfToFloat(doubleToHalf(value))));
}

TEST(Tensor, CreatesAlignedMemory) {
  Tensor tensor = llvm::cantFail(Tensor::create(DType::F16, {2, 3, 5}));
  EXPECT_EQ(tensor.dtype(), DType::F16);
  EXPECT_EQ(tensor.rank(), 3);
  EXPECT_EQ(tensor.numElements(), 30);
  EXPECT_EQ(tensor.numBytes(), 60);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % 64, 0u);
}

TEST(Tensor, ScalarsAndEmptyArrays) {
  Tensor scalar = make(DType::F64, {}, {2.5});
  EXPECT_EQ(scalar.numElements(), 1);
  EXPECT_EQ(scalar.at(0), 2.5);
  Tensor empty = llvm::cantFail(Tensor::create(DType::F32, {4, 0, 3}));
  EXPECT_EQ(empty.numElements(), 0);
  EXPECT_NE(empty.data(), nullptr);
}

TEST(Tensor, ViewsUseTheCallersMemory) {
  float data[6] = {1, 2, 3, 4, 5, 6};
  Tensor view = llvm::cantFail(Tensor::view(DType::F32, {2, 3}, data));
  EXPECT_EQ(view.at(4), 5);
  view.set(4, -1);
  EXPECT_EQ(data[4], -1);
  Tensor moved = std::move(view);
  EXPECT_EQ(moved.data(), data);
}

TEST(Tensor, RefusesBadViews) {
  alignas(8) char data[64];
  EXPECT_EQ(messageOf(Tensor::view(DType::F32, {2, 3}, nullptr)),
            "no data for an array of shape [2, 3]");
  EXPECT_EQ(messageOf(Tensor::view(DType::F32, {2, 3}, data + 2)),
            "the data of an array of f32 must be aligned to its element, 4 "
            "bytes");
  EXPECT_EQ(messageOf(Tensor::view(DType::F32, {0, 3}, nullptr)), "no error");
}

TEST(Tensor, RefusesBadShapes) {
  EXPECT_EQ(messageOf(Tensor::create(DType::F32, {2, -3})),
            "the shape [2, -3] has a negative dimension");
  EXPECT_EQ(
      messageOf(Tensor::create(DType::F32, {4294967296, 4294967296})),
      "an array of shape [4294967296, 4294967296] and type f32 has more bytes "
      "than 64 bits can count");
  // Its strides could not be represented, although it has no element.
  EXPECT_NE(messageOf(Tensor::create(DType::F32, {0, 4294967296, 4294967296})),
            "no error");
  EXPECT_EQ(messageOf(Tensor::create(DType::Bool, std::vector<int64_t>(65, 1))),
            "an array has at most 64 dimensions, got 65");
}

TEST(Tensor, RefusesWhatDoesNotFitInMemory) {
  std::string message =
      messageOf(Tensor::create(DType::F32, {1 << 20, 1 << 20}));
  EXPECT_TRUE(llvm::StringRef(message).starts_with(
      "not enough memory: needs 4.0 TiB, "))
      << message;
  EXPECT_TRUE(llvm::StringRef(message).ends_with(" available")) << message;
  // Rounding up to the alignment must not overflow.
  message = messageOf(
      Tensor::create(DType::Bool, {std::numeric_limits<int64_t>::max()}));
  EXPECT_TRUE(llvm::StringRef(message).starts_with("not enough memory: needs "))
      << message;
}

TEST(Memory, HonoursTheLimitOfAddresses) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  ASSERT_GT(availableMemory(), 0);
  auto statm = llvm::MemoryBuffer::getFileAsStream("/proc/self/statm");
  ASSERT_TRUE(statm);
  int64_t pages = 0;
  llvm::StringRef text = (*statm)->getBuffer();
  ASSERT_FALSE(text.consumeInteger(10, pages));

  constexpr int64_t kRoom = 16 << 20;
  rlimit limited = before;
  limited.rlim_cur = pages * sysconf(_SC_PAGESIZE) + kRoom;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limited), 0);
  int64_t available = availableMemory();
  std::string message = messageOf(Tensor::create(DType::Bool, {kRoom + 1}));
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_LE(available, kRoom);
  EXPECT_TRUE(llvm::StringRef(message).starts_with(
      "not enough memory: needs 16.0 MiB, "))
      << message;
}

TEST(Memory, CountsUntouchedPages) {
  constexpr int64_t kBytes = 1 << 20;
  void *memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  EXPECT_EQ(untouchedBytes(memory, kBytes), kBytes);
  std::memset(memory, 1, kBytes);
  EXPECT_EQ(untouchedBytes(memory, kBytes), 0);
  munmap(memory, kBytes);
}

TEST(Memory, FormatsBytes) {
  EXPECT_EQ(formatBytes(1), "1 byte");
  EXPECT_EQ(formatBytes(1000), "1000 bytes");
  EXPECT_EQ(formatBytes(1536), "1.5 KiB");
  EXPECT_EQ(formatBytes((int64_t(1) << 30) - 1), "1.0 GiB");
  EXPECT_EQ(formatBytes(int64_t(1) << 42), "4.0 TiB");
  EXPECT_EQ(formatBytes(std::numeric_limits<int64_t>::max()), "8.0 EiB");
}

TEST(Tensor, ConvertsFromDoubles) {
  EXPECT_EQ(make(DType::I32, {5}, {1.9, -1.9, kNaN, 1e20, -1e20}).toDoubles(),
            (std::vector<double>{1, -1, 0, 2147483647, -2147483648.0}));
  Tensor wide = make(DType::I64, {3}, {kInfinity, -kInfinity, 9.3e18});
  EXPECT_EQ(wide.values<int64_t>()[0], std::numeric_limits<int64_t>::max());
  EXPECT_EQ(wide.values<int64_t>()[1], std::numeric_limits<int64_t>::min());
  EXPECT_EQ(wide.values<int64_t>()[2], std::numeric_limits<int64_t>::max());
  EXPECT_EQ(make(DType::Bool, {3}, {0, 7, -0.5}).toDoubles(),
            (std::vector<double>{0, 1, 1}));
  EXPECT_EQ(make(DType::BF16, {2}, {1, -0.5}).toDoubles(),
            (std::vector<double>{1, -0.5}));
}

TEST(Statistics, LeaveNaNsOut) {
  Statistics s = computeStatistics(make(DType::F32, {4}, {1, kNaN, -3, 8}));
  EXPECT_EQ(s.min, -3);
  EXPECT_EQ(s.mean, 2);
  EXPECT_EQ(s.max, 8);
  EXPECT_EQ(s.nonfinite, 1);
}

TEST(Statistics, KeepInfinities) {
  Statistics s = computeStatistics(make(DType::F16, {3}, {1, kInfinity, 2}));
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.mean, kInfinity);
  EXPECT_EQ(s.max, kInfinity);
  EXPECT_EQ(s.nonfinite, 1);
  s = computeStatistics(make(DType::F32, {2}, {-kInfinity, kInfinity}));
  EXPECT_TRUE(std::isnan(s.mean));
  EXPECT_EQ(s.min, -kInfinity);
}

TEST(Statistics, DoNotOverflow) {
  double large = std::numeric_limits<double>::max();
  Statistics s =
      computeStatistics(make(DType::F64, {4}, {large, large, large, large}));
  EXPECT_EQ(s.mean, large);
}

TEST(Statistics, OfNothing) {
  Statistics s = computeStatistics(make(DType::F32, {0}, {}));
  EXPECT_TRUE(std::isnan(s.min) && std::isnan(s.mean) && std::isnan(s.max));
  EXPECT_EQ(s.nonfinite, 0);
  s = computeStatistics(make(DType::F32, {1}, {kNaN}));
  EXPECT_TRUE(std::isnan(s.min));
  EXPECT_EQ(s.nonfinite, 1);
}

TEST(Preview, ShowsSmallArraysWhole) {
  EXPECT_EQ(preview(make(DType::F32, {2, 2}, {0.125, -1, 3, 1e10})),
            "[[0.125, -1], [3, 1e+10]]");
  EXPECT_EQ(preview(make(DType::F32, {}, {0.5})), "0.5");
  EXPECT_EQ(preview(make(DType::Bool, {2}, {1, 0})), "[true, false]");
  EXPECT_EQ(preview(make(DType::F32, {3}, {kNaN, kInfinity, -kInfinity})),
            "[nan, inf, -inf]");
  EXPECT_EQ(preview(make(DType::F32, {2, 0}, {})), "[]");
}

TEST(Preview, ShowsTheCornerOfLargeArrays) {
  Tensor tensor = llvm::cantFail(Tensor::zeros(DType::I64, {2, 3, 100}));
  tensor.set(1, 9007199254740992);
  EXPECT_EQ(preview(tensor), "[[[0, 9007199254740992, 0, 0, …], …], …]");
  EXPECT_EQ(preview(llvm::cantFail(Tensor::zeros(DType::F32, {100, 2}))),
            "[[0, 0], …]");
}

} // namespace

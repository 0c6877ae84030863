//===- Tensor.cpp - Typed, dense arrays -----------------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Tensor.h"

#include "runtime/Memory.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

using namespace attn::runtime;

namespace {
constexpr int64_t kAlignment = 64;
} // namespace

std::string attn::runtime::shapeToString(llvm::ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(shape, stream);
  return text + "]";
}

llvm::Expected<int64_t>
attn::runtime::countElements(DType dtype, llvm::ArrayRef<int64_t> shape) {
  if (shape.size() > kMaxRank)
    return llvm::createStringError("an array has at most " +
                                   llvm::Twine(kMaxRank) + " dimensions, got " +
                                   llvm::Twine(shape.size()));
  bool empty = false;
  // Strides, too, must be representable, so a dimension of 0 is left out.
  int64_t bytes = sizeInBytes(dtype);
  for (int64_t size : shape) {
    if (size < 0)
      return llvm::createStringError("the shape " + shapeToString(shape) +
                                     " has a negative dimension");
    empty |= size == 0;
    if (size != 0 && llvm::MulOverflow(bytes, size, bytes))
      return llvm::createStringError(
          "an array of shape " + shapeToString(shape) + " and type " +
          toString(dtype) + " has more bytes than 64 bits can count");
  }
  return empty ? 0 : bytes / sizeInBytes(dtype);
}

void Tensor::FreeMemory::operator()(void *memory) const { std::free(memory); }

llvm::Expected<Tensor> Tensor::create(DType dtype,
                                      llvm::ArrayRef<int64_t> shape) {
  llvm::Expected<int64_t> elements = countElements(dtype, shape);
  if (!elements)
    return elements.takeError();

  Tensor tensor;
  tensor.elementType = dtype;
  tensor.dimensions = shape.vec();
  tensor.elements = *elements;
  if (llvm::Error error = checkMemory(tensor.numBytes()))
    return std::move(error);
  // Empty arrays have an address as well, so that nobody meets a null.
  int64_t bytes = std::max(tensor.numBytes(), kAlignment);
  if (bytes > std::numeric_limits<int64_t>::max() - kAlignment)
    return notEnoughMemory(bytes, availableMemory());
  bytes = static_cast<int64_t>(llvm::alignTo(bytes, kAlignment));
  tensor.owned.reset(allocatePages(kAlignment, bytes));
  if (!tensor.owned)
    return notEnoughMemory(bytes, availableMemory());
  tensor.memory = tensor.owned.get();
  return tensor;
}

llvm::Expected<Tensor> Tensor::zeros(DType dtype,
                                     llvm::ArrayRef<int64_t> shape) {
  llvm::Expected<Tensor> tensor = create(dtype, shape);
  if (tensor)
    std::memset(tensor->data(), 0, tensor->numBytes());
  return tensor;
}

llvm::Expected<Tensor> Tensor::view(DType dtype, llvm::ArrayRef<int64_t> shape,
                                    void *data) {
  llvm::Expected<int64_t> elements = countElements(dtype, shape);
  if (!elements)
    return elements.takeError();
  if (!data && *elements != 0)
    return llvm::createStringError("no data for an array of shape " +
                                   shapeToString(shape));
  if (reinterpret_cast<uintptr_t>(data) % sizeInBytes(dtype) != 0)
    return llvm::createStringError(
        "the data of an array of " + toString(dtype) +
        " must be aligned to its element, " + formatBytes(sizeInBytes(dtype)));
  Tensor tensor;
  tensor.elementType = dtype;
  tensor.dimensions = shape.vec();
  tensor.elements = *elements;
  tensor.memory = data;
  return tensor;
}

/// Calls `fn` with a function that gives element i as a double, so that a loop
/// over the elements looks at the type once.
template <typename Fn> static auto withReader(const Tensor &tensor, Fn fn) {
  const void *data = tensor.data();
  auto plain = [&](auto zero) {
    using T = decltype(zero);
    auto *typed = static_cast<const T *>(data);
    return fn([=](int64_t i) { return static_cast<double>(typed[i]); });
  };
  switch (tensor.dtype()) {
  case DType::F16: {
    auto *bits = static_cast<const uint16_t *>(data);
    return fn([=](int64_t i) { return double(halfToFloat(bits[i])); });
  }
  case DType::BF16: {
    auto *bits = static_cast<const uint16_t *>(data);
    return fn([=](int64_t i) { return double(bfloatToFloat(bits[i])); });
  }
  case DType::F32:
    return plain(float());
  case DType::F64:
    return plain(double());
  case DType::I32:
    return plain(int32_t());
  case DType::I64:
    return plain(int64_t());
  case DType::Bool:
    break;
  }
  return plain(uint8_t());
}

template <typename T> static T clampToInteger(double value) {
  if (std::isnan(value))
    return 0;
  // The largest int64_t is no double; the power of two above it is.
  constexpr double kEnd = -2.0 * (std::numeric_limits<T>::min() / 2);
  if (value >= kEnd)
    return std::numeric_limits<T>::max();
  if (value <= -kEnd)
    return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

double Tensor::at(int64_t index) const {
  return withReader(*this, [&](auto read) { return read(index); });
}

void Tensor::set(int64_t index, double value) {
  switch (elementType) {
  case DType::F16:
    static_cast<uint16_t *>(memory)[index] = doubleToHalf(value);
    return;
  case DType::BF16:
    static_cast<uint16_t *>(memory)[index] = doubleToBFloat(value);
    return;
  case DType::F32:
    static_cast<float *>(memory)[index] = static_cast<float>(value);
    return;
  case DType::F64:
    static_cast<double *>(memory)[index] = value;
    return;
  case DType::I32:
    static_cast<int32_t *>(memory)[index] = clampToInteger<int32_t>(value);
    return;
  case DType::I64:
    static_cast<int64_t *>(memory)[index] = clampToInteger<int64_t>(value);
    return;
  case DType::Bool:
    static_cast<uint8_t *>(memory)[index] = value != 0;
    return;
  }
}

std::vector<double> Tensor::toDoubles() const {
  std::vector<double> values(elements);
  withReader(*this, [&](auto read) {
    for (int64_t i = 0; i < elements; ++i)
      values[i] = read(i);
  });
  return values;
}

void Tensor::fromDoubles(llvm::ArrayRef<double> values) {
  for (auto [i, value] : llvm::enumerate(values))
    set(static_cast<int64_t>(i), value);
}

Statistics attn::runtime::computeStatistics(const Tensor &tensor) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  // Partial sums keep the rounding error of a long sum small, and scaling keeps
  // that of the largest doubles finite.
  constexpr int64_t kBlock = 1024;
  constexpr double kScale = 0x1p-64;

  return withReader(tensor, [&](auto read) {
    Statistics result{kInfinity, kNaN, -kInfinity, 0};
    int64_t counted = 0;
    double sum = 0;
    double scaledSum = 0;
    int64_t total = tensor.numElements();
    for (int64_t begin = 0; begin < total; begin += kBlock) {
      double blockSum = 0;
      double scaledBlockSum = 0;
      for (int64_t i = begin, e = std::min(begin + kBlock, total); i < e; ++i) {
        double value = read(i);
        if (!std::isfinite(value))
          ++result.nonfinite;
        if (std::isnan(value))
          continue;
        ++counted;
        result.min = std::min(result.min, value);
        result.max = std::max(result.max, value);
        blockSum += value;
        scaledBlockSum += value * kScale;
      }
      sum += blockSum;
      scaledSum += scaledBlockSum;
    }
    if (counted == 0) {
      result.min = result.max = kNaN;
      return result;
    }
    if (std::isfinite(sum))
      result.mean = sum / counted;
    else
      result.mean = scaledSum / counted / kScale;
    return result;
  });
}

static void printElement(llvm::raw_ostream &stream, const Tensor &tensor,
                         int64_t index) {
  switch (tensor.dtype()) {
  case DType::Bool:
    stream << (tensor.values<uint8_t>()[index] ? "true" : "false");
    return;
  case DType::I32:
    stream << tensor.values<int32_t>()[index];
    return;
  case DType::I64:
    stream << tensor.values<int64_t>()[index];
    return;
  default:
    break;
  }
  double value = tensor.at(index);
  if (std::isnan(value))
    stream << "nan";
  else
    stream << llvm::format("%.4g", value);
}

std::string attn::runtime::preview(const Tensor &tensor, int64_t maxElements) {
  constexpr int64_t kRowElements = 4;

  llvm::ArrayRef<int64_t> shape = tensor.shape();
  bool whole = tensor.numElements() <= maxElements;
  std::string text;
  llvm::raw_string_ostream stream(text);
  // Prints the part of the array that starts at `offset` and spans the
  // dimensions from `axis` on, `stride` elements in all.
  auto print = [&](auto &&self, size_t axis, int64_t offset,
                   int64_t stride) -> void {
    if (axis == shape.size())
      return printElement(stream, tensor, offset);
    stream << '[';
    int64_t size = stride == 0 ? 0 : shape[axis];
    bool row = axis + 1 == shape.size();
    int64_t shown =
        whole ? size : std::min<int64_t>(size, row ? kRowElements : 1);
    for (int64_t i = 0; i < shown; ++i) {
      stream << (i ? ", " : "");
      self(self, axis + 1, offset + i * (stride / size), stride / size);
    }
    stream << (shown < size ? ", …]" : "]");
  };
  print(print, 0, 0, tensor.numElements());
  return text;
}

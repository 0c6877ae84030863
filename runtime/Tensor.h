//===- Tensor.h - Typed, dense arrays ---------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Tensor is an element type, a shape and contiguous data in C order, which
// it owns or which belongs to the caller.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_TENSOR_H
#define ATTN_RUNTIME_TENSOR_H

#include "runtime/DType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace attn::runtime {

class Tensor {
public:
  /// A scalar f32 without memory; something to assign to.
  Tensor() = default;

  /// An owned array, aligned to 64 bytes, with undefined contents. Fails on a
  /// negative dimension, on a size that overflows, and on more memory than the
  /// machine has available.
  static llvm::Expected<Tensor> create(DType dtype,
                                       llvm::ArrayRef<int64_t> shape);

  /// The same, filled with zeros.
  static llvm::Expected<Tensor> zeros(DType dtype,
                                      llvm::ArrayRef<int64_t> shape);

  /// The caller's memory, which must outlive the tensor: `shape` elements in C
  /// order. Fails on a negative dimension, a size that overflows, and data that
  /// is null (unless empty) or not aligned to its element.
  static llvm::Expected<Tensor> view(DType dtype, llvm::ArrayRef<int64_t> shape,
                                     void *data);

  Tensor(Tensor &&) = default;
  Tensor &operator=(Tensor &&) = default;
  Tensor(const Tensor &) = delete;
  Tensor &operator=(const Tensor &) = delete;

  DType dtype() const { return elementType; }
  llvm::ArrayRef<int64_t> shape() const { return dimensions; }
  int64_t rank() const { return dimensions.size(); }
  int64_t numElements() const { return elements; }
  int64_t numBytes() const { return elements * sizeInBytes(elementType); }

  void *data() { return memory; }
  const void *data() const { return memory; }

  /// The data as the C++ type of the element: float, double, int32_t, int64_t,
  /// uint16_t (the bits of f16 and bf16), uint8_t (bool).
  template <typename T> llvm::MutableArrayRef<T> values() {
    return {static_cast<T *>(memory), static_cast<size_t>(elements)};
  }
  template <typename T> llvm::ArrayRef<T> values() const {
    return {static_cast<const T *>(memory), static_cast<size_t>(elements)};
  }

  /// Element `index` in C order, as a double (i64 beyond 2^53 rounds).
  double at(int64_t index) const;

  /// Stores `value` at `index` in C order: rounded to nearest even for floats,
  /// truncated and clamped to the type for integers (NaN gives 0), `value != 0`
  /// for bool.
  void set(int64_t index, double value);

  std::vector<double> toDoubles() const;

  /// `values` has numElements() elements.
  void fromDoubles(llvm::ArrayRef<double> values);

private:
  struct FreeMemory {
    void operator()(void *memory) const;
  };

  DType elementType = DType::F32;
  std::vector<int64_t> dimensions;
  int64_t elements = 0;
  void *memory = nullptr;
  std::unique_ptr<void, FreeMemory> owned;
};

/// What `attnc run` prints about a result. `min`, `mean` and `max` are over the
/// values that are not NaN, and are NaN where there is none. The mean is
/// infinite if the values hold infinities of one sign, and NaN if they hold
/// both.
struct Statistics {
  double min;
  double mean;
  double max;
  /// NaNs and infinities.
  int64_t nonfinite;
};

Statistics computeStatistics(const Tensor &tensor);

/// The corner of the array: `[[0.12, -0.3, …], …]`. Arrays of up to
/// `maxElements` elements are shown whole.
std::string preview(const Tensor &tensor, int64_t maxElements = 12);

/// "[2, 3]".
std::string shapeToString(llvm::ArrayRef<int64_t> shape);

/// The most dimensions an array may have, as in NumPy.
constexpr size_t kMaxRank = 64;

/// The number of elements of an array of `shape`. Fails on a negative
/// dimension, on more than kMaxRank, and where the bytes of the array, or of
/// its dimensions other than 0, pass the range of int64_t.
llvm::Expected<int64_t> countElements(DType dtype,
                                      llvm::ArrayRef<int64_t> shape);

} // namespace attn::runtime

#endif // ATTN_RUNTIME_TENSOR_H

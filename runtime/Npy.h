//===- Npy.h - NumPy's array files ------------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads `.npy` of versions 1, 2 and 3, and writes version 1, as NumPy itself
// does for these types. Arrays are little-endian and in C order.
//
//   f16 '<f2'   f32 '<f4'   f64 '<f8'   i32 '<i4'   i64 '<i8'   bool '|b1'
//
// NumPy has no bf16; it is '<V2' in a file, as the ml_dtypes package writes it,
// so that `np.load(f).view(ml_dtypes.bfloat16)` reads it back. '|V2' is read,
// too.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_NPY_H
#define ATTN_RUNTIME_NPY_H

#include "runtime/Tensor.h"

namespace attn::runtime {

class OutputFile;

/// The type and shape of an array in a file.
struct ArrayInfo {
  DType dtype;
  std::vector<int64_t> shape;
};

/// Reads the header only. Fails as readNpy does, except for what concerns the
/// data.
llvm::Expected<ArrayInfo> readNpyInfo(llvm::StringRef path);

/// Reads a file, straight into the memory of the tensor. Every error names the
/// file, what it holds and what was expected. Bytes of a bool that are neither
/// 0 nor 1 become 1.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);

/// Writes to a temporary file beside `path` and renames it.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);

/// Writes to `file`, which the caller commits.
llvm::Error writeNpy(OutputFile &file, const Tensor &tensor);

} // namespace attn::runtime

#endif // ATTN_RUNTIME_NPY_H

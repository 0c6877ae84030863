//===- NpyFormat.h - The header of an .npy file -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the readers and writers of .npy and .npz.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_NPYFORMAT_H
#define ATTN_RUNTIME_NPYFORMAT_H

#include "runtime/Npy.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace attn::runtime {

/// Gives up to `size` bytes of a stream; fewer only at its end.
using ReadBytes =
    llvm::function_ref<llvm::Expected<size_t>(void *data, size_t size)>;

/// An array as its header declares it.
struct NpyHeader {
  ArrayInfo info;
  int64_t numElements;
  /// Of magic, version, length and dictionary.
  int64_t headerBytes;
};

/// Reads a header from the start of a stream. Messages start with `'name'`.
llvm::Expected<NpyHeader> readNpyHeader(llvm::StringRef name, ReadBytes read);

/// Reads the data that follows `header` and checks that the stream then ends.
/// `available` is the size of the stream after the header, -1 if unknown.
llvm::Expected<Tensor> readNpyData(llvm::StringRef name,
                                   const NpyHeader &header, int64_t available,
                                   ReadBytes read);

/// The header that stands before the data of `tensor`.
std::string formatNpyHeader(const Tensor &tensor);

} // namespace attn::runtime

#endif // ATTN_RUNTIME_NPYFORMAT_H

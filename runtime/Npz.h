//===- Npz.h - NumPy's archives of arrays -----------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An `.npz` is a zip archive of `.npy` files. Stored and deflated members are
// read; members are written stored, as np.savez does.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_NPZ_H
#define ATTN_RUNTIME_NPZ_H

#include "runtime/Npy.h"

#include <utility>

namespace attn::runtime {

/// The arrays of an archive and their names without ".npy", in the order of the
/// archive. Fails as readNpy does, and on a member that is no array, a name
/// that occurs twice, an encrypted member and a wrong checksum.
llvm::Expected<std::vector<std::pair<std::string, Tensor>>>
readNpz(llvm::StringRef path);

/// One array of an archive. Names those that it has if `name` is not among
/// them.
llvm::Expected<Tensor> readNpzMember(llvm::StringRef path,
                                     llvm::StringRef name);

/// The types and shapes in an archive, without its data.
llvm::Expected<std::vector<std::pair<std::string, ArrayInfo>>>
readNpzInfo(llvm::StringRef path);

/// Writes to a temporary file beside `path` and renames it. Fails on a name
/// that occurs twice or is empty.
llvm::Error
writeNpz(llvm::StringRef path,
         llvm::ArrayRef<std::pair<std::string, const Tensor *>> arrays);

} // namespace attn::runtime

#endif // ATTN_RUNTIME_NPZ_H

//===- KernelFailure.h - A kernel that cannot be compiled -------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_KERNELFAILURE_H
#define ATTN_RUNTIME_KERNELFAILURE_H

#include "llvm/Support/Error.h"

#include <string>

namespace attn::runtime {

/// What a run ends with when it calls a kernel that cannot be compiled, and so
/// do all later runs that call it: a bug of the compiler, not of the program.
class KernelFailure : public llvm::ErrorInfo<KernelFailure> {
public:
  static char ID;

  explicit KernelFailure(std::string message, bool isReported = false)
      : message(std::move(message)), isReported(isReported) {}

  void log(llvm::raw_ostream &os) const override { os << message; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

  /// "internal error: kernel 'attention.blocked' cannot be compiled: …".
  const std::string message;
  /// Whether LateKernels::lower failed, which has reported why.
  const bool isReported;
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_KERNELFAILURE_H

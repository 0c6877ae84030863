//===- CheckFailure.h - A check of a program that failed --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_RUNTIME_CHECKFAILURE_H
#define ATTN_RUNTIME_CHECKFAILURE_H

#include "llvm/Support/Error.h"

#include <string>

namespace attn::runtime {

/// What a run ends with when a check of the program does not hold: a weight
/// that `validate` finds wrong, an argument out of its range. Line and column
/// count from 1; the line is 0 where the place is not known.
class CheckFailure : public llvm::ErrorInfo<CheckFailure> {
public:
  static char ID;

  CheckFailure(std::string file, unsigned line, unsigned column,
               std::string message)
      : file(std::move(file)), line(line), column(column),
        message(std::move(message)) {}

  /// "FILE:LINE:COL: MESSAGE".
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

  const std::string file;
  const unsigned line;
  const unsigned column;
  const std::string message;
};

} // namespace attn::runtime

#endif // ATTN_RUNTIME_CHECKFAILURE_H

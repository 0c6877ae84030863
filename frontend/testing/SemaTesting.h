//===- SemaTesting.h - Checking programs in tests ---------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_TESTING_SEMATESTING_H
#define ATTN_FRONTEND_TESTING_SEMATESTING_H

#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"

#include <string>

namespace attn::frontend {

/// A program and what the checker says of it, one diagnostic a line:
/// `1:19-21: error: unknown name 'xx'`, its notes after it. The columns are
/// those under which the caret line stands. Nothing for a program without
/// errors.
struct BadProgram {
  const char *name;
  const char *text;
  const char *expected;
};

/// The diagnostics of a program, in the form above.
std::string checkText(llvm::StringRef text);

class BadPrograms : public ::testing::TestWithParam<BadProgram> {};

} // namespace attn::frontend

#endif // ATTN_FRONTEND_TESTING_SEMATESTING_H

//===- Sema.h - Name, shape and type checking -------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_SEMA_H
#define ATTN_FRONTEND_SEMA_H

#include "frontend/Typed.h"

#include <optional>

namespace attn::frontend {

class DiagnosticEngine;

/// Checks every declaration of `program`, used or not, by the rules of
/// docs/language.md. Reports each mistake once, at its place, in the user's
/// names; returns nothing if there was any. The result points into `program`,
/// which must outlive it.
///
/// Which function is the entry is not decided here: a file may be a library.
std::optional<CheckedProgram> check(const Program &program,
                                    DiagnosticEngine &diags);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_SEMA_H

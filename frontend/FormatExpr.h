//===- FormatExpr.h - Layout of expressions ---------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the formatter.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_FORMATEXPR_H
#define ATTN_FRONTEND_FORMATEXPR_H

#include "frontend/AST.h"
#include "frontend/Layout.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace attn::frontend {

/// Lays out what stands between the braces of a block: its statements and the
/// comments among them, from the line end after '{' on, which is hard if the
/// block does not fit on a line, to before the one in front of '}'.
using BlockLayout = llvm::function_ref<layout::Doc(const Block &)>;

/// An expression, with no parentheses but those that its tree needs.
layout::Doc layoutExpr(const Expr &expr, BlockLayout layoutBlock);

/// An expression after `=`, with the space or the line end before it. A
/// `hugged` one begins on the line of the `=` even if it goes on below.
layout::Doc layoutValue(const Expr &expr, bool isHugged,
                        BlockLayout layoutBlock);

/// The arguments of a call, in parentheses.
layout::Doc layoutArguments(llvm::ArrayRef<Argument> args,
                            BlockLayout layoutBlock);

/// `( a, b )` or `[ a, b ]`: one line, or one line for each item.
layout::Doc layoutList(const std::string &open, std::vector<layout::Doc> items,
                       const std::string &close, bool isKeptWhole = false);

/// A type, always on one line.
std::string formatType(const TypeSpec &type);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_FORMATEXPR_H

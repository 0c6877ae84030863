//===- TokenKinds.h - What tokens mean in the tree --------------*- C++ -*-===//
//===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the parser.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_TOKENKINDS_H
#define ATTN_FRONTEND_TOKENKINDS_H

#include "frontend/AST.h"

#include <cstddef>
#include <optional>

namespace attn::frontend {

/// The operator that a token is between two operands, if it is one.
std::optional<BinaryOp> getBinaryOp(size_t tokenType);

/// The type that a token names; the token must be one of the type names.
DType getDType(size_t tokenType);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_TOKENKINDS_H

//===- ASTBuilder.h - From ANTLR's tree to ours -----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the parser: includes ANTLR.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_FRONTEND_ASTBUILDER_H
#define ATTN_FRONTEND_ASTBUILDER_H

#include "frontend/AST.h"
#include "frontend/AttnParser.h"
#include "frontend/TokenFilter.h"

namespace attn::frontend {

class DiagnosticEngine;
class SourceManager;

/// Adds a declaration without syntax errors to `result`, and reports what the
/// grammar lets pass: numbers out of range, blocks without a result, calls of
/// what is no name. Reports nothing twice.
void buildDeclaration(grammar::AttnParser::DeclarationContext *declaration,
                      const SourceManager &sources, const TokenRanges &ranges,
                      DiagnosticEngine &diagnostics, SourceFile &result);

} // namespace attn::frontend

#endif // ATTN_FRONTEND_ASTBUILDER_H

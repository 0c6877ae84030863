//===- TokenKinds.cpp - What tokens mean in the tree ----------------------===//
//===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/TokenKinds.h"

#include "frontend/AttnLexer.h"

#include "llvm/Support/ErrorHandling.h"

using namespace attn::frontend;
using attn::frontend::grammar::AttnLexer;

std::optional<BinaryOp> attn::frontend::getBinaryOp(size_t tokenType) {
  switch (tokenType) {
  case AttnLexer::Or:
    return BinaryOp::Or;
  case AttnLexer::And:
    return BinaryOp::And;
  case AttnLexer::EqualEqual:
    return BinaryOp::Eq;
  case AttnLexer::NotEqual:
    return BinaryOp::Ne;
  case AttnLexer::Less:
    return BinaryOp::Lt;
  case AttnLexer::LessEqual:
    return BinaryOp::Le;
  case AttnLexer::Greater:
    return BinaryOp::Gt;
  case AttnLexer::GreaterEqual:
    return BinaryOp::Ge;
  case AttnLexer::Plus:
    return BinaryOp::Add;
  case AttnLexer::Minus:
    return BinaryOp::Sub;
  case AttnLexer::Star:
    return BinaryOp::Mul;
  case AttnLexer::Slash:
    return BinaryOp::Div;
  case AttnLexer::Div:
    return BinaryOp::FloorDiv;
  case AttnLexer::Percent:
    return BinaryOp::Mod;
  case AttnLexer::At:
    return BinaryOp::MatMul;
  case AttnLexer::Caret:
    return BinaryOp::Pow;
  default:
    return std::nullopt;
  }
}

DType attn::frontend::getDType(size_t tokenType) {
  switch (tokenType) {
  case AttnLexer::F16:
    return DType::F16;
  case AttnLexer::Bf16:
    return DType::BF16;
  case AttnLexer::F32:
    return DType::F32;
  case AttnLexer::F64:
    return DType::F64;
  case AttnLexer::I32:
    return DType::I32;
  case AttnLexer::I64:
    return DType::I64;
  case AttnLexer::Bool:
    return DType::Bool;
  default:
    llvm_unreachable("not a type");
  }
}

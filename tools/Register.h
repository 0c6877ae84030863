//===- Register.h - The one list of dialects and passes ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_REGISTER_H
#define ATTN_TOOLS_REGISTER_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace attn {

/// Adds every dialect that a stage of the compiler can contain, with the
/// interface implementations that the passes need.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers the attn passes and pipelines, and the upstream passes that the
/// pipelines are made of.
void registerPasses();

} // namespace attn

#endif // ATTN_TOOLS_REGISTER_H

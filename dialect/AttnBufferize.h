//===- AttnBufferize.h - Bufferization of attn.attention --------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNBUFFERIZE_H
#define ATTN_DIALECT_ATTNBUFFERIZE_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace attn {

/// Lets one-shot bufferization turn `attn.attention` with `outs` on tensors
/// into `attn.attention` on buffers. The other ops are lowered before.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace attn

#endif // ATTN_DIALECT_ATTNBUFFERIZE_H

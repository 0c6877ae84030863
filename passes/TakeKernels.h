//===- TakeKernels.h - Kernels in modules of their own ----------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_TAKEKERNELS_H
#define ATTN_PASSES_TAKEKERNELS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace attn {

/// Moves each kernel of a module of stage `tiled` to a module of its own, which
/// has the kernel's name, and leaves a declaration: the pipeline to LLVM can
/// then take each there when it is needed. A kernel that uses what another
/// module cannot have, as a function with a body that is no kernel, stays.
std::vector<mlir::OwningOpRef<mlir::ModuleOp>>
takeKernels(mlir::ModuleOp module);

} // namespace attn

#endif // ATTN_PASSES_TAKEKERNELS_H

//===- Remarks.h - What the fusion passes report ----------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PASSES_UTILS_REMARKS_H
#define ATTN_PASSES_UTILS_REMARKS_H

#include "mlir/IR/Location.h"
#include "mlir/IR/Remarks.h"

namespace attn {

/// The options of a remark of category `attn-fusion`, from the pass `name`.
constexpr mlir::remark::RemarkOpts fusionRemark(llvm::StringRef name) {
  return mlir::remark::RemarkOpts::name(name).category("attn-fusion");
}

/// The places of an op, its own first, then those of the calls around.
llvm::SmallVector<mlir::FileLineColLoc> getPlaces(mlir::Location loc);

/// Whether a place is in the standard library.
bool isInLibrary(mlir::FileLineColLoc place);

/// The first place of an op outside of the library, its own before those of the
/// calls around; its own where all are inside. Null where there is none.
mlir::FileLineColLoc getOwnPlace(mlir::Location loc);

/// "line 7", for places in remarks: the remark itself has the file. Places in
/// the library are "std/attention.attn:7".
std::string describePlace(mlir::Location loc);

} // namespace attn

#endif // ATTN_PASSES_UTILS_REMARKS_H

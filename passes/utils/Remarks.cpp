//===- Remarks.cpp - What the fusion passes report --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Remarks.h"

using namespace mlir;

std::string attn::describePlace(Location loc) {
  if (auto place = loc->findInstanceOf<FileLineColLoc>())
    return "line " + std::to_string(place.getLine());
  return "an unknown place";
}

//===- Remarks.cpp - What the fusion passes report --------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/utils/Remarks.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

bool attn::isInLibrary(FileLineColLoc place) {
  return place.getFilename().getValue().starts_with("std/");
}

std::string attn::describePlace(Location loc) {
  auto place = loc->findInstanceOf<FileLineColLoc>();
  if (!place)
    return "an unknown place";
  std::string line = std::to_string(place.getLine());
  return isInLibrary(place) ? place.getFilename().str() + ":" + line
                            : "line " + line;
}

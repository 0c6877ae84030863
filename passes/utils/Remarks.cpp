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

SmallVector<FileLineColLoc> attn::getPlaces(Location loc) {
  SmallVector<FileLineColLoc> places;
  SmallVector<Location> pending = {loc};
  while (!pending.empty()) {
    Location next = pending.pop_back_val();
    if (auto call = dyn_cast<CallSiteLoc>(next)) {
      pending.push_back(call.getCaller());
      pending.push_back(call.getCallee());
    } else if (auto name = dyn_cast<NameLoc>(next)) {
      pending.push_back(name.getChildLoc());
    } else if (auto fused = dyn_cast<FusedLoc>(next)) {
      if (!fused.getLocations().empty())
        pending.push_back(fused.getLocations().front());
    } else if (auto place = dyn_cast<FileLineColLoc>(next)) {
      places.push_back(place);
    }
  }
  return places;
}

FileLineColLoc attn::getOwnPlace(Location loc) {
  SmallVector<FileLineColLoc> places = getPlaces(loc);
  for (FileLineColLoc place : places)
    if (!isInLibrary(place))
      return place;
  return places.empty() ? FileLineColLoc() : places.front();
}

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

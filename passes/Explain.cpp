//===- Explain.cpp - What became of a program, in words -------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Explain.h"

#include "dialect/AttnOps.h"
#include "passes/analysis/MaskReport.h"
#include "passes/kernel/TileShape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attn;

/// Blocks that are looked at one by one; more take too long to count.
static constexpr int64_t kMaxBlocks = 20000;

std::string attn::formatPlace(Location loc) {
  auto place = loc->findInstanceOf<FileLineColLoc>();
  if (!place)
    return "?";
  return llvm::formatv("{0}:{1}:{2}", place.getFilename().getValue(),
                       place.getLine(), place.getColumn());
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The name that the signature gives to an axis of an argument.
static std::string getDimName(Value tensor, int64_t axis) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
               : func::FuncOp();
  if (!function)
    return "";
  auto dims = function->getAttrOfType<ArrayAttr>("attn.dims");
  auto shape = function.getArgAttrOfType<AffineMapAttr>(argument.getArgNumber(),
                                                        "attn.shape");
  if (!dims || !shape || axis >= shape.getValue().getNumResults())
    return "";
  auto symbol = dyn_cast<AffineSymbolExpr>(shape.getValue().getResult(axis));
  if (!symbol || symbol.getPosition() >= dims.size())
    return "";
  return cast<StringAttr>(dims[symbol.getPosition()]).str();
}

/// How the program calls a value.
static std::string getName(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    if (auto function =
            dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()))
      if (auto name = function.getArgAttrOfType<StringAttr>(
              argument.getArgNumber(), "attn.name"))
        return name.str();
  if (auto dim = value.getDefiningOp<tensor::DimOp>())
    if (std::optional<int64_t> axis = dim.getConstantIndex())
      if (std::string name = getDimName(dim.getSource(), *axis); !name.empty())
        return name;
  // A constant is its number, not the name of a value that happened to be it.
  if (matchPattern(value, m_Constant()))
    return "";
  if (auto name = dyn_cast<NameLoc>(value.getLoc()))
    return name.getName().str();
  return "";
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static void explainBlocks(AttentionOp op, const TilePipelineOptions &options,
                          llvm::raw_ostream &os) {
  auto getExtent = [](Value operand) {
    auto type = cast<ShapedType>(operand.getType());
    return type.getDimSize(type.getRank() - 2);
  };
  int64_t queries = getExtent(op.getQuery()), keys = getExtent(op.getKey());
  TileShape tile =
      chooseTileShape({options.vectorBits, op.getAccumulatorType().getWidth()},
                      options.queryBlock, options.keyBlock);
  os << "  blocks:    " << tile.queryBlock << " queries by " << tile.keyBlock
     << " keys";
  if (ShapedType::isDynamic(queries) || ShapedType::isDynamic(keys)) {
    os << "; give the lengths with --dim to count them\n";
    return;
  }
  os << ", " << queries << " by " << keys << ": ";
  std::optional<BlockCounts> counts = countBlocks(
      op.getMask(), queries, keys, tile.queryBlock, tile.keyBlock, kMaxBlocks);
  if (!counts) {
    os << "how many are empty is known when the program runs, or they are too "
          "many to count\n";
    return;
  }
  os << counts->empty << " empty, " << counts->partial << " partial, "
     << counts->full << " full\n";
}

static void explainMask(AttentionOp op, const TilePipelineOptions &options,
                        llvm::raw_ostream &os) {
  if (!op.hasMask()) {
    os << "  mask:      none, every query sees every key\n";
    return;
  }
  auto type = cast<ShapedType>(op.getKey().getType());
  int64_t axis = type.getRank() - 2;
  std::string keys = type.isDynamicDim(axis)
                         ? getDimName(op.getKey(), axis)
                         : std::to_string(type.getDimSize(axis));
  if (keys.empty())
    keys = "Tk";
  MaskReport report = reportMask(op.getMask(), keys, getName);
  os << "  mask:      queries q0 ... q1 see keys from " << report.first
     << " to before " << report.end << "\n";
  for (const UndecidedCondition &condition : report.undecided) {
    os << "             " << formatPlace(condition.loc);
    if (condition.isDecidedByBlock)
      os << ": asked of each block of keys\n";
    else
      os << ": tested for each pair, since " << condition.reason << "\n";
  }
  explainBlocks(op, options, os);
}

void attn::explainAttention(ModuleOp module, const TilePipelineOptions &options,
                            llvm::raw_ostream &os) {
  // Layers of a kind are attentions of a kind.
  llvm::StringSet<> seen;
  module.walk([&](AttentionOp op) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << formatPlace(op.getLoc())
           << ": attention in one pass over the keys\n";
    explainMask(op, options, stream);
    stream << "  score:     "
           << (op.hasScore() ? "a rule in the loop" : "no rule") << "\n";
    if (seen.insert(text).second)
      os << text;
  });
}

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
#include "passes/kernel/DecodeKernel.h"
#include "passes/kernel/LinearKernel.h"
#include "passes/kernel/TileShape.h"
#include "passes/kernel/TopKeysKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attn;

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

static std::optional<int64_t> getSize(Value tensor, int64_t axis) {
  auto type = cast<ShapedType>(tensor.getType());
  axis += axis < 0 ? type.getRank() : 0;
  if (axis < 0)
    return 1;
  if (type.isDynamicDim(axis))
    return std::nullopt;
  return type.getDimSize(axis);
}

/// A size as the program says it, or as `fallback`.
static std::string printSize(Value tensor, int64_t axis, StringRef fallback) {
  if (std::optional<int64_t> size = getSize(tensor, axis))
    return std::to_string(*size);
  int64_t rank = cast<ShapedType>(tensor.getType()).getRank();
  std::string name = getDimName(tensor, axis < 0 ? axis + rank : axis);
  return name.empty() ? fallback.str() : name;
}

static std::string printType(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// Axes of queries and keys, and of heads, from the end.
static constexpr int64_t kPositions = -2;
static constexpr int64_t kHeads = -3;

static std::optional<PieceShape> getPairs(Value query, Value key) {
  std::optional<int64_t> queries = getSize(query, kPositions),
                         keys = getSize(key, kPositions);
  if (!queries || !keys)
    return std::nullopt;
  return PieceShape{*queries, *keys};
}

/// What is known of a mask in closed form. `asksBlocks` where the kernel asks
/// for blocks of keys what is not.
template <typename OpTy>
static void explainMask(OpTy op, bool asksBlocks, llvm::raw_ostream &os) {
  if (!op.hasMask()) {
    os << "  mask:      none, every query sees every key\n";
    return;
  }
  std::string keys = printSize(op.getKey(), kPositions, "Tk");
  MaskReport report = reportMask(op.getMask(), keys, getName);
  os << "  mask:      queries q0 ... q1 see keys from " << report.first
     << " to before " << report.end << "\n";
  for (const UndecidedCondition &condition : report.undecided) {
    os << "             " << formatPlace(condition.loc);
    if (condition.isDecidedByBlock && asksBlocks)
      os << ": asked of each block of keys\n";
    else if (condition.isDecidedByBlock)
      os << ": tested for each pair\n";
    else
      os << ": tested for each pair, since " << condition.reason << "\n";
  }
}

static void explainScore(bool hasScore, llvm::raw_ostream &os) {
  os << "  score:     " << (hasScore ? "a rule in the loop" : "no rule")
     << "\n";
}

static void printOpen(const PieceCounts &counts, llvm::raw_ostream &os) {
  if (counts.open != 0)
    os << ", " << counts.open << " known when the program runs";
  os << "\n";
}

static void explainBlocks(AttentionOp op, const TileShape &tile,
                          llvm::raw_ostream &os) {
  std::optional<PieceShape> all = getPairs(op.getQuery(), op.getKey());
  os << "  blocks:    " << tile.queryBlock << " queries by " << tile.keyBlock
     << " keys";
  if (!all) {
    os << "; give the lengths with --dim to count them\n";
    return;
  }
  os << ", " << all->queries << " by " << all->keys << ": ";
  std::optional<MaskCounts> counts =
      countPieces(op.getMask(), *all, {tile.queryBlock, tile.keyBlock},
                  {tile.rowTile, tile.getPanel()});
  if (!counts) {
    os << "too many to count\n";
    return;
  }
  const PieceCounts &blocks = counts->blocks, &panels = counts->panels;
  os << blocks.empty << " empty, " << blocks.partial << " partial, "
     << blocks.full << " full";
  printOpen(blocks, os);
  if (blocks.partial == 0)
    return;
  os << "  panels:    " << tile.rowTile << " queries by " << tile.getPanel()
     << " keys, of the partial blocks: " << panels.empty << " empty, "
     << panels.partial << " tested pair by pair, " << panels.full << " full";
  printOpen(panels, os);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static void explain(AttentionOp op, const TilePipelineOptions &options,
                    llvm::raw_ostream &os) {
  using Decode = DecodeKernel;
  os << "attention in one pass over the keys\n";
  explainMask(op, /*asksBlocks=*/true, os);
  std::optional<int64_t> queries = getSize(op.getQuery(), kPositions),
                         heads = getSize(op.getQuery(), kHeads),
                         keyHeads = getSize(op.getKey(), kHeads);
  // Queries of all heads that share keys.
  std::optional<int64_t> rows;
  if (queries && heads && keyHeads && *keyHeads != 0)
    rows = *queries * (*heads / *keyHeads);
  bool isFew = rows && *rows <= Decode::kMaxRows;
  bool isMany = (rows && !isFew) || (queries && *queries > Decode::kMaxRows);
  TileShape tile =
      chooseTileShape({options.vectorBits, op.getAccumulatorType().getWidth()},
                      options.queryBlock, options.keyBlock);
  if (op.hasMask() && !isFew)
    explainBlocks(op, tile, os);
  os << "  kernel:    ";
  if (isMany) {
    os << "blocks of queries\n";
  } else if (!isFew) {
    os << "blocks of queries; of at most " << Decode::kMaxRows
       << " for a head of keys, parts of " << Decode::kPartKeys << " keys\n";
  } else {
    os << "few queries, parts of " << Decode::kPartKeys << " keys";
    std::optional<PieceShape> all = getPairs(op.getQuery(), op.getKey());
    std::optional<int64_t> pairs;
    if (op.hasMask() && all && all->queries > 0)
      pairs = countPairs(op.getMask(), *all, {all->queries, Decode::kPartKeys},
                         Decode::kStepKeys);
    if (pairs)
      os << ", of which " << *pairs / all->queries << " of " << all->keys
         << " are read";
    os << "\n";
  }
  explainScore(op.hasScore(), os);
}

static void explain(LinearAttentionOp op, const TilePipelineOptions &options,
                    llvm::raw_ostream &os) {
  TileShape tile =
      chooseTileShape({options.vectorBits, op.getAccumulatorType().getWidth()},
                      /*queryBlock=*/0, /*keyBlock=*/0);
  int64_t length = LinearKernel::getLength(tile);
  os << "linear attention" << (op.getCausal() ? ", causal" : "") << "\n";
  if (op.getCausal())
    os << "  kernel:    chunks of " << length
       << " positions; keys before a chunk are in the state, its own are "
          "weighed one by one\n";
  else
    os << "  kernel:    the keys in chunks of " << length
       << " positions into the state, then the queries\n";
  os << "  state:     " << printSize(op.getKey(), -1, "D") << " by "
     << printSize(op.getValue(), -1, "Dv") << " "
     << printType(op.getAccumulatorType()) << " for each head of "
     << (op.getCausal() ? "queries" : "keys")
     << (op.getState() ? ", from call to call\n" : "\n");
  if (!op.getCausal())
    return;
  os << "  decay:     ";
  if (!op.getDecay())
    os << "none\n";
  else if (op.hasPositionDecay())
    os << "one for each position\n";
  else
    os << (isa<ShapedType>(op.getDecay().getType()) ? "one for each head\n"
                                                    : "one for all heads\n");
}

static void explain(TopKeysOp op, const TilePipelineOptions &options,
                    llvm::raw_ostream &os) {
  using Kernel = TopKeysKernel;
  Type element = op.getAccumulatorType();
  TileShape tile =
      chooseTileShape({options.vectorBits, element.getIntOrFloatBitWidth()},
                      /*queryBlock=*/0, /*keyBlock=*/0);
  os << "the " << op.getCount() << " largest weights of each query\n";
  explainMask(op, /*asksBlocks=*/false, os);
  os << "  kernel:    rows by " << Kernel::kTileRows
     << ", whose scores a thread"
     << " keeps: " << Kernel::kTileRows << " by "
     << printSize(op.getKey(), kPositions, "Tk") << " " << printType(element)
     << "\n  products:  ";
  std::optional<PieceShape> all = getPairs(op.getQuery(), op.getKey());
  std::optional<int64_t> pairs;
  if (all && op.hasMask())
    pairs = countPairs(op.getMask(), *all,
                       {Kernel::kTileRows, std::max<int64_t>(all->keys, 1)},
                       tile.vectorLength * Kernel::kTileVectors);
  else if (all)
    pairs = all->queries * all->keys;
  if (pairs)
    os << *pairs << " of " << all->queries * all->keys << " pairs of a head, ";
  else
    os << (op.hasMask() ? "of each query with the keys in this range, "
                        : "of each query with each key, ");
  os << printSize(op.getKey(), -1, "D") << " multiply-adds each\n";
  explainScore(op.hasScore(), os);
}

void attn::explainAttention(ModuleOp module, const TilePipelineOptions &options,
                            llvm::raw_ostream &os) {
  // Layers of a kind are attentions of a kind.
  llvm::StringSet<> seen;
  module.walk([&](Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case<AttentionOp, LinearAttentionOp, TopKeysOp>([&](auto typed) {
          std::string text;
          llvm::raw_string_ostream stream(text);
          stream << formatPlace(op->getLoc()) << ": ";
          explain(typed, options, stream);
          if (seen.insert(text).second)
            os << text;
        });
  });
}

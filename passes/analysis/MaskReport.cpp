//===- MaskReport.cpp - What the compiler knows of a mask, as text --------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/analysis/MaskReport.h"

#include "passes/analysis/CodeEvaluator.h"
#include "passes/analysis/KeyRange.h"
#include "passes/analysis/RuleIntervals.h"
#include "passes/kernel/KernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <map>

using namespace mlir;
using namespace attn;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

namespace {

/// Prints the integer expressions that emitKeyRange makes, sums in one order.
class ExpressionPrinter {
public:
  explicit ExpressionPrinter(NameFunction getName) : getName(getName) {}

  std::string print(Value value, int depth = 0) {
    // What a program nests deeper than this nobody reads.
    if (depth > kMaxDepth)
      return "…";
    if (std::optional<std::string> atom = printAtom(value, depth))
      return *atom;
    Sum sum;
    collect(value, 1, sum, depth);
    return printSum(sum);
  }

private:
  static constexpr int kMaxDepth = 40;

  struct Sum {
    std::map<std::string, int64_t> terms;
    int64_t constant = 0;
  };

  static bool isSum(Operation *op) {
    return op && isa<arith::AddIOp, arith::SubIOp>(op);
  }

  void collect(Value value, int64_t factor, Sum &sum, int depth) {
    APInt number;
    Operation *op = value.getDefiningOp();
    if (matchPattern(value, m_ConstantInt(&number))) {
      sum.constant += factor * number.getSExtValue();
    } else if (isSum(op) && depth < kMaxDepth) {
      int64_t second = isa<arith::AddIOp>(op) ? factor : -factor;
      collect(op->getOperand(0), factor, sum, depth + 1);
      collect(op->getOperand(1), second, sum, depth + 1);
    } else if (op && isa<arith::MulIOp>(op) &&
               matchPattern(op->getOperand(1), m_ConstantInt(&number))) {
      collect(op->getOperand(0), factor * number.getSExtValue(), sum,
              depth + 1);
    } else {
      sum.terms[*printAtom(value, depth + 1)] += factor;
    }
  }

  static std::string parenthesise(StringRef text) {
    bool isOne = !text.contains(' ') || text.ends_with(")");
    return isOne ? text.str() : "(" + text.str() + ")";
  }

  static std::string printSum(const Sum &sum) {
    std::string text;
    auto add = [&](int64_t factor, StringRef term) {
      bool isNegative = factor < 0;
      int64_t size = std::abs(factor);
      if (text.empty())
        text += isNegative ? "-" : "";
      else
        text += isNegative ? " - " : " + ";
      if (term.empty())
        text += std::to_string(size);
      else if (size == 1)
        text += term;
      else
        text += std::to_string(size) + " * " + parenthesise(term);
    };
    // What is added comes first.
    for (bool isNegative : {false, true})
      for (const auto &[term, factor] : sum.terms)
        if (factor != 0 && (factor < 0) == isNegative)
          add(factor, term);
    if (sum.constant != 0 || text.empty())
      add(sum.constant, "");
    return text;
  }

  std::string printInner(Value value, int depth) {
    return parenthesise(print(value, depth + 1));
  }

  std::string printList(StringRef name, ValueRange values, int depth) {
    std::string text = name.str();
    llvm::ListSeparator comma;
    for (Value value : values)
      text += StringRef(comma).str() + print(value, depth + 1);
    return text;
  }

  /// A minimum of minima is that of all; the same for maxima.
  std::string printChoice(Operation *op, StringRef name, int depth) {
    SmallVector<std::string> choices;
    SmallVector<Value> worklist(llvm::reverse(op->getOperands()));
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      Operation *inner = value.getDefiningOp();
      if (inner && inner->getName() == op->getName())
        worklist.append({inner->getOperand(1), inner->getOperand(0)});
      else if (std::string text = print(value, depth + 1);
               !llvm::is_contained(choices, text))
        choices.push_back(text);
    }
    if (choices.size() == 1)
      return choices.front();
    return name.str() + "(" + llvm::join(choices, ", ") + ")";
  }

  /// Anything but a sum; nothing for those.
  std::optional<std::string> printAtom(Value value, int depth) {
    if (std::string name = getName(value); !name.empty())
      return name;
    Operation *op = value.getDefiningOp();
    if (!op)
      return "?";
    APInt number;
    bool isProduct = isa<arith::MulIOp>(op) &&
                     matchPattern(op->getOperand(1), m_ConstantInt(&number));
    if (isSum(op) || isProduct || matchPattern(value, m_ConstantInt(&number)))
      return depth > kMaxDepth ? std::optional<std::string>("…") : std::nullopt;
    auto binary = [&](StringRef sign) {
      return printInner(op->getOperand(0), depth) + sign.str() +
             printInner(op->getOperand(1), depth);
    };
    return TypeSwitch<Operation *, std::string>(op)
        .Case([&](arith::MinSIOp) { return printChoice(op, "min", depth); })
        .Case([&](arith::MaxSIOp) { return printChoice(op, "max", depth); })
        .Case([&](arith::FloorDivSIOp) { return binary(" div "); })
        .Case([&](arith::MulIOp) { return binary(" * "); })
        .Case([&](arith::AndIOp) { return binary(" and "); })
        .Case([&](arith::OrIOp) { return binary(" or "); })
        .Case([&](arith::CmpIOp compare) {
          return binary(getSign(compare.getPredicate()));
        })
        .Case([&](arith::SelectOp select) {
          return "(if " + print(select.getCondition(), depth + 1) + " then " +
                 print(select.getTrueValue(), depth + 1) + " else " +
                 print(select.getFalseValue(), depth + 1) + ")";
        })
        .Case<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(
            [&](auto cast) { return print(cast.getIn(), depth + 1); })
        .Case<tensor::ExtractOp>([&](auto read) {
          return printList(print(read.getTensor(), depth + 1) + "[",
                           read.getIndices(), depth) +
                 "]";
        })
        .Case<memref::LoadOp>([&](auto read) {
          return printList(print(read.getMemRef(), depth + 1) + "[",
                           read.getIndices(), depth) +
                 "]";
        })
        .Case([&](scf::ForOp loop) { return getReduction(loop) + "(…)"; })
        .Default([](Operation *) { return "?"; });
  }

  /// What a loop of the language does.
  static std::string getReduction(scf::ForOp loop) {
    Operation *step = nullptr;
    if (loop.getNumResults() == 1)
      step = loop.getYieldedValues().front().getDefiningOp();
    if (isa_and_nonnull<arith::AddIOp>(step))
      return "sum";
    if (isa_and_nonnull<arith::MaxSIOp>(step))
      return "max";
    return isa_and_nonnull<arith::MinSIOp>(step) ? "min" : "";
  }

  static StringRef getSign(arith::CmpIPredicate predicate) {
    switch (predicate) {
    case arith::CmpIPredicate::eq:
      return " == ";
    case arith::CmpIPredicate::ne:
      return " != ";
    case arith::CmpIPredicate::slt:
      return " < ";
    case arith::CmpIPredicate::sle:
      return " <= ";
    case arith::CmpIPredicate::sgt:
      return " > ";
    case arith::CmpIPredicate::sge:
      return " >= ";
    default:
      return " ? ";
    }
  }

  NameFunction getName;
};

/// A block beside the rule to emit code into, with arguments that stand for the
/// ends of boxes. It is gone with this object.
class Workspace {
public:
  Workspace(Region &mask, unsigned numArguments)
      : builder(mask.getLoc(), mask.getContext()) {
    SmallVector<Type> types(numArguments, builder.getIndexType());
    SmallVector<Location> locs(numArguments, mask.getLoc());
    block.addArguments(types, locs);
    builder.setInsertionPointToEnd(&block);
  }

  Block block;
  KernelBuilder builder;
};

} // namespace

//===----------------------------------------------------------------------===//
// Report
//===----------------------------------------------------------------------===//

/// What keeps a condition from being decided for a block.
static std::string explain(Region &mask, Operation *condition) {
  for (Operation *op : getRuleSlice(mask, condition)) {
    if (isa<memref::LoadOp, tensor::ExtractOp>(op))
      return "it reads an array at a place that depends on both positions";
    if (op->getNumRegions() != 0)
      return "it is computed in a loop";
    if (op->getNumResults() == 1 && isa<FloatType>(op->getResult(0).getType()))
      return "it compares numbers that are no integers";
  }
  return "its operations have no bounds over ranges";
}

MaskReport attn::reportMask(Region &mask, StringRef keys,
                            NameFunction getName) {
  static constexpr StringRef kNames[] = {"b", "h", "q0", "q1"};
  Workspace work(mask, std::size(kNames) + 1);
  KernelBuilder &b = work.builder;
  auto argument = [&](unsigned i) -> Value {
    return work.block.getArgument(i);
  };
  Value extent = argument(std::size(kNames));
  IndexBox box = {argument(0), argument(1), argument(2),
                  argument(3), b.index(0),  b.sub(extent, b.index(1))};
  SmallVector<Operation *> undecided;
  KeyRange range = emitKeyRange(b, mask, box, ReadBoundsMap(), &undecided);

  auto name = [&](Value value) -> std::string {
    auto own = dyn_cast<BlockArgument>(value);
    if (!own || own.getOwner() != &work.block)
      return getName(value);
    unsigned number = own.getArgNumber();
    return number < std::size(kNames) ? kNames[number].str() : keys.str();
  };
  ExpressionPrinter printer(name);
  MaskReport report = {
      printer.print(range.first), printer.print(range.end), {}};

  // What is read along one position is known by its bounds in a block.
  ReadBoundsMap reads;
  for (const PositionRead &read : findPositionReads(mask)) {
    Type type = read.load->getResult(0).getType();
    reads[read.load] = {work.block.addArgument(type, mask.getLoc()),
                        work.block.addArgument(type, mask.getLoc())};
  }
  RuleIntervals intervals(b, mask, box, reads);
  for (Operation *op : undecided) {
    bool isKnown = intervals.get(op->getResult(0)).known();
    report.undecided.push_back(
        {op->getLoc(), isKnown, isKnown ? "" : explain(mask, op)});
  }
  return report;
}

//===----------------------------------------------------------------------===//
// Counts
//===----------------------------------------------------------------------===//

/// Ops to work out at most, in about a second.
static constexpr int64_t kMaxOps = 20'000'000;

namespace {

/// Code that classifies a box, and what it comes to for given ends.
class BoxClassifier {
public:
  BoxClassifier(Region &mask, PieceShape all, const PartLengths &least)
      : work(mask, 4), all(all) {
    KernelBuilder &b = work.builder;
    auto end = [&](unsigned i) -> Value { return work.block.getArgument(i); };
    Value zero = b.index(0);
    ReadBoundsMap ofQueries, reads;
    for (const PositionRead &read : findPositionReads(mask)) {
      Type type = read.load->getResult(0).getType();
      reads[read.load] = {work.block.addArgument(type, mask.getLoc()),
                          work.block.addArgument(type, mask.getLoc())};
      if (read.position == Position::Query)
        ofQueries[read.load] = reads[read.load];
    }
    IndexBox rows = {zero, zero, end(0), end(1), zero, b.index(all.keys - 1)};
    range = emitKeyRange(b, mask, rows, ofQueries);
    IndexBox box = {zero, zero, end(0), end(1), end(2), end(3)};
    result = classifyParts(b, mask, box, least, reads);
  }

  /// Adds to the right count the box from `first` on; false if that takes too
  /// long. `isPartial` says whether it is partial.
  bool count(CodeEvaluator &evaluator, PieceShape first, PieceShape shape,
             bool needsAllKeys, PieceCounts &counts, bool &isPartial) {
    PieceShape last = {std::min(first.queries + shape.queries, all.queries) - 1,
                       std::min(first.keys + shape.keys, all.keys) - 1};
    int64_t ends[] = {first.queries, last.queries, first.keys, last.keys};
    for (auto [i, number] : llvm::enumerate(ends))
      evaluator.bind(work.block.getArgument(i), number);
    if (!evaluator.run(work.block))
      return false;
    auto isBelow = [](std::optional<int64_t> lhs, std::optional<int64_t> rhs) {
      return lhs && rhs && *lhs < *rhs;
    };
    std::optional<int64_t> possible = evaluator.get(result.possible);
    std::optional<int64_t> certain = evaluator.get(result.certain);
    bool isOutside = isBelow(last.keys, evaluator.get(range.first)) ||
                     isBelow(evaluator.get(range.end), first.keys + 1);
    bool hasAllKeys = last.keys + 1 == first.keys + shape.keys;
    isPartial = false;
    if (isOutside || possible == 0)
      ++counts.empty;
    else if (!possible || !certain)
      ++counts.open;
    else if (*certain && (hasAllKeys || !needsAllKeys))
      ++counts.full;
    else
      isPartial = true;
    counts.partial += isPartial;
    return true;
  }

private:
  Workspace work;
  PieceShape all;
  KeyRange range;
  BoxClass result;
};

} // namespace

std::optional<MaskCounts> attn::countPieces(Region &mask, PieceShape all,
                                            PieceShape block,
                                            PieceShape panel) {
  CodeEvaluator evaluator(kMaxOps);
  BoxClassifier blocks(mask, all, getBlockParts());
  BoxClassifier panels(mask, all, getPanelParts(panel.queries, panel.keys));
  MaskCounts counts;
  bool isPartial;
  for (int64_t q = 0; q < all.queries; q += block.queries)
    for (int64_t k = 0; k < all.keys; k += block.keys) {
      if (!blocks.count(evaluator, {q, k}, block, /*needsAllKeys=*/false,
                        counts.blocks, isPartial))
        return std::nullopt;
      if (!isPartial)
        continue;
      PieceShape end = {std::min(q + block.queries, all.queries),
                        std::min(k + block.keys, all.keys)};
      bool isPartialPanel;
      for (int64_t row = q; row < end.queries; row += panel.queries)
        for (int64_t key = k; key < end.keys; key += panel.keys)
          if (!panels.count(evaluator, {row, key}, panel,
                            /*needsAllKeys=*/true, counts.panels,
                            isPartialPanel))
            return std::nullopt;
    }
  return counts;
}

std::optional<int64_t> attn::countPairs(Region &mask, PieceShape all,
                                        PieceShape tile, int64_t step) {
  Workspace work(mask, 3);
  KernelBuilder &b = work.builder;
  Value zero = b.index(0), query = work.block.getArgument(0);
  IndexBox box = {zero,
                  zero,
                  query,
                  query,
                  work.block.getArgument(1),
                  work.block.getArgument(2)};
  KeyRange range = emitKeyRange(b, mask, box);
  CodeEvaluator evaluator(kMaxOps);
  int64_t pairs = 0;
  for (int64_t row = 0; row < all.queries; row += tile.queries)
    for (int64_t key = 0; key < all.keys; key += tile.keys) {
      int64_t endRow = std::min(row + tile.queries, all.queries);
      int64_t endKey = std::min(key + tile.keys, all.keys);
      int64_t first = endKey, end = key;
      for (int64_t q = row; q < endRow; ++q) {
        int64_t ends[] = {q, key, endKey - 1};
        for (auto [i, number] : llvm::enumerate(ends))
          evaluator.bind(work.block.getArgument(i), number);
        if (!evaluator.run(work.block))
          return std::nullopt;
        std::optional<int64_t> ownFirst = evaluator.get(range.first),
                               ownEnd = evaluator.get(range.end);
        if (!ownFirst || !ownEnd)
          return std::nullopt;
        if (*ownFirst >= *ownEnd)
          continue;
        first = std::min(first, *ownFirst);
        end = std::max(end, *ownEnd);
      }
      first -= (first - key) % step;
      pairs += std::max<int64_t>(end - first, 0) * (endRow - row);
    }
  return pairs;
}

//===- FormatExpr.cpp - Layout of expressions -----------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/FormatExpr.h"

#include "frontend/PrintAST.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/ErrorHandling.h"

#include <algorithm>

using namespace attn::frontend;
using namespace attn::frontend::layout;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

namespace {
/// How tightly expressions bind, as in Attn.g4.
enum Level {
  IfLevel,
  OrLevel,
  AndLevel,
  NotLevel,
  CompareLevel,
  AddLevel,
  MultiplyLevel,
  NegateLevel,
  PowerLevel,
  PostfixLevel,
};
} // namespace

static Level getLevel(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return OrLevel;
  case BinaryOp::And:
    return AndLevel;
  case BinaryOp::Eq:
  case BinaryOp::Ne:
  case BinaryOp::Lt:
  case BinaryOp::Le:
  case BinaryOp::Gt:
  case BinaryOp::Ge:
    return CompareLevel;
  case BinaryOp::Add:
  case BinaryOp::Sub:
    return AddLevel;
  case BinaryOp::Mul:
  case BinaryOp::Div:
  case BinaryOp::FloorDiv:
  case BinaryOp::Mod:
  case BinaryOp::MatMul:
    return MultiplyLevel;
  case BinaryOp::Pow:
    return PowerLevel;
  }
  llvm_unreachable("unknown operator");
}

static Level getLevel(const Expr &expr) {
  if (isa<IfExpr>(expr))
    return IfLevel;
  if (const auto *binary = dyn_cast<BinaryExpr>(&expr))
    return getLevel(binary->op);
  if (const auto *unary = dyn_cast<UnaryExpr>(&expr)) {
    switch (unary->op) {
    case UnaryOp::Not:
      return NotLevel;
    case UnaryOp::Neg:
      return NegateLevel;
    case UnaryOp::Transpose:
      return PostfixLevel;
    }
  }
  return PostfixLevel;
}

static Level above(Level level) { return static_cast<Level>(level + 1); }

Doc attn::frontend::layoutList(const std::string &open, std::vector<Doc> items,
                               const std::string &close, bool isKeptWhole) {
  if (items.empty())
    return text(open + close);
  std::vector<Doc> inner = {softLine()};
  for (size_t i = 0; i < items.size(); ++i) {
    inner.push_back(std::move(items[i]));
    if (i + 1 < items.size()) {
      inner.push_back(text(","));
      inner.push_back(line());
    }
  }
  return group(concat({text(open), nest(concat(std::move(inner))), softLine(),
                       text(close)}),
               isKeptWhole);
}

namespace {
class ExprFormatter {
public:
  explicit ExprFormatter(BlockLayout layoutBlock) : layoutBlock(layoutBlock) {}

  Doc format(const Expr &expr);
  Doc formatArguments(llvm::ArrayRef<Argument> args);

private:
  Doc formatOperand(const Expr &expr, Level least);
  Doc formatUnary(const UnaryExpr &unary);
  Doc formatBinary(const BinaryExpr &binary);
  Doc formatCall(const CallExpr &call);
  Doc formatIf(const IfExpr &conditional);
  std::vector<Doc> formatAll(llvm::ArrayRef<ExprPtr> exprs);

  BlockLayout layoutBlock;
};
} // namespace

Doc ExprFormatter::formatOperand(const Expr &expr, Level least) {
  Doc doc = format(expr);
  if (getLevel(expr) >= least)
    return doc;
  return layoutList("(", {doc}, ")");
}

Doc ExprFormatter::formatUnary(const UnaryExpr &unary) {
  switch (unary.op) {
  case UnaryOp::Not:
    return concat({text("not "), formatOperand(*unary.operand, NotLevel)});
  case UnaryOp::Neg:
    return concat({text("-"), formatOperand(*unary.operand, NegateLevel)});
  case UnaryOp::Transpose:
    return concat({formatOperand(*unary.operand, PostfixLevel), text("'")});
  }
  llvm_unreachable("unknown operator");
}

/// A chain `a + b - c` breaks before its operators. A line cannot begin with
/// '-', so the chain goes on after one and ends the line only if it must.
Doc ExprFormatter::formatBinary(const BinaryExpr &binary) {
  if (binary.op == BinaryOp::Pow)
    return concat({formatOperand(*binary.lhs, PostfixLevel), text(" ^ "),
                   formatOperand(*binary.rhs, NegateLevel)});

  Level level = getLevel(binary.op);
  std::vector<const BinaryExpr *> links;
  for (const BinaryExpr *link = &binary; link;) {
    links.push_back(link);
    if (link->chainedTo) {
      link = link->chainedTo.get();
      continue;
    }
    // Comparisons in parentheses are no chain.
    const auto *left = dyn_cast<BinaryExpr>(link->lhs.get());
    bool isChain = left && getLevel(left->op) == level && level != CompareLevel;
    link = isChain ? left : nullptr;
  }
  std::reverse(links.begin(), links.end());

  std::vector<Doc> rest;
  for (const BinaryExpr *link : links) {
    std::string op = getSpelling(link->op).str();
    Doc operand = formatOperand(*link->rhs, above(level));
    if (link->op == BinaryOp::Sub) {
      rest.push_back(text(" -"));
      rest.push_back(group(concat({line(), operand})));
    } else {
      rest.push_back(line());
      rest.push_back(text(op + " "));
      rest.push_back(operand);
    }
  }
  Doc first = formatOperand(*links.front()->lhs, above(level));
  return group(concat({first, nest(concat(std::move(rest)))}));
}

std::vector<Doc> ExprFormatter::formatAll(llvm::ArrayRef<ExprPtr> exprs) {
  std::vector<Doc> docs;
  for (const ExprPtr &expr : exprs)
    docs.push_back(format(*expr));
  return docs;
}

Doc ExprFormatter::formatArguments(llvm::ArrayRef<Argument> args) {
  std::vector<Doc> docs;
  for (const Argument &arg : args) {
    Doc value = format(*arg.value);
    docs.push_back(arg.name ? concat({text(arg.name->name + ": "), value})
                            : value);
  }
  return layoutList("(", std::move(docs), ")");
}

Doc ExprFormatter::formatCall(const CallExpr &call) {
  return concat(
      {formatOperand(*call.callee, PostfixLevel), formatArguments(call.args)});
}

/// The whole chain of `else if` is one group: it is broken as a whole.
Doc ExprFormatter::formatIf(const IfExpr &conditional) {
  std::vector<Doc> parts;
  auto addBlock = [&](const Block &block) {
    parts.push_back(text(" {"));
    parts.push_back(nest(layoutBlock(block)));
    parts.push_back(line());
    parts.push_back(text("}"));
  };
  for (const IfExpr *link = &conditional; link;) {
    parts.push_back(text("if "));
    parts.push_back(format(*link->condition));
    addBlock(link->thenBlock);
    parts.push_back(text(" else"));
    if (link->elseBlock.braced) {
      addBlock(link->elseBlock);
      break;
    }
    parts.push_back(text(" "));
    link = cast<IfExpr>(link->elseBlock.result.get());
  }
  return group(concat(std::move(parts)));
}

Doc ExprFormatter::format(const Expr &expr) {
  switch (expr.getKind()) {
  case Expr::Kind::IntLiteral:
    return text(std::to_string(cast<IntLiteral>(expr).value));
  case Expr::Kind::FloatLiteral:
    return text(cast<FloatLiteral>(expr).spelling);
  case Expr::Kind::BoolLiteral:
    return text(cast<BoolLiteral>(expr).value ? "true" : "false");
  case Expr::Kind::Name:
    return text(cast<NameExpr>(expr).name);
  case Expr::Kind::Unary:
    return formatUnary(cast<UnaryExpr>(expr));
  case Expr::Kind::Binary:
    return formatBinary(cast<BinaryExpr>(expr));
  case Expr::Kind::Call:
    return formatCall(cast<CallExpr>(expr));
  case Expr::Kind::Reduce: {
    const auto &reduce = cast<ReduceExpr>(expr);
    Doc over = concat(
        {text("for " + reduce.index.name + " in "), format(*reduce.bound)});
    return layoutList(reduce.callee.name + "(",
                      {concat({format(*reduce.body), line(), over})}, ")");
  }
  case Expr::Kind::Index: {
    const auto &index = cast<IndexExpr>(expr);
    return concat({formatOperand(*index.base, PostfixLevel),
                   layoutList("[", formatAll(index.indices), "]")});
  }
  case Expr::Kind::Member: {
    const auto &member = cast<MemberExpr>(expr);
    return concat({formatOperand(*member.base, PostfixLevel),
                   text("." + member.name.name)});
  }
  case Expr::Kind::Tuple:
    return layoutList("(", formatAll(cast<TupleExpr>(expr).elements), ")");
  case Expr::Kind::Cast: {
    const auto &convert = cast<CastExpr>(expr);
    return concat({text(getSpelling(convert.dtype).str()),
                   layoutList("(", {format(*convert.operand)}, ")")});
  }
  case Expr::Kind::If:
    return formatIf(cast<IfExpr>(expr));
  }
  llvm_unreachable("unknown expression");
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

Doc attn::frontend::layoutExpr(const Expr &expr, BlockLayout layoutBlock) {
  return ExprFormatter(layoutBlock).format(expr);
}

Doc attn::frontend::layoutArguments(llvm::ArrayRef<Argument> args,
                                    BlockLayout layoutBlock) {
  return ExprFormatter(layoutBlock).formatArguments(args);
}

Doc attn::frontend::layoutValue(const Expr &expr, bool isHugged,
                                BlockLayout layoutBlock) {
  Doc value = layoutExpr(expr, layoutBlock);
  bool closesItself =
      isa<CallExpr, ReduceExpr, IndexExpr, TupleExpr, CastExpr>(expr);
  if (isa<IfExpr>(expr) || (isHugged && closesItself))
    return concat({text(" "), value});
  return group(nest(concat({line(), value})));
}

std::string attn::frontend::formatType(const TypeSpec &type) {
  std::vector<Doc> dims;
  for (const ExprPtr &dim : type.dims)
    dims.push_back(layoutExpr(*dim, [](const Block &) -> Doc {
      llvm_unreachable("a dimension has no block");
    }));
  std::string dtype = getSpelling(type.dtype).str();
  return dims.empty() ? dtype : renderFlat(layoutList(dtype + "[", dims, "]"));
}

//===- PrintAST.cpp - Readable form of the syntax tree --------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/PrintAST.h"

#include "frontend/SourceManager.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

#include <functional>

using namespace attn::frontend;
using llvm::cast;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Spelling
//===----------------------------------------------------------------------===//

StringRef attn::frontend::getSpelling(UnaryOp op) {
  switch (op) {
  case UnaryOp::Neg:
    return "-";
  case UnaryOp::Not:
    return "not";
  case UnaryOp::Transpose:
    return "'";
  }
  llvm_unreachable("unknown operator");
}

StringRef attn::frontend::getSpelling(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return "or";
  case BinaryOp::And:
    return "and";
  case BinaryOp::Eq:
    return "==";
  case BinaryOp::Ne:
    return "!=";
  case BinaryOp::Lt:
    return "<";
  case BinaryOp::Le:
    return "<=";
  case BinaryOp::Gt:
    return ">";
  case BinaryOp::Ge:
    return ">=";
  case BinaryOp::Add:
    return "+";
  case BinaryOp::Sub:
    return "-";
  case BinaryOp::Mul:
    return "*";
  case BinaryOp::Div:
    return "/";
  case BinaryOp::FloorDiv:
    return "div";
  case BinaryOp::Mod:
    return "%";
  case BinaryOp::MatMul:
    return "@";
  case BinaryOp::Pow:
    return "^";
  }
  llvm_unreachable("unknown operator");
}

StringRef attn::frontend::getSpelling(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::F32:
    return "f32";
  case DType::F64:
    return "f64";
  case DType::I32:
    return "i32";
  case DType::I64:
    return "i64";
  case DType::Bool:
    return "bool";
  }
  llvm_unreachable("unknown type");
}

//===----------------------------------------------------------------------===//
// The tree
//===----------------------------------------------------------------------===//

namespace {
class ASTPrinter {
public:
  ASTPrinter(const SourceManager &sources, llvm::raw_ostream &os,
             PrintASTOptions options)
      : sources(sources), os(os), options(options) {}

  void print(const SourceFile &file);

private:
  /// Prints a node and, indented below it, what `printChildren` prints.
  void node(const Twine &text, SourceRange range,
            llvm::function_ref<void()> printChildren = {});

  /// Where each part begins in the text, and what prints it.
  using Parts = std::vector<std::pair<uint32_t, std::function<void()>>>;
  void printInOrder(Parts parts);

  void print(const ImportDecl &import);
  void print(const RuleDecl &rule);
  void print(const FnDecl &fn);
  void print(const LayerDecl &layer);
  void print(const FieldDecl &field);
  void print(const Param &param);
  void print(const Identifier &name, const TypeSpec &type, StringRef what);
  void print(const TypeSpec &type);
  void print(const LetStmt &let);
  void print(const Block &block);
  void print(const Argument &argument);
  void print(const Expr &expr);
  void print(llvm::ArrayRef<ExprPtr> exprs) {
    for (const ExprPtr &expr : exprs)
      print(*expr);
  }

  const SourceManager &sources;
  llvm::raw_ostream &os;
  PrintASTOptions options;
  unsigned indent = 0;
};
} // namespace

static std::string quote(StringRef text) { return ("'" + text + "'").str(); }

void ASTPrinter::node(const Twine &text, SourceRange range,
                      llvm::function_ref<void()> printChildren) {
  os.indent(indent) << text;
  if (options.positions) {
    LineColumn position = sources.getLineColumn(range);
    os << " <" << position.line << ':' << position.column << '>';
  }
  os << '\n';
  indent += 2;
  if (printChildren)
    printChildren();
  indent -= 2;
}

void ASTPrinter::print(const SourceFile &file) {
  os << "File";
  if (options.positions)
    os << ' ' << quote(sources.getPath(file.file));
  os << '\n';
  indent = 2;
  Parts declarations;
  for (const ImportDecl &import : file.imports)
    declarations.emplace_back(import.range.begin, [&] { print(import); });
  for (const RuleDecl &rule : file.rules)
    declarations.emplace_back(rule.range.begin, [&] { print(rule); });
  for (const FnDecl &fn : file.fns)
    declarations.emplace_back(fn.range.begin, [&] { print(fn); });
  for (const LayerDecl &layer : file.layers)
    declarations.emplace_back(layer.range.begin, [&] { print(layer); });
  printInOrder(std::move(declarations));
}

void ASTPrinter::printInOrder(Parts parts) {
  llvm::sort(parts, llvm::less_first());
  for (const auto &[begin, printPart] : parts)
    printPart();
}

void ASTPrinter::print(const ImportDecl &import) {
  node("Import \"" + import.path + "\"", import.range);
}

void ASTPrinter::print(const RuleDecl &rule) {
  StringRef kind = rule.kind == RuleDecl::Kind::Mask ? "Mask " : "Score ";
  node(kind + quote(rule.name.name), rule.range, [&] {
    for (const RuleParam &param : rule.params) {
      if (param.type)
        print(param.name, *param.type, "Param");
      else
        node("Param " + quote(param.name.name), param.name.range);
    }
    for (const Identifier &index : rule.indices)
      node("Index " + quote(index.name), index.range);
    print(*rule.body);
  });
}

void ASTPrinter::print(const Identifier &name, const TypeSpec &type,
                       StringRef what) {
  node(what + " " + quote(name.name), name.range, [&] { print(type); });
}

void ASTPrinter::print(const TypeSpec &type) {
  node("Type " + getSpelling(type.dtype), type.range,
       [&] { print(type.dims); });
}

void ASTPrinter::print(const FnDecl &fn) {
  StringRef kind = fn.entry ? "Entry fn " : "Fn ";
  node(kind + quote(fn.name.name), fn.range, [&] {
    for (const Param &param : fn.params)
      print(param);
    for (const ResultSpec &result : fn.results) {
      if (result.name)
        print(*result.name, result.type, "Result");
      else
        node("Result", result.type.range, [&] { print(result.type); });
    }
    node(fn.body.braced ? "Block" : "Value", fn.body.range,
         [&] { print(fn.body); });
  });
}

void ASTPrinter::print(const Param &param) {
  StringRef kind = param.kind == Param::Kind::Size    ? "Size "
                   : param.kind == Param::Kind::Mask  ? "Mask param "
                   : param.kind == Param::Kind::Score ? "Score param "
                                                      : "Param ";
  node(kind + quote(param.name.name), param.name.range, [&] {
    if (param.kind == Param::Kind::Value)
      print(param.type);
    if (param.defaultValue)
      node("Default", param.defaultValue->range,
           [&] { print(*param.defaultValue); });
  });
}

void ASTPrinter::print(const FieldDecl &field) {
  if (field.type)
    return print(field.name, *field.type, "Parameter");
  StringRef kind = field.count ? "List " : "Sublayer ";
  node(kind + quote(field.name.name), field.range, [&] {
    if (field.count)
      node("Count", field.count->range, [&] { print(*field.count); });
    node("Layer " + quote(field.layer.name), field.layer.range, [&] {
      for (const Argument &argument : field.args)
        print(argument);
    });
  });
}

void ASTPrinter::print(const LayerDecl &layer) {
  StringRef kind = layer.isModel ? "Model " : "Layer ";
  node(kind + quote(layer.name.name), layer.range, [&] {
    for (const Param &param : layer.params)
      print(param);
    Parts members;
    for (const FieldDecl &field : layer.fields)
      members.emplace_back(field.range.begin, [&] { print(field); });
    for (const FnDecl &fn : layer.fns)
      members.emplace_back(fn.range.begin, [&] { print(fn); });
    printInOrder(std::move(members));
  });
}

void ASTPrinter::print(const LetStmt &let) {
  std::string names;
  for (const Identifier &name : let.names)
    names += (names.empty() ? "" : ", ") + quote(name.name);
  node("Let " + names, let.range, [&] {
    if (let.type)
      print(*let.type);
    print(*let.value);
  });
}

void ASTPrinter::print(const Block &block) {
  for (const LetStmt &let : block.lets)
    print(let);
  print(*block.result);
}

void ASTPrinter::print(const Argument &argument) {
  if (!argument.name)
    return print(*argument.value);
  node("Argument " + quote(argument.name->name), argument.name->range,
       [&] { print(*argument.value); });
}

void ASTPrinter::print(const Expr &expr) {
  switch (expr.getKind()) {
  case Expr::Kind::IntLiteral:
    return node("Int " + Twine(cast<IntLiteral>(expr).value), expr.range);
  case Expr::Kind::FloatLiteral:
    return node("Float " + cast<FloatLiteral>(expr).spelling, expr.range);
  case Expr::Kind::BoolLiteral:
    return node(cast<BoolLiteral>(expr).value ? "Bool true" : "Bool false",
                expr.range);
  case Expr::Kind::Name:
    return node("Name " + quote(cast<NameExpr>(expr).name), expr.range);
  case Expr::Kind::Unary: {
    const auto &unary = cast<UnaryExpr>(expr);
    StringRef op =
        unary.op == UnaryOp::Transpose ? "transpose" : getSpelling(unary.op);
    return node("Unary " + op, expr.range, [&] { print(*unary.operand); });
  }
  case Expr::Kind::Binary: {
    const auto &binary = cast<BinaryExpr>(expr);
    StringRef chained = binary.chainedTo ? "chained " : "";
    return node("Binary " + chained + getSpelling(binary.op), expr.range, [&] {
      print(binary.chainedTo ? *binary.chainedTo : *binary.lhs);
      print(*binary.rhs);
    });
  }
  case Expr::Kind::Call: {
    const auto &call = cast<CallExpr>(expr);
    return node("Call", expr.range, [&] {
      print(*call.callee);
      for (const Argument &argument : call.args)
        print(argument);
    });
  }
  case Expr::Kind::Reduce: {
    const auto &reduce = cast<ReduceExpr>(expr);
    return node("Reduce " + quote(reduce.callee.name), expr.range, [&] {
      print(*reduce.body);
      node("Over " + quote(reduce.index.name), reduce.index.range,
           [&] { print(*reduce.bound); });
    });
  }
  case Expr::Kind::Index: {
    const auto &index = cast<IndexExpr>(expr);
    return node("Element", expr.range, [&] {
      print(*index.base);
      print(index.indices);
    });
  }
  case Expr::Kind::Member: {
    const auto &member = cast<MemberExpr>(expr);
    return node("Member " + quote(member.name.name), expr.range,
                [&] { print(*member.base); });
  }
  case Expr::Kind::Tuple:
    return node("Tuple", expr.range,
                [&] { print(cast<TupleExpr>(expr).elements); });
  case Expr::Kind::Cast: {
    const auto &convert = cast<CastExpr>(expr);
    return node("Cast " + getSpelling(convert.dtype), expr.range,
                [&] { print(*convert.operand); });
  }
  case Expr::Kind::If: {
    const auto &conditional = cast<IfExpr>(expr);
    return node("If", expr.range, [&] {
      print(*conditional.condition);
      node("Then", conditional.thenBlock.range,
           [&] { print(conditional.thenBlock); });
      node("Else", conditional.elseBlock.range,
           [&] { print(conditional.elseBlock); });
    });
  }
  }
  llvm_unreachable("unknown expression");
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

void attn::frontend::printAST(const SourceManager &sources,
                              const SourceFile &file, llvm::raw_ostream &os,
                              PrintASTOptions options) {
  ASTPrinter(sources, os, options).print(file);
}

void attn::frontend::printAST(const SourceManager &sources,
                              const Program &program, llvm::raw_ostream &os,
                              PrintASTOptions options) {
  for (const SourceFile &file : program.files)
    printAST(sources, file, os, options);
}

//===- SemaDim.cpp - Dimensions in types, calls and arguments ---*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/SemaImpl.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace attn::frontend;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

bool Sema::reportTooLarge(SourceRange range) {
  error(range, "dimension is too large to work with");
  return false;
}

static std::string printQuotient(const Dim &lhs, const Dim &rhs) {
  return lhs.str() + " by " + rhs.str();
}

/// What must hold for `lhs / rhs` to be exact; nothing where it always is.
static std::optional<Condition> getExactness(const Dim &lhs, const Dim &rhs,
                                             SourceRange range) {
  std::optional<Dim> remainder = Dim::mod(lhs, rhs);
  if (remainder && remainder->isConstant(0))
    return std::nullopt;
  Condition condition;
  condition.lhs = lhs;
  condition.rhs = rhs;
  condition.range = range;
  // By a single term: the whole fraction in lowest terms. Numbers stay as the
  // program has them.
  if (rhs.getTerms().size() == 1 && !(lhs.getConstant() && rhs.getConstant()))
    if (std::optional<Dim> quotient = Dim::exactDiv(lhs, rhs))
      if (auto fraction = quotient->getFraction())
        std::tie(condition.lhs, condition.rhs) = std::move(*fraction);
  condition.written = condition.str();
  return condition;
}

std::optional<Dim> Sema::combineDims(BinaryOp op, const Dim &lhs,
                                     const Dim &rhs, SourceRange range,
                                     std::vector<Condition> *conditions) {
  std::optional<Dim> value;
  switch (op) {
  case BinaryOp::Add:
    value = Dim::add(lhs, rhs);
    break;
  case BinaryOp::Sub:
    value = Dim::sub(lhs, rhs);
    break;
  case BinaryOp::Mul:
    value = Dim::mul(lhs, rhs);
    break;
  case BinaryOp::Div:
  case BinaryOp::FloorDiv:
  case BinaryOp::Mod:
    if (rhs.isConstant(0)) {
      error(range, "cannot divide " + printQuotient(lhs, rhs));
      return std::nullopt;
    }
    if (op == BinaryOp::FloorDiv) {
      value = Dim::floorDiv(lhs, rhs);
    } else if (op == BinaryOp::Mod) {
      value = Dim::mod(lhs, rhs);
    } else {
      value = Dim::exactDiv(lhs, rhs);
      if (value && conditions)
        if (auto condition = getExactness(lhs, rhs, range))
          conditions->push_back(std::move(*condition));
    }
    break;
  default:
    error(range, "a dimension is made of integers, names and + - * / div %");
    return std::nullopt;
  }
  if (!value)
    reportTooLarge(range);
  return value;
}

std::optional<Dim> Sema::readDim(
    const Expr &expr, std::vector<Condition> &conditions,
    llvm::function_ref<std::optional<Dim>(const NameExpr &)> resolve) {
  if (const auto *literal = llvm::dyn_cast<IntLiteral>(&expr))
    return Dim(literal->value);
  if (const auto *name = llvm::dyn_cast<NameExpr>(&expr))
    return resolve(*name);
  const auto *binary = llvm::dyn_cast<BinaryExpr>(&expr);
  if (!binary || !binary->lhs || !binary->rhs) {
    error(expr.range,
          "a dimension is made of integers, names and + - * / div %");
    return std::nullopt;
  }
  std::optional<Dim> lhs = readDim(*binary->lhs, conditions, resolve);
  std::optional<Dim> rhs = readDim(*binary->rhs, conditions, resolve);
  if (!lhs || !rhs)
    return std::nullopt;
  return combineDims(binary->op, *lhs, *rhs, expr.range, &conditions);
}

std::optional<Type> Sema::readType(const TypeSpec &spec, Context &context) {
  std::vector<Dim> shape;
  std::vector<Condition> conditions;
  for (const ExprPtr &dim : spec.dims) {
    std::optional<Dim> value =
        readDim(*dim, conditions, [&](const NameExpr &name) {
          Node *node = nullptr;
          if (const Binding *binding = lookUp(name.name, context)) {
            if (binding->kind == Binding::Kind::Poisoned)
              return std::optional<Dim>();
            node = binding->node;
          }
          std::optional<Dim> size = node ? asDim(node) : std::nullopt;
          if (!size && context.unknown.insert(name.name).second) {
            std::vector<StringRef> names;
            for (const Scope &scope : context.scopes)
              for (const auto &[other, binding] : scope)
                if (binding.kind == Binding::Kind::Dimension)
                  names.push_back(other);
            error(name.range, "unknown dimension '" + Twine(name.name) + "': " +
                                  (context.fn && context.fn->decl
                                       ? "no parameter binds it"
                                       : "the constructor has no such size"))
                .didYouMean(suggest(name.name, names));
          }
          return size;
        });
    if (!value)
      return std::nullopt;
    if (value->getConstant().value_or(0) < 0) {
      error(dim->range, "expected a dimension, got " + value->str());
      return std::nullopt;
    }
    shape.push_back(std::move(*value));
  }
  for (Condition &condition : conditions)
    if (!addCondition(std::move(condition), context))
      return std::nullopt;
  return Type::tensor(toScalar(spec.dtype), std::move(shape));
}

//===----------------------------------------------------------------------===//
// Binding
//===----------------------------------------------------------------------===//

bool Sema::bindSignature(ArrayRef<const TypeSpec *> specs, Signature &signature,
                         const std::set<std::string> &known) {
  bool ok = true;
  std::map<std::string, SourceRange> ranges;
  std::vector<std::vector<AxisSpec>> axes(specs.size());
  for (auto [i, spec] : llvm::enumerate(specs)) {
    signature.untyped.push_back(!spec);
    signature.params.push_back(Type::scalar(Scalar::Number));
    if (!spec)
      continue;
    std::vector<Dim> shape;
    for (const ExprPtr &expr : spec->dims) {
      std::optional<Dim> dim =
          readDim(*expr, signature.conditions, [&](const NameExpr &name) {
            ranges.emplace(name.name, name.range);
            return std::optional<Dim>(Dim::name(name.name));
          });
      if (dim && dim->getConstant().value_or(0) < 0) {
        error(expr->range, "expected a dimension, got " + dim->str());
        dim.reset();
      }
      if (!dim) {
        ok = false;
        continue;
      }
      shape.push_back(*dim);
      axes[i].push_back({std::move(*dim), expr->range});
    }
    signature.params.back() =
        Type::tensor(toScalar(spec->dtype), std::move(shape));
  }
  return ok && solveDims(axes, ranges, known, signature);
}

bool Sema::solveDims(const std::vector<std::vector<AxisSpec>> &axes,
                     const std::map<std::string, SourceRange> &ranges,
                     std::set<std::string> known, Signature &signature) {
  Dim size = Dim::name(BoundDim::axisSize);
  auto bind = [&](const std::string &name, size_t param, size_t axis,
                  Dim value) {
    known.insert(name);
    signature.dims.push_back({name, ranges.at(name),
                              static_cast<unsigned>(param),
                              static_cast<unsigned>(axis), std::move(value)});
  };
  for (auto [i, shape] : llvm::enumerate(axes))
    for (auto [j, axis] : llvm::enumerate(shape))
      if (std::optional<std::string> name = axis.dim.getName())
        if (!known.count(*name))
          bind(*name, i, j, size);

  // Names that occur only in expressions: each as soon as the others in one of
  // its expressions are known.
  auto getUnknown = [&](const AxisSpec &axis) {
    std::vector<std::string> names = axis.dim.getNames();
    llvm::erase_if(names, [&](const auto &name) { return known.count(name); });
    return names;
  };
  for (bool progress = true; progress;) {
    progress = false;
    for (auto [i, shape] : llvm::enumerate(axes))
      for (auto [j, axis] : llvm::enumerate(shape)) {
        std::vector<std::string> unknown = getUnknown(axis);
        if (unknown.size() != 1)
          continue;
        if (std::optional<Dim> value = axis.dim.solve(unknown[0], size)) {
          bind(unknown[0], i, j, std::move(*value));
          progress = true;
        }
      }
  }
  for (const std::vector<AxisSpec> &shape : axes)
    for (const AxisSpec &axis : shape) {
      std::vector<std::string> unknown = getUnknown(axis);
      if (unknown.empty())
        continue;
      error(axis.range, "cannot find " + llvm::join(unknown, " and ") +
                            " from dimension " + axis.dim.str())
          .hint("make '" + Twine(unknown[0]) +
                "' a dimension of its own in some parameter");
      return false;
    }
  return true;
}

void Sema::declareDims(const Signature &signature, Context &context,
                       const std::map<std::string, Dim> *values) {
  for (const BoundDim &dim : signature.dims) {
    Node *size = make(Node::Kind::Size, Type::scalar(Scalar::Index), dim.range);
    size->dim = Dim::name(dim.name);
    if (values)
      if (auto it = values->find(dim.name); it != values->end())
        size->dim = it->second;
    context.scopes.back()[dim.name] = {Binding::Kind::Dimension, dim.range,
                                       size};
  }
}

//===----------------------------------------------------------------------===//
// Values as dimensions
//===----------------------------------------------------------------------===//

std::optional<Dim> Sema::asDim(const Node *node,
                               std::vector<Condition> *conditions) {
  if (node->kind == Node::Kind::IntLiteral)
    return Dim(node->integer);
  if (node->kind == Node::Kind::Size)
    return node->dim;
  if (!conditions || !node->type.isScalar())
    return std::nullopt;
  // A real quotient of sizes, and what is made of it.
  if (node->kind == Node::Kind::Cast)
    return asDim(node->operands[0], conditions);
  if (node->kind != Node::Kind::Binary)
    return std::nullopt;
  std::optional<BinaryOp> op;
  switch (node->op) {
  case Op::Add:
    op = BinaryOp::Add;
    break;
  case Op::Sub:
    op = BinaryOp::Sub;
    break;
  case Op::Mul:
    op = BinaryOp::Mul;
    break;
  case Op::Div:
    op = BinaryOp::Div;
    break;
  default:
    return std::nullopt;
  }
  std::optional<Dim> lhs = asDim(node->operands[0], conditions);
  std::optional<Dim> rhs =
      lhs ? asDim(node->operands[1], conditions) : std::nullopt;
  if (!rhs)
    return std::nullopt;
  return combineDims(*op, *lhs, *rhs, node->range, conditions);
}

std::optional<Dim> Sema::requireDim(Node *node, const Expr &expr,
                                    StringRef what, Context &context) {
  unsigned before = diags.getNumErrors();
  std::vector<Condition> conditions;
  std::optional<Dim> dim = asDim(node, &conditions);
  if (!dim) {
    if (diags.getNumErrors() == before)
      error(expr.range, what +
                            " must be made of integers and dimensions, got " +
                            node->type.str());
    return std::nullopt;
  }
  if (dim->getConstant().value_or(0) < 0) {
    error(expr.range, what + " must not be negative, got " + dim->str());
    return std::nullopt;
  }
  for (Condition &condition : conditions)
    if (!addCondition(std::move(condition), context))
      return std::nullopt;
  return dim;
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

bool Sema::addCondition(Condition condition, Context &context,
                        std::optional<SourceRange> callRange) {
  SourceRange range = callRange.value_or(condition.range);
  std::optional<Dim> zero = condition.getZero();
  if (zero && zero->isConstant(0))
    return true;
  if (!zero || zero->getConstant()) {
    bool divides = condition.kind == Condition::Kind::Divisible;
    DiagnosticBuilder builder =
        error(range, divides ? "expected a multiple of " + condition.rhs.str() +
                                   ", got " + condition.lhs.str()
                             : condition.str());
    bool saysMore =
        !condition.written.empty() && condition.written != condition.str();
    if (callRange)
      builder.note(condition.range,
                   "required here" +
                       (saysMore ? ": " + condition.written : ""));
    return false;
  }
  if (!context.fn)
    return true;
  // Said where the program can do something about it.
  if (callRange && libraryFiles.count(condition.range.file) &&
      !libraryFiles.count(callRange->file)) {
    condition.requiredBy = condition.range;
    condition.range = *callRange;
  }
  for (const Condition &other : context.fn->conditions)
    if (other.kind == condition.kind && other.lhs == condition.lhs &&
        other.rhs == condition.rhs)
      return true;
  context.fn->conditions.push_back(std::move(condition));
  return true;
}

bool Sema::requireDivisible(const Dim &lhs, const Dim &rhs, SourceRange range,
                            Context &context) {
  std::optional<Condition> condition = getExactness(lhs, rhs, range);
  return !condition || addCondition(std::move(*condition), context);
}

void Sema::noteDims(DiagnosticBuilder &builder, ArrayRef<Dim> dims,
                    const Context &context) {
  std::set<std::string> noted;
  for (const Dim &dim : dims)
    for (const std::string &name : dim.getNames())
      if (noted.insert(name).second)
        if (const Binding *binding = lookUp(name, context))
          if (binding->kind == Binding::Kind::Dimension)
            builder.note(binding->range, "'" + Twine(name) + "' is bound here");
}

void Sema::noteMismatch(DiagnosticBuilder &builder, const Type &expected,
                        const Type &got, const Context &context) {
  if (expected.isTuple() && got.isTuple()) {
    for (const auto &[lhs, rhs] : llvm::zip(expected.elements, got.elements))
      if (lhs != rhs)
        return noteMismatch(builder, lhs, rhs, context);
    return;
  }
  std::vector<Dim> dims;
  if (expected.shape.size() == got.shape.size()) {
    for (const auto &[lhs, rhs] : llvm::zip(expected.shape, got.shape))
      if (lhs != rhs)
        dims.insert(dims.end(), {lhs, rhs});
  } else {
    for (const Dim &dim : got.shape)
      if (!llvm::is_contained(expected.shape, dim))
        dims.push_back(dim);
  }
  noteDims(builder, dims, context);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// What must hold for a dimension that was solved for to be whole.
static std::vector<Condition> getConditions(const Dim &dim, SourceRange range) {
  std::vector<Condition> conditions;
  for (const Dim::Term &term : dim.getTerms())
    for (const auto &[atom, exponent] : term.factors)
      if (atom.kind == DimAtom::Kind::ExactDiv)
        if (auto condition = getExactness(*atom.lhs, *atom.rhs, range))
          conditions.push_back(std::move(*condition));
  if (auto fraction = dim.getFraction())
    if (auto condition = getExactness(fraction->first, fraction->second, range))
      conditions.push_back(std::move(*condition));
  return conditions;
}

/// A type with the names that have values replaced.
static Type substitute(const Type &type,
                       const std::map<std::string, Dim> &dims) {
  Type result = type;
  for (Dim &dim : result.shape)
    if (std::optional<Dim> value = dim.substitute(dims))
      dim = std::move(*value);
  return result;
}

bool Sema::unify(const Signature &signature, ArrayRef<Node *> args,
                 ArrayRef<const Expr *> exprs,
                 ArrayRef<const Identifier *> names, StringRef callee,
                 SourceRange range, Context &context,
                 std::map<std::string, Dim> &dims) {
  auto mismatch = [&](size_t i, const Type &expected, const Twine &detail) {
    return error(exprs[i]->range, "argument '" + Twine(names[i]->name) +
                                      "' of " + callee + " must be " +
                                      expected.str() + ", got " +
                                      args[i]->type.str() + detail)
        .note(names[i]->range, "'" + Twine(names[i]->name) +
                                   "' is declared here as " +
                                   signature.params[i].str());
  };
  // Ranks and elements, so that axes can be taken.
  bool ok = true;
  for (auto [i, arg] : llvm::enumerate(args)) {
    const Type &param = signature.params[i];
    if (!arg || signature.untyped[i] || arg->type.kind == param.kind)
      if (!arg || arg->type.shape.size() == param.shape.size())
        continue;
    mismatch(i, param, "");
    ok = false;
  }
  if (!ok)
    return false;

  for (const BoundDim &dim : signature.dims) {
    std::map<std::string, Dim> known = dims;
    known[BoundDim::axisSize.str()] = args[dim.param]->type.shape[dim.axis];
    std::optional<Dim> value = dim.value.substitute(known);
    if (!value)
      return reportTooLarge(exprs[dim.param]->range);
    for (Condition &condition : getConditions(*value, names[dim.param]->range))
      if (!addCondition(std::move(condition), context, exprs[dim.param]->range))
        return false;
    dims[dim.name] = std::move(*value);
  }
  for (auto [i, arg] : llvm::enumerate(args)) {
    if (!arg || signature.untyped[i] || arg->type.isRule())
      continue;
    Type expected = substitute(signature.params[i], dims);
    auto differs = llvm::find_if(
        llvm::zip_equal(expected.shape, arg->type.shape), [](const auto &pair) {
          return std::get<0>(pair) != std::get<1>(pair);
        });
    if (arg->type.shape != expected.shape) {
      const auto &[want, got] = *differs;
      DiagnosticBuilder builder =
          mismatch(i, expected,
                   ": expected " + Twine(want.str()) + ", got " + got.str());
      noteDims(builder, {want, got}, context);
      return false;
    }
    if (arg->type.element != expected.element && !coerce(arg, expected)) {
      mismatch(i, expected, "");
      return false;
    }
  }
  for (Condition condition : signature.conditions) {
    std::optional<Dim> lhs = condition.lhs.substitute(dims);
    std::optional<Dim> rhs = condition.rhs.substitute(dims);
    if (!lhs || !rhs)
      return reportTooLarge(range);
    condition.lhs = std::move(*lhs);
    condition.rhs = std::move(*rhs);
    if (!addCondition(std::move(condition), context, range))
      return false;
  }
  return true;
}

//===- Export.cpp - The calling convention of the entry ---------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/architecture.md, "The entry at machine level".
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/AttnDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "attn-export"

namespace attn {
#define GEN_PASS_DEF_EXPORT
#include "passes/Passes.h.inc"
} // namespace attn

using namespace mlir;
using attn::AttnDialect;

//===----------------------------------------------------------------------===//
// The signature
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kPortAttrs[] = {
    AttnDialect::kNameAttr, AttnDialect::kDTypeAttr, AttnDialect::kShapeAttr};

/// `{name, dtype, shape}` of an argument or result.
static FailureOr<Attribute> describePort(func::FuncOp func,
                                         DictionaryAttr attrs, StringRef what,
                                         unsigned number) {
  SmallVector<NamedAttribute> entries;
  for (StringLiteral key : kPortAttrs) {
    Attribute attr = attrs ? attrs.get(key) : Attribute();
    if (!attr)
      return func.emitOpError()
             << what << " #" << number << " has no attribute '" << key << "'";
    entries.emplace_back(
        StringAttr::get(func.getContext(), key.drop_front(strlen("attn."))),
        attr);
  }
  return Attribute(DictionaryAttr::get(func.getContext(), entries));
}

/// Whether the function carries a signature; one written by hand, to try a
/// pass, need not.
static bool hasSignature(func::FuncOp func) {
  auto describes = [](DictionaryAttr attrs) {
    return attrs && llvm::any_of(kPortAttrs, [&](StringLiteral key) {
             return attrs.contains(key);
           });
  };
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (describes(func.getArgAttrDict(i)))
      return true;
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    if (describes(func.getResultAttrDict(i)))
      return true;
  return func->hasAttr(AttnDialect::kDimsAttr);
}

/// Gathers what arguments, results and the function say into one attribute of
/// the function.
static LogicalResult moveSignature(func::FuncOp func) {
  if (!hasSignature(func))
    return success();
  SmallVector<Attribute> arguments, results;
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    FailureOr<Attribute> port =
        describePort(func, func.getArgAttrDict(i), "argument", i);
    if (failed(port))
      return failure();
    arguments.push_back(*port);
  }
  for (unsigned i = 0; i < func.getNumResults(); ++i) {
    FailureOr<Attribute> port =
        describePort(func, func.getResultAttrDict(i), "result", i);
    if (failed(port))
      return failure();
    results.push_back(*port);
  }
  Builder builder(func.getContext());
  auto take = [&](StringRef name) -> Attribute {
    Attribute attr = func->removeAttr(name);
    return attr ? attr : builder.getArrayAttr({});
  };
  func->setAttr(
      AttnDialect::kSignatureAttr,
      builder.getDictionaryAttr({
          builder.getNamedAttr("dims", take(AttnDialect::kDimsAttr)),
          builder.getNamedAttr("arguments", builder.getArrayAttr(arguments)),
          builder.getNamedAttr("results", builder.getArrayAttr(results)),
          builder.getNamedAttr("requires", take(AttnDialect::kRequiresAttr)),
      }));
  return success();
}

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

/// The buffer that holds a value of `type` at the boundary: bools are bytes,
/// scalars have rank 0.
static MemRefType getPortType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Type element = tensor ? tensor.getElementType() : type;
  if (element.isInteger(1))
    element = IntegerType::get(type.getContext(), 8);
  return MemRefType::get(tensor ? tensor.getShape() : ArrayRef<int64_t>(),
                         element);
}

static bool isPortable(Type type) {
  return isa<RankedTensorType>(type) || type.isIntOrFloat();
}

/// A bool of a byte, or a byte of a bool.
static Value convertByte(OpBuilder &builder, Location loc, Value value) {
  if (value.getType().isInteger(1))
    return arith::ExtUIOp::create(builder, loc, builder.getI8Type(), value);
  Value zero = arith::ConstantIntOp::create(builder, loc, 0, 8);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, value,
                               zero);
}

static Value convertBytes(OpBuilder &builder, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Type element = type.getElementType().isInteger(1) ? builder.getI8Type()
                                                    : builder.getI1Type();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, tensor);
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, element);
  SmallVector<AffineMap> maps(2,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), tensor, empty, maps, iterators,
             [](OpBuilder &nested, Location loc, ValueRange args) {
               linalg::YieldOp::create(nested, loc,
                                       convertByte(nested, loc, args[0]));
             })
      .getResult(0);
}

/// The value that the function computes with, from the caller's buffer, which
/// stays read-only: it is not marked writable.
static Value readArgument(OpBuilder &builder, Location loc, Value buffer,
                          Type type) {
  if (!isa<RankedTensorType>(type)) {
    Value scalar = memref::LoadOp::create(builder, loc, buffer);
    return type.isInteger(1) ? convertByte(builder, loc, scalar) : scalar;
  }
  auto bufferType = cast<MemRefType>(buffer.getType());
  auto tensorType =
      RankedTensorType::get(bufferType.getShape(), bufferType.getElementType());
  Value tensor = bufferization::ToTensorOp::create(
      builder, loc, tensorType, buffer, /*restrict=*/true, /*writable=*/false);
  return tensorType == type ? tensor : convertBytes(builder, loc, tensor);
}

static void writeResult(OpBuilder &builder, Location loc, Value value,
                        Value buffer) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  if (!tensor) {
    if (value.getType().isInteger(1))
      value = convertByte(builder, loc, value);
    memref::StoreOp::create(builder, loc, value, buffer);
    return;
  }
  if (tensor.getElementType().isInteger(1))
    value = convertBytes(builder, loc, value);
  auto write = bufferization::MaterializeInDestinationOp::create(builder, loc,
                                                                 value, buffer);
  write.setRestrict(true);
  write.setWritable(true);
}

/// Gives an operand that is only written a start of its own. Bufferization puts
/// the start of what becomes a result into the caller's memory, and does not
/// see that the result is written there once all is computed: what began with
/// the same start would be lost.
static void separateInit(OpOperand &init) {
  Operation *start = init.get().getDefiningOp();
  if (!isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(start))
    return;
  if (!init.get().hasOneUse()) {
    OpBuilder builder(init.getOwner());
    start = builder.clone(*start);
    init.set(start->getResult(0));
  }
  if (auto fill = dyn_cast<linalg::FillOp>(start))
    separateInit(fill.getDpsInitsMutable()[0]);
}

static LogicalResult exportEntry(func::FuncOp func) {
  FunctionType type = func.getFunctionType();
  for (Type port :
       llvm::concat<const Type>(type.getInputs(), type.getResults()))
    if (!isPortable(port))
      return func.emitOpError("cannot export a value of type ") << port;
  if (!func.getBody().hasOneBlock())
    return func.emitOpError("expects one block");
  if (failed(moveSignature(func)))
    return failure();

  Block &block = func.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  SmallVector<Type> ports;
  for (BlockArgument argument : llvm::to_vector(block.getArguments())) {
    Type inner = argument.getType();
    ports.push_back(getPortType(inner));
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : argument.getUses())
      uses.push_back(&use);
    argument.setType(ports.back());
    Value value = readArgument(builder, argument.getLoc(), argument, inner);
    for (OpOperand *use : uses)
      use->set(value);
  }

  auto terminator = cast<func::ReturnOp>(block.getTerminator());
  builder.setInsertionPoint(terminator);
  for (Value result : terminator.getOperands()) {
    ports.push_back(getPortType(result.getType()));
    Value buffer = block.addArgument(ports.back(), result.getLoc());
    writeResult(builder, terminator.getLoc(), result, buffer);
  }
  terminator.getOperandsMutable().clear();
  SmallVector<DestinationStyleOpInterface> ops;
  func.walk([&](DestinationStyleOpInterface op) { ops.push_back(op); });
  for (DestinationStyleOpInterface op : ops)
    for (OpOperand &init : op.getDpsInitsMutable())
      separateInit(init);

  func.removeArgAttrsAttr();
  func.removeResAttrsAttr();
  func.setType(builder.getFunctionType(ports, {}));
  func->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                builder.getUnitAttr());
  func.setPublic();
  // A program may call its function `exp`; the linker must not take it for the
  // library's.
  func.setName((AttnDialect::kSymbolPrefix + func.getName()).str());
  LLVM_DEBUG(llvm::dbgs() << "entry " << func.getName() << ": "
                          << func.getFunctionType() << "\n");
  return success();
}

namespace {
struct Export : attn::impl::ExportBase<Export> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp entry;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!func->hasAttr(AttnDialect::kEntryAttr)) {
        // Only the entry can be called from outside; symbol-dce drops the rest.
        func.setPrivate();
        continue;
      }
      if (entry) {
        InFlightDiagnostic diag =
            func.emitOpError("is a second function marked '")
            << AttnDialect::kEntryAttr << "'";
        diag.attachNote(entry.getLoc()) << "the first is here";
        return signalPassFailure();
      }
      entry = func;
    }
    // The llvm stage's text as input.
    if (!entry && !getOperation().getOps<LLVM::LLVMFuncOp>().empty())
      return;
    if (!entry || entry.isExternal()) {
      getOperation().emitError("expects a function with a body marked '")
          << AttnDialect::kEntryAttr << "'";
      return signalPassFailure();
    }
    if (!SymbolTable::symbolKnownUseEmpty(entry, getOperation())) {
      entry.emitOpError("is the entry and cannot be called by other functions");
      return signalPassFailure();
    }
    // Exported before: a later stage's text as input.
    if (entry->hasAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName()))
      return;
    if (failed(exportEntry(entry)))
      signalPassFailure();
  }
};
} // namespace

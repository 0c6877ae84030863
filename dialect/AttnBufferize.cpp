//===- AttnBufferize.cpp - Bufferization of the fused ops --------*- C++
//-*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttnBufferize.h"

#include "dialect/AttnOps.h"

#include "mlir/Dialect/Bufferization/IR/BufferDeallocationOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"

using namespace mlir;
using namespace mlir::bufferization;
using attn::AttentionOp;
using attn::LinearAttentionOp;

namespace {

/// Query, key and value are read whole, `outs` is written whole and becomes the
/// result. Tensors that a rule captures are read by ops in its region, which
/// bufferize by themselves.
struct AttentionInterface
    : BufferizableOpInterface::ExternalModel<AttentionInterface, AttentionOp> {
  static bool isInit(OpOperand &operand) {
    MutableOperandRange init =
        cast<AttentionOp>(operand.getOwner()).getInitMutable();
    return !init.empty() && &init[0] == &operand;
  }

  bool bufferizesToMemoryRead(Operation *, OpOperand &operand,
                              const AnalysisState &) const {
    return !isInit(operand);
  }

  bool bufferizesToMemoryWrite(Operation *, OpOperand &operand,
                               const AnalysisState &) const {
    return isInit(operand);
  }

  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &) const {
    if (!isInit(operand))
      return {};
    return {{op->getResult(0), BufferRelation::Equivalent}};
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto attention = cast<AttentionOp>(op);
    if (!attention.hasPureTensorSemantics())
      return success();
    if (!attention.getInit())
      return op->emitOpError("expects outs before bufferization");

    SmallVector<Value, 4> buffers;
    for (Value tensor : {attention.getQuery(), attention.getKey(),
                         attention.getValue(), attention.getInit()}) {
      FailureOr<Value> buffer = getBuffer(rewriter, tensor, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    auto buffered = AttentionOp::create(rewriter, op->getLoc(), TypeRange(),
                                        buffers[0], buffers[1], buffers[2],
                                        attention.getScale(), buffers[3]);
    buffered->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    buffered.getMask().takeBody(attention.getMask());
    buffered.getScore().takeBody(attention.getScore());
    replaceOpWithBufferizedValues(rewriter, op, buffers[3]);
    return success();
  }
};

/// Attention takes no ownership, and its regions hold no buffers of their own.
struct AttentionDeallocation
    : BufferDeallocationOpInterface::ExternalModel<AttentionDeallocation,
                                                   AttentionOp> {
  FailureOr<Operation *> process(Operation *op, DeallocationState &,
                                 const DeallocationOptions &) const {
    return op;
  }
};

/// Each of `outs` is written whole and becomes a result; the rest is read.
struct LinearAttentionInterface
    : BufferizableOpInterface::ExternalModel<LinearAttentionInterface,
                                             LinearAttentionOp> {
  /// Which of `outs` the operand is.
  static std::optional<unsigned> getInitNumber(OpOperand &operand) {
    OperandRange inits = cast<LinearAttentionOp>(operand.getOwner()).getInits();
    unsigned first = inits.getBeginOperandIndex();
    unsigned number = operand.getOperandNumber();
    if (number < first || number >= first + inits.size())
      return std::nullopt;
    return number - first;
  }

  bool bufferizesToMemoryRead(Operation *, OpOperand &operand,
                              const AnalysisState &) const {
    return !getInitNumber(operand);
  }

  bool bufferizesToMemoryWrite(Operation *, OpOperand &operand,
                               const AnalysisState &) const {
    return getInitNumber(operand).has_value();
  }

  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &) const {
    std::optional<unsigned> number = getInitNumber(operand);
    if (!number)
      return {};
    return {{op->getResult(*number), BufferRelation::Equivalent}};
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto attention = cast<LinearAttentionOp>(op);
    if (!attention.hasPureTensorSemantics())
      return success();
    if (attention.getInits().empty())
      return op->emitOpError("expects outs before bufferization");

    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (isa<TensorType>(operand.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
        if (failed(buffer))
          return failure();
        operand = *buffer;
      }
      operands.push_back(operand);
    }
    Operation *buffered = Operation::create(
        op->getLoc(), op->getName(), TypeRange(), operands,
        op->getDiscardableAttrDictionary(), op->getPropertiesStorage(), {}, 0);
    rewriter.insert(buffered);
    replaceOpWithBufferizedValues(
        rewriter, op, ArrayRef(operands).take_back(op->getNumResults()));
    return success();
  }
};

struct LinearAttentionDeallocation
    : BufferDeallocationOpInterface::ExternalModel<LinearAttentionDeallocation,
                                                   LinearAttentionOp> {
  FailureOr<Operation *> process(Operation *op, DeallocationState &,
                                 const DeallocationOptions &) const {
    return op;
  }
};

} // namespace

void attn::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttnDialect *) {
    AttentionOp::attachInterface<AttentionInterface, AttentionDeallocation>(
        *context);
    LinearAttentionOp::attachInterface<LinearAttentionInterface,
                                       LinearAttentionDeallocation>(*context);
  });
}

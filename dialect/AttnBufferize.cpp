//===- AttnBufferize.cpp - Bufferization of attention -----------*- C++ -*-===//
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
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::bufferization;
using attn::AttentionOp;
using attn::LinearAttentionOp;
using attn::TopKeysOp;

namespace {

/// A result and its `outs`; the op may lack either.
using Output = std::pair<Value, MutableOperandRange>;

SmallVector<Output, 4> getOutputs(AttentionOp op) {
  return {{op.getResult(), op.getInitMutable()},
          {op.getLse(), op.getLseInitMutable()},
          {op.getMax(), op.getMaxInitMutable()},
          {op.getEntropy(), op.getEntropyInitMutable()}};
}

SmallVector<Output, 4> getOutputs(LinearAttentionOp op) {
  SmallVector<Output, 4> outputs;
  for (unsigned i = 0; i < op.getInits().size(); ++i)
    outputs.push_back({i < op->getNumResults() ? op->getResult(i) : Value(),
                       op.getInitsMutable().slice(i, 1)});
  return outputs;
}

SmallVector<Output, 4> getOutputs(TopKeysOp op) {
  return {{op.getKeys(), op.getKeysInitMutable()},
          {op.getWeights(), op.getWeightsInitMutable()}};
}

/// `outs` are written whole and become the results, all else is read whole.
/// Tensors that a rule captures are read by ops in its region, which bufferize
/// by themselves.
template <typename Concrete, typename OpTy>
struct OutputsInterface
    : BufferizableOpInterface::ExternalModel<Concrete, OpTy> {
  /// The output whose `outs` an operand is.
  static std::optional<Output> findOutput(OpOperand &operand) {
    for (Output &output : getOutputs(cast<OpTy>(operand.getOwner())))
      if (!output.second.empty() && &output.second[0] == &operand)
        return output;
    return std::nullopt;
  }

  bool bufferizesToMemoryRead(Operation *, OpOperand &operand,
                              const AnalysisState &) const {
    return !findOutput(operand);
  }

  bool bufferizesToMemoryWrite(Operation *, OpOperand &operand,
                               const AnalysisState &) const {
    return findOutput(operand).has_value();
  }

  AliasingValueList getAliasingValues(Operation *, OpOperand &operand,
                                      const AnalysisState &) const {
    std::optional<Output> output = findOutput(operand);
    if (!output || !output->first)
      return {};
    return {{cast<OpResult>(output->first), BufferRelation::Equivalent}};
  }
};

/// The ops take no ownership, and their regions hold no buffers of their own.
template <typename OpTy>
struct NoOwnership
    : BufferDeallocationOpInterface::ExternalModel<NoOwnership<OpTy>, OpTy> {
  FailureOr<Operation *> process(Operation *op, DeallocationState &,
                                 const DeallocationOptions &) const {
    return op;
  }
};

struct AttentionInterface : OutputsInterface<AttentionInterface, AttentionOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto attention = cast<AttentionOp>(op);
    if (!attention.hasPureTensorSemantics())
      return success();
    SmallVector<Value> results;
    for (Output &output : getOutputs(attention)) {
      if (!output.first)
        continue;
      if (output.second.empty())
        return op->emitOpError("expects outs before bufferization");
      results.push_back(output.second[0].get());
    }

    IRMapping buffers;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType()) || buffers.contains(operand))
        continue;
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.map(operand, *buffer);
    }
    auto lookup = [&](Value operand) {
      return operand ? buffers.lookupOrDefault(operand) : operand;
    };
    auto buffered = AttentionOp::create(
        rewriter, op->getLoc(), /*result=*/Type(), /*lse=*/Type(),
        /*max=*/Type(), /*entropy=*/Type(), lookup(attention.getQuery()),
        lookup(attention.getKey()), lookup(attention.getValue()),
        attention.getScale(), lookup(attention.getSink()),
        lookup(attention.getInit()), lookup(attention.getLseInit()),
        lookup(attention.getMaxInit()), lookup(attention.getEntropyInit()),
        attention.getNormalizer());
    buffered->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    for (auto [to, from] :
         llvm::zip_equal(buffered->getRegions(), op->getRegions()))
      to.takeBody(from);
    for (Value &result : results)
      result = buffers.lookup(result);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

struct LinearAttentionInterface
    : OutputsInterface<LinearAttentionInterface, LinearAttentionOp> {
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
    Operation *buffered =
        Operation::create(op->getLoc(), op->getName(), TypeRange(), operands,
                          op->getDiscardableAttrDictionary(),
                          op->getPropertiesStorage(), {}, op->getNumRegions());
    for (auto [to, from] :
         llvm::zip_equal(buffered->getRegions(), op->getRegions()))
      to.takeBody(from);
    rewriter.insert(buffered);
    replaceOpWithBufferizedValues(
        rewriter, op, ArrayRef(operands).take_back(op->getNumResults()));
    return success();
  }
};

struct TopKeysInterface : OutputsInterface<TopKeysInterface, TopKeysOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto top = cast<TopKeysOp>(op);
    if (!top.hasPureTensorSemantics())
      return success();
    if (!top.getKeysInit())
      return op->emitOpError("expects outs before bufferization");
    SmallVector<Value> buffers;
    for (Value operand :
         {Value(top.getQuery()), Value(top.getKey()), Value(top.getKeysInit()),
          Value(top.getWeightsInit())}) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    auto buffered =
        TopKeysOp::create(rewriter, op->getLoc(), /*keys=*/Type(),
                          /*weights=*/Type(), top.getCount(), buffers[0],
                          buffers[1], top.getScale(), buffers[2], buffers[3]);
    for (auto [to, from] :
         llvm::zip_equal(buffered->getRegions(), op->getRegions()))
      to.takeBody(from);
    replaceOpWithBufferizedValues(rewriter, op, ArrayRef(buffers).take_back(2));
    return success();
  }
};

} // namespace

void attn::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttnDialect *) {
    AttentionOp::attachInterface<AttentionInterface, NoOwnership<AttentionOp>>(
        *context);
    LinearAttentionOp::attachInterface<LinearAttentionInterface,
                                       NoOwnership<LinearAttentionOp>>(
        *context);
    TopKeysOp::attachInterface<TopKeysInterface, NoOwnership<TopKeysOp>>(
        *context);
  });
}

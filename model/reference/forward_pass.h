// A model's forward pass on ATen's operators.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/modules/transformer.h"
#include "model/reference/pass_classes.h"
#include "model/reference/pass_inputs.h"
#include "model/runtime/packing.h"
#include "model/runtime/signature.h"

namespace transformerd {

class CrossContext;

// Immutable and thread-safe; refers to what it is made from. What it computes
// with is where the weights are.
class ForwardPass {
 public:
  struct Options {
    PoolingKind pooling = PoolingKind::kNone;
    bool normalize = false;
    at::TensorOptions weights;  // their dtype and device
  };

  ForwardPass(const Architecture& architecture, const Transformer& transformer,
              const Signature& signature, const Options& options);

  // Takes PackedBatch::outputs[index], as soon as it is computed.
  using Give = absl::FunctionRef<void(size_t index, const at::Tensor& output)>;

  // What Run takes from the batch, on the host. Refers to the batch.
  PassInputs MakeInputs(const PackedBatch& batch) const;

  // `inputs` are the batch's, where the weights are; with more tokens and rows
  // than the batch has, so have the outputs. Errors: c10::Error.
  void Run(const PackedBatch& batch, const PassInputs& inputs, Give give) const;

  // Whether what Run launches for this batch is the same for all batches of so
  // many tokens and rows and the same outputs, if it takes rows for as long as
  // all tokens together.
  bool DependsOnSizeAlone(const PackedBatch& batch, const PassSize& size) const;

  at::Device device() const { return options_.weights.device(); }

 private:
  class OutputCollector;
  struct StackPass;

  at::Tensor EnterBlocks(const PackedBatch& batch,
                         const PassInputs& inputs) const;
  at::Tensor Encode(const PackedBatch& batch, const PassInputs& inputs,
                    OutputCollector& outputs) const;
  at::Tensor Decode(const PackedBatch& batch, const PassInputs& inputs,
                    const at::Tensor& encoded_ED,
                    OutputCollector& outputs) const;
  at::Tensor RunBlocks(const StackPass& pass, at::Tensor hidden_TD,
                       OutputCollector& outputs,
                       const CrossContext* cross = nullptr,
                       const at::Tensor& encoded_ED = {}) const;
  at::Tensor Leave(const StackPass& pass, at::Tensor hidden_TD,
                   OutputCollector& outputs) const;
  void RunTop(const PassInputs& inputs, const at::Tensor& hidden_TD,
              OutputCollector& outputs) const;
  void OfferLogits(const PassInputs& inputs, const at::Tensor& hidden_TD,
                   OutputCollector& outputs) const;

  const Architecture& architecture_;
  const Transformer& transformer_;
  const Signature& signature_;
  const Options options_;
};

}  // namespace transformerd

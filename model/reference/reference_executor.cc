#include "model/reference/reference_executor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/TensorOptions.h>

#include <utility>
#include <vector>

#include "glog/logging.h"
#include "model/reference/attention_context.h"
#include "model/reference/block.h"
#include "model/reference/convolution.h"
#include "model/reference/cross_attention.h"
#include "model/reference/downloads.h"
#include "model/reference/embedding.h"
#include "model/reference/head.h"
#include "model/reference/ops.h"
#include "model/reference/patches.h"
#include "model/reference/pooling.h"
#include "model/reference/tensors.h"
#include "model/reference/worker_stream.h"
#include "model/runtime/useful_threads.h"

namespace transformerd {
namespace {

// Takes the outputs that a batch wants, in whatever order they come to be.
class OutputCollector {
 public:
  OutputCollector(const Signature& signature, const PackedBatch& batch)
      : signature_(signature),
        wanted_(batch.outputs),
        outputs_(batch.outputs.size()) {}

  bool Wants(OutputKind kind, int layer = 0) const {
    return Find(kind, layer) >= 0;
  }

  // Keeps a copy of `tensor` if it is wanted.
  void Offer(OutputKind kind, const at::Tensor& tensor, int layer = 0) {
    const int found = Find(kind, layer);
    if (found >= 0) outputs_.Start(found, tensor);
  }

  PackedOutputs Take() && { return std::move(outputs_).Take(); }

 private:
  // Index into wanted_, -1 if the output is not wanted.
  int Find(OutputKind kind, int layer) const {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const OutputSpec& spec = signature_.outputs[wanted_[i]];
      if (spec.kind == kind && spec.layer == layer) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }

  const Signature& signature_;
  const std::vector<int>& wanted_;
  Downloads outputs_;
};

// Multiplications and additions of the blocks' linears for one token.
double FlopsPerToken(const StackRecipe& stack, int64_t hidden_size) {
  const double hidden = static_cast<double>(hidden_size);
  const double attention =
      4.0 * hidden *
      static_cast<double>(stack.num_attention_heads * stack.head_size);
  const double mlp =
      2.0 * hidden * static_cast<double>(stack.intermediate_size);
  return 2.0 * static_cast<double>(stack.num_hidden_layers) * (attention + mlp);
}

// One stack in a forward pass, and what its layers give.
struct StackPass {
  const StackRecipe& recipe;
  const Stack& stack;
  const PackedRows& rows;
  OutputKind hidden_state = OutputKind::kHiddenState;
  OutputKind attention = OutputKind::kAttention;
};

class ReferenceExecutor : public Executor {
 public:
  ReferenceExecutor(const Architecture& architecture,
                    const Transformer& transformer, const Signature& signature,
                    const ReferenceExecutorOptions& options)
      : architecture_(architecture),
        transformer_(transformer),
        signature_(signature),
        options_(options),
        weights_(at::TensorOptions(ScalarTypeOf(transformer.dtype()))
                     .device(AtDeviceOf(options.device))),
        flops_per_token_(
            FlopsPerToken(architecture.stack, architecture.hidden_size)),
        flops_per_decoder_token_(
            architecture.decoder
                ? FlopsPerToken(*architecture.decoder, architecture.hidden_size)
                : 0) {
    CHECK_GE(options_.num_threads, 1);
  }

  absl::StatusOr<PackedOutputs> Run(const PackedBatch& batch) override {
    return CatchTorch([&]() -> absl::StatusOr<PackedOutputs> {
      // The setting belongs to the calling thread.
      const int num_threads = NumThreads(batch);
      if (at::get_num_threads() != num_threads) {
        at::set_num_threads(num_threads);
      }
      const WorkerStream stream(weights_.device());
      const c10::InferenceMode inference_mode;
      OutputCollector outputs(signature_, batch);
      at::Tensor hidden_TD = Encode(batch, outputs);
      if (architecture_.decoder) {
        outputs.Offer(OutputKind::kEncoderLastHiddenState, hidden_TD);
        hidden_TD = Decode(batch, hidden_TD, outputs);
      }
      RunTop(batch, hidden_TD, outputs);
      return std::move(outputs).Take();
    });
  }

 private:
  int NumThreads(const PackedBatch& batch) const {
    const double flops =
        flops_per_token_ * static_cast<double>(batch.num_tokens()) +
        flops_per_decoder_token_ *
            static_cast<double>(batch.decoder.num_tokens());
    return UsefulThreads(flops, options_.num_threads);
  }

  // What enters the first block, [T, D].
  at::Tensor EnterBlocks(const PackedBatch& batch) {
    const Embeddings& embeddings = transformer_.stack().embeddings;
    const EmbeddingRecipe& recipe = architecture_.stack.embedding;
    switch (architecture_.input) {
      case ModelInput::kTokens:
        return Embed(embeddings, recipe, batch);
      case ModelInput::kPixels:
        return EmbedPatches(embeddings, *recipe.patches, batch);
    }
    LOG(FATAL) << "unknown ModelInput";
  }

  // Embeddings and blocks: the last hidden states, [T, D].
  at::Tensor Encode(const PackedBatch& batch, OutputCollector& outputs) {
    const StackPass pass = {architecture_.stack, transformer_.stack(), batch};
    return Leave(pass, RunBlocks(pass, EnterBlocks(batch), outputs), outputs);
  }

  // The same of the decoder's rows, which look at the encoder's, [E, D].
  at::Tensor Decode(const PackedBatch& batch, const at::Tensor& encoded_ED,
                    OutputCollector& outputs) {
    const StackRecipe& recipe = *architecture_.decoder;
    const Stack& stack = *transformer_.decoder();
    const StackPass pass = {recipe, stack, batch.decoder,
                            OutputKind::kDecoderHiddenState,
                            OutputKind::kDecoderAttention};
    const CrossContext cross(recipe, batch.decoder, batch, weights_);
    const at::Tensor hidden_TD =
        Embed(stack.embeddings, recipe.embedding, batch.decoder);
    return Leave(pass, RunBlocks(pass, hidden_TD, outputs, &cross, encoded_ED),
                 outputs);
  }

  // All layers of a stack: [T, D] -> [T, D]. A decoder's have `cross` and what
  // the encoder gave.
  at::Tensor RunBlocks(const StackPass& pass, at::Tensor hidden_TD,
                       OutputCollector& outputs,
                       const CrossContext* cross = nullptr,
                       const at::Tensor& encoded_ED = {}) {
    AttentionContext context(pass.recipe, pass.stack, pass.rows, weights_);
    if (pass.recipe.block.float32_residual && weights_.dtype() == at::kHalf) {
      hidden_TD = hidden_TD.to(at::kFloat);
    }
    const int num_layers = static_cast<int>(pass.recipe.num_hidden_layers);
    for (int layer = 0; layer < num_layers; ++layer) {
      outputs.Offer(pass.hidden_state, hidden_TD, layer);
      at::Tensor probabilities, cross_probabilities;
      const bool keep = outputs.Wants(pass.attention, layer);
      const bool keep_cross =
          cross != nullptr && outputs.Wants(OutputKind::kCrossAttention, layer);
      const Block& block = BlockOf(pass.stack, pass.recipe, layer);
      at::Tensor* const kept = keep ? &probabilities : nullptr;
      at::Tensor output_TD;
      if (cross == nullptr) {
        output_TD = Apply(block, layer, context, hidden_TD, kept);
      } else {
        const CrossMemory memory =
            MakeCrossMemory(*block.cross_attention, pass.recipe, encoded_ED);
        const CrossInput input = {*cross, memory,
                                  keep_cross ? &cross_probabilities : nullptr};
        output_TD = Apply(block, layer, context, hidden_TD, kept, &input);
      }
      if (keep) outputs.Offer(pass.attention, probabilities, layer);
      if (keep_cross) {
        outputs.Offer(OutputKind::kCrossAttention, cross_probabilities, layer);
      }
      hidden_TD =
          layer == 0 && pass.stack.convolution
              ? Convolve(*pass.stack.convolution, *pass.recipe.convolution,
                         context, hidden_TD, output_TD)
              : output_TD;
    }
    return hidden_TD;
  }

  // Behind the last block: the last hidden states.
  at::Tensor Leave(const StackPass& pass, at::Tensor hidden_TD,
                   OutputCollector& outputs) {
    const int last = static_cast<int>(pass.recipe.num_hidden_layers);
    if (!pass.recipe.last_hidden_state_is_normed) {
      outputs.Offer(pass.hidden_state, hidden_TD, last);
    }
    hidden_TD = ApplyIfAny(pass.stack.final_norm, hidden_TD);
    if (pass.stack.output_projection) {
      hidden_TD = Apply(*pass.stack.output_projection, hidden_TD);
    }
    if (pass.recipe.last_hidden_state_is_normed) {
      outputs.Offer(pass.hidden_state, hidden_TD, last);
    }
    return hidden_TD;
  }

  // What stands on the stack: pooler, sentence vectors, heads.
  void RunTop(const PackedBatch& batch, const at::Tensor& hidden_TD,
              OutputCollector& outputs) {
    outputs.Offer(OutputKind::kLastHiddenState, hidden_TD);
    if (outputs.Wants(OutputKind::kPoolerOutput)) {
      outputs.Offer(OutputKind::kPoolerOutput,
                    RunPooler(architecture_, transformer_, batch, hidden_TD));
    }
    if (outputs.Wants(OutputKind::kSentenceEmbedding)) {
      outputs.Offer(OutputKind::kSentenceEmbedding,
                    Pool(options_.pooling, options_.normalize,
                         TopRows(architecture_, batch), hidden_TD));
    }
    if (outputs.Wants(OutputKind::kPairLogits)) {
      outputs.Offer(
          OutputKind::kPairLogits,
          Apply(*transformer_.head().relationship,
                RunPooler(architecture_, transformer_, batch, hidden_TD)));
    }
    OfferLogits(batch, hidden_TD, outputs);
  }

  void OfferLogits(const PackedBatch& batch, const at::Tensor& hidden_TD,
                   OutputCollector& outputs) {
    const bool wants_any = outputs.Wants(OutputKind::kLogits) ||
                           outputs.Wants(OutputKind::kTextEmbeds) ||
                           outputs.Wants(OutputKind::kStartLogits) ||
                           outputs.Wants(OutputKind::kEndLogits);
    if (!wants_any) return;
    const at::Tensor logits =
        RunHead(architecture_, transformer_, batch, hidden_TD);
    if (architecture_.head.kind == HeadKind::kQuestionAnswering) {
      outputs.Offer(OutputKind::kStartLogits, logits.select(1, 0));
      outputs.Offer(OutputKind::kEndLogits, logits.select(1, 1));
    } else if (architecture_.head.kind == HeadKind::kReplacedToken) {
      outputs.Offer(OutputKind::kLogits, logits.select(1, 0));
    } else if (architecture_.head.kind == HeadKind::kTextProjection) {
      outputs.Offer(OutputKind::kTextEmbeds, logits);
    } else {
      outputs.Offer(OutputKind::kLogits, logits);
    }
  }

  const Architecture& architecture_;
  const Transformer& transformer_;
  const Signature& signature_;
  const ReferenceExecutorOptions options_;
  const at::TensorOptions weights_;  // their dtype and device
  const double flops_per_token_;
  const double flops_per_decoder_token_;
};

}  // namespace

std::unique_ptr<Executor> MakeReferenceExecutor(
    const Architecture& architecture, const Transformer& transformer,
    const Signature& signature, const ReferenceExecutorOptions& options) {
  return std::make_unique<ReferenceExecutor>(architecture, transformer,
                                             signature, options);
}

}  // namespace transformerd

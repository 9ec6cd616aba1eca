#include "model/reference/reference_executor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "glog/logging.h"
#include "model/reference/attention_context.h"
#include "model/reference/block.h"
#include "model/reference/embedding.h"
#include "model/reference/head.h"
#include "model/reference/ops.h"
#include "model/reference/pooling.h"
#include "model/reference/tensors.h"

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
    if (found >= 0) outputs_[found] = ToHostTensor(tensor);
  }

  PackedOutputs Take() && { return std::move(outputs_); }

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
  PackedOutputs outputs_;
};

// Below this much work a second thread costs more than it brings: on a busy
// machine every parallel loop waits for the slowest thread to be scheduled.
constexpr double kMinFlopsPerThread = 5e8;

// Multiplications and additions of the blocks' linears for one token.
double FlopsPerToken(const Architecture& architecture) {
  const StackRecipe& stack = architecture.stack;
  const double hidden = static_cast<double>(architecture.hidden_size);
  const double attention =
      4.0 * hidden *
      static_cast<double>(stack.num_attention_heads * stack.head_size);
  const double mlp =
      2.0 * hidden * static_cast<double>(stack.intermediate_size);
  return 2.0 * static_cast<double>(stack.num_hidden_layers) * (attention + mlp);
}

class ReferenceExecutor : public Executor {
 public:
  ReferenceExecutor(const Architecture& architecture,
                    const Transformer& transformer, const Signature& signature,
                    const ReferenceExecutorOptions& options)
      : architecture_(architecture),
        transformer_(transformer),
        signature_(signature),
        options_(options),
        flops_per_token_(FlopsPerToken(architecture)) {
    CHECK_GE(options_.num_threads, 1);
  }

  absl::StatusOr<PackedOutputs> Run(const PackedBatch& batch) override {
    return CatchTorch([&]() -> absl::StatusOr<PackedOutputs> {
      // The setting belongs to the calling thread.
      const int num_threads = NumThreads(batch);
      if (at::get_num_threads() != num_threads) {
        at::set_num_threads(num_threads);
      }
      const c10::InferenceMode inference_mode;
      OutputCollector outputs(signature_, batch);
      const at::Tensor hidden_TD = Encode(batch, outputs);
      RunTop(batch, hidden_TD, outputs);
      return std::move(outputs).Take();
    });
  }

 private:
  int NumThreads(const PackedBatch& batch) const {
    const double useful = flops_per_token_ *
                          static_cast<double>(batch.num_tokens()) /
                          kMinFlopsPerThread;
    return useful < options_.num_threads ? std::max(1, static_cast<int>(useful))
                                         : options_.num_threads;
  }

  // What enters the first block, [T, D].
  at::Tensor EnterBlocks(const PackedBatch& batch) {
    if (architecture_.input == ModelInput::kTokens) {
      return Embed(transformer_.stack().embeddings,
                   architecture_.stack.embedding, batch);
    }
    return TensorOf(absl::MakeConstSpan(batch.hidden_states),
                    architecture_.hidden_size)
        .to(ScalarTypeOf(transformer_.dtype()));
  }

  // Embeddings and blocks: the last hidden states, [T, D].
  at::Tensor Encode(const PackedBatch& batch, OutputCollector& outputs) {
    const StackRecipe& recipe = architecture_.stack;
    const Stack& stack = transformer_.stack();
    at::Tensor hidden_TD = EnterBlocks(batch);
    AttentionContext context(recipe, stack, batch,
                             ScalarTypeOf(transformer_.dtype()));
    const int num_layers = static_cast<int>(recipe.num_hidden_layers);
    for (int layer = 0; layer < num_layers; ++layer) {
      outputs.Offer(OutputKind::kHiddenState, hidden_TD, layer);
      at::Tensor probabilities;
      const bool keep = outputs.Wants(OutputKind::kAttention, layer);
      for (const Block& block : BlocksOf(stack, recipe, layer)) {
        hidden_TD = Apply(block, layer, context, hidden_TD,
                          keep ? &probabilities : nullptr);
      }
      if (keep) outputs.Offer(OutputKind::kAttention, probabilities, layer);
    }
    hidden_TD = ApplyIfAny(stack.final_norm, hidden_TD);
    if (stack.output_projection) {
      hidden_TD = Apply(*stack.output_projection, hidden_TD);
    }
    outputs.Offer(OutputKind::kHiddenState, hidden_TD, num_layers);
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
      outputs.Offer(
          OutputKind::kSentenceEmbedding,
          Pool(options_.pooling, options_.normalize, batch, hidden_TD));
    }
    if (outputs.Wants(OutputKind::kSeqRelationshipLogits)) {
      outputs.Offer(
          OutputKind::kSeqRelationshipLogits,
          Apply(*transformer_.head().relationship,
                RunPooler(architecture_, transformer_, batch, hidden_TD)));
    }
    OfferLogits(batch, hidden_TD, outputs);
  }

  void OfferLogits(const PackedBatch& batch, const at::Tensor& hidden_TD,
                   OutputCollector& outputs) {
    const bool wants_any = outputs.Wants(OutputKind::kLogits) ||
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
    } else {
      outputs.Offer(OutputKind::kLogits, logits);
    }
  }

  const Architecture& architecture_;
  const Transformer& transformer_;
  const Signature& signature_;
  const ReferenceExecutorOptions options_;
  const double flops_per_token_;
};

}  // namespace

std::unique_ptr<Executor> MakeReferenceExecutor(
    const Architecture& architecture, const Transformer& transformer,
    const Signature& signature, const ReferenceExecutorOptions& options) {
  return std::make_unique<ReferenceExecutor>(architecture, transformer,
                                             signature, options);
}

}  // namespace transformerd

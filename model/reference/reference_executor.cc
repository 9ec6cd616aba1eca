#include "model/reference/reference_executor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "glog/logging.h"
#include "model/reference/ops.h"
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
  const double attention = 4.0 * architecture.hidden_size *
                           architecture.num_attention_heads *
                           architecture.head_size;
  const double mlp =
      2.0 * architecture.hidden_size * architecture.intermediate_size;
  return 2.0 * architecture.num_hidden_layers * (attention + mlp);
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
      return Embed(transformer_.embeddings(), batch);
    }
    return TensorOf(absl::MakeConstSpan(batch.hidden_states),
                    architecture_.hidden_size)
        .to(ScalarTypeOf(transformer_.dtype()));
  }

  // Embeddings and blocks: the last hidden states, [T, D].
  at::Tensor Encode(const PackedBatch& batch, OutputCollector& outputs) {
    at::Tensor hidden_TD = EnterBlocks(batch);
    outputs.Offer(OutputKind::kHiddenState, hidden_TD, 0);
    int layer = 0;
    for (const Block& block : transformer_.blocks()) {
      at::Tensor probabilities;
      const bool keep = outputs.Wants(OutputKind::kAttention, layer);
      hidden_TD =
          Apply(block, architecture_.block, architecture_.num_attention_heads,
                batch, hidden_TD, keep ? &probabilities : nullptr);
      if (keep) outputs.Offer(OutputKind::kAttention, probabilities, layer);
      ++layer;
      outputs.Offer(OutputKind::kHiddenState, hidden_TD, layer);
    }
    return hidden_TD;
  }

  // What stands on the encoder: pooler, sentence vectors, heads.
  void RunTop(const PackedBatch& batch, const at::Tensor& hidden_TD,
              OutputCollector& outputs) {
    outputs.Offer(OutputKind::kLastHiddenState, hidden_TD);
    if (outputs.Wants(OutputKind::kPoolerOutput)) {
      outputs.Offer(OutputKind::kPoolerOutput, RunPooler(batch, hidden_TD));
    }
    if (outputs.Wants(OutputKind::kSentenceEmbedding)) {
      outputs.Offer(
          OutputKind::kSentenceEmbedding,
          Pool(options_.pooling, options_.normalize, batch, hidden_TD));
    }
    RunHead(batch, hidden_TD, outputs);
  }

  at::Tensor RunPooler(const PackedBatch& batch, const at::Tensor& hidden_TD) {
    return Apply(Activation::kTanh,
                 Apply(*transformer_.pooler(), FirstTokens(batch, hidden_TD)));
  }

  void RunHead(const PackedBatch& batch, const at::Tensor& hidden_TD,
               OutputCollector& outputs) {
    const Head& head = transformer_.head();
    if (head.decoder && outputs.Wants(OutputKind::kLogits)) {
      const at::Tensor transformed_TD = Apply(
          *head.norm,
          Apply(architecture_.head_activation, Apply(*head.dense, hidden_TD)));
      outputs.Offer(OutputKind::kLogits, Apply(*head.decoder, transformed_TD));
    }
    if (head.relationship &&
        outputs.Wants(OutputKind::kSeqRelationshipLogits)) {
      outputs.Offer(OutputKind::kSeqRelationshipLogits,
                    Apply(*head.relationship, RunPooler(batch, hidden_TD)));
    }
    if (head.classifier) RunClassifier(batch, hidden_TD, outputs);
  }

  void RunClassifier(const PackedBatch& batch, const at::Tensor& hidden_TD,
                     OutputCollector& outputs) {
    const Linear& classifier = *transformer_.head().classifier;
    if (architecture_.head == HeadKind::kSequenceClassification) {
      if (!outputs.Wants(OutputKind::kLogits)) return;
      outputs.Offer(OutputKind::kLogits,
                    Apply(classifier, ClassifierInput(batch, hidden_TD)));
    } else if (architecture_.head == HeadKind::kTokenClassification) {
      if (!outputs.Wants(OutputKind::kLogits)) return;
      outputs.Offer(OutputKind::kLogits, Apply(classifier, hidden_TD));
    } else if (outputs.Wants(OutputKind::kStartLogits) ||
               outputs.Wants(OutputKind::kEndLogits)) {
      const at::Tensor logits_T2 = Apply(classifier, hidden_TD);
      outputs.Offer(OutputKind::kStartLogits, logits_T2.select(1, 0));
      outputs.Offer(OutputKind::kEndLogits, logits_T2.select(1, 1));
    }
  }

  // [S, D], what the classifier of whole sequences looks at.
  at::Tensor ClassifierInput(const PackedBatch& batch,
                             const at::Tensor& hidden_TD) {
    switch (architecture_.classifier_pooling) {
      case ClassifierPooling::kPooler:
        return RunPooler(batch, hidden_TD);
      case ClassifierPooling::kFirstDense:
        return Apply(
            architecture_.classifier_activation,
            Apply(*transformer_.head().dense, FirstTokens(batch, hidden_TD)));
    }
    LOG(FATAL) << "unknown ClassifierPooling";
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

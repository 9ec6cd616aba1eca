#include "model/native/native_executor.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "glog/logging.h"
#include "model/base/shape.h"
#include "model/native/rotary_angles.h"
#include "model/native/stack_runner.h"
#include "model/native/thread_team.h"
#include "model/native/top_runner.h"

namespace transformerd {
namespace {

// Sequences pass through all layers in groups of about so many tokens: what a
// layer leaves to the next one stays in the caches.
constexpr int64_t kGroupTokens = 1024;
// Below this much work a second thread costs more than it brings: on a busy
// machine every parallel loop waits for the slowest thread to be scheduled.
constexpr double kMinFlopsPerThread = 5e8;

// Multiplications and additions of the blocks' linears for one token.
double FlopsPerToken(const NativeStack& stack, const StackRecipe& recipe) {
  double flops = 0;
  const auto add = [&](const NativeLinear& linear) {
    flops +=
        2.0 * static_cast<double>(linear.in) * static_cast<double>(linear.out);
  };
  for (int64_t layer = 0; layer < recipe.num_hidden_layers; ++layer) {
    const NativeBlock& block = stack.blocks[BlockIndex(recipe, layer)];
    for (const NativeProjection& projection : block.attention.projections) {
      add(projection.linear);
    }
    add(block.attention.output);
    if (block.mlp.gate) add(*block.mlp.gate);
    add(block.mlp.up);
    add(block.mlp.down);
  }
  return flops;
}

// Whole sequences, in order, with at most `most` tokens a group where more than
// one fits.
std::vector<SequenceRange> Group(const PackedRows& rows, int64_t most) {
  std::vector<SequenceRange> groups;
  int64_t tokens = 0;
  for (int64_t s = 0; s < rows.num_sequences(); ++s) {
    if (groups.empty() || tokens + rows.length(s) > most) {
      groups.push_back({s, s});
      tokens = 0;
    }
    groups.back().end = s + 1;
    tokens += rows.length(s);
  }
  return groups;
}

class NativeExecutor : public Executor {
 public:
  NativeExecutor(const Architecture& architecture, const NativeWeights& weights,
                 DType dtype, const Signature& signature,
                 const NativeExecutorOptions& options)
      : architecture_(architecture),
        weights_(weights),
        signature_(signature),
        context_{kernels::KernelsFor(options.instructions, dtype), dtype},
        flops_per_token_(FlopsPerToken(weights.stack(), architecture.stack)),
        team_(options.num_threads) {
    for (int i = 0; i < options.num_threads; ++i) {
      runners_.push_back(std::make_unique<Runner>(
          architecture, weights,
          SentencePooling{options.pooling, options.normalize}, context_));
    }
    for (const LayerVariant& variant : architecture.stack.variants) {
      angles_.emplace_back(variant.rotary);
    }
  }

  absl::StatusOr<PackedOutputs> Run(const PackedBatch& batch) override {
    try {
      return Compute(batch);
    } catch (const std::bad_alloc&) {
      return absl::ResourceExhaustedError(
          "not enough memory for the forward pass of a batch");
    }
  }

 private:
  // What one thread runs groups with.
  struct Runner {
    Runner(const Architecture& architecture, const NativeWeights& weights,
           const SentencePooling& pooling, const NativeContext& context)
        : stack(architecture.stack, architecture.hidden_size, weights.stack(),
                context),
          top(architecture, weights, pooling, context) {}
    StackRunner stack;
    TopRunner top;
  };

  PackedOutputs Compute(const PackedBatch& batch) {
    PackedOutputs outputs;
    TopOutputs top;
    LayerOutputs layers = Allocate(batch, outputs, top);
    for (RotaryAngles& angles : angles_) angles.Prepare(batch);
    const int threads = NumThreads(batch);
    const int64_t share = (batch.num_tokens() + threads - 1) / threads;
    const std::vector<SequenceRange> groups =
        Group(batch, std::min(kGroupTokens, share));
    const bool is_by_group = static_cast<int>(groups.size()) >= threads;
    // Either groups run side by side, or the threads share the work of each.
    const ParallelFor within_group =
        [&](int64_t count, const std::function<void(int64_t, int)>& body) {
          team_.For(count, is_by_group ? 1 : threads, body);
        };
    const ParallelFor alone = [](int64_t count, const auto& body) {
      for (int64_t i = 0; i < count; ++i) body(i, 0);
    };
    const auto run = [&](int64_t i, int thread) {
      Runner& runner = *runners_[thread];
      const int inner = is_by_group ? 1 : threads;
      const ParallelFor& parallel_for = is_by_group ? alone : within_group;
      const RowBuffer& hidden = runner.stack.Run(batch, groups[i], angles_,
                                                 layers, inner, parallel_for);
      runner.top.Run(batch, groups[i], hidden, top, inner, parallel_for);
    };
    const auto num_groups = static_cast<int64_t>(groups.size());
    if (is_by_group) {
      team_.For(num_groups, threads, run);
    } else {
      alone(num_groups, run);
    }
    return outputs;
  }

  int NumThreads(const PackedBatch& batch) const {
    const double useful = flops_per_token_ *
                          static_cast<double>(batch.num_tokens()) /
                          kMinFlopsPerThread;
    return useful < team_.num_threads() ? std::max(1, static_cast<int>(useful))
                                        : team_.num_threads();
  }

  // Makes the tensors that the batch wants, and says where the parts of the
  // model write to.
  LayerOutputs Allocate(const PackedBatch& batch, PackedOutputs& outputs,
                        TopOutputs& top) const {
    LayerOutputs layers;
    layers.hidden_states.resize(architecture_.stack.num_hidden_layers + 1);
    layers.attentions.resize(architecture_.stack.num_hidden_layers);
    int64_t pairs = 0;
    for (int64_t s = 0; s < batch.num_sequences(); ++s) {
      layers.pair_offsets.push_back(pairs);
      pairs += batch.length(s) * batch.length(s);
    }
    outputs.reserve(batch.outputs.size());
    for (const int index : batch.outputs) {
      const OutputSpec& spec = signature_.outputs[index];
      Shape shape = spec.row_shape;
      const int64_t rows =
          spec.rows == OutputRows::kSequence ? batch.num_sequences()
          : spec.rows == OutputRows::kToken  ? batch.num_tokens()
                                             : pairs;
      shape.insert(shape.begin(), rows);
      outputs.emplace_back(DType::kF32, std::move(shape));
      float* const data = outputs.back().as<float>().data();
      *PlaceOf(spec, top, layers) = data;
    }
    return layers;
  }

  static float** PlaceOf(const OutputSpec& spec, TopOutputs& top,
                         LayerOutputs& layers) {
    switch (spec.kind) {
      case OutputKind::kLastHiddenState:
        return &top.last_hidden_state;
      case OutputKind::kPoolerOutput:
        return &top.pooler_output;
      case OutputKind::kSentenceEmbedding:
        return &top.sentence_embedding;
      case OutputKind::kLogits:
      case OutputKind::kTextEmbeds:
        return &top.logits;
      case OutputKind::kStartLogits:
        return &top.start_logits;
      case OutputKind::kEndLogits:
        return &top.end_logits;
      case OutputKind::kPairLogits:
        return &top.pair_logits;
      case OutputKind::kHiddenState:
        return &layers.hidden_states[spec.layer];
      case OutputKind::kAttention:
        return &layers.attentions[spec.layer];
      case OutputKind::kEncoderLastHiddenState:
      case OutputKind::kDecoderHiddenState:
      case OutputKind::kDecoderAttention:
      case OutputKind::kCrossAttention:
      case OutputKind::kTensor:
        break;
    }
    LOG(FATAL) << "not an output of the native engine: " << spec.name;
  }

  const Architecture& architecture_;
  const NativeWeights& weights_;
  const Signature& signature_;
  const NativeContext context_;
  const double flops_per_token_;
  ThreadTeam team_;
  std::vector<std::unique_ptr<Runner>> runners_;  // one a thread
  std::vector<RotaryAngles> angles_;              // of each variant of layers
};

}  // namespace

std::unique_ptr<Executor> MakeNativeExecutor(
    const Architecture& architecture, const NativeWeights& weights, DType dtype,
    const Signature& signature, const NativeExecutorOptions& options) {
  return std::make_unique<NativeExecutor>(architecture, weights, dtype,
                                          signature, options);
}

}  // namespace transformerd

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
#include "model/native/row_ops.h"
#include "model/native/row_range.h"
#include "model/native/stack_runner.h"
#include "model/native/thread_team.h"
#include "model/native/top_runner.h"
#include "model/runtime/useful_threads.h"

namespace transformerd {
namespace {

// Sequences pass through all layers in groups of about so many tokens: what a
// layer leaves to the next one stays in the caches, which gains up to 3 %.
constexpr int64_t kGroupTokens = 1024;

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
    if (block.cross_attention) {
      add(block.cross_attention->projections.front().linear);
      add(block.cross_attention->output);
    }
    const double used =
        block.router ? static_cast<double>(recipe.block.mlp.experts_per_token)
                     : 1;
    const NativeMlp& mlp = block.mlps.front();
    const double matrices = mlp.gate ? 3 : 2;
    flops += used * matrices * 2.0 * static_cast<double>(mlp.up.in) *
             static_cast<double>(mlp.up.out);
  }
  return flops;
}

int64_t TokensOf(const PackedBatch& batch, int64_t sequence) {
  const bool has_decoder = batch.decoder.num_sequences() > 0;
  return batch.length(sequence) +
         (has_decoder ? batch.decoder.length(sequence) : 0);
}

// Whole sequences, in order, with at most `most` tokens a group where more than
// one fits.
std::vector<SequenceRange> Group(const PackedBatch& batch, int64_t most) {
  std::vector<SequenceRange> groups;
  int64_t tokens = 0;
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    if (groups.empty() || tokens + TokensOf(batch, s) > most) {
      groups.push_back({s, s});
      tokens = 0;
    }
    groups.back().end = s + 1;
    tokens += TokensOf(batch, s);
  }
  return groups;
}

std::vector<RotaryAngles> MakeAngles(const StackRecipe& recipe) {
  std::vector<RotaryAngles> angles;
  for (const LayerVariant& variant : recipe.variants) {
    angles.emplace_back(variant.rotary);
  }
  return angles;
}

// Where all parts of a model write to.
struct Places {
  LayerOutputs encoder, decoder;
  float* encoder_last_hidden_state = nullptr;
  TopOutputs top;
};

class NativeExecutor : public Executor {
 public:
  NativeExecutor(const Architecture& architecture, const NativeWeights& weights,
                 DType dtype, const Signature& signature,
                 const NativeExecutorOptions& options)
      : architecture_(architecture),
        signature_(signature),
        ops_(kernels::KernelsFor(options.instructions, dtype), dtype),
        flops_per_token_(FlopsPerToken(weights.stack(), architecture.stack)),
        flops_per_decoder_token_(
            architecture.decoder
                ? FlopsPerToken(*weights.decoder(), *architecture.decoder)
                : 0),
        team_(options.num_threads),
        angles_(MakeAngles(architecture.stack)) {
    if (architecture.decoder) {
      decoder_angles_ = MakeAngles(*architecture.decoder);
    }
    for (int i = 0; i < options.num_threads; ++i) {
      runners_.push_back(std::make_unique<Runner>(
          architecture, weights,
          SentencePooling{options.pooling, options.normalize}, ops_));
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
           const SentencePooling& pooling, const RowOps& ops)
        : stack(architecture.stack, architecture.hidden_size, weights.stack(),
                ops),
          top(architecture, weights, pooling, ops) {
      if (!architecture.decoder) return;
      decoder.emplace(*architecture.decoder, architecture.hidden_size,
                      *weights.decoder(), ops);
    }
    StackRunner stack;
    std::optional<StackRunner> decoder;
    TopRunner top;
  };

  PackedOutputs Compute(const PackedBatch& batch) {
    PackedOutputs outputs;
    const Places places = Allocate(batch, outputs);
    for (RotaryAngles& angles : angles_) angles.Prepare(batch);
    for (RotaryAngles& angles : decoder_angles_) angles.Prepare(batch.decoder);
    const int threads = NumThreads(batch);
    const int64_t tokens = batch.num_tokens() + batch.decoder.num_tokens();
    const int64_t share = (tokens + threads - 1) / threads;
    const std::vector<SequenceRange> groups =
        Group(batch, std::min(kGroupTokens, share));
    const auto num_groups = static_cast<int64_t>(groups.size());
    // Either groups run side by side, or the threads share the work of each.
    const bool is_by_group = num_groups >= threads;
    ParallelFor within_group;
    within_group.num_threads = is_by_group ? 1 : threads;
    within_group.run = [&](int64_t count, const auto& body) {
      if (is_by_group) {
        for (int64_t i = 0; i < count; ++i) body(i, 0);
      } else {
        team_.For(count, threads, body);
      }
    };
    team_.For(
        num_groups, is_by_group ? threads : 1, [&](int64_t i, int thread) {
          RunGroup(batch, groups[i], places, within_group, *runners_[thread]);
        });
    return outputs;
  }

  void RunGroup(const PackedBatch& batch, const SequenceRange& group,
                const Places& places, const ParallelFor& parallel_for,
                Runner& runner) {
    const RowRange range(batch, group);
    const RowBuffer* hidden = &runner.stack.Run(
        {range, batch.pixel_values, angles_}, places.encoder, parallel_for);
    if (!runner.decoder) {
      runner.top.Run(range, batch, *hidden, places.top, parallel_for);
      return;
    }
    if (places.encoder_last_hidden_state != nullptr) {
      const int64_t width = architecture_.hidden_size;
      for (int64_t r = 0; r < range.num_tokens; ++r) {
        std::copy_n(
            hidden->row(r), width,
            places.encoder_last_hidden_state + (range.first_token + r) * width);
      }
    }
    const Memory memory = {range, *hidden};
    const RowRange decoder_range(batch.decoder, group);
    hidden = &runner.decoder->Run(
        {decoder_range, batch.pixel_values, decoder_angles_, &memory},
        places.decoder, parallel_for);
    runner.top.Run(decoder_range, batch, *hidden, places.top, parallel_for);
  }

  int NumThreads(const PackedBatch& batch) const {
    const double flops =
        flops_per_token_ * static_cast<double>(batch.num_tokens()) +
        flops_per_decoder_token_ *
            static_cast<double>(batch.decoder.num_tokens());
    return UsefulThreads(flops, team_.num_threads());
  }

  // Makes the tensors that the batch wants, and says where they are.
  Places Allocate(const PackedBatch& batch, PackedOutputs& outputs) const {
    Places places;
    const int64_t layers = architecture_.stack.num_hidden_layers;
    places.encoder.hidden_states.resize(layers + 1);
    places.encoder.attentions.resize(layers);
    places.encoder.pair_offsets = PairOffsets(batch, batch);
    if (architecture_.decoder) {
      const int64_t decoder_layers = architecture_.decoder->num_hidden_layers;
      places.decoder.hidden_states.resize(decoder_layers + 1);
      places.decoder.attentions.resize(decoder_layers);
      places.decoder.cross_attentions.resize(decoder_layers);
      places.decoder.pair_offsets = PairOffsets(batch.decoder, batch.decoder);
      places.decoder.cross_pair_offsets = PairOffsets(batch.decoder, batch);
    }
    outputs.reserve(batch.outputs.size());
    for (const int index : batch.outputs) {
      const OutputSpec& spec = signature_.outputs[index];
      Shape shape = spec.row_shape;
      shape.insert(shape.begin(), RowsOf(spec, batch, places));
      outputs.emplace_back(DType::kF32, std::move(shape));
      *PlaceOf(spec, places) = outputs.back().as<float>().data();
    }
    return places;
  }

  // Rows of an output; pairs of tokens count as such.
  static int64_t RowsOf(const OutputSpec& spec, const PackedBatch& batch,
                        const Places& places) {
    const PackedRows& rows = spec.of_decoder ? batch.decoder : batch;
    switch (spec.rows) {
      case OutputRows::kSequence:
        return batch.num_sequences();
      case OutputRows::kToken:
        return rows.num_tokens();
      case OutputRows::kTokenPair:
        return !spec.of_decoder ? places.encoder.pair_offsets.back()
               : spec.keys_of_decoder
                   ? places.decoder.pair_offsets.back()
                   : places.decoder.cross_pair_offsets.back();
      case OutputRows::kTensor:
        break;
    }
    LOG(FATAL) << "not an output of the native engine: " << spec.name;
  }

  static float** PlaceOf(const OutputSpec& spec, Places& places) {
    switch (spec.kind) {
      case OutputKind::kLastHiddenState:
        return &places.top.last_hidden_state;
      case OutputKind::kPoolerOutput:
        return &places.top.pooler_output;
      case OutputKind::kSentenceEmbedding:
        return &places.top.sentence_embedding;
      case OutputKind::kLogits:
      case OutputKind::kTextEmbeds:
        return &places.top.logits;
      case OutputKind::kStartLogits:
        return &places.top.start_logits;
      case OutputKind::kEndLogits:
        return &places.top.end_logits;
      case OutputKind::kPairLogits:
        return &places.top.pair_logits;
      case OutputKind::kHiddenState:
        return &places.encoder.hidden_states[spec.layer];
      case OutputKind::kAttention:
        return &places.encoder.attentions[spec.layer];
      case OutputKind::kEncoderLastHiddenState:
        return &places.encoder_last_hidden_state;
      case OutputKind::kDecoderHiddenState:
        return &places.decoder.hidden_states[spec.layer];
      case OutputKind::kDecoderAttention:
        return &places.decoder.attentions[spec.layer];
      case OutputKind::kCrossAttention:
        return &places.decoder.cross_attentions[spec.layer];
      case OutputKind::kTensor:
        break;
    }
    LOG(FATAL) << "not an output of the native engine: " << spec.name;
  }

  const Architecture& architecture_;
  const Signature& signature_;
  const RowOps ops_;
  const double flops_per_token_;
  const double flops_per_decoder_token_;
  ThreadTeam team_;
  std::vector<std::unique_ptr<Runner>> runners_;  // one a thread
  // Of each variant of layers.
  std::vector<RotaryAngles> angles_, decoder_angles_;
};

}  // namespace

std::unique_ptr<Executor> MakeNativeExecutor(
    const Architecture& architecture, const NativeWeights& weights, DType dtype,
    const Signature& signature, const NativeExecutorOptions& options) {
  return std::make_unique<NativeExecutor>(architecture, weights, dtype,
                                          signature, options);
}

}  // namespace transformerd

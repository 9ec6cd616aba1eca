#include "model/native/stack_runner.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "glog/logging.h"
#include "model/kernels/layout.h"
#include "model/modules/relative_buckets.h"

namespace transformerd {
namespace {

// Rows that pass through everything between two attentions at once: what they
// leave behind in between stays in the second cache.
constexpr int64_t kBlockRows = 256;

int64_t TokensOf(const PackedRows& rows, const SequenceRange& range) {
  return rows.sequence_offsets[range.end] - rows.sequence_offsets[range.first];
}

const float* DataOf(const ParameterVector& values) {
  return values.empty() ? nullptr : values.data();
}

}  // namespace

StackRunner::StackRunner(const StackRecipe& recipe, int64_t hidden_size,
                         const NativeStack& stack, const NativeContext& context)
    : recipe_(recipe),
      hidden_size_(hidden_size),
      stack_(stack),
      context_(context) {}

const RowBuffer& StackRunner::Run(const PackedRows& rows,
                                  const SequenceRange& range,
                                  const std::vector<RotaryAngles>& angles,
                                  const LayerOutputs& outputs, int num_threads,
                                  const ParallelFor& parallel_for) {
  rows_ = &rows;
  range_ = range;
  first_token_ = rows.sequence_offsets[range.first];
  num_tokens_ = TokensOf(rows, range);
  longest_ = 0;
  for (int64_t s = range.first; s < range.end; ++s) {
    longest_ = std::max(longest_, rows.length(s));
  }
  Resize(num_threads);
  MakeDistanceBias();
  ForEachBlock(parallel_for, [&](const Block& block, int) {
    Embed(block);
    EnterFirstLayer(block);
    if (recipe_.num_hidden_layers == 0) return;
    Keep(stream_, block, outputs.hidden_states.front());
    ProjectHeads(0, block, angles);
  });
  const int64_t key_heads = stack_.heads.key_heads;
  const int64_t num_sequences = range.end - range.first;
  for (int64_t layer = 0; layer < recipe_.num_hidden_layers; ++layer) {
    parallel_for(num_sequences * key_heads, [&](int64_t i, int thread) {
      Attend(layer, range.first + i / key_heads, i % key_heads, outputs,
             scratch_[thread].attention.Reserve(0));
    });
    const bool is_last = layer + 1 == recipe_.num_hidden_layers;
    ForEachBlock(parallel_for, [&](const Block& block, int thread) {
      LeaveAttention(layer, block, scratch_[thread]);
      if (is_last) return;
      Keep(stream_, block, outputs.hidden_states[layer + 1]);
      ProjectHeads(layer + 1, block, angles);
    });
  }
  ForEachBlock(parallel_for,
               [&](const Block& block, int) { LeaveStack(block, outputs); });
  return stack_.output_projection ? projected_ : stream_;
}

void StackRunner::Resize(int num_threads) {
  const DType dtype = context_.dtype;
  const HeadLayout& heads = stack_.heads;
  const int64_t widest = std::max(hidden_size_, embedding_size());
  embedded_.Resize(num_tokens_, embedding_size());
  stream_.Resize(num_tokens_, hidden_size_);
  // Holds embeddings first, and normed rows then.
  input_.Resize(num_tokens_, kernels::NumPanels(widest, dtype),
                hidden_size_ % kernels::ColumnsPerPanel(dtype) != 0 ||
                    embedding_size() % kernels::ColumnsPerPanel(dtype) != 0);
  heads_.Resize(num_tokens_, heads.panels(), heads.is_partly_used);
  attended_.ResizeFor(num_tokens_, heads.query_heads * heads.head_size, dtype);
  if (stack_.output_projection) {
    projected_.Resize(num_tokens_, embedding_size());
  }
  scratch_.resize(num_threads);
  for (Scratch& scratch : scratch_) {
    scratch.intermediate.ResizeFor(kBlockRows, recipe_.intermediate_size,
                                   dtype);
    scratch.added.Resize(kBlockRows, hidden_size_);
    scratch.attention.Reserve(
        kernels::AttentionScratchBytes(longest_, heads.head_panels));
  }
}

void StackRunner::ForEachBlock(
    const ParallelFor& parallel_for,
    const std::function<void(const Block&, int)>& body) {
  const int64_t threads = static_cast<int64_t>(scratch_.size());
  // At least one block a thread.
  const int64_t share = (num_tokens_ + threads - 1) / threads;
  const int64_t rows = std::min(kBlockRows, share);
  parallel_for((num_tokens_ + rows - 1) / rows, [&](int64_t i, int thread) {
    const int64_t first = i * rows;
    body({first, std::min(rows, num_tokens_ - first)}, thread);
  });
}

void StackRunner::AddTables(const Block& block, RowBuffer& sums,
                            int64_t columns) {
  kernels::EmbedCall call;
  call.rows = block.count;
  call.columns = columns;
  call.accumulate = true;
  call.rows_out = sums.row(block.first);
  call.stride = sums.stride();
  const int64_t token = first_token_ + block.first;
  if (stack_.embeddings.token_type != nullptr) {
    call.table = stack_.embeddings.token_type;
    call.ids = rows_->token_type_ids.data() + token;
    context_.kernels.embed(call);
  }
  if (stack_.embeddings.position != nullptr) {
    call.table = stack_.embeddings.position;
    call.ids = rows_->position_ids.data() + token;
    call.id_offset = recipe_.embedding.position_offset;
    context_.kernels.embed(call);
  }
}

void StackRunner::Embed(const Block& block) {
  const NativeEmbeddings& embeddings = stack_.embeddings;
  const EmbeddingProjection projection = recipe_.embedding.projection;
  const int64_t size = embedding_size();
  RowBuffer& tokens =
      projection == EmbeddingProjection::kNone ? stream_ : embedded_;
  kernels::EmbedCall call;
  call.table = embeddings.token;
  call.ids = rows_->input_ids.data() + first_token_ + block.first;
  call.rows = block.count;
  call.columns = size;
  call.scale = static_cast<float>(recipe_.embedding.scale);
  call.rows_out = tokens.row(block.first);
  call.stride = tokens.stride();
  context_.kernels.embed(call);
  const auto project = [&] {
    Destination to;
    to.rows = stream_.row(block.first);
    to.row_stride = stream_.stride();
    Apply(*embeddings.projection, nullptr, Activation::kIdentity,
          input_.rows(block.first), block.count, 0, to);
  };
  const auto norm = [&](RowBuffer& rows, int64_t columns) {
    if (embeddings.norm) NormInPlace(*embeddings.norm, rows, columns, block);
  };
  switch (projection) {
    case EmbeddingProjection::kNone:
      AddTables(block, stream_, size);
      norm(stream_, size);
      return;
    case EmbeddingProjection::kTokens:
      Pack(embedded_, size, block, input_);
      project();
      AddTables(block, stream_, hidden_size_);
      norm(stream_, hidden_size_);
      return;
    case EmbeddingProjection::kBeforeNorm:
      AddTables(block, embedded_, size);
      Pack(embedded_, size, block, input_);
      project();
      norm(stream_, hidden_size_);
      return;
    case EmbeddingProjection::kSum:
      AddTables(block, embedded_, size);
      norm(embedded_, size);
      Pack(embedded_, size, block, input_);
      project();
      return;
  }
  LOG(FATAL) << "unknown EmbeddingProjection";
}

void StackRunner::EnterFirstLayer(const Block& block) {
  // The other placements norm what enters.
  if (recipe_.block.norm_placement == NormPlacement::kPost) {
    Pack(stream_, hidden_size_, block, input_);
  }
}

void StackRunner::ProjectHeads(int64_t layer, const Block& block,
                               const std::vector<RotaryAngles>& angles) {
  const NativeBlock& native = BlockOf(layer);
  if (recipe_.block.norm_placement != NormPlacement::kPost) {
    if (native.attention_norm) {
      NormStream(*native.attention_norm, /*in_place=*/false, block);
    } else {
      Pack(stream_, hidden_size_, block, input_);
    }
  }
  const NativeAttention& attention = native.attention;
  const HeadLayout& heads = stack_.heads;
  for (const NativeProjection& projection : attention.projections) {
    Destination to;
    to.panels = &heads_;
    to.map = {projection.columns->data(), heads.by_lanes};
    Apply(projection.linear, nullptr, Activation::kIdentity,
          input_.rows(block.first), block.count, block.first, to);
  }
  PrepareHeads(layer, block, 0, heads.query_heads, attention.query_norm,
               angles);
  PrepareHeads(layer, block, heads.key_panel(0), heads.key_heads,
               attention.key_norm, angles);
}

void StackRunner::PrepareHeads(int64_t layer, const Block& block,
                               int64_t first_panel, int64_t heads,
                               const std::optional<NativeNorm>& norm,
                               const std::vector<RotaryAngles>& angles) {
  kernels::HeadsCall call;
  if (!angles.empty()) {
    const int variant =
        recipe_.variant_of_layer.empty() ? 0 : recipe_.variant_of_layer[layer];
    const AnglesView view =
        angles[variant].At(*rows_, first_token_ + block.first);
    call.cosines = view.cosines;
    call.sines = view.sines;
    call.pairs = view.pairs;
    call.positions = view.positions;
  }
  if (norm) {
    call.norm_weight = norm->weight.data();
    call.norm_kind = norm->kind;
    call.norm_eps = norm->eps;
  }
  if (call.pairs == 0 && !norm) return;
  call.data = heads_.row(block.first, first_panel);
  call.stride = heads_.stride();
  call.rows = block.count;
  call.heads = heads;
  call.head_panels = stack_.heads.head_panels;
  call.head_size = stack_.heads.head_size;
  context_.kernels.prepare_heads(call);
}

void StackRunner::Attend(int64_t layer, int64_t sequence, int64_t key_head,
                         const LayerOutputs& outputs, std::byte* scratch) {
  const HeadLayout& heads = stack_.heads;
  const AttentionRecipe& recipe = recipe_.block.attention;
  const int64_t row = rows_->sequence_offsets[sequence] - first_token_;
  const int64_t length = rows_->length(sequence);
  const int64_t group = heads.query_heads / heads.key_heads;
  const int64_t first_head = key_head * group;
  kernels::AttentionCall call;
  call.query = heads_.rows(row, first_head * heads.head_panels);
  call.key = heads_.rows(row, heads.key_panel(key_head));
  call.value = heads_.rows(row, heads.value_panel(key_head));
  call.queries = call.keys = length;
  call.query_heads = group;
  call.head_panels = heads.head_panels;
  call.head_size = heads.head_size;
  const double scale =
      recipe.scale > 0 ? recipe.scale
                       : 1 / std::sqrt(static_cast<double>(heads.head_size));
  call.scale = static_cast<float>(
      recipe.scale_by_layer ? scale / static_cast<double>(layer + 1) : scale);
  call.softcap = static_cast<float>(recipe.softcap);
  const AttentionSpan& span = VariantOf(recipe_, layer).span;
  call.before = span.before;
  call.after = recipe.causal ? 0 : span.after;
  if (rows_->sequence_has_mask[sequence]) {
    call.key_mask =
        rows_->attention_mask.data() + rows_->sequence_offsets[sequence];
  }
  if (!distance_bias_.empty()) {
    const int64_t stride = 2 * longest_ - 1;
    call.distance_bias =
        distance_bias_.data() + first_head * stride + longest_ - length;
    call.distance_bias_stride = stride;
  }
  call.context = attended_.row(row);
  call.context_stride = attended_.stride();
  call.context_column = first_head * heads.head_size;
  if (outputs.attentions[layer] != nullptr) {
    call.probabilities = outputs.attentions[layer] +
                         outputs.pair_offsets[sequence] * heads.query_heads +
                         first_head * length * length;
  }
  call.scratch = scratch;
  context_.kernels.attend(call);
}

// From what attention gives to what enters the next layer.
void StackRunner::LeaveAttention(int64_t layer, const Block& block,
                                 Scratch& scratch) {
  const NativeBlock& native = BlockOf(layer);
  const NormPlacement placement = recipe_.block.norm_placement;
  const kernels::PanelRows attended = attended_.rows(block.first);
  Destination to_stream;
  to_stream.add_to_rows = stream_.row(block.first);
  to_stream.row_stride = stream_.stride();
  const auto project = [&](const Destination& to) {
    Apply(native.attention.output, nullptr, Activation::kIdentity, attended,
          block.count, 0, to);
  };
  const auto norm_input = [&] {
    NormStream(*native.mlp_norm, /*in_place=*/false, block);
  };
  switch (placement) {
    case NormPlacement::kPost:
      project(to_stream);
      NormStream(*native.attention_norm, /*in_place=*/true, block);
      FeedForward(native.mlp, block, scratch, to_stream);
      NormStream(*native.mlp_norm, /*in_place=*/true, block);
      return;
    case NormPlacement::kPre:
      project(to_stream);
      norm_input();
      FeedForward(native.mlp, block, scratch, to_stream);
      return;
    case NormPlacement::kParallel:
      norm_input();
      project(to_stream);
      FeedForward(native.mlp, block, scratch, to_stream);
      return;
    case NormPlacement::kSandwich: {
      // Rows of the scratch begin where the block does.
      Destination to_added;
      to_added.rows = scratch.added.row(0);
      to_added.row_stride = scratch.added.stride();
      const auto add = [&](const NativeNorm& norm) {
        kernels::NormCall call =
            CallOf(norm, scratch.added, 0, block.count, hidden_size_);
        call.add_to_rows = stream_.row(block.first);
        call.rows_stride = stream_.stride();
        context_.kernels.norm(call);
      };
      project(to_added);
      add(*native.attention_output_norm);
      norm_input();
      FeedForward(native.mlp, block, scratch, to_added);
      add(*native.mlp_output_norm);
      return;
    }
  }
  LOG(FATAL) << "unknown NormPlacement";
}

void StackRunner::FeedForward(const NativeMlp& mlp, const Block& block,
                              Scratch& scratch, const Destination& to) {
  Destination to_intermediate;
  to_intermediate.panels = &scratch.intermediate;
  Apply(mlp.up, mlp.gate ? &*mlp.gate : nullptr, recipe_.block.mlp.activation,
        input_.rows(block.first), block.count, 0, to_intermediate);
  Apply(mlp.down, nullptr, Activation::kIdentity, scratch.intermediate.rows(0),
        block.count, 0, to);
}

void StackRunner::LeaveStack(const Block& block, const LayerOutputs& outputs) {
  float* const last = outputs.hidden_states.back();
  if (!recipe_.last_hidden_state_is_normed) Keep(stream_, block, last);
  if (stack_.final_norm) {
    NormInPlace(*stack_.final_norm, stream_, hidden_size_, block);
  }
  if (stack_.output_projection) {
    Pack(stream_, hidden_size_, block, input_);
    Destination to;
    to.rows = projected_.row(block.first);
    to.row_stride = projected_.stride();
    Apply(*stack_.output_projection, nullptr, Activation::kIdentity,
          input_.rows(block.first), block.count, 0, to);
  }
  if (recipe_.last_hidden_state_is_normed) {
    Keep(stack_.output_projection ? projected_ : stream_, block, last);
  }
}

void StackRunner::Apply(const NativeLinear& linear, const NativeLinear* gate,
                        Activation activation, const kernels::PanelRows& input,
                        int64_t rows, int64_t out_row,
                        const Destination& to) const {
  kernels::LinearCall call;
  call.input = input;
  call.rows = rows;
  call.panels = linear.panels;
  call.out = linear.out;
  call.end_block = kernels::NumBlocks(linear.out);
  call.linear = linear.packed();
  if (gate != nullptr) call.gate = gate->packed();
  call.activation = activation;
  if (to.panels != nullptr) {
    call.panels_out = to.panels->row(out_row);
    call.stride = to.panels->stride();
    call.map = to.map;
  } else {
    call.rows_out = to.rows;
    call.add_to_rows = to.add_to_rows;
    call.stride = to.row_stride;
  }
  context_.kernels.linear(call);
}

kernels::NormCall StackRunner::CallOf(const NativeNorm& norm,
                                      const RowBuffer& input, int64_t first,
                                      int64_t rows, int64_t columns) const {
  kernels::NormCall call;
  call.input = input.row(first);
  call.input_stride = input.stride();
  call.rows = rows;
  call.columns = columns;
  call.kind = norm.kind;
  call.eps = norm.eps;
  call.weight = DataOf(norm.weight);
  call.bias = DataOf(norm.bias);
  return call;
}

void StackRunner::NormInPlace(const NativeNorm& norm, RowBuffer& rows,
                              int64_t columns, const Block& block) const {
  kernels::NormCall call =
      CallOf(norm, rows, block.first, block.count, columns);
  call.rows_out = rows.row(block.first);
  call.rows_stride = rows.stride();
  context_.kernels.norm(call);
}

void StackRunner::NormStream(const NativeNorm& norm, bool in_place,
                             const Block& block) {
  kernels::NormCall call =
      CallOf(norm, stream_, block.first, block.count, hidden_size_);
  call.panels_out = input_.row(block.first);
  call.panels_stride = input_.stride();
  if (in_place) {
    call.rows_out = stream_.row(block.first);
    call.rows_stride = stream_.stride();
  }
  context_.kernels.norm(call);
}

void StackRunner::Pack(const RowBuffer& input, int64_t columns,
                       const Block& block, PanelBuffer& panels) const {
  kernels::PackCall call;
  call.input = input.row(block.first);
  call.input_stride = input.stride();
  call.rows = block.count;
  call.columns = columns;
  call.panels_out = panels.row(block.first);
  call.stride = panels.stride();
  context_.kernels.pack(call);
}

void StackRunner::Keep(const RowBuffer& rows, const Block& block,
                       float* hidden_states) const {
  if (hidden_states == nullptr) return;
  const int64_t columns =
      &rows == &projected_ ? embedding_size() : hidden_size_;
  for (int64_t r = block.first; r < block.first + block.count; ++r) {
    std::memcpy(hidden_states + (first_token_ + r) * columns, rows.row(r),
                columns * sizeof(float));
  }
}

void StackRunner::MakeDistanceBias() {
  const RelativeBias& recipe = recipe_.block.attention.relative_bias;
  if (stack_.relative_bias.empty()) return;
  const int64_t heads = recipe_.num_attention_heads;
  const int64_t distances = 2 * longest_ - 1;
  distance_bias_.resize(heads * distances);
  for (int64_t i = 0; i < distances; ++i) {
    const int64_t bucket = RelativeBucket(recipe, i - longest_ + 1);
    for (int64_t head = 0; head < heads; ++head) {
      distance_bias_[head * distances + i] =
          stack_.relative_bias[bucket * heads + head];
    }
  }
}

}  // namespace transformerd

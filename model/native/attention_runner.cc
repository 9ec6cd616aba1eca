#include "model/native/attention_runner.h"

#include <algorithm>
#include <cmath>

#include "glog/logging.h"
#include "model/kernels/layout.h"
#include "model/modules/distance_buckets.h"
#include "model/modules/relative_buckets.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

// Places of a cross attention's projections, which are always separate.
constexpr int kQuery = 0, kKey = 1, kValue = 2;

}  // namespace

AttentionRunner::AttentionRunner(const StackRecipe& recipe,
                                 const NativeStack& stack, const RowOps& ops)
    : recipe_(recipe), stack_(stack), heads_layout_(stack.heads), ops_(ops) {}

void AttentionRunner::Resize(const RowRange& range, const RowRange* memory,
                             int num_threads) {
  const HeadLayout& heads = heads_layout_;
  heads_.Resize(range.num_tokens, heads.panels(), heads.is_partly_used);
  attended_.ResizeFor(range.num_tokens, heads.query_heads * heads.head_size,
                      ops_.dtype());
  int64_t most_keys = range.longest;
  if (memory != nullptr) {
    memory_heads_.Resize(memory->num_tokens, heads.panels(),
                         heads.is_partly_used);
    most_keys = std::max(most_keys, memory->longest);
  }
  scratch_.resize(num_threads);
  for (Buffer& scratch : scratch_) {
    scratch.Reserve(kernels::AttentionScratchBytes(
        range.longest, most_keys, heads.head_panels,
        recipe_.disentangled.has_value()));
  }
  MakeDistanceBias(range.longest);
  MakeDistanceRows(range.longest);
}

void AttentionRunner::Project(const NativeProjection& projection,
                              const PanelBuffer& input, const RowBlock& block,
                              const PanelBuffer& heads) const {
  LinearTarget target = LinearTarget::Panels(heads, block.first);
  target.map = {projection.columns->data(), heads_layout_.by_lanes};
  ops_.Multiply(projection.linear, input.rows(block.first), block.count,
                target);
}

void AttentionRunner::Project(int64_t layer, const NativeAttention& attention,
                              PanelBuffer& input, const RowRange& range,
                              const RowBlock& block,
                              const std::vector<RotaryAngles>& angles) {
  ops_.PrepareFor(attention.projections.front().linear, input, block);
  for (const NativeProjection& projection : attention.projections) {
    Project(projection, input, block, heads_);
  }
  AnglesView view;
  if (!angles.empty()) {
    const int variant =
        recipe_.variant_of_layer.empty() ? 0 : recipe_.variant_of_layer[layer];
    view = angles[variant].At(*range.rows, range.first_token + block.first);
  }
  PrepareHeads(0, heads_layout_.query_heads, attention.query_norm, view, block);
  PrepareHeads(heads_layout_.key_panel(0), heads_layout_.key_heads,
               attention.key_norm, view, block);
}

void AttentionRunner::PrepareHeads(int64_t first_panel, int64_t heads,
                                   const std::optional<NativeNorm>& norm,
                                   const AnglesView& angles,
                                   const RowBlock& block) const {
  if (angles.pairs == 0 && !norm) return;
  kernels::HeadsCall call;
  call.data = heads_.row(block.first, first_panel);
  call.stride = heads_.stride();
  call.rows = block.count;
  call.heads = heads;
  call.head_panels = heads_layout_.head_panels;
  call.head_size = heads_layout_.head_size;
  call.cosines = angles.cosines;
  call.sines = angles.sines;
  call.pairs = angles.pairs;
  call.positions = angles.positions;
  if (norm) {
    call.norm_weight = norm->weight.data();
    call.norm_kind = norm->kind;
    call.norm_eps = norm->eps;
  }
  ops_.kernels().prepare_heads(call);
}

void AttentionRunner::ProjectQueries(const NativeAttention& attention,
                                     PanelBuffer& input,
                                     const RowBlock& block) {
  ops_.PrepareFor(attention.projections[kQuery].linear, input, block);
  Project(attention.projections[kQuery], input, block, heads_);
}

void AttentionRunner::PrepareMemory(const NativeAttention& attention,
                                    PanelBuffer& memory,
                                    const RowBlock& block) {
  ops_.PrepareFor(attention.projections[kKey].linear, memory, block);
}

void AttentionRunner::ProjectMemory(const NativeAttention& attention,
                                    const PanelBuffer& memory,
                                    const RowBlock& block) {
  CHECK_EQ(attention.projections.size(), 3u);
  Project(attention.projections[kKey], memory, block, memory_heads_);
  Project(attention.projections[kValue], memory, block, memory_heads_);
}

void AttentionRunner::Leave(const NativeAttention& attention,
                            const RowBlock& block, const LinearTarget& target) {
  ops_.PrepareFor(attention.output, attended_, block);
  ops_.Multiply(attention.output, attended_.rows(block.first), block.count,
                target);
}

kernels::AttentionCall AttentionRunner::CallOf(
    const RowRange& range, int64_t sequence, const PanelBuffer& heads,
    int64_t first_key_row, int64_t keys, int64_t key_head, float* probabilities,
    int thread) const {
  const HeadLayout& layout = heads_layout_;
  const int64_t row = range.first_row(sequence);
  const int64_t group = layout.query_heads / layout.key_heads;
  const int64_t first_head = key_head * group;
  kernels::AttentionCall call;
  call.query = heads_.rows(row, first_head * layout.head_panels);
  call.key = heads.rows(first_key_row, layout.key_panel(key_head));
  call.value = heads.rows(first_key_row, layout.value_panel(key_head));
  call.queries = range.rows->length(sequence);
  call.keys = keys;
  call.query_heads = group;
  call.head_panels = layout.head_panels;
  call.head_size = layout.head_size;
  call.context = attended_.row(row);
  call.context_stride = attended_.stride();
  call.context_column = first_head * layout.head_size;
  if (probabilities != nullptr) {
    call.probabilities = probabilities + first_head * call.queries * keys;
  }
  call.scratch = scratch_[thread].data();
  return call;
}

double AttentionRunner::scale() const {
  const double scale = recipe_.block.attention.scale;
  return scale > 0 ? scale
                   : 1 / std::sqrt(static_cast<double>(recipe_.head_size));
}

void AttentionRunner::Attend(int64_t layer, const RowRange& range,
                             int64_t sequence, int64_t key_head,
                             float* probabilities, int thread) {
  const AttentionRecipe& recipe = recipe_.block.attention;
  const int64_t length = range.rows->length(sequence);
  kernels::AttentionCall call =
      CallOf(range, sequence, heads_, range.first_row(sequence), length,
             key_head, probabilities, thread);
  call.scale = static_cast<float>(recipe.scale_by_layer
                                      ? scale() / static_cast<double>(layer + 1)
                                      : scale());
  call.softcap = static_cast<float>(recipe.softcap);
  const AttentionSpan& span = VariantOf(recipe_, layer).span;
  call.before = span.before;
  call.after = recipe.causal ? 0 : span.after;
  call.key_mask = range.mask(sequence);
  call.masked_see_all = recipe.masked_see_all;
  if (recipe_.disentangled) {
    call.distances = DistancesOf(layer, key_head * call.query_heads, length);
  }
  if (!distance_bias_.empty()) {
    const int64_t distances = 2 * longest_ - 1;
    call.distance_bias = distance_bias_.data() +
                         key_head * call.query_heads * distances + longest_ -
                         length;
    call.distance_bias_stride = distances;
  }
  ops_.kernels().attend(call);
}

kernels::DistanceVectors AttentionRunner::DistancesOf(int64_t layer,
                                                      int64_t first_head,
                                                      int64_t length) const {
  const NativeAttention& attention =
      stack_.blocks[BlockIndex(recipe_, layer)].attention;
  kernels::DistanceVectors distances = {
      attention.distance_key, attention.distance_query,
      distance_rows_.data() + distance_rows_.size() / 2 - (length - 1)};
  for (kernels::PanelRows* table : {&distances.key, &distances.query}) {
    if (table->data == nullptr) continue;
    table->data += first_head * heads_layout_.head_panels * table->stride;
  }
  return distances;
}

void AttentionRunner::AttendAcross(const RowRange& range,
                                   const RowRange& memory, int64_t sequence,
                                   int64_t key_head, float* probabilities,
                                   int thread) {
  kernels::AttentionCall call =
      CallOf(range, sequence, memory_heads_, memory.first_row(sequence),
             memory.rows->length(sequence), key_head, probabilities, thread);
  call.scale = static_cast<float>(scale());
  call.key_mask = memory.mask(sequence);
  ops_.kernels().attend(call);
}

void AttentionRunner::MakeDistanceBias(int64_t longest) {
  if (stack_.relative_bias.empty() || longest == longest_) return;
  longest_ = longest;
  const int64_t heads = recipe_.num_attention_heads;
  const int64_t distances = 2 * longest - 1;
  distance_bias_.resize(heads * distances);
  for (int64_t i = 0; i < distances; ++i) {
    const int64_t bucket =
        RelativeBucket(recipe_.block.attention.relative_bias, i - longest + 1);
    for (int64_t head = 0; head < heads; ++head) {
      distance_bias_[head * distances + i] =
          stack_.relative_bias[bucket * heads + head];
    }
  }
}

void AttentionRunner::MakeDistanceRows(int64_t longest) {
  if (!recipe_.disentangled) return;
  const auto known = static_cast<int64_t>(distance_rows_.size() + 1) / 2;
  if (longest <= known) return;
  distance_rows_.resize(2 * longest - 1);
  for (int64_t i = 0; i < 2 * longest - 1; ++i) {
    distance_rows_[i] = static_cast<int32_t>(
        DistanceRow(*recipe_.disentangled, longest - 1 - i));
  }
}

}  // namespace transformerd

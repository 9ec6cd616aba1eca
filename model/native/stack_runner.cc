#include "model/native/stack_runner.h"

#include <algorithm>
#include <cstring>

#include "glog/logging.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

// Rows that pass through everything between two attentions at once: what they
// leave behind in between stays in the second cache, which gains 3 % to 4 % of
// a pass beside all rows of a group at once.
constexpr int64_t kBlockRows = 256;

}  // namespace

StackRunner::StackRunner(const StackRecipe& recipe, int64_t hidden_size,
                         const NativeStack& stack, const RowOps& ops)
    : recipe_(recipe),
      hidden_size_(hidden_size),
      stack_(stack),
      ops_(ops),
      embedder_(recipe, hidden_size, stack.embeddings, ops),
      attention_(recipe, stack, ops) {}

const NativeBlock& StackRunner::BlockOf(int64_t layer) const {
  return stack_.blocks[BlockIndex(recipe_, layer)];
}

int64_t StackRunner::projected_size() const {
  return stack_.output_projection ? stack_.output_projection->out
                                  : hidden_size_;
}

const RowBuffer& StackRunner::Run(const StackInput& input,
                                  const LayerOutputs& outputs,
                                  const ParallelFor& parallel_for) {
  Resize(input, parallel_for.num_threads);
  const int64_t rows = input.range.num_tokens;
  const int64_t layers = recipe_.num_hidden_layers;
  if (input.memory != nullptr) {
    ForEachBlock(input.memory->range.num_tokens, parallel_for,
                 [&](const RowBlock& block, int) {
                   ops_.Pack(input.memory->rows, hidden_size_, block, memory_);
                   if (layers == 0) return;
                   attention_.PrepareMemory(*BlockOf(0).cross_attention,
                                            memory_, block);
                 });
  }
  ForEachBlock(rows, parallel_for, [&](const RowBlock& block, int) {
    Enter(input, block);
    if (layers == 0) return;
    Keep(input, stream_, block, outputs.hidden_states.front());
    ProjectHeads(0, input, block);
  });
  for (int64_t layer = 0; layer < layers; ++layer) {
    AttendAll(layer, input, outputs, parallel_for);
    if (input.memory != nullptr) {
      AttendAcross(layer, input, outputs, parallel_for);
    }
    ForEachBlock(rows, parallel_for, [&](const RowBlock& block, int thread) {
      LeaveAttention(BlockOf(layer), block, scratch_[thread]);
      if (layer == 0) Convolve(input, block, scratch_[thread]);
      if (layer + 1 == layers) return;
      Keep(input, stream_, block, outputs.hidden_states[layer + 1]);
      ProjectHeads(layer + 1, input, block);
    });
  }
  ForEachBlock(rows, parallel_for, [&](const RowBlock& block, int) {
    Leave(input, block, outputs);
  });
  return stack_.output_projection ? projected_ : stream_;
}

void StackRunner::Resize(const StackInput& input, int num_threads) {
  const int64_t rows = input.range.num_tokens;
  embedder_.Resize(input.range);
  const RowRange* const memory =
      input.memory != nullptr ? &input.memory->range : nullptr;
  attention_.Resize(input.range, memory, num_threads);
  stream_.Resize(rows, hidden_size_);
  if (stack_.convolution) embedded_.Resize(rows, hidden_size_);
  input_.ResizeFor(rows, hidden_size_, ops_.dtype());
  if (memory != nullptr) {
    memory_.ResizeFor(memory->num_tokens, hidden_size_, ops_.dtype());
  }
  if (stack_.output_projection) projected_.Resize(rows, projected_size());
  while (static_cast<int>(scratch_.size()) < num_threads) {
    Scratch& scratch = scratch_.emplace_back(recipe_, hidden_size_, ops_);
    scratch.feed_forward.Resize(kBlockRows);
    scratch.added.Resize(kBlockRows, hidden_size_);
    if (stack_.convolution) {
      scratch.convolver.emplace(*recipe_.convolution, hidden_size_,
                                *stack_.convolution, ops_, kBlockRows);
    }
  }
}

void StackRunner::ForEachBlock(
    int64_t num_rows, const ParallelFor& parallel_for,
    const std::function<void(const RowBlock&, int)>& body) {
  // At least one block a thread.
  const int64_t threads = parallel_for.num_threads;
  const int64_t rows = std::min(kBlockRows, (num_rows + threads - 1) / threads);
  parallel_for.run((num_rows + rows - 1) / rows, [&](int64_t i, int thread) {
    const int64_t first = i * rows;
    body({first, std::min(rows, num_rows - first)}, thread);
  });
}

void StackRunner::Enter(const StackInput& input, const RowBlock& block) {
  embedder_.Embed(input.range, block, input.pixel_values, stream_);
  if (stack_.convolution) {
    std::copy_n(stream_.row(block.first), block.count * stream_.stride(),
                embedded_.row(block.first));
  }
  // The other placements norm what enters.
  if (recipe_.block.norm_placement == NormPlacement::kPost) PackStream(block);
}

void StackRunner::Convolve(const StackInput& input, const RowBlock& block,
                           Scratch& scratch) {
  if (!scratch.convolver) return;
  scratch.convolver->Run(input.range, embedded_, block, stream_);
  if (recipe_.block.norm_placement == NormPlacement::kPost) PackStream(block);
}

void StackRunner::PackStream(const RowBlock& block) {
  ops_.Pack(stream_, hidden_size_, block, input_);
}

void StackRunner::ProjectHeads(int64_t layer, const StackInput& input,
                               const RowBlock& block) {
  const NativeBlock& native = BlockOf(layer);
  EnterPart(native.attention_norm, block);
  attention_.Project(layer, native.attention, input_, input.range, block,
                     input.angles);
}

void StackRunner::AttendAll(int64_t layer, const StackInput& input,
                            const LayerOutputs& outputs,
                            const ParallelFor& parallel_for) {
  const int64_t key_heads = attention_.num_key_heads();
  float* const all = outputs.attentions[layer];
  parallel_for.run(
      input.range.range.size() * key_heads, [&](int64_t i, int thread) {
        const int64_t sequence = input.range.range.first + i / key_heads;
        float* const probabilities =
            all == nullptr ? nullptr
                           : all + outputs.pair_offsets[sequence] *
                                       recipe_.num_attention_heads;
        attention_.Attend(layer, input.range, sequence, i % key_heads,
                          probabilities, thread);
      });
}

// From what attention gives to what attention to the encoder gives.
void StackRunner::AttendAcross(int64_t layer, const StackInput& input,
                               const LayerOutputs& outputs,
                               const ParallelFor& parallel_for) {
  const NativeBlock& native = BlockOf(layer);
  const RowRange& memory = input.memory->range;
  ForEachBlock(
      memory.num_tokens, parallel_for, [&](const RowBlock& block, int) {
        attention_.ProjectMemory(*native.cross_attention, memory_, block);
      });
  ForEachBlock(
      input.range.num_tokens, parallel_for, [&](const RowBlock& block, int) {
        AddAttended(native.attention, block);
        LeavePart(native.attention_norm, block);
        EnterPart(native.cross_attention_norm, block);
        attention_.ProjectQueries(*native.cross_attention, input_, block);
      });
  const int64_t key_heads = attention_.num_key_heads();
  float* const all = outputs.cross_attentions[layer];
  parallel_for.run(
      input.range.range.size() * key_heads, [&](int64_t i, int thread) {
        const int64_t sequence = input.range.range.first + i / key_heads;
        float* const probabilities =
            all == nullptr ? nullptr
                           : all + outputs.cross_pair_offsets[sequence] *
                                       recipe_.num_attention_heads;
        attention_.AttendAcross(input.range, memory, sequence, i % key_heads,
                                probabilities, thread);
      });
}

void StackRunner::LeaveAttention(const NativeBlock& native,
                                 const RowBlock& block, Scratch& scratch) {
  const LinearTarget to_stream = LinearTarget::AddTo(stream_, block.first);
  switch (recipe_.block.norm_placement) {
    case NormPlacement::kPost:
    case NormPlacement::kPre: {
      const bool is_across = native.cross_attention.has_value();
      AddAttended(is_across ? *native.cross_attention : native.attention,
                  block);
      LeavePart(is_across ? native.cross_attention_norm : native.attention_norm,
                block);
      EnterPart(native.mlp_norm, block);
      scratch.feed_forward.Run(native, input_, block, to_stream);
      LeavePart(native.mlp_norm, block);
      return;
    }
    case NormPlacement::kParallel:
      // Of the stream before attention is added to it.
      NormStream(native.mlp_norm, block);
      AddAttended(native.attention, block);
      scratch.feed_forward.Run(native, input_, block, to_stream);
      return;
    case NormPlacement::kSandwich: {
      const LinearTarget to_added = LinearTarget::Rows(scratch.added, 0);
      attention_.Leave(native.attention, block, to_added);
      ops_.AddNorm(*native.attention_output_norm, scratch.added, hidden_size_,
                   block, stream_);
      NormStream(native.mlp_norm, block);
      scratch.feed_forward.Run(native, input_, block, to_added);
      ops_.AddNorm(*native.mlp_output_norm, scratch.added, hidden_size_, block,
                   stream_);
      return;
    }
  }
  LOG(FATAL) << "unknown NormPlacement";
}

void StackRunner::Leave(const StackInput& input, const RowBlock& block,
                        const LayerOutputs& outputs) {
  float* const last = outputs.hidden_states.back();
  if (!recipe_.last_hidden_state_is_normed) Keep(input, stream_, block, last);
  if (stack_.final_norm) {
    NormTarget target;
    target.rows = &stream_;
    ops_.Norm(*stack_.final_norm, stream_, hidden_size_, block, target);
  }
  if (stack_.output_projection) {
    PackStream(block);
    ops_.Multiply(*stack_.output_projection, input_.rows(block.first),
                  block.count, LinearTarget::Rows(projected_, block.first));
  }
  if (recipe_.last_hidden_state_is_normed) {
    Keep(input, stack_.output_projection ? projected_ : stream_, block, last);
  }
}

void StackRunner::EnterPart(const std::optional<NativeNorm>& norm,
                            const RowBlock& block) {
  // Behind a norm the input is there already.
  if (recipe_.block.norm_placement == NormPlacement::kPost) return;
  NormStream(norm, block);
}

void StackRunner::LeavePart(const std::optional<NativeNorm>& norm,
                            const RowBlock& block) {
  if (recipe_.block.norm_placement != NormPlacement::kPost) return;
  NormTarget target;
  target.panels = &input_;
  target.rows = &stream_;
  ops_.Norm(*norm, stream_, hidden_size_, block, target);
}

void StackRunner::AddAttended(const NativeAttention& attention,
                              const RowBlock& block) {
  attention_.Leave(attention, block, LinearTarget::AddTo(stream_, block.first));
}

void StackRunner::NormStream(const std::optional<NativeNorm>& norm,
                             const RowBlock& block) {
  if (!norm) return PackStream(block);
  NormTarget target;
  target.panels = &input_;
  ops_.Norm(*norm, stream_, hidden_size_, block, target);
}

void StackRunner::Keep(const StackInput& input, const RowBuffer& rows,
                       const RowBlock& block, float* hidden_states) const {
  if (hidden_states == nullptr) return;
  const int64_t columns =
      &rows == &projected_ ? projected_size() : hidden_size_;
  const int64_t first_token = input.range.first_token;
  for (int64_t r = block.first; r < block.first + block.count; ++r) {
    std::memcpy(hidden_states + (first_token + r) * columns, rows.row(r),
                columns * sizeof(float));
  }
}

}  // namespace transformerd

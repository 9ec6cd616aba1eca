#include "model/native/top_runner.h"

#include <algorithm>
#include <cmath>

#include "glog/logging.h"
#include "model/kernels/layout.h"
#include "model/kernels/pack.h"
#include "model/runtime/chosen_tokens.h"

namespace transformerd {
namespace {

// Blocks of outputs that one thread multiplies at once.
constexpr int64_t kBlocksAtOnce = 8;

// The mean over the tokens under mask 1 of sequence s.
void MeanOfRow(const RowRange& range, int64_t s, const RowBuffer& hidden,
               int64_t width, float* mean) {
  std::fill_n(mean, width, 0.0f);
  const uint8_t* const mask = range.mask(s);
  int64_t count = 0;
  for (int64_t i = 0; i < range.rows->length(s); ++i) {
    if (mask != nullptr && mask[i] == 0) continue;
    ++count;
    const float* const row = hidden.row(range.first_row(s) + i);
    for (int64_t c = 0; c < width; ++c) mean[c] += row[c];
  }
  const float factor = 1 / static_cast<float>(count);
  for (int64_t c = 0; c < width; ++c) mean[c] *= factor;
}

// The first rows of a buffer, behind each other.
void CopyRows(const RowBuffer& rows, int64_t count, int64_t width, float* to) {
  for (int64_t r = 0; r < count; ++r) to = std::copy_n(rows.row(r), width, to);
}

// To length 1, with the bound of torch.nn.functional.normalize.
void Normalize(int64_t width, float* row) {
  double squares = 0;
  for (int64_t c = 0; c < width; ++c) {
    squares += static_cast<double>(row[c]) * row[c];
  }
  const auto factor =
      static_cast<float>(1 / std::max(std::sqrt(squares), 1e-12));
  for (int64_t c = 0; c < width; ++c) row[c] *= factor;
}

}  // namespace

TopRunner::TopRunner(const Architecture& architecture,
                     const NativeWeights& weights,
                     const SentencePooling& pooling, const RowOps& ops)
    : architecture_(architecture),
      weights_(weights),
      pooling_(pooling),
      ops_(ops) {}

void TopRunner::Run(const RowRange& range, const PackedRows& input,
                    const RowBuffer& hidden, const TopOutputs& outputs,
                    const ParallelFor& parallel_for) {
  range_ = &range;
  input_rows_ = &input;
  hidden_ = &hidden;
  parallel_for_ = &parallel_for;
  const auto& projection =
      (weights_.decoder() ? *weights_.decoder() : weights_.stack())
          .output_projection;
  width_ = projection ? projection->out : architecture_.hidden_size;
  packed_.resize(parallel_for.num_threads);
  if (outputs.last_hidden_state != nullptr) {
    CopyRows(hidden, range.num_tokens, width_,
             outputs.last_hidden_state + range.first_token * width_);
  }
  const bool head_reads_pooler =
      outputs.logits != nullptr &&
      architecture_.head.pooling == HeadPooling::kPooler;
  if (outputs.pooler_output != nullptr || outputs.pair_logits != nullptr ||
      head_reads_pooler) {
    RunPooler();
  }
  const SequenceRange& sequences = range.range;
  if (outputs.pooler_output != nullptr) {
    const int64_t size = weights_.pooler() ? weights_.pooler()->out : width_;
    CopyRows(pooled_, sequences.size(), size,
             outputs.pooler_output + sequences.first * size);
  }
  if (outputs.pair_logits != nullptr) {
    const NativeLinear& linear = *weights_.head().relationship;
    Step step;
    step.input = &pooled_;
    step.rows = sequences.size();
    step.out = outputs.pair_logits + sequences.first * linear.out;
    step.stride = linear.out;
    Apply(linear, step);
  }
  if (outputs.sentence_embedding != nullptr) {
    PoolSentences(outputs.sentence_embedding);
  }
  if (outputs.logits != nullptr || outputs.start_logits != nullptr ||
      outputs.end_logits != nullptr) {
    RunHead(outputs);
  }
}

void TopRunner::RunPooler() {
  if (!weights_.pooler()) {
    Pick(architecture_.pooler_pooling, pooled_);
    return;
  }
  Pick(architecture_.pooler_pooling, picked_);
  pooled_.Resize(range_->range.size(), weights_.pooler()->out);
  Step step;
  step.input = &picked_;
  step.rows = range_->range.size();
  step.activation = architecture_.pooler_activation;
  step.out = pooled_.row(0);
  step.stride = pooled_.stride();
  Apply(*weights_.pooler(), step);
}

std::vector<int64_t> TopRunner::TokensOf(HeadPooling pooling) const {
  const PackedRows& rows = *range_->rows;
  switch (pooling) {
    case HeadPooling::kFirst:
      return FirstTokens(rows);
    case HeadPooling::kLast:
      return LastTokens(rows, architecture_.pad_token_id);
    case HeadPooling::kFirstEndOfText:
      return EndsOfText(rows, architecture_.end_of_text);
    case HeadPooling::kLastEosOfInput:
      return TokensAtLast(*input_rows_, *architecture_.eos_token_id, rows);
    case HeadPooling::kTokens:
    case HeadPooling::kPooler:
    case HeadPooling::kMean:
      break;
  }
  LOG(FATAL) << "this HeadPooling picks no token";
}

void TopRunner::Pick(HeadPooling pooling, RowBuffer& picked) const {
  const SequenceRange& sequences = range_->range;
  picked.Resize(sequences.size(), width_);
  if (pooling == HeadPooling::kMean) {
    for (int64_t r = 0; r < sequences.size(); ++r) {
      MeanOfRow(*range_, sequences.first + r, *hidden_, width_, picked.row(r));
    }
    return;
  }
  const std::vector<int64_t> tokens = TokensOf(pooling);
  for (int64_t r = 0; r < sequences.size(); ++r) {
    const int64_t token = tokens[sequences.first + r] - range_->first_token;
    std::copy_n(hidden_->row(token), width_, picked.row(r));
  }
}

void TopRunner::PoolSentences(float* out) {
  const SequenceRange& sequences = range_->range;
  const std::vector<int64_t> tokens = pooling_.kind == PoolingKind::kLast
                                          ? LastVisibleTokens(*range_->rows)
                                          : FirstTokens(*range_->rows);
  for (int64_t s = sequences.first; s < sequences.end; ++s) {
    float* const row = out + s * width_;
    if (pooling_.kind == PoolingKind::kMean) {
      MeanOfRow(*range_, s, *hidden_, width_, row);
    } else {
      std::copy_n(hidden_->row(tokens[s] - range_->first_token), width_, row);
    }
    if (pooling_.normalize) Normalize(width_, row);
  }
}

void TopRunner::RunHead(const TopOutputs& outputs) {
  const HeadRecipe& recipe = architecture_.head;
  const NativeHead& head = weights_.head();
  const bool is_by_token = recipe.pooling == HeadPooling::kTokens;
  const int64_t first = is_by_token ? range_->first_token : range_->range.first;
  Step step;
  step.rows = is_by_token ? range_->num_tokens : range_->range.size();
  if (is_by_token) {
    step.input = hidden_;
  } else if (recipe.pooling == HeadPooling::kPooler) {
    step.input = &pooled_;
  } else {
    Pick(recipe.pooling, picked_);
    step.input = &picked_;
  }
  int64_t width = head.output->in;
  if (head.dense) {
    width = head.dense->out;
    dense_.Resize(step.rows, width);
    step.activation = recipe.activation;
    step.out = dense_.row(0);
    step.stride = dense_.stride();
    Apply(*head.dense, step);
    step.input = &dense_;
    step.activation = Activation::kIdentity;
  }
  if (head.norm) {
    if (!head.dense) dense_.Resize(step.rows, width);
    NormTarget target;
    target.rows = &dense_;
    ops_.Norm(*head.norm, *step.input, width, {0, step.rows}, target);
    step.input = &dense_;
  }
  step.scale = static_cast<float>(recipe.output_scale);
  step.softcap = static_cast<float>(recipe.softcap);
  const int64_t size = head.output->out;
  if (outputs.logits != nullptr) {
    step.out = outputs.logits + first * size;
    step.stride = size;
    Apply(*head.output, step);
    return;
  }
  scores_.Resize(step.rows, size);
  step.out = scores_.row(0);
  step.stride = scores_.stride();
  Apply(*head.output, step);
  for (int64_t r = 0; r < step.rows; ++r) {
    const float* const row = scores_.row(r);
    if (outputs.start_logits != nullptr) {
      outputs.start_logits[first + r] = row[0];
    }
    if (outputs.end_logits != nullptr) outputs.end_logits[first + r] = row[1];
  }
}

void TopRunner::Apply(const NativeLinear& linear, const Step& step) {
  input_.ResizeFor(step.rows, linear.in, ops_.dtype());
  ops_.Pack(*step.input, linear.in, {0, step.rows}, input_, step.scale);
  const int64_t blocks = kernels::NumBlocks(linear.out);
  parallel_for_->run(
      (blocks + kBlocksAtOnce - 1) / kBlocksAtOnce, [&](int64_t i, int thread) {
        const int64_t begin = i * kBlocksAtOnce;
        Multiply(linear, step, begin, std::min(blocks, begin + kBlocksAtOnce),
                 packed_[thread]);
      });
}

// A plain weight, a table of tokens as a rule, is packed as it passes by.
void TopRunner::Multiply(const NativeLinear& linear, const Step& step,
                         int64_t first_block, int64_t end_block,
                         Buffer& packed) const {
  kernels::LinearCall call;
  call.input = input_.rows(0);
  call.rows = step.rows;
  call.panels = linear.panels;
  call.activation = step.activation;
  call.softcap = step.softcap;
  call.rows_out = step.out;
  call.stride = step.stride;
  call.linear = linear.packed();
  call.out = linear.out;
  call.first_block = first_block;
  call.end_block = end_block;
  if (linear.weight == nullptr) {
    const int64_t first = first_block * kernels::kBlockColumns;
    const int64_t count =
        std::min(linear.out, end_block * kernels::kBlockColumns) - first;
    std::byte* const weight =
        packed.Reserve(kernels::PackedBytes(count, linear.in, ops_.dtype()));
    kernels::PackOutputs({linear.out, linear.in, ops_.dtype()}, linear.plain,
                         first, count, weight);
    call.linear.weight = weight;
    if (call.linear.bias != nullptr) call.linear.bias += first;
    call.rows_out += first;
    call.out = count;
    call.first_block = 0;
    call.end_block = end_block - first_block;
  }
  ops_.kernels().linear(call);
}

}  // namespace transformerd

#include "model/native/top_runner.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "glog/logging.h"
#include "model/kernels/layout.h"
#include "model/kernels/pack.h"
#include "model/runtime/chosen_tokens.h"

namespace transformerd {
namespace {

// Blocks of outputs that one thread multiplies at once.
constexpr int64_t kBlocksAtOnce = 8;

// One for each row of the batch; HeadPooling that picks tokens.
std::vector<int64_t> TokensOf(const Architecture& architecture,
                              HeadPooling pooling, const PackedRows& rows) {
  switch (pooling) {
    case HeadPooling::kFirst:
      return FirstTokens(rows);
    case HeadPooling::kLast:
      return LastTokens(rows, architecture.pad_token_id);
    case HeadPooling::kEndOfText:
      return EndsOfText(rows, architecture.end_of_text);
    case HeadPooling::kEos:
      return TokensAtLast(rows, *architecture.eos_token_id, rows);
    case HeadPooling::kTokens:
    case HeadPooling::kPooler:
    case HeadPooling::kMean:
      break;
  }
  LOG(FATAL) << "this HeadPooling picks no token";
}

// The mean over the tokens under mask 1 of sequence s.
void MeanOfRow(const PackedRows& rows, int64_t s, const RowBuffer& hidden,
               int64_t first_token, int64_t width, float* mean) {
  std::fill_n(mean, width, 0.0f);
  int64_t count = 0;
  for (int64_t t = rows.sequence_offsets[s]; t < rows.sequence_offsets[s + 1];
       ++t) {
    if (rows.attention_mask[t] == 0) continue;
    ++count;
    const float* const row = hidden.row(t - first_token);
    for (int64_t c = 0; c < width; ++c) mean[c] += row[c];
  }
  const float factor = 1 / static_cast<float>(count);
  for (int64_t c = 0; c < width; ++c) mean[c] *= factor;
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
                     const SentencePooling& pooling,
                     const NativeContext& context)
    : architecture_(architecture),
      weights_(weights),
      pooling_(pooling),
      context_(context) {}

void TopRunner::Run(const PackedRows& rows, const SequenceRange& range,
                    const RowBuffer& hidden, const TopOutputs& outputs,
                    int num_threads, const ParallelFor& parallel_for) {
  rows_ = &rows;
  range_ = range;
  hidden_ = &hidden;
  parallel_for_ = &parallel_for;
  const StackRecipe& stack = architecture_.stack;
  width_ = stack.output_projection && stack.embedding.size > 0
               ? stack.embedding.size
               : architecture_.hidden_size;
  packed_.resize(num_threads);
  const int64_t first_token = rows.sequence_offsets[range.first];
  const int64_t num_tokens = rows.sequence_offsets[range.end] - first_token;
  if (outputs.last_hidden_state != nullptr) {
    for (int64_t r = 0; r < num_tokens; ++r) {
      std::memcpy(outputs.last_hidden_state + (first_token + r) * width_,
                  hidden.row(r), width_ * sizeof(float));
    }
  }
  const bool head_reads_pooler =
      outputs.logits != nullptr &&
      architecture_.head.pooling == HeadPooling::kPooler;
  if (outputs.pooler_output != nullptr || outputs.pair_logits != nullptr ||
      head_reads_pooler) {
    RunPooler();
  }
  const int64_t num_rows = range.end - range.first;
  if (outputs.pooler_output != nullptr) {
    const int64_t size = weights_.pooler() ? weights_.pooler()->out : width_;
    for (int64_t r = 0; r < num_rows; ++r) {
      std::memcpy(outputs.pooler_output + (range.first + r) * size,
                  pooled_.row(r), size * sizeof(float));
    }
  }
  if (outputs.pair_logits != nullptr) {
    const NativeLinear& linear = *weights_.head().relationship;
    Step step;
    step.input = &pooled_;
    step.rows = num_rows;
    step.out = outputs.pair_logits + range.first * linear.out;
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
  const int64_t num_rows = range_.end - range_.first;
  if (!weights_.pooler()) {
    Pick(architecture_.pooler_pooling, pooled_);
    return;
  }
  Pick(architecture_.pooler_pooling, picked_);
  pooled_.Resize(num_rows, weights_.pooler()->out);
  Step step;
  step.input = &picked_;
  step.rows = num_rows;
  step.activation = architecture_.pooler_activation;
  step.out = pooled_.row(0);
  step.stride = pooled_.stride();
  Apply(*weights_.pooler(), step);
}

void TopRunner::Pick(HeadPooling pooling, RowBuffer& picked) const {
  const int64_t num_rows = range_.end - range_.first;
  const int64_t first_token = rows_->sequence_offsets[range_.first];
  picked.Resize(num_rows, width_);
  if (pooling == HeadPooling::kMean) {
    for (int64_t r = 0; r < num_rows; ++r) {
      MeanOfRow(*rows_, range_.first + r, *hidden_, first_token, width_,
                picked.row(r));
    }
    return;
  }
  const std::vector<int64_t> tokens = TokensOf(architecture_, pooling, *rows_);
  for (int64_t r = 0; r < num_rows; ++r) {
    std::memcpy(picked.row(r),
                hidden_->row(tokens[range_.first + r] - first_token),
                width_ * sizeof(float));
  }
}

void TopRunner::PoolSentences(float* out) {
  const int64_t first_token = rows_->sequence_offsets[range_.first];
  const std::vector<int64_t> tokens = pooling_.kind == PoolingKind::kLast
                                          ? LastVisibleTokens(*rows_)
                                          : FirstTokens(*rows_);
  for (int64_t s = range_.first; s < range_.end; ++s) {
    float* const row = out + s * width_;
    if (pooling_.kind == PoolingKind::kMean) {
      MeanOfRow(*rows_, s, *hidden_, first_token, width_, row);
    } else {
      std::memcpy(row, hidden_->row(tokens[s] - first_token),
                  width_ * sizeof(float));
    }
    if (pooling_.normalize) Normalize(width_, row);
  }
}

void TopRunner::RunHead(const TopOutputs& outputs) {
  const HeadRecipe& recipe = architecture_.head;
  const NativeHead& head = weights_.head();
  const bool is_by_token = recipe.pooling == HeadPooling::kTokens;
  const int64_t first =
      is_by_token ? rows_->sequence_offsets[range_.first] : range_.first;
  Step step;
  step.rows =
      (is_by_token ? rows_->sequence_offsets[range_.end] : range_.end) - first;
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
    kernels::NormCall call;
    call.input = step.input->row(0);
    call.input_stride = step.input->stride();
    call.rows = step.rows;
    call.columns = width;
    call.kind = head.norm->kind;
    call.eps = head.norm->eps;
    if (!head.norm->weight.empty()) call.weight = head.norm->weight.data();
    if (!head.norm->bias.empty()) call.bias = head.norm->bias.data();
    if (!head.dense) dense_.Resize(step.rows, width);
    call.rows_out = dense_.row(0);
    call.rows_stride = dense_.stride();
    context_.kernels.norm(call);
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
  input_.ResizeFor(step.rows, linear.in, context_.dtype);
  kernels::PackCall call;
  call.input = step.input->row(0);
  call.input_stride = step.input->stride();
  call.rows = step.rows;
  call.columns = linear.in;
  call.scale = step.scale;
  call.panels_out = input_.row(0);
  call.stride = input_.stride();
  context_.kernels.pack(call);
  const int64_t blocks = kernels::NumBlocks(linear.out);
  (*parallel_for_)(
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
        packed.Reserve(kernels::PackedBytes(count, linear.in, context_.dtype));
    kernels::PackOutputs({linear.out, linear.in, context_.dtype}, linear.plain,
                         first, count, weight);
    call.linear.weight = weight;
    if (call.linear.bias != nullptr) call.linear.bias += first;
    call.rows_out += first;
    call.out = count;
    call.first_block = 0;
    call.end_block = end_block - first_block;
  }
  context_.kernels.linear(call);
}

}  // namespace transformerd

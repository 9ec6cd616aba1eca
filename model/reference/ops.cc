#include "model/reference/ops.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tanh.h>

#include <vector>

#include "glog/logging.h"
#include "model/reference/attention.h"
#include "model/reference/tensors.h"

namespace transformerd {

at::Tensor Apply(const Linear& linear, const at::Tensor& input) {
  if (linear.bias == nullptr) {
    return at::linear(input, TensorOf(*linear.weight));
  }
  return at::linear(input, TensorOf(*linear.weight), TensorOf(*linear.bias));
}

at::Tensor Apply(const LayerNorm& norm, const at::Tensor& input) {
  return at::layer_norm(input, {input.size(-1)}, TensorOf(*norm.weight),
                        TensorOf(*norm.bias), norm.eps);
}

at::Tensor Apply(Activation activation, const at::Tensor& input) {
  switch (activation) {
    case Activation::kGelu:
      return at::gelu(input);
    case Activation::kGeluTanh:
      return at::gelu(input, "tanh");
    case Activation::kQuickGelu:
      return input.mul(at::sigmoid(input.mul(1.702)));
    case Activation::kRelu:
      return at::relu(input);
    case Activation::kSilu:
      return at::silu(input);
    case Activation::kTanh:
      return at::tanh(input);
  }
  LOG(FATAL) << "unknown activation";
}

at::Tensor Embed(const Embeddings& embeddings, const PackedBatch& batch) {
  const auto rows = [](const ParameterSlot& table,
                       const std::vector<int64_t>& ids) {
    return TensorOf(table).index_select(0, TensorOf(absl::MakeConstSpan(ids)));
  };
  at::Tensor sum_TD = rows(*embeddings.token, batch.input_ids);
  if (embeddings.token_type != nullptr) {
    sum_TD += rows(*embeddings.token_type, batch.token_type_ids);
  }
  if (embeddings.position != nullptr) {
    sum_TD += rows(*embeddings.position, batch.position_ids);
  }
  return embeddings.norm ? Apply(*embeddings.norm, sum_TD) : sum_TD;
}

at::Tensor Apply(const Block& block, const BlockRecipe& recipe,
                 int64_t num_heads, const PackedBatch& batch,
                 const at::Tensor& input_TD, at::Tensor* probabilities) {
  const auto attend = [&](const at::Tensor& x_TD) {
    return Attend(block.attention, num_heads, batch, x_TD, probabilities);
  };
  const auto feed_forward = [&](const at::Tensor& x_TD) {
    return Apply(block.mlp.down,
                 Apply(recipe.activation, Apply(block.mlp.up, x_TD)));
  };
  if (recipe.norm_placement == NormPlacement::kPre) {
    const at::Tensor x_TD =
        input_TD.add(attend(Apply(block.attention_norm, input_TD)));
    return x_TD.add(feed_forward(Apply(block.mlp_norm, x_TD)));
  }
  const at::Tensor x_TD =
      Apply(block.attention_norm, input_TD.add(attend(input_TD)));
  return Apply(block.mlp_norm, x_TD.add(feed_forward(x_TD)));
}

at::Tensor FirstTokens(const PackedBatch& batch, const at::Tensor& input_TD) {
  return input_TD.index_select(
      0, TensorOf(absl::MakeConstSpan(batch.sequence_offsets)
                      .first(batch.num_sequences())));
}

namespace {

// Index of the last token under mask 1 of each row.
std::vector<int64_t> LastVisibleTokens(const PackedBatch& batch) {
  std::vector<int64_t> last;
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    int64_t token = batch.sequence_offsets[s + 1] - 1;
    while (token > batch.sequence_offsets[s] &&
           batch.attention_mask[token] == 0) {
      --token;
    }
    last.push_back(token);
  }
  return last;
}

// Mean over the tokens under mask 1 of one row, [D].
at::Tensor MeanOfRow(const PackedBatch& batch, int64_t s,
                     const at::Tensor& row_TD) {
  if (!batch.sequence_has_mask[s]) return row_TD.mean(0);
  std::vector<int64_t> visible;
  for (int64_t t = 0; t < batch.length(s); ++t) {
    if (batch.attention_mask[batch.sequence_offsets[s] + t] != 0) {
      visible.push_back(t);
    }
  }
  return row_TD.index_select(0, TensorOf(absl::MakeConstSpan(visible))).mean(0);
}

at::Tensor MeanOfRows(const PackedBatch& batch, const at::Tensor& input_TD) {
  std::vector<at::Tensor> means;
  means.reserve(batch.num_sequences());
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    means.push_back(MeanOfRow(
        batch, s,
        input_TD.narrow(0, batch.sequence_offsets[s], batch.length(s))));
  }
  return at::stack(means);
}

}  // namespace

at::Tensor Pool(PoolingKind kind, bool normalize, const PackedBatch& batch,
                const at::Tensor& input_TD) {
  at::Tensor pooled_SD;
  switch (kind) {
    case PoolingKind::kMean:
      pooled_SD = MeanOfRows(batch, input_TD.to(at::kFloat));
      break;
    case PoolingKind::kCls:
      pooled_SD = FirstTokens(batch, input_TD).to(at::kFloat);
      break;
    case PoolingKind::kLast: {
      const std::vector<int64_t> last = LastVisibleTokens(batch);
      pooled_SD = input_TD.index_select(0, TensorOf(absl::MakeConstSpan(last)))
                      .to(at::kFloat);
      break;
    }
    case PoolingKind::kNone:
      LOG(FATAL) << "sentence_embedding is not an output of this model";
  }
  if (!normalize) return pooled_SD;
  // The bound of torch.nn.functional.normalize.
  return pooled_SD.div(
      pooled_SD.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12));
}

}  // namespace transformerd

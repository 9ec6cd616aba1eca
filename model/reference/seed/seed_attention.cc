#include "model/reference/seed/seed_attention.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <vector>

#include "model/modules/relative_buckets.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Whatever relative_attention_max_distance of a config says.
constexpr int64_t kMaxDistance = 128;

}  // namespace

at::Tensor AdditiveMask(const at::Tensor& mask, at::ScalarType dtype) {
  if (!mask.defined()) return {};
  at::Tensor mask_BHQK = mask.to(dtype);
  if (mask.dim() == 2) mask_BHQK = mask_BHQK.unsqueeze(1);
  if (mask.dim() < 4) mask_BHQK = mask_BHQK.unsqueeze(1);
  return mask_BHQK.neg().add(1).mul(LowestOf(dtype));
}

at::Tensor AddIfAny(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined()) return b;
  if (!b.defined()) return a;
  return a.add(b);
}

at::Tensor SplitHeads(const at::Tensor& states, int64_t heads) {
  return states.unflatten(-1, {heads, states.size(-1) / heads}).transpose(1, 2);
}

at::Tensor JoinHeads(const at::Tensor& states_BHTD) {
  return states_BHTD.transpose(1, 2).flatten(2);
}

SeedAttentionResult Attend(const SeedAttention& attention,
                           const SeedAttentionInput& input) {
  const SeedAttentionRecipe& recipe = attention.recipe;
  const int64_t heads = recipe.num_attention_heads;
  const at::Tensor& source =
      input.source.defined() ? input.source : input.states;
  const at::Tensor query =
      SplitHeads(Apply(attention.query, input.states), heads);
  const at::Tensor key = SplitHeads(Apply(attention.key, source), heads);
  const at::Tensor value = SplitHeads(Apply(attention.value, source), heads);
  at::Tensor scores = at::matmul(query, key.transpose(-1, -2));
  if (recipe.scaled) {
    scores = scores.div(std::sqrt(static_cast<double>(recipe.head_size)));
  }
  SeedAttentionResult result;
  result.probabilities = at::softmax(AddIfAny(scores, input.bias), -1);
  if (input.head_mask.defined()) {
    result.probabilities =
        result.probabilities.mul(input.head_mask.view({heads, 1, 1}));
  }
  result.states = JoinHeads(at::matmul(result.probabilities, value));
  if (attention.output) {
    result.states = Apply(*attention.output, result.states);
  }
  return result;
}

at::Tensor RelativeBiases(const SeedAttention& attention, int64_t queries,
                          int64_t keys) {
  RelativeBias bias;
  bias.num_buckets = attention.recipe.num_buckets;
  bias.max_distance = kMaxDistance;
  bias.bidirectional = attention.recipe.bidirectional;
  // Distances from that of the last query to the first key, to the reverse.
  std::vector<int64_t> buckets;
  for (int64_t distance = 1 - queries; distance < keys; ++distance) {
    buckets.push_back(RelativeBucket(bias, distance));
  }
  const at::Tensor table = TensorOf(*attention.relative_bias);
  const at::Tensor of_distance = at::embedding(
      table, ToDevice(TensorOf(absl::MakeConstSpan(buckets)), table.device()));
  const at::TensorOptions indices = table.options().dtype(at::kLong);
  const at::Tensor query_Q = at::arange(queries, indices).unsqueeze(1);
  const at::Tensor key_K = at::arange(keys, indices);
  const at::Tensor place_QK = key_K.sub(query_Q).add(queries - 1);
  return at::embedding(of_distance, place_QK).permute({2, 0, 1}).unsqueeze(0);
}

void Run(const SelfAttentionModule& module, SeedCall& call) {
  SeedAttentionInput input;
  input.states = call.Get("hidden_states");
  input.bias =
      AdditiveMask(call.Get("attention_mask"), input.states.scalar_type());
  input.head_mask = call.Get("head_mask");
  const SeedAttentionResult result = Attend(module.attention, input);
  call.Give("hidden_states", result.states);
  call.Give("attention_probs", result.probabilities);
}

void Run(const T5AttentionModule& module, SeedCall& call) {
  SeedAttentionInput input;
  input.states = call.Get("hidden_states");
  const int64_t tokens = input.states.size(1);
  const at::Tensor position_bias =
      module.attention.relative_bias != nullptr
          ? RelativeBiases(module.attention, tokens, tokens)
          : at::zeros({1, module.attention.recipe.num_attention_heads, tokens,
                       tokens},
                      input.states.options());
  input.bias = AddIfAny(
      position_bias,
      AdditiveMask(call.Get("attention_mask"), input.states.scalar_type()));
  const SeedAttentionResult result = Attend(module.attention, input);
  call.Give("hidden_states", result.states);
  call.Give("attention_probs", result.probabilities);
  call.Give("position_bias", input.bias);
}

}  // namespace transformerd

#include "model/reference/seed/t5_stack.h"

#include <ATen/ops/clamp.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/isinf.h>

#include <limits>

#include "model/reference/ops.h"
#include "model/reference/seed/seed_attention.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Keeps what overflowed in half precision finite.
at::Tensor Clamped(const at::Tensor& states) {
  if (!at::isinf(states).any().item<bool>()) return states;
  const bool is_half = states.scalar_type() == at::kHalf;
  const double limit =
      (is_half ? static_cast<double>(std::numeric_limits<c10::Half>::max())
               : static_cast<double>(std::numeric_limits<float>::max())) -
      1000;
  return at::clamp(states, -limit, limit);
}

// states + attention(norm(states)).
at::Tensor Apply(const T5AttentionLayer& layer, const at::Tensor& states,
                 const at::Tensor& source, const at::Tensor& bias,
                 std::vector<at::Tensor>& probabilities) {
  const SeedAttentionResult result =
      Attend(layer.attention,
             {transformerd::Apply(layer.layer_norm, states), source, bias, {}});
  probabilities.push_back(result.probabilities);
  return Clamped(states.add(result.states));
}

at::Tensor Apply(const T5FeedForward& layer, const at::Tensor& states) {
  const at::Tensor normed = transformerd::Apply(layer.layer_norm, states);
  at::Tensor inner = transformerd::Apply(layer.up, normed);
  if (layer.gate) {
    inner = transformerd::Apply(Activation::kGeluTanh,
                                transformerd::Apply(*layer.gate, normed))
                .mul(inner);
  } else {
    inner = transformerd::Apply(Activation::kRelu, inner);
  }
  return Clamped(states.add(transformerd::Apply(layer.down, inner)));
}

}  // namespace

T5StackResult Encode(const T5Stack& stack, const T5StackInput& input) {
  T5StackResult result;
  at::Tensor states =
      at::embedding(TensorOf(*stack.token_embeddings), input.ids);
  // Every block gets the biases of the one before it with the mask in them,
  // and adds the mask once more: what is masked is -infinity from the second
  // block on.
  at::Tensor bias, cross_bias;
  if (!stack.blocks.empty()) {
    bias = RelativeBiases(stack.blocks.front().self_attention.attention,
                          states.size(1), states.size(1));
  }
  for (const T5Block& block : stack.blocks) {
    result.hidden_states.push_back(states);
    bias = AddIfAny(bias, input.mask);
    states = Apply(block.self_attention, states, {}, bias, result.attentions);
    if (block.cross_attention) {
      cross_bias = AddIfAny(cross_bias, input.source_mask);
      states = Apply(*block.cross_attention, states, input.source, cross_bias,
                     result.cross_attentions);
    }
    states = Apply(block.feed_forward, states);
  }
  result.states = Apply(stack.final_layer_norm, states);
  result.hidden_states.push_back(result.states);
  return result;
}

}  // namespace transformerd

#include "model/reference/seed/seed_layer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/reference/ops.h"

namespace transformerd {
namespace {

// Attention with its residual connection and norm.
SeedAttentionResult Apply(const AttentionLayerModule& layer,
                          const SeedAttentionInput& input) {
  SeedAttentionResult result = Attend(layer.self, input);
  result.states =
      transformerd::Apply(layer.output, result.states, input.states);
  return result;
}

SeedLayerInput ReadLayerInput(const SeedCall& call) {
  SeedLayerInput input;
  input.states = call.Get("hidden_states");
  input.bias =
      AdditiveMask(call.Get("attention_mask"), input.states.scalar_type());
  return input;
}

}  // namespace

at::Tensor Apply(const OutputLayer& layer, const at::Tensor& states,
                 const at::Tensor& residual) {
  return Apply(layer.layer_norm, Apply(layer.dense, states).add(residual));
}

SeedLayerResult Apply(const TransformerLayerModule& layer,
                      const SeedLayerInput& input) {
  SeedLayerResult result;
  const SeedAttentionResult self =
      Apply(layer.attention, {input.states, {}, input.bias, input.head_mask});
  result.probabilities = self.probabilities;
  at::Tensor attended = self.states;
  if (input.source.defined()) {
    // Without the source's mask: the original loses it on the way.
    const SeedAttentionResult cross = Apply(
        *layer.cross_attention, {attended, input.source, {}, input.head_mask});
    result.cross_probabilities = cross.probabilities;
    attended = cross.states;
  }
  const at::Tensor inner =
      Apply(layer.activation, Apply(layer.intermediate, attended));
  result.states = Apply(layer.output, inner, attended);
  return result;
}

at::Tensor Apply(absl::Span<const TransformerLayerModule> layers,
                 at::Tensor states, const at::Tensor& bias) {
  for (const TransformerLayerModule& layer : layers) {
    states = Apply(layer, SeedLayerInput{states, bias, {}, {}}).states;
  }
  return states;
}

void Run(const AttentionLayerModule& module, SeedCall& call) {
  SeedLayerInput input = ReadLayerInput(call);
  const SeedAttentionResult result = Apply(
      module,
      SeedAttentionInput{input.states, {}, input.bias, call.Get("head_mask")});
  call.Give("hidden_states", result.states);
  call.Give("attention_probs", result.probabilities);
}

void Run(const TransformerLayerModule& module, SeedCall& call) {
  SeedLayerInput input = ReadLayerInput(call);
  input.head_mask = call.Get("head_mask");
  if (module.cross_attention) input.source = call.Get("encoder_hidden_states");
  const SeedLayerResult result = Apply(module, input);
  call.Give("hidden_states", result.states);
  call.Give("self_attention_probs", result.probabilities);
  call.Give("cross_attention_probs", result.cross_probabilities);
}

void Run(const TransformerStackModule& module, SeedCall& call) {
  SeedLayerInput input = ReadLayerInput(call);
  at::Tensor head_masks;
  if (!module.layers.empty()) {
    head_masks = call.Get("head_mask");
    if (module.layers.front().cross_attention) {
      input.source = call.Get("encoder_hidden_states");
    }
  }
  for (size_t i = 0; i < module.layers.size(); ++i) {
    call.Give(absl::StrCat("hidden_states.", i), input.states);
    if (head_masks.defined()) {
      input.head_mask = head_masks.select(0, static_cast<int64_t>(i));
    }
    input.states = Apply(module.layers[i], input).states;
  }
  call.Give(absl::StrCat("hidden_states.", module.layers.size()), input.states);
  call.Give("final_hidden_states", input.states);
}

}  // namespace transformerd

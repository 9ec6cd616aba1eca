#include "model/families/alternating_layers.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/config_fields.h"
#include "model/families/rotary_config.h"

namespace transformerd {
namespace {

// Indices into the variants.
enum Variant { kGlobal, kLocal };

absl::StatusOr<std::vector<int>> ReadVariants(const ConfigReader& config,
                                              int64_t num_layers) {
  ASSIGN_OR_RETURN(const int64_t every,
                   config.Int("global_attn_every_n_layers", 3, 1, kMaxLayers));
  ASSIGN_OR_RETURN(const std::vector<bool> slides,
                   ReadSlidingLayers(config, num_layers));
  std::vector<int> variants;
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    const bool is_local = slides.empty() ? layer % every != 0 : slides[layer];
    variants.push_back(is_local ? kLocal : kGlobal);
  }
  return variants;
}

// The parameters of one kind of layers; older files scale both kinds alike.
absl::StatusOr<ConfigReader> ParametersOf(const ConfigReader& config,
                                          absl::string_view layer_type) {
  constexpr absl::string_view kOlder = "rope_scaling";
  if (!config.Has(kOlder)) return RotaryParametersOf(config, layer_type);
  if (!config.Has("rope_parameters")) return config.Object(kOlder);
  return LoadError(Reason::kUnsupported,
                   absl::StrCat(config.source_name(), ": ", kOlder,
                                " beside rope_parameters, expected one of "
                                "them"));
}

absl::StatusOr<std::optional<RotaryRecipe>> ReadRotaryOf(
    const ConfigReader& config, absl::string_view layer_type,
    const RotarySource& source) {
  ASSIGN_OR_RETURN(const ConfigReader parameters,
                   ParametersOf(config, layer_type));
  return ReadRotary(config, parameters, source);
}

}  // namespace

absl::Status ReadAlternatingLayers(const ConfigReader& config,
                                   Architecture& out) {
  StackRecipe& stack = out.stack;
  stack.variants.resize(2);
  RotarySource source;
  source.head_size = stack.head_size;
  source.max_position = out.max_sequence_length;
  source.theta_key = "global_rope_theta";
  source.theta = 160000;
  ASSIGN_OR_RETURN(stack.variants[kGlobal].rotary,
                   ReadRotaryOf(config, kFullAttention, source));
  source.theta_key = "local_rope_theta";
  source.theta = 10000;
  ASSIGN_OR_RETURN(stack.variants[kLocal].rotary,
                   ReadRotaryOf(config, kSlidingAttention, source));
  out.max_sequence_length =
      LongestRow(*stack.variants[kGlobal].rotary, out.max_sequence_length);
  ASSIGN_OR_RETURN(const int64_t window,
                   config.Int("local_attention", 128, 1, kMaxWidth));
  stack.variants[kLocal].span = {window / 2, window / 2};
  ASSIGN_OR_RETURN(stack.variant_of_layer,
                   ReadVariants(config, stack.num_hidden_layers));
  return absl::OkStatus();
}

}  // namespace transformerd

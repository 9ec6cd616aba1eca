#include "model/families/alternating_layers.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/config_fields.h"
#include "model/families/encoder_config.h"
#include "model/families/encoder_rotary.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

// Indices into the variants.
enum Variant { kGlobal, kLocal };

absl::StatusOr<std::vector<int>> ReadLayerTypes(const ConfigReader& config,
                                                int64_t num_layers) {
  ASSIGN_OR_RETURN(const int64_t every,
                   config.Int("global_attn_every_n_layers", 3, 1, kMaxLayers));
  ASSIGN_OR_RETURN(const std::vector<std::string> types,
                   config.Strings("layer_types"));
  std::vector<int> variants;
  if (types.empty()) {
    for (int64_t i = 0; i < num_layers; ++i) {
      variants.push_back(i % every == 0 ? kGlobal : kLocal);
    }
    return variants;
  }
  for (const std::string& type : types) {
    if (type != "full_attention" && type != "sliding_attention") {
      return LoadError(Reason::kConfigInvalid,
                       absl::StrCat(config.source_name(), ": layer_types[",
                                    variants.size(), "]=\"", type,
                                    "\", expected \"full_attention\" or "
                                    "\"sliding_attention\""));
    }
    variants.push_back(type == "full_attention" ? kGlobal : kLocal);
  }
  // More is what a model of fewer layers than the checkpoint has.
  if (static_cast<int64_t>(types.size()) < num_layers) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat(config.source_name(), ": layer_types has ",
                                  types.size(), " entries, expected ",
                                  num_layers, ", as num_hidden_layers says"));
  }
  variants.resize(num_layers);
  return variants;
}

// The rotation of one kind of layers; older files have bases alone.
absl::StatusOr<RotaryRecipe> ReadRotaryOf(const ConfigReader& config,
                                          absl::string_view layer_type,
                                          absl::string_view theta_key,
                                          double default_theta, int64_t dim) {
  ASSIGN_OR_RETURN(const double theta,
                   ReadRotaryTheta(config, theta_key, default_theta));
  ASSIGN_OR_RETURN(const ConfigReader all, config.Object("rope_parameters"));
  RETURN_IF_ERROR(RequireAbsent(all, "rope_theta"));  // of no kind
  ASSIGN_OR_RETURN(const ConfigReader own, all.Object(layer_type));
  return ReadRotary(own, dim, theta);
}

}  // namespace

absl::Status ReadAlternatingLayers(const ConfigReader& config,
                                   StackRecipe& stack) {
  ASSIGN_OR_RETURN(const ConfigReader scaling, config.Object("rope_scaling"));
  RETURN_IF_ERROR(RequireString(scaling, scaling.FirstOf({"rope_type", "type"}),
                                "default"));
  stack.variants.resize(2);
  ASSIGN_OR_RETURN(stack.variants[kGlobal].rotary,
                   ReadRotaryOf(config, "full_attention", "global_rope_theta",
                                160000, stack.head_size));
  ASSIGN_OR_RETURN(stack.variants[kLocal].rotary,
                   ReadRotaryOf(config, "sliding_attention", "local_rope_theta",
                                10000, stack.head_size));
  ASSIGN_OR_RETURN(const int64_t window,
                   config.Int("local_attention", 128, 1, kMaxWidth));
  stack.variants[kLocal].span = {window / 2, window / 2};
  ASSIGN_OR_RETURN(stack.variant_of_layer,
                   ReadLayerTypes(config, stack.num_hidden_layers));
  return absl::OkStatus();
}

}  // namespace transformerd

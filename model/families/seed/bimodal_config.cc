#include "model/families/seed/bimodal_config.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/config_fields.h"

namespace transformerd {
namespace {

// Of the original's constructor.
constexpr int64_t kLayers = 12;
constexpr int64_t kWidth = 1024;
constexpr int64_t kHeads = 8;

absl::Status Refuse(absl::string_view message) {
  return LoadError(Reason::kConfigInvalid,
                   absl::StrCat("config.json: ", message));
}

absl::Status ReadSizes(const SeedConfig& config, const StreamKeys& keys,
                       TransformerStackRecipe& stack) {
  SeedAttentionRecipe& attention = stack.layer.attention;
  ASSIGN_OR_RETURN(stack.num_hidden_layers,
                   config.Dimension(keys.layers, kLayers, 0, kMaxLayers));
  ASSIGN_OR_RETURN(attention.hidden_size,
                   config.Dimension(keys.hidden, kWidth, 1));
  ASSIGN_OR_RETURN(attention.num_attention_heads,
                   config.Dimension(keys.heads, kHeads, 1));
  ASSIGN_OR_RETURN(stack.layer.intermediate_size,
                   config.Dimension(keys.intermediate, kWidth, 1));
  return absl::OkStatus();
}

// Stream 1 of a model's config; arguments beside it win.
absl::Status ReadSizesOfModel(const SeedConfig& config, const StreamKeys& keys,
                              TransformerStackRecipe& stack) {
  SeedAttentionRecipe& attention = stack.layer.attention;
  ASSIGN_OR_RETURN(
      stack.num_hidden_layers,
      config.Dimension({keys.layers, "num_hidden_layers", "n_layers"},
                       &ConfigDefaults::num_hidden_layers, /*min=*/0,
                       kMaxLayers));
  ASSIGN_OR_RETURN(attention.hidden_size,
                   config.Dimension({keys.hidden, "hidden_size", "dim"},
                                    &ConfigDefaults::hidden_size));
  ASSIGN_OR_RETURN(
      attention.num_attention_heads,
      config.Dimension({keys.heads, "num_attention_heads", "n_heads"},
                       &ConfigDefaults::num_attention_heads));
  ASSIGN_OR_RETURN(
      stack.layer.intermediate_size,
      config.Dimension({keys.intermediate, "intermediate_size", "hidden_dim"},
                       &ConfigDefaults::intermediate_size));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> ReadIds(const SeedConfig& config,
                                             const StreamKeys& keys) {
  ASSIGN_OR_RETURN(std::vector<int64_t> ids,
                   config.config().Ints(keys.ids, {}, 0, kMaxLayers));
  if (ids.empty()) ids.push_back(1);
  return ids;
}

// `ids` are the `used` first of those given.
absl::Status CheckIds(const SeedConfig& config, const StreamKeys& keys,
                      const std::vector<int64_t>& ids, size_t used,
                      int64_t num_layers) {
  ASSIGN_OR_RETURN(const int64_t fixed,
                   config.config().Int(keys.fixed, 0, 0, kMaxLayers));
  for (size_t i = 0; i < used; ++i) {
    const std::string id = absl::StrCat(keys.ids, "[", i, "]=", ids[i]);
    if (ids[i] > num_layers) {
      return Refuse(absl::StrCat(id, ", expected at most ", keys.layers, "=",
                                 num_layers));
    }
    if (ids[i] < fixed) {
      return Refuse(
          absl::StrCat(id, ", expected at least ", keys.fixed, "=", fixed));
    }
    if (i > 0 && ids[i] < ids[i - 1]) {
      return Refuse(absl::StrCat(id, " behind ", ids[i - 1],
                                 ", expected ids that do not decrease"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadConnections(const SeedConfig& config, const StreamKeys& keys1,
                             const StreamKeys& keys2,
                             BiModalEncoderRecipe& recipe) {
  BiModalAttentionRecipe& connection = recipe.connection;
  connection.hidden_size1 = recipe.stack1.layer.attention.hidden_size;
  connection.hidden_size2 = recipe.stack2.layer.attention.hidden_size;
  ASSIGN_OR_RETURN(connection.combined_hidden_size,
                   config.Dimension("combined_hidden_size", kWidth, 1));
  ASSIGN_OR_RETURN(connection.num_attention_heads,
                   config.Dimension("combined_num_attention_heads", kHeads, 1));
  RETURN_IF_ERROR(
      HeadSize("combined_hidden_size", connection.combined_hidden_size,
               "combined_num_attention_heads", connection.num_attention_heads)
          .status());
  ASSIGN_OR_RETURN(recipe.biattention_id1, ReadIds(config, keys1));
  ASSIGN_OR_RETURN(recipe.biattention_id2, ReadIds(config, keys2));
  const size_t used =
      std::min(recipe.biattention_id1.size(), recipe.biattention_id2.size());
  RETURN_IF_ERROR(CheckIds(config, keys1, recipe.biattention_id1, used,
                           recipe.stack1.num_hidden_layers));
  return CheckIds(config, keys2, recipe.biattention_id2, used,
                  recipe.stack2.num_hidden_layers);
}

}  // namespace

absl::StatusOr<BiModalEncoderRecipe> ReadBiModalEncoder(
    const SeedConfig& config, const StreamKeys& keys1,
    const StreamKeys& keys2) {
  const ConfigReader& reader = config.config();
  BiModalEncoderRecipe recipe;
  RETURN_IF_ERROR(config.is_own()
                      ? ReadSizes(config, keys1, recipe.stack1)
                      : ReadSizesOfModel(config, keys1, recipe.stack1));
  RETURN_IF_ERROR(ReadSizes(config, keys2, recipe.stack2));
  ASSIGN_OR_RETURN(const Activation activation, config.ReadActivation());
  for (auto [stack, keys] :
       {std::pair(&recipe.stack1, &keys1), std::pair(&recipe.stack2, &keys2)}) {
    SeedAttentionRecipe& attention = stack->layer.attention;
    ASSIGN_OR_RETURN(attention.head_size,
                     HeadSize(keys->hidden, attention.hidden_size, keys->heads,
                              attention.num_attention_heads));
    stack->layer.activation = activation;
  }
  RETURN_IF_ERROR(ReadConnections(config, keys1, keys2, recipe));
  ASSIGN_OR_RETURN(recipe.fast_mode, reader.Bool("fast_mode", false));
  ASSIGN_OR_RETURN(recipe.with_coattention,
                   reader.Bool("with_coattention", true));
  ASSIGN_OR_RETURN(recipe.in_batch_pairs, reader.Bool("in_batch_pairs", false));
  return recipe;
}

}  // namespace transformerd

#include "model/families/disentangled_config.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/config_fields.h"
#include "model/families/encoder_config.h"

namespace transformerd {
namespace {

constexpr int64_t kMaxKernelSize = 1023;

absl::Status Refuse(Reason reason, const ConfigReader& config,
                    absl::string_view message) {
  return LoadError(reason, absl::StrCat(config.source_name(), ": ", message));
}

// Sets `is_first` and `is_second` where a list of words has them; it may have
// no others.
absl::Status ReadWords(const ConfigReader& config, absl::string_view key,
                       absl::string_view first, bool& is_first,
                       absl::string_view second, bool& is_second) {
  ASSIGN_OR_RETURN(const std::vector<std::string> words, config.Words(key));
  for (const std::string& word : words) {
    const std::string lower = absl::AsciiStrToLower(word);
    if (lower.empty()) continue;
    if (lower != first && lower != second) {
      return Refuse(Reason::kUnsupported, config,
                    absl::StrCat(key, " has ", Quoted(word), ", expected ",
                                 Quoted(first), " or ", Quoted(second)));
    }
    (lower == first ? is_first : is_second) = true;
  }
  return absl::OkStatus();
}

// The buckets of distances and the rows of their table.
absl::Status ReadDistances(const ConfigReader& config, int64_t max_positions,
                           DisentangledRecipe& recipe) {
  // Anything below 1 says that there is none, by habit -1.
  constexpr int64_t kNone = -kMaxWidth;
  ASSIGN_OR_RETURN(recipe.max_distance,
                   config.Int("max_relative_positions", -1, kNone, kMaxWidth));
  if (recipe.max_distance < 1) recipe.max_distance = max_positions;
  ASSIGN_OR_RETURN(const int64_t buckets,
                   config.Int("position_buckets", -1, kNone, kMaxWidth));
  recipe.num_buckets = std::max<int64_t>(buckets, 0);
  recipe.span = buckets > 0 ? buckets : recipe.max_distance;
  // Else the logarithmic steps have no room.
  const int64_t half = buckets / 2;
  if (buckets > 0 && (half < 1 || recipe.max_distance - 1 <= half)) {
    return Refuse(Reason::kConfigInvalid, config,
                  absl::StrCat("position_buckets=", buckets, ", expected 2 to ",
                               2 * recipe.max_distance - 3,
                               " for distances up to ", recipe.max_distance));
  }
  return absl::OkStatus();
}

absl::Status ReadScores(const ConfigReader& config, int64_t max_positions,
                        StackRecipe& stack) {
  DisentangledRecipe recipe;
  RETURN_IF_ERROR(ReadWords(config, "pos_att_type", "c2p",
                            recipe.content_to_position, "p2c",
                            recipe.position_to_content));
  // Each term makes the scores larger, also those that nothing is added to.
  const int terms = 1 + recipe.content_to_position + recipe.position_to_content;
  stack.block.attention.masked_see_all = true;
  stack.block.attention.scale =
      1 / std::sqrt(static_cast<double>(stack.head_size * terms));
  ASSIGN_OR_RETURN(const bool is_relative,
                   config.Bool("relative_attention", false));
  bool has_norm = false, has_none = false;
  RETURN_IF_ERROR(ReadWords(config, "norm_rel_ebd", "layer_norm", has_norm,
                            "none", has_none));
  if (has_norm) recipe.norm = stack.block.norm;
  ASSIGN_OR_RETURN(recipe.shares_projections,
                   config.Bool("share_att_key", false));
  if (!is_relative || terms == 1) return absl::OkStatus();
  RETURN_IF_ERROR(ReadDistances(config, max_positions, recipe));
  stack.disentangled = recipe;
  return absl::OkStatus();
}

absl::Status ReadConvolution(const ConfigReader& config, int64_t hidden_size,
                             StackRecipe& stack) {
  ConvolutionRecipe recipe;
  ASSIGN_OR_RETURN(recipe.kernel_size,
                   config.Int("conv_kernel_size", 0, 0, kMaxKernelSize));
  ASSIGN_OR_RETURN(recipe.groups, config.Int("conv_groups", 1, 1, kMaxWidth));
  ASSIGN_OR_RETURN(recipe.activation,
                   ReadActivation(config, "conv_act", "tanh"));
  if (recipe.kernel_size == 0) return absl::OkStatus();
  if (recipe.kernel_size % 2 == 0) {
    return Refuse(Reason::kConfigInvalid, config,
                  absl::StrCat("conv_kernel_size=", recipe.kernel_size,
                               ", expected an odd number"));
  }
  if (hidden_size % recipe.groups != 0) {
    return Refuse(Reason::kConfigInvalid, config,
                  absl::StrCat("conv_groups=", recipe.groups,
                               " does not divide hidden_size=", hidden_size));
  }
  stack.convolution = recipe;
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadDisentangled(const ConfigReader& config, Architecture& out) {
  RETURN_IF_ERROR(ReadScores(config, out.max_sequence_length, out.stack));
  return ReadConvolution(config, out.hidden_size, out.stack);
}

absl::Status ReadEmbeddings(const ConfigReader& config, int64_t hidden_size,
                            EmbeddingRecipe& embedding) {
  ASSIGN_OR_RETURN(embedding.size, ReadEmbeddingSize(config, hidden_size));
  if (embedding.size != hidden_size) {
    embedding.projection = EmbeddingProjection::kBeforeNorm;
  }
  ASSIGN_OR_RETURN(embedding.token_types,
                   config.Int("type_vocab_size", 0, 0, kMaxWidth));
  ASSIGN_OR_RETURN(const bool has_positions,
                   config.Bool("position_biased_input", true));
  if (!has_positions) embedding.position_rows = 0;
  embedding.masked_as_zeros = true;
  return absl::OkStatus();
}

}  // namespace transformerd

#include "model/families/config_fields.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr int64_t kMaxLabels = int64_t{1} << 20;

}  // namespace

absl::Status ReadDimension(const ConfigReader& config, const ConfigKey& key,
                           int64_t min, int64_t max, int64_t& value) {
  ASSIGN_OR_RETURN(value, config.Int(key.key, key.default_value, min, max));
  return absl::OkStatus();
}

absl::Status ReadLabels(const ConfigReader& config, Architecture& out) {
  ASSIGN_OR_RETURN(out.labels, config.IndexedStrings("id2label"));
  // As in transformers, where both are given the names count.
  const int64_t named = static_cast<int64_t>(out.labels.size());
  ASSIGN_OR_RETURN(out.num_labels, config.Int("num_labels", 2, 1, kMaxLabels));
  if (named > 0) out.num_labels = named;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> ReadSlidingLayers(const ConfigReader& config,
                                                    int64_t num_layers) {
  constexpr absl::string_view kKey = "layer_types";
  ASSIGN_OR_RETURN(const std::vector<std::string> types, config.Strings(kKey));
  if (config.Has(kKey) && static_cast<int64_t>(types.size()) != num_layers) {
    return LoadError(
        Reason::kConfigInvalid,
        absl::StrCat("config.json: ", kKey, " has ", types.size(),
                     " elements, expected num_hidden_layers=", num_layers));
  }
  std::vector<bool> slides;
  for (const std::string& type : types) {
    if (type != kSlidingAttention && type != kFullAttention) {
      return LoadError(Reason::kUnsupported,
                       absl::StrCat("config.json: ", kKey, " holds ",
                                    Quoted(type), ", expected ", kFullAttention,
                                    " or ", kSlidingAttention));
    }
    slides.push_back(type == kSlidingAttention);
  }
  return slides;
}

absl::Status FinishHeadSize(absl::string_view head_size_key,
                            absl::string_view heads_key,
                            absl::string_view hidden_size_key,
                            int64_t hidden_size, StackRecipe& stack) {
  const int64_t heads = stack.num_attention_heads;
  if (stack.head_size == 0) {
    RETURN_IF_ERROR(
        CheckDivides(heads_key, heads, hidden_size_key, hidden_size));
    stack.head_size = hidden_size / heads;
  }
  if (stack.head_size <= kMaxWidth / heads) return absl::OkStatus();
  return LoadError(Reason::kConfigInvalid,
                   absl::StrCat("config.json: ", head_size_key, "=",
                                stack.head_size, " times ", heads_key, "=",
                                heads, ", expected at most ", kMaxWidth));
}

absl::Status CheckDivides(absl::string_view divisor_key, int64_t divisor,
                          absl::string_view dividend_key, int64_t dividend) {
  if (dividend % divisor == 0) return absl::OkStatus();
  return LoadError(
      Reason::kConfigInvalid,
      absl::StrCat("config.json: ", divisor_key, "=", divisor,
                   " does not divide ", dividend_key, "=", dividend));
}

}  // namespace transformerd

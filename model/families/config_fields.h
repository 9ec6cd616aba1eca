// Fields that the config.json files of most families have.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"

namespace transformerd {

// Far above any model in use, and low enough that the bytes of a model whose
// dimensions are all at their limit still fit 63 bits.
inline constexpr int64_t kMaxVocabulary = int64_t{1} << 24;
inline constexpr int64_t kMaxWidth = int64_t{1} << 20;
// Of tokens in a row.
inline constexpr int64_t kMaxPositions = int64_t{1} << 24;
inline constexpr int64_t kMaxLayers = 10000;

// One dimension: its key in config.json and the default of the family's class.
struct ConfigKey {
  absl::string_view key;
  int64_t default_value;
};

// Sets `value` to what the config says, in [min, max].
absl::Status ReadDimension(const ConfigReader& config, const ConfigKey& key,
                           int64_t min, int64_t max, int64_t& value);

// Reads id2label and num_labels.
absl::Status ReadLabels(const ConfigReader& config, Architecture& out);

// The types of layers in configs whose layers do not all see alike.
inline constexpr absl::string_view kFullAttention = "full_attention";
inline constexpr absl::string_view kSlidingAttention = "sliding_attention";

// Whether each layer is of type kSlidingAttention in layer_types; empty where
// the config has no such list. Errors: CONFIG_INVALID for another number of
// types than of layers; UNSUPPORTED for a type that is none of both.
absl::StatusOr<std::vector<bool>> ReadSlidingLayers(const ConfigReader& config,
                                                    int64_t num_layers);

// Sets head_size of `stack`, where it is 0, to what each of its heads has of
// the model's width. CONFIG_INVALID where that is no whole number, or all heads
// together are wider than kMaxWidth; the keys are those of the message.
absl::Status FinishHeadSize(absl::string_view head_size_key,
                            absl::string_view heads_key,
                            absl::string_view hidden_size_key,
                            int64_t hidden_size, StackRecipe& stack);

// CONFIG_INVALID unless `divisor` divides `dividend`.
absl::Status CheckDivides(absl::string_view divisor_key, int64_t divisor,
                          absl::string_view dividend_key, int64_t dividend);

}  // namespace transformerd

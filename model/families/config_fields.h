// Fields that the config.json files of most families have.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
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

// CONFIG_INVALID unless `divisor` divides `dividend`.
absl::Status CheckDivides(absl::string_view divisor_key, int64_t divisor,
                          absl::string_view dividend_key, int64_t dividend);

}  // namespace transformerd

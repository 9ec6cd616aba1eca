// Reads the config.json of T5 and of families that differ in its defaults.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"
#include "model/families/family.h"

namespace transformerd {

// What the class of a family says where config.json says nothing.
struct T5Defaults {
  int64_t vocab_size;
  int64_t num_layers;
  int64_t num_heads;
  int64_t intermediate_size;
  absl::string_view feed_forward;
  std::optional<int64_t> decoder_start_token_id;
  // Logits come from hidden states that are divided by the root of their size,
  // unless the config says otherwise.
  bool scales_logits;
};

// Errors: CONFIG_INVALID naming key, value and what was expected.
absl::StatusOr<Architecture> ParseT5(const ConfigReader& config,
                                     const T5Defaults& defaults,
                                     const ModelClass& model_class);

}  // namespace transformerd

// The families that can be served.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/config/config_reader.h"
#include "model/families/family.h"

namespace transformerd {

absl::Span<const Family* const> AllFamilies();

// A family together with what it made of a config.json.
struct ParsedModel {
  const Family* family;
  Architecture architecture;
};

// Finds the family by model_type and its class by `class_name`, or by
// architectures[0] of the config where that is empty, and parses the config.
// Errors: LoadError with UNKNOWN_ARCHITECTURE or CONFIG_INVALID.
absl::StatusOr<ParsedModel> ParseModel(const ConfigReader& config,
                                       absl::string_view class_name);

}  // namespace transformerd

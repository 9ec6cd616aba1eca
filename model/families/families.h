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

// Modules of AllenNLP's toolkit that are served by themselves, whatever the
// model_type of the checkpoint that they are a part of.
absl::Span<const Family* const> BareModules();

// A family together with what it made of a config.json.
struct ParsedModel {
  const Family* family;
  Architecture architecture;
};

// Finds the bare module of the class, else the family by model_type and its
// class, and parses the config. The class is `class_name`, or architectures[0]
// of the config where that is empty.
// Errors: LoadError with UNKNOWN_ARCHITECTURE or CONFIG_INVALID.
absl::StatusOr<ParsedModel> ParseModel(const ConfigReader& config,
                                       absl::string_view class_name);

}  // namespace transformerd

// The names that config.json uses for activation functions.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/block_recipe.h"
#include "model/config/config_reader.h"

namespace transformerd {

// CONFIG_INVALID for an unknown name, with `key` (where it stood) and the known
// names.
absl::StatusOr<Activation> ActivationFromName(absl::string_view key,
                                              absl::string_view name);

// The activation that the config names, else the one of the default's name.
absl::StatusOr<Activation> ReadActivation(const ConfigReader& config,
                                          absl::string_view key,
                                          absl::string_view default_name);

}  // namespace transformerd

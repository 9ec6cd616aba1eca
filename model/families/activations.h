// The names that config.json uses for activation functions.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "model/config/architecture.h"

namespace transformerd {

// CONFIG_INVALID for an unknown name, with `key` (where it stood) and the known
// names.
absl::StatusOr<Activation> ActivationFromName(std::string_view key,
                                              std::string_view name);

}  // namespace transformerd

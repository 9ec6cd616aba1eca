// Options of AllenNLP's modules that are not served.
#pragma once

#include <initializer_list>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "model/config/config_reader.h"

namespace transformerd {

// UNSUPPORTED where one of the keys, which name scoring functions, holds
// another than "scaled_dot_product".
absl::Status RefuseOtherScores(const ConfigReader& config,
                               std::initializer_list<absl::string_view> keys);

// UNSUPPORTED where the key is true, for the reason given.
absl::Status RefuseSet(const ConfigReader& config, absl::string_view key,
                       absl::string_view why);

}  // namespace transformerd

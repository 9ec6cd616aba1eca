// Options that a family has with some values only.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/config_reader.h"

namespace transformerd {

// OK where the key is absent or has this value. Errors: UNSUPPORTED naming key,
// value and what was expected; CONFIG_INVALID for a value of another type.
absl::Status RequireBool(const ConfigReader& config, absl::string_view key,
                         bool expected);
absl::Status RequireString(const ConfigReader& config, absl::string_view key,
                           absl::string_view expected);
absl::Status RequireInt(const ConfigReader& config, absl::string_view key,
                        int64_t expected);
absl::Status RequireDouble(const ConfigReader& config, absl::string_view key,
                           double expected);

// OK where the key is absent or null.
absl::Status RequireAbsent(const ConfigReader& config, absl::string_view key);

// The index of the value among those that are supported; 0 where the key is
// absent. Errors as above.
absl::StatusOr<int> ReadChoice(
    const ConfigReader& config, absl::string_view key,
    std::initializer_list<absl::string_view> choices);

}  // namespace transformerd

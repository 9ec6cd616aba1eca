// The values of load parameters. Getters take a value of the wanted type, or a
// string that spells one: command lines know only strings. INVALID_ARGUMENT,
// worded to stand behind the parameter's name, for all else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/loading/renaming.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace parameter_values {

// Keeps the order of keys: that of a mapping has a meaning.
using Json = nlohmann::ordered_json;

// Parses JSON without exceptions; discarded for bad text, for nesting that
// nothing here needs, and for an object with a key twice, of which only one
// would count.
Json ParseJson(absl::string_view text);

// "is 7, expected a string".
absl::Status Expected(const Json& value, absl::string_view what);

absl::StatusOr<std::string> Text(const Json& value);
absl::StatusOr<bool> Bool(const Json& value);
// Limits are inclusive.
absl::StatusOr<int64_t> Integer(const Json& value, int64_t min, int64_t max);
absl::StatusOr<std::vector<std::string>> Strings(const Json& value);
// One name, or a list of them.
absl::StatusOr<std::vector<std::string>> NameOrNames(const Json& value);
absl::StatusOr<std::vector<Renaming>> Renamings(const Json& value);
// The text of an object.
absl::StatusOr<std::string> Object(const Json& value);
absl::StatusOr<absl::Duration> Delay(const Json& value);

// Lists and objects: as they are, or as JSON in a string.
Json Spelled(const Json& value);

}  // namespace parameter_values
}  // namespace transformerd

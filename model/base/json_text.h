// Strict JSON (RFC 8259) from untrusted files.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace transformerd {

// Objects and lists nested deeper than this are refused by ParseJson.
constexpr int kMaxJsonDepth = 64;

// The whole text as one value. INVALID_ARGUMENT with the position where it is
// not JSON, or nested too deeply. Where an object has a key twice, the last one
// counts, as in Python.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text);

// Feeds the events of `text` to `handler`, whose parse_error() and refusals
// (returning false) end the parse. True where all of it was JSON and accepted.
// Unlike nlohmann's own function it refuses what that takes beyond JSON: a byte
// order mark, and anything behind a NUL byte.
bool ParseJsonEvents(absl::string_view text,
                     nlohmann::json_sax<nlohmann::json>& handler);

}  // namespace transformerd

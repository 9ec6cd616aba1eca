// Names and version numbers of models.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace transformerd {

// OK for one path component: not empty, at most 255 bytes, valid UTF-8 without
// control characters and '/', and not "." or "..". Else INVALID_ARGUMENT.
absl::Status CheckModelName(absl::string_view name);

// A positive decimal number without sign or leading zeros; else nothing.
std::optional<int64_t> ParseVersion(absl::string_view text);

// The name in quotes, for messages: what is not printable is escaped, and what
// is too long is cut.
std::string QuotedName(absl::string_view name);

}  // namespace transformerd

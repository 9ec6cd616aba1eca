// Text from elsewhere made fit for messages, logs and terminals.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace transformerd {

// What one byte of text costs in a gRPC status: anything but printable ASCII
// travels as %XX.
size_t StatusCost(char byte);

// `text` as valid UTF-8 without control characters: each byte of those, and of
// what is not UTF-8, becomes \n, \r, \t or \xNN. Text that would cost more than
// `budget` (see StatusCost) is cut between characters and ends in "...".
// `budget` is at least 3.
std::string Printable(absl::string_view text, size_t budget);

// The same for text that stands between quotes and must not end them: quotes of
// both kinds and backslashes get a backslash before them. What has more than
// `max_bytes` is cut to so many, between characters, and ends in "...".
std::string Escaped(absl::string_view text, size_t max_bytes);

}  // namespace transformerd

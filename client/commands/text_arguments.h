// Texts from the command line and from standard input.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace transformerd {

// The texts that `arguments` give: each is one, but "-" stands for the lines of
// `in`, empty ones included.
//
// UsageError where "-" is given twice, or where there is no text at all.
absl::StatusOr<std::vector<std::string>> ReadTexts(
    absl::Span<const std::string> arguments, std::istream& in);

}  // namespace transformerd

// The name that somebody probably meant.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace transformerd {

// The candidate of the smallest edit distance to `name` (the first of several),
// or nothing where all differ in more than a third of their characters. The
// cost is bounded: names over 200 bytes, and candidates beyond the first 4000,
// are not looked at.
absl::string_view NearestName(absl::string_view name,
                              absl::Span<const absl::string_view> candidates);

}  // namespace transformerd

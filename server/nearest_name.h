// "Did you mean": the known name that a mistyped one comes closest to.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace transformerd {

// The candidate with the fewest edits to `name`; empty where none is near (a
// third of its letters or more would change). Of equals the first.
std::string NearestName(absl::string_view name,
                        absl::Span<const absl::string_view> candidates);

}  // namespace transformerd

// What a user may have meant.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"

namespace transformerd {

// The name that the fewest typing errors turn into `given`; empty where each
// would take more than a third of its letters.
absl::string_view NearestName(absl::string_view given,
                              const std::vector<absl::string_view>& names);

}  // namespace transformerd

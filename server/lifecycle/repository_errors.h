// What callers of a repository hear more than once.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace transformerd {

// UNAVAILABLE with a retry delay: "model 'a' is loading".
absl::Status ModelBusy(absl::string_view name, absl::string_view what);

// UNAVAILABLE with a retry delay: the daemon ends.
absl::Status ShuttingDown();

// NOT_FOUND: there is no folder of that name.
absl::Status UnknownModel(absl::string_view name);

// NOT_FOUND: there is no such version in the folder.
absl::Status UnknownVersion(absl::string_view name, absl::string_view version);

}  // namespace transformerd

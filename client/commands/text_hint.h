// What to do about failed calls with texts.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace transformerd {

// `status` with a hint where its code has a meaning of its own in the text
// service.
absl::Status WithTextHint(absl::Status status);

// `status` with a hint that `flag` cuts texts, where one was too long.
absl::Status WithTruncateHint(absl::Status status, absl::string_view flag);

}  // namespace transformerd

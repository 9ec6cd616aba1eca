// Triton's logging extension: settings of the log, while the daemon runs.
#pragma once

#include "absl/status/status.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Makes the settings of the request, all of them or none, and answers with all
// there are. log_info, log_warning and log_error are whether there are such
// lines; log_file, log_verbose_level and log_format are what they are.
// INVALID_ARGUMENT naming the setting, its value and what was expected.
absl::Status ApplyLogSettings(const inference::LogSettingsRequest& request,
                              inference::LogSettingsResponse& response);

}  // namespace transformerd

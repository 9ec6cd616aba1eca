// transformerctl load
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/commands/command.h"
#include "client/types.h"

namespace transformerd {

extern const Command kLoadCommand;

// Reads KEY=VALUE texts: true and false are bools, whole numbers int64, all
// else is a string. UsageError without a key, and for a key given twice.
absl::StatusOr<Parameters> ParseParameters(
    const std::vector<std::string>& texts);

}  // namespace transformerd

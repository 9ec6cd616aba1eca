// What transformerctl says about a failed call.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "client/commands/command.h"

namespace transformerd {

// What happened, and below it what to do about it: lines for stderr.
std::string DescribeFailure(const absl::Status& status,
                            const CommandLine& line);

}  // namespace transformerd

// The help of transformerctl.
#pragma once

#include <string>

#include "absl/types/span.h"
#include "client/commands/command.h"

namespace transformerd {

// All commands, a line each, and the common flags.
std::string Usage(absl::Span<const Command> commands);

// One command with its flags.
std::string Usage(const Command& command);

}  // namespace transformerd

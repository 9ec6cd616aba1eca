// The commands of transformerctl.
#pragma once

#include "absl/types/span.h"
#include "client/commands/command.h"

namespace transformerd {

// In the order of the usage.
absl::Span<const Command> AllCommands();

}  // namespace transformerd

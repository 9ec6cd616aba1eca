// Arguments of transformerctl as a CommandLine.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/commands/command.h"

namespace transformerd {

// The flags of every command.
absl::Span<const FlagSpec> CommonFlags();

// Flags, as --name=value or --name value, and arguments may come in any order;
// behind "--" there are only arguments. `default_server` is what
// kServerVariable holds; empty where it is not set. A flag name means the same
// in all commands.
//
// UsageError that names the nearest command or flag.
absl::StatusOr<CommandLine> ParseCommandLine(
    const std::vector<std::string>& words, const std::string& default_server,
    absl::Span<const Command> commands);

}  // namespace transformerd

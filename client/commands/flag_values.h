// Flags that several commands read in the same way.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/commands/command.h"

namespace transformerd {

// What --version asks for; empty for the newest.
std::string ReadVersion(const CommandLine& line);

// What --values says: how many values of each row to print, 0 for all.
// UsageError for what is no such number.
absl::StatusOr<int64_t> ReadNumValues(const CommandLine& line,
                                      int64_t default_count);

}  // namespace transformerd

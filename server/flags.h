// The command line and environment of the daemon.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/logging/log_format.h"
#include "server/options.h"
#include "server/worker_flags.h"

namespace transformerd {

// All flags as plain values, checked for themselves and against each other.
struct Flags {
  ServerOptions server;

  // For the model loader.
  WorkerFlags workers;

  LogFormat log_format = LogFormat::kText;

  // Instead of serving.
  bool show_help = false;
  bool show_version = false;

  // A flag that differs from its default.
  struct Setting {
    std::string name, value;
    std::string source;  // "command line" or "environment"
  };
  std::vector<Setting> settings;
};

using Environment = std::map<std::string, std::string>;

// The environment of this process.
Environment ProcessEnvironment();

// Reads `arguments` (without the program's name) and, for flags that are not
// among them, variables TRANSFORMERD_<FLAG IN CAPITALS> that are not empty.
// Flags are written --flag=value, --flag value, --flag or --noflag.
// INVALID_ARGUMENT with one line that names the flag or variable, its value
// and what was expected. Sets Abseil's flags on the way: for one thread.
absl::StatusOr<Flags> ReadFlags(absl::Span<const std::string> arguments,
                                const Environment& environment);

// The text of --help.
std::string FlagsHelp();

}  // namespace transformerd
